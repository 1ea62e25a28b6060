"""What a question of the API is, and what a change; what several of them are asked with."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    create_model,
)

from cibot.actions.roles import Actor
from cibot.reports.context import Context
from cibot.store.engine import Tx
from cibot.text.periods import FIRST_DAY, LAST_DAY
from cibot.web.api.tables import Table
from cibot.web.asking import Asking

PREFIX = "/api/v1"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _written_out(value: Any) -> Any:
    """Pydantic would take a number for a date, too."""
    if isinstance(value, str) and not _DATE.fullmatch(value):
        raise ValueError("write a date like 2026-11-23")
    return value


def _of_our_time(value: date) -> date:
    """Days before and after it must be dates, too."""
    if not FIRST_DAY <= value <= LAST_DAY:
        raise ValueError(f"write a date from {FIRST_DAY} to {LAST_DAY}, like 2026-11-23")
    return value


CiName = Annotated[
    str, Field(max_length=200, description="A CI's name; a part of it that fits one CI is enough.")
]
ProjectName = Annotated[
    str, Field(max_length=255, description="A project's name, or a part that fits one project.")
]
BranchName = Annotated[
    str,
    Field(max_length=255, description="On that branch alone; its last part is enough."),
]
BranchPattern = Annotated[
    str,
    Field(
        min_length=1,
        max_length=255,
        description="Only these branches, as `stable/*`.",
    ),
]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
Format = Annotated[
    Literal["json", "csv"] | None,
    Field(description="Default: as the `Accept` header says, else JSON."),
]
Day = Annotated[
    date,
    BeforeValidator(_written_out),
    AfterValidator(_of_our_time),
    WithJsonSchema({"type": "string", "format": "date", "pattern": "^2[01]"}),
]
"""A date around which there are others."""


class Params(BaseModel):
    """What a question is asked with, from the path and the query; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Params):
    """No parameters; as a body, none."""


class OneCi(Params):
    """An endpoint about one CI."""

    name: CiName


class CiParams(OneCi):
    """A CI, or how it is on one branch."""

    branch: BranchName | None = None


class Paged(Params):
    """An endpoint whose answer comes in pages."""

    limit: Annotated[int, Field(ge=1, le=500, description="Items on a page.")] = 100
    after: Annotated[
        str | None,
        Field(max_length=1000, description="Where to go on; take it from the `next` link."),
    ] = None


P = TypeVar("P", bound=Params)
B = TypeVar("B", bound=Params)


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[P]):
    """One question. ``path`` is below ``/api/v1`` and names path parameters as ``<name>``.

    ``ask`` returns an ``answer`` or raises UserError, which becomes 404; None where the answer
    is always the same. ``tag`` groups it in the documentation. ``table`` is the answer for a
    spreadsheet; with it ``params`` have a ``format``.
    """

    path: str
    tag: str
    summary: str
    params: type[P]
    answer: Any
    ask: Callable[[Tx, Context, P], Any] | None
    table: Table | None = None

    def __post_init__(self) -> None:
        if self.table is not None:
            name = self.params.__name__
            with_format = create_model(name, __base__=self.params, format=(Format, None))
            object.__setattr__(self, "params", with_format)

    @property
    def name(self) -> str:
        """Its operation's id, as ``cis_name_history``."""
        return "_".join(part.strip("<>") for part in self.path.strip("/").split("/"))

    def put_to(self, asking: Asking, params: P) -> Any:
        """The answer, read in one transaction."""
        ask = self.ask
        return asking.ask(lambda tx, ctx: ask(tx, ctx, params)) if ask else self.answer()


@dataclass(frozen=True, slots=True)
class Write(Generic[P, B]):
    """One change through the API; ``Nothing`` as ``body`` means that there is no body.

    ``do`` runs in one transaction, which may be run again, and raises UserError (404), Conflict
    (409) or Refused (403). ``what`` is the chat command of the same change, as the audit records
    it. ``place`` gives the address of a created object, which is answered with 201.
    """

    name: str
    method: Literal["POST", "DELETE"]
    path: str
    tag: str
    summary: str
    params: type[P]
    body: type[B]
    answer: Any
    what: str
    do: Callable[[Tx, Context, Actor, P, B], Any]
    place: Callable[[Any], str] | None = None

    @property
    def status(self) -> int:
        """201 where something new has a place, else 200."""
        return 201 if self.place else 200
