"""Whom a question goes to: one protocol over a database and over a server.

Questions are those of the JSON API, by their path; the answers are its typed
results, whichever way they came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from cibot.reports.context import Context
from cibot.reports.incidents import IncidentLine
from cibot.reports.silences import Muted
from cibot.web.api.paging import Page

T = TypeVar("T")
P = TypeVar("P", bound=Page[Any])
PAGE_SIZE = 500
_MOST_PAGES = 40


class Source(Protocol):
    """Answers the API's questions, and changes what people may change."""

    def ask(self, kind: type[T], path: str, **asked: object) -> T:
        """The answer to the question at ``path``, as ``/cis/<name>``; None asks nothing.

        A `Page` that is not the last has the cursor of the following one in
        ``next``. Raises UserError for what is not known, else Transient or Permanent.
        """

    def silences(self) -> tuple[Muted, ...]:
        """Every silence that is active now, the one that ends first first."""

    def context(self) -> Context:
        """With what the last answer is shown: its present moment, the dashboard's address."""

    def acknowledge(self, incident_id: int, note: str) -> IncidentLine:
        """Says that somebody looks at an incident. Raises UserError for who may not."""

    def silence(self, target: str, length: timedelta, reason: str) -> Muted:
        """Mutes a CI, or all that a pattern fits. Raises UserError for who may not."""

    def end_silence(self, silence_id: int) -> Muted:
        """Ends one silence before its time. Raises UserError."""

    def end_silences_of(self, target: str) -> tuple[str, Sequence[Muted]]:
        """Ends every silence of just that CI or pattern: its name, and what ended."""

    def close(self) -> None:
        """Gives back connections; asks nothing afterwards."""


def whole(source: Source, kind: type[P], path: str, **asked: object) -> P:
    """All pages of a list as one (20,000 items at the most)."""
    page = first = source.ask(kind, path, limit=PAGE_SIZE, **asked)
    items = list(first.items)
    for _ in range(_MOST_PAGES - 1):
        if page.next is None:
            break
        page = source.ask(kind, path, limit=PAGE_SIZE, after=page.next, **asked)
        items += page.items
    return replace(first, items=tuple(items), next=None)
