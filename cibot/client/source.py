"""The protocol of a source of answers, which a database and a server implement.

Questions and changes are those of the JSON API, by path and by name; the answers are its
typed results, whichever way they came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from cibot.model import Silence, State
from cibot.reports.context import Context
from cibot.reports.feeds import ServerFeeds
from cibot.reports.listing import Listing
from cibot.web.api.cis import CiPage
from cibot.web.api.general import FeedList
from cibot.web.api.incidents import SilencePage
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
        """What the last answer is shown with: its time and the dashboard's address."""

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


def listing_of(source: Source, page: CiPage, state: State | None) -> Listing:
    """CIs as lists show them; asks for the feeds where one is stale."""
    stale = stale_of(source, page.stale)
    return Listing(page.items, page.totals, state, page.project, stale, page.branch)


def all_cis(source: Source, **asked: object) -> CiPage:
    """Every CI that fits, worst first unless ``sort`` says otherwise."""
    return whole(source, CiPage, "/cis", **asked)


def stale_of(source: Source, names: Sequence[str]) -> tuple[ServerFeeds, ...]:
    """The servers of these names with when they were heard."""
    if not names:
        return ()
    return tuple(feeds for feeds in source.ask(FeedList, "/feeds").items if feeds.server in names)


def silences(source: Source) -> tuple[Silence, ...]:
    """Every silence that is active now, ordered by its end."""
    active = whole(source, SilencePage, "/silences", state="active").items
    return tuple(sorted(active, key=lambda silence: (silence.until, silence.id)))
