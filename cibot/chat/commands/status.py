"""`status [NAME [BRANCH]]`: how a CI is, or all of them in a line."""

from __future__ import annotations

from cibot.chat.command import Ask, Command
from cibot.chat.typed import about_branch, without_branch
from cibot.reports import lists, wording
from cibot.reports.context import Context
from cibot.reports.feeds import ServerFeeds, stale_feeds
from cibot.reports.listing import Listing, listing
from cibot.reports.status import CiDetail, status
from cibot.text.card import Card, Line, Span, some

_NAMED = 8


def answer(ask: Ask) -> Card:
    """The headline of one CI with its details, or one sentence over all."""
    words, branch = without_branch(ask.words)
    if not words:
        return over_all(ask.ctx, listing(ask.tx, ask.ctx, branch=branch))
    ci = about_branch(ask.words, lambda name, branch: status(ask.tx, ask.ctx, name, branch))
    return render(ask.ctx, ci, stale_feeds(ask.tx, ask.ctx) if ci.stale else ())


def render(ctx: Context, ci: CiDetail, stale: tuple[ServerFeeds, ...] = ()) -> Card:
    """Two lines, and one more when its alerts are silenced or our own feed is stale."""
    details = wording.details(ctx, ci)
    lines = [wording.headline(ctx, ci)] + ([details] if details else [])
    if ci.silence:
        lines.append(wording.muted(ctx, ci.silence))
    return Card((*lines, *wording.stale_lines(ctx, stale)), link=ci.page)


def over_all(ctx: Context, report: Listing) -> Card:
    """A sentence over all, and the names of those that need a look."""
    lines: list[Line] = [lists.overall(report)]
    wrong = [ci for ci in report.cis if ci.state.bad]
    if wrong:
        shapes = [Span(f"{ci.state.shape} {ci.name}", href=ci.page, state=ci.state) for ci in wrong]
        lines.append(some(shapes, _NAMED))
    return Card((*lines, *wording.stale_lines(ctx, report.stale)), link=ctx.page() or None)


COMMAND = Command(
    usage="status [NAME [BRANCH]]",
    does="how a CI is, also on one branch: state, since when, why, figures; without a name, all",
    example="status netapp",
    answer=answer,
    aliases=("state", "health"),
    more="Names match loosely: netapp, NetApp CI and net-app mean the same CI;"
    " #218 means that incident's. A branch behind the name is answered for alone.",
)
