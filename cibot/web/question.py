"""One question of the JSON API: its path, its parameters, its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

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
    ``tag`` groups it in the documentation.
    """

    path: str
    tag: str
    summary: str
    params: type[P]
    answer: Any
    ask: Callable[[Asking, P], Any]

    @property
    def name(self) -> str:
        """Its operation's id, as ``cis_name_history``."""
        return "_".join(part.strip("<>") for part in self.path.strip("/").split("/"))
