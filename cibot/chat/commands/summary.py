"""`summary [today|yesterday]`: the daily summary now."""

from __future__ import annotations

from cibot.card import Card, Line, Span, joined, line
from cibot.chat.command import Ask, Command
from cibot.errors import UserError
from cibot.reports import phrases, text
from cibot.reports.context import Context
from cibot.reports.incidents import Incident
from cibot.reports.summary import Span as Day
from cibot.reports.summary import Summary, summary

_WORST = 3
_SPANS: dict[str, Day] = {"": "day", "day": "day", "today": "today", "yesterday": "yesterday"}


def answer(ask: Ask) -> Card:
    """The summary of the last 24 hours, or of a day."""
    word = ask.text.casefold()
    if word not in _SPANS:
        raise UserError("summary takes today or yesterday; without either, the last 24 hours.")
    return summary_card(ask.ctx, summary(ask.tx, ask.ctx, _SPANS[word]))


def summary_card(ctx: Context, found: Summary) -> Card:
    """At most eight lines: worst first, what changed, who is new, totals."""
    lines: list[Line] = [_head(found)]
    lines += phrases.stale_lines(ctx, found.stale)
    lines += [phrases.brief(ctx, one) for one in found.wrong[:_WORST]]
    rest = found.wrong[_WORST:]
    if rest:
        also = [f"{one.state.shape} {one.name}" for one in rest]
        lines.append(line(f"Also: {text.some(also, 8)}."))
    lines += _changes(found)
    if found.new:
        names = joined(Span(one.name, href=one.page) for one in found.new[:5])
        more = f" and {len(found.new) - 5} more" if len(found.new) > 5 else ""
        lines.append(line("New: ", *names, f"{more}."))
    return Card((*lines[:7], _totals(found)), link=ctx.page())


def _head(found: Summary) -> Line:
    title = Span(found.title, strong=True)
    if not sum(found.states.values()):
        return line(title, ": no CI is known yet.")
    said = phrases.needs_a_look(found.states)
    return line(title, f": {said}")


def _changes(found: Summary) -> list[Line]:
    parts: list[str | Span] = []
    for word, some in (("opened", found.opened), ("resolved", found.resolved)):
        if some:
            parts += ["; " if parts else "Changed: ", f"{word} ", *_incidents(some)]
    return [line(*parts, ".")] if parts else []


def _incidents(some: tuple[Incident, ...]) -> list[str | Span]:
    parts: list[str | Span] = []
    for one in some[:4]:
        lasted = ""
        if one.resolved_at and one.opened_at:
            lasted = f", lasted {text.span(one.resolved_at - one.opened_at)}"
        parts += [
            ", " if parts else "",
            Span(f"#{one.id}", href=one.page),
            f" {one.ci} ({one.kind}{lasted})",
        ]
    return [*parts, f" and {len(some) - 4} more"] if len(some) > 4 else parts


def _totals(found: Summary) -> Line:
    totals = found.totals
    if not totals.reports:
        return line("No CI judged anything in that time.")
    cis, reports = text.plural(totals.cis, "CI"), text.plural(totals.reports, "result")
    judged = totals.passes + totals.fails
    passed = f", {text.percent(totals.passes / judged)} passed" if judged else ""
    broke = f", {text.number(totals.infra)} broke by themselves" if totals.infra else ""
    odd = totals.not_understood
    unread = f"; {text.plural(odd, 'comment')} not understood" if odd else ""
    return line(f"Total: {reports} of {cis}{passed}{broke}{unread}.")


COMMAND = Command(
    name="summary",
    usage="summary [today|yesterday]",
    does="the daily summary now: worst first, what changed, who is new, totals",
    example="summary yesterday",
    answer=answer,
    aliases=("report", "digest"),
)
