"""Parameters that several endpoints share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cibot.web.api.question import Nothing, Params

__all__ = [
    "After",
    "BranchName",
    "CiName",
    "CiParams",
    "Format",
    "Nothing",
    "Number",
    "OneCi",
    "Paged",
    "ProjectName",
]

CiName = Annotated[
    str, Field(max_length=200, description="A CI's name; a part of it that fits one CI is enough.")
]
ProjectName = Annotated[
    str, Field(max_length=255, description="A project's name, or a part that fits one project.")
]
BranchName = Annotated[
    str,
    Field(max_length=255, description="A branch, or its last part where that fits one only."),
]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
After = Annotated[
    str | None,
    Field(max_length=1000, description="Where to go on; take it from the `next` link."),
]


Format = Annotated[
    Literal["json", "csv"] | None,
    Field(description="Default: as the `Accept` header says, else JSON."),
]


class OneCi(Params):
    """An endpoint about one CI."""

    name: CiName


class CiParams(OneCi):
    """A CI, or how it is on one branch."""

    branch: BranchName | None = None


class Paged(Params):
    """An endpoint whose answer comes in pages."""

    limit: Annotated[int, Field(ge=1, le=500, description="Items on a page.")] = 100
    after: After = None
