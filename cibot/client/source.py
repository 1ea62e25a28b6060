"""Whom a question goes to: one protocol over a database and over a server.

Questions and changes are those of the JSON API, by path and by name; the answers are its
typed results, whichever way they came.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol, TypeVar

from cibot.reports.context import Context
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

    def change(self, kind: type[T], name: str, **asked: object) -> T:
        """What came of the change ``name``, as ``make_silence``; None leaves a field out.

        Raises UserError for who may not, and as `ask` does.
        """

    def context(self) -> Context:
        """With what the last answer is shown: its present moment, the dashboard's address."""

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
