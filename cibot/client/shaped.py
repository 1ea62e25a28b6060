"""What the API tells of CIs, in the shape that the sentences of all faces are made from."""

from __future__ import annotations

from collections.abc import Sequence

from cibot.client.source import Source, whole
from cibot.model import State
from cibot.reports.feeds import ServerFeeds
from cibot.reports.listing import Listing
from cibot.reports.silences import Muted
from cibot.reports.status import Status
from cibot.reports.why import Why
from cibot.web.api.cis import CiDetail, CiPage
from cibot.web.api.general import FeedList
from cibot.web.api.incidents import SilencePage


def status_of(source: Source, found: CiDetail) -> Status:
    """How one CI is; asks for the feeds where one is stale."""
    return Status(
        found,
        found.reference,
        found.reference_passed,
        found.passed_since,
        found.worst_job,
        found.last,
        stale_of(source, found.stale),
        found.silence,
    )


def why_of(found: CiDetail) -> Why:
    """The reasons behind its state."""
    return Why(found, found.signals, found.failures, found.standing, found.onset)


def listing_of(source: Source, found: CiPage, state: State | None) -> Listing:
    """CIs as lists show them; asks for the feeds where one is stale."""
    stale = stale_of(source, found.stale)
    return Listing(found.items, found.totals, state, found.project, stale, found.branch)


def all_cis(source: Source, **asked: object) -> CiPage:
    """Every CI that fits, worst first unless ``sort`` says otherwise."""
    return whole(source, CiPage, "/cis", **asked)


def stale_of(source: Source, names: Sequence[str]) -> tuple[ServerFeeds, ...]:
    """The servers of these names with when they were heard."""
    if not names:
        return ()
    return tuple(feeds for feeds in source.ask(FeedList, "/feeds").items if feeds.server in names)


def silences(source: Source) -> tuple[Muted, ...]:
    """Every silence that is active now, ordered by its end."""
    found = whole(source, SilencePage, "/silences", state="active").items
    return tuple(sorted(found, key=lambda one: (one.until, one.id)))
