"""One question or one change of the JSON API: its path, its parameters, its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from cibot.actions.roles import Actor
from cibot.reports.context import Context
from cibot.store.engine import Tx
from cibot.web.api.tables import Table
from cibot.web.asking import Asking

PREFIX = "/api/v1"


class Params(BaseModel):
    """What a question is asked with, from the path and the query; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


P = TypeVar("P", bound=Params)


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[P]):
    """One question. ``path`` is below ``/api/v1`` and names path parameters as ``<name>``.

    ``ask`` returns an ``answer`` or raises UserError, which becomes 404;
    ``tag`` groups it in the documentation. With ``table`` the answer can be
    had as CSV, and ``params`` has a `Format`.
    """

    path: str
    tag: str
    summary: str
    params: type[P]
    answer: Any
    ask: Callable[[Asking, P], Any]
    table: Table | None = None

    @property
    def name(self) -> str:
        """Its operation's id, as ``cis_name_history``."""
        return "_".join(part.strip("<>") for part in self.path.strip("/").split("/"))


class Nothing(Params):
    """No parameters; as a body, none."""


B = TypeVar("B", bound=Params)


@dataclass(frozen=True, slots=True)
class Write(Generic[P, B]):
    """One change, for who has a token; ``Nothing`` as ``body`` is none.

    ``do`` runs in one transaction, which may be run again, and raises UserError
    (404), Conflict (409) or Refused (403). ``what`` is the chat's word for it,
    as the audit has it. With ``place`` a thing was made: 201 and where it is.
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
