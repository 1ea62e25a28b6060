"""What the API tells of CIs, in the shape that the sentences of all faces are made from."""

from __future__ import annotations

from collections.abc import Sequence

from cibot.client.source import Source, whole
from cibot.health.signal import BranchHealth, Signal
from cibot.model import State
from cibot.reports.feeds import ServerFeeds
from cibot.reports.listing import CiLine, Listing
from cibot.reports.status import Status
from cibot.reports.why import Why
from cibot.web.api.cis import CiDetail, CiItem, CiPage
from cibot.web.api.general import FeedList


def line_of(
    item: CiItem,
    signals: Sequence[Signal] = (),
    branches: tuple[BranchHealth, ...] = (),
) -> CiLine:
    """A CI as lists show it."""
    return CiLine(
        item.id,
        item.name,
        item.state,
        item.since,
        item.rate,
        tuple(signals),
        item.last_heard_at,
        item.incidents,
        item.page,
        branches,
        item.branch,
        item.seen,
        item.reason,
    )


def status_of(source: Source, found: CiDetail) -> Status:
    """How one CI is; asks for the feeds where one is stale."""
    return Status(
        line_of(found, found.signals, found.branches),
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
    line = line_of(found, found.signals)
    return Why(line, found.signals, found.failures, found.standing, found.onset)


def listing_of(source: Source, found: CiPage, state: State | None) -> Listing:
    """CIs as lists show them; asks for the feeds where one is stale."""
    lines = tuple(line_of(item) for item in found.items)
    stale = stale_of(source, found.stale)
    return Listing(lines, found.totals, state, found.project, stale, found.branch)


def all_cis(source: Source, **asked: object) -> CiPage:
    """Every CI that fits, worst first unless ``sort`` says otherwise."""
    return whole(source, CiPage, "/cis", **asked)


def stale_of(source: Source, names: Sequence[str]) -> tuple[ServerFeeds, ...]:
    """The servers of these names with when they were heard."""
    if not names:
        return ()
    return tuple(feeds for feeds in source.ask(FeedList, "/feeds").items if feeds.server in names)
