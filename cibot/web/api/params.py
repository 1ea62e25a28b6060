"""Parameters that several endpoints share."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from cibot.web.api.question import Nothing, Params

__all__ = [
    "After",
    "BranchName",
    "CiName",
    "CiParams",
    "Date",
    "Day",
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


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _written_out(value: Any) -> Any:
    """Pydantic would take a number for a date, too."""
    if isinstance(value, str) and not _DATE.fullmatch(value):
        raise ValueError("write a date like 2026-11-23")
    return value


def _of_our_time(value: date) -> date:
    """Days before and after it must be dates, too."""
    if not 2000 <= value.year < 2200:
        raise ValueError("write a date from 2000-01-01 on, like 2026-11-23")
    return value


Date = Annotated[date, BeforeValidator(_written_out)]
"""As 2026-11-23."""
Day = Annotated[Date, AfterValidator(_of_our_time)]
"""A date around which there are others."""


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
