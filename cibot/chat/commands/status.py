"""`status [NAME]`: how a CI is, or all of them in a line."""

from __future__ import annotations

from cibot.card import Card, Line, Span, joined, line
from cibot.chat.command import Ask, Command
from cibot.reports import phrases
from cibot.reports.listing import is_wrong, listing
from cibot.reports.status import Status, status

_NAMED = 8


def answer(ask: Ask) -> Card:
    """The headline of one CI with its details, or one sentence over all."""
    if not ask.words:
        return _over_all(ask)
    return render(ask, status(ask.tx, ask.ctx, ask.ci_name()))


def render(ask: Ask, found: Status) -> Card:
    """Two lines, and one more when its alerts are silenced or our own feed is stale."""
    details = phrases.details(ask.ctx, found)
    lines = [phrases.headline(ask.ctx, found)] + ([details] if details else [])
    if found.silence:
        lines.append(phrases.muted(ask.ctx, found.silence))
    return Card((*lines, *phrases.stale_lines(ask.ctx, found.stale)), link=found.ci.page)


def _over_all(ask: Ask) -> Card:
    found = listing(ask.tx, ask.ctx)
    lines: list[Line] = [phrases.overall(found)]
    wrong = [one for one in found.cis if is_wrong(one.state)]
    if wrong:
        names = joined(
            Span(f"{one.state.shape} {one.name}", href=one.page, state=one.state)
            for one in wrong[:_NAMED]
        )
        more = f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        lines.append(line(*names, more) if more else names)
    return Card((*lines, *phrases.stale_lines(ask.ctx, found.stale)), link=ask.ctx.page() or None)


COMMAND = Command(
    name="status",
    usage="status [NAME]",
    does="how a CI is: state, since when, why, figures; without a name, all in a line",
    example="status netapp",
    answer=answer,
    aliases=("state", "health"),
    more="Names match loosely: netapp, NetApp CI and net-app mean the same CI.",
)
