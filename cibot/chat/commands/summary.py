"""`summary [today|yesterday|DAY] [BRANCH]`: the daily summary now, or that of a day."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta

from cibot.chat.command import Ask, Command
from cibot.chat.commands import report
from cibot.chat.typed import close_to, is_filler, without_branch
from cibot.config.models import SUMMARY_PARTS, SummaryPart
from cibot.errors import UserError
from cibot.model import State
from cibot.reports import lists, wording
from cibot.reports.ci import CiLine
from cibot.reports.context import Context
from cibot.reports.incidents import IncidentLine
from cibot.reports.period import PeriodReport
from cibot.reports.summary import Span as Day
from cibot.reports.summary import Summary, summary
from cibot.text import figures
from cibot.text.card import Card, Line, Span, line, patch_set_span, some, within
from cibot.text.periods import named_day, seems_time

_MOST = 8  # lines, each one message of IRC
_WORST = 3
_BYTES = 360  # of a line; IRC's messages hold 400, and the first gets a link besides
_LOOKS = 5  # patch sets that are named
_NAME = 40  # characters of a CI's name
_OVER = timedelta(minutes=1)  # since the end of what is summed up
_SPANS: dict[str, Day] = {"day": "day", "today": "today", "yesterday": "yesterday"}


def answer(ask: Ask) -> Card:
    """The summary of the last 24 hours, or of a day, as the channel gets it every day."""
    day, branch = read_words(ask.words, ask.ctx.now.astimezone(ask.ctx.zone).date())
    digest = summary(ask.tx, ask.ctx, day, ask.summary, branch)
    return summary_card(ask.ctx, digest, ask.summary.parts if ask.summary else SUMMARY_PARTS)


def read_words(words: tuple[str, ...], today: date) -> tuple[Day | date, str | None]:
    """A day and a branch or a pattern of some. Raises UserError for what is neither."""
    words, branch = without_branch(words)
    spans = (_SPANS.get(close_to(word.casefold(), _SPANS) or "") for word in words)
    named = [(word, day or named_day(word, today)) for word, day in zip(words, spans, strict=True)]
    days = [day for _word, day in named if day]
    left = [word for word, day in named if not (day or is_filler(word))]
    times = any(map(seems_time, left))
    if branch is None and left:
        branch = left.pop(0)
    if len(days) > 1 or left or times:
        raise UserError(
            "summary takes today, yesterday or a day like 2026-11-23, and a branch; without them,"
            " the last 24 hours on all branches."
        )
    return days[0] if days else "day", branch


def summary_card(
    ctx: Context,
    digest: Summary,
    parts: Collection[SummaryPart] = SUMMARY_PARTS,
    rules: PeriodReport | None = None,
) -> Card:
    """At most eight lines: worst first, the silent, what changed, the new, totals.

    With ``rules`` also who kept them. The head and the note that our own feed is stale are there
    whichever ``parts`` are chosen.
    """
    head = [_head(ctx, digest), *wording.stale_lines(ctx, digest.stale)]
    below = _changes(digest) if "changes" in parts else []
    below += _new(digest) if "new" in parts else []
    below += report.summed(ctx, rules) if rules and "report" in parts else []
    below += [_totals(digest)] if "totals" in parts else []
    room = _MOST - len(head) - len(below)
    middle = _wrong(ctx, digest, parts, 0)
    for shown in range(1, _WORST + 1):
        more = _wrong(ctx, digest, parts, shown)
        middle = more if len(more) <= room else middle
    return Card(tuple(within(row, _BYTES) for row in (*head, *middle, *below)), link=ctx.page())


def _wrong(ctx: Context, digest: Summary, parts: Collection[SummaryPart], most: int) -> list[Line]:
    """The worst ``most`` CIs with a line each, the others that need a look by name."""
    shown = digest.wrong[:most] if "worst" in parts else ()
    rest = [row for row in digest.wrong if row not in shown]
    lines = [lists.brief(ctx, row, placed=bool(digest.branches)) for row in shown]
    if "silent" in parts:
        lines += _silent(ctx, [ci for ci in rest if ci.state is State.SILENT])
        rest = [ci for ci in rest if ci.state is not State.SILENT]
    if rest and "worst" in parts:
        also = [f"{ci.state.shape} {figures.cut(ci.name, _NAME)}" for ci in rest]
        lines.append(line(f"Also: {figures.some(also, 8)}."))
    return lines


def _head(ctx: Context, digest: Summary) -> Line:
    """The title and how CIs are now, which is said of a day that is over."""
    where = wording.on_places(figures.listed(digest.branches))
    title = Span(f"{digest.title}{where}", strong=True)
    if not sum(digest.states.values()):
        return line(title, ": no CI is known yet.")
    said = lists.needs_a_look(digest.states)
    over = ctx.now - digest.window.until > _OVER
    return line(title, f": now {said}." if over else f": {figures.sentence(said)}")


def _silent(ctx: Context, cis: Sequence[CiLine]) -> list[Line]:
    """Those that the lines above do not name, with how long they are silent."""
    names = [_name(ci, f" ({figures.span(ctx.now - ci.since)})" if ci.since else "") for ci in cis]
    return [line(f"{State.SILENT.shape} Silent: ", *some(names, 6), ".")] if names else []


def _name(ci: CiLine, after: str = "") -> Span:
    return Span(f"{figures.cut(ci.name, _NAME)}{after}", href=ci.page)


def _new(digest: Summary) -> list[Line]:
    names = [_name(row) for row in digest.new]
    return [line("New: ", *some(names, 5), ".")] if names else []


def _changes(digest: Summary) -> list[Line]:
    standing = tuple(row for row in digest.opened if row not in digest.resolved)  # each once
    words = (("opened", standing), ("got worse", digest.worse), ("resolved", digest.resolved))
    parts: list[str | Span] = []
    for word, rows in words:
        if rows:
            parts += ["; " if parts else "Changed: ", f"{word} ", *_incidents(rows)]
    return [line(*parts, ".")] if parts else []


def _incidents(rows: tuple[IncidentLine, ...]) -> list[str | Span]:
    parts: list[str | Span] = []
    for row in rows[:4]:
        lasted = f", lasted {figures.span(row.lasted(row.resolved_at))}" if row.resolved_at else ""
        parts += [
            ", " if parts else "",
            Span(f"#{row.id}", href=row.page),
            f" {figures.cut(row.ci, _NAME)} ({row.kind}{lasted})",
        ]
    return [*parts, f" and {len(rows) - 4} more"] if len(rows) > 4 else parts


def _totals(digest: Summary) -> Line:
    totals = digest.totals
    if not totals.reports:
        return line("No CI judged anything in that time.")
    cis, reports = figures.plural(totals.cis, "CI"), figures.plural(totals.reports, "result")
    broke = f", {figures.number(totals.infra)} broke by themselves" if totals.infra else ""
    odd = totals.not_understood
    unread = f"; {figures.plural(odd, 'comment')} not understood" if odd else ""
    return line(f"Total: {reports} of {cis}{_passed(digest)}{broke}{unread}.", *_looks(digest))


def _looks(digest: Summary) -> Line:
    """How many of the last failures are worth a look, and on which changes."""
    looks = digest.looks
    if not looks.failures:
        return ()
    many = figures.number(looks.looks) if looks.looks else "None"
    of = f" {many} of the last {figures.plural(looks.failures, 'failure')}"
    sets = [patch_set_span(row.number, row.patch_set, row.page) for row in looks.patch_sets]
    said = f"{of} {'is' if looks.looks < 2 else 'are'} worth a look"
    if looks.failures == 1:
        said = f" The last failure is {'' if looks.looks else 'not '}worth a look"
    return line(said, ": " if sets else "", *some(sets, _LOOKS), ".")


def _passed(digest: Summary) -> str:
    """The share that passed, and that of the period before."""
    judged, before = (total.passes + total.fails for total in (digest.totals, digest.before))
    if not judged:
        return ""
    said = f", {figures.percent(digest.totals.passes / judged)} passed"
    return f"{said} (before: {figures.percent(digest.before.passes / before)})" if before else said


COMMAND = Command(
    usage="summary [today|yesterday|DAY] [BRANCH]",
    does="the daily summary now, or that of a day: worst first, who is silent, what changed, who is"
    " new, totals",
    example="summary yesterday",
    answer=answer,
    aliases=("digest",),
    more="A day is a date or a weekday: summary 2026-11-23, summary monday.",
)
