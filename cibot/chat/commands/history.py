"""`history NAME [BRANCH] [7d]`: pass rate per day as a text sparkline."""

from __future__ import annotations

from cibot.chat.command import Ask, Command
from cibot.chat.typed import about_branch, without_branch
from cibot.errors import UserError
from cibot.reports import wording
from cibot.reports.context import Context
from cibot.reports.history import History, history
from cibot.reports.incidents import IncidentLine
from cibot.text import figures
from cibot.text.card import Card, Line, line, sparkline
from cibot.text.lengths import read_length, whole_days
from cibot.text.periods import seems_time

_OF = {"for", "of", "last", "past", "over", "in", "the", "since", "during"}
_LATELY = {"last", "past", "this"}
_INCIDENTS = 3
_HOW = "history shows whole days, 1 to 90, as in: history netapp 7d."


def answer(ask: Ask) -> Card:
    """A bar a day, and the incidents in them."""
    words, days = read_words(ask.words)
    report = about_branch(
        words, lambda name, branch: history(ask.tx, ask.ctx, name, days, branch=branch)
    )
    return render(ask.ctx, report)


def read_words(words: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
    """The words of the name and the branch, and how many days; seven where none are named."""
    words, branch = without_branch(words)
    named, days = _days(words)
    return named if branch is None else ("branch", branch, *named), days


def _days(words: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
    for place in range(1, len(words)):
        written = " ".join(words[place:])
        length = read_length(written)
        if length is None and words[place - 1].casefold() in _LATELY:  # "last week"
            length = read_length(f"1 {written}")
        if length is not None:
            days = whole_days(length)
            if days is None:
                raise UserError(_HOW)
            while place > 1 and words[place - 1].casefold() in _OF:
                place -= 1  # noqa: PLW2901
            return words[:place], days
    if len(words) > 1 and words[-1].isdecimal() and len(words[-1]) < 4:
        return words[:-1], int(words[-1])
    if len(words) > 1 and seems_time(words[-1]):
        raise UserError(_HOW)
    return words, 7


def render(ctx: Context, report: History) -> Card:
    """Two lines and the incidents."""
    passes = sum(day.passes for day in report.days)
    fails = sum(day.fails for day in report.days)
    infra = sum(day.infra for day in report.days)
    shares = [day.share for day in report.days]
    judged_any = passes + fails + infra
    said = f"{passes} of {passes + fails} passed" if judged_any else "no results"
    broke = f", {infra} broke by themselves" if infra else ""
    quiet = sum(share is None for share in shares)
    without = f", {figures.plural(quiet, 'day')} without results" if quiet and judged_any else ""
    lines: list[Line] = [
        line(
            *wording.name_and_branch(report.ci),
            f" {sparkline(shares)} {report.days[0].day:%d %b} to today, a bar a day (UTC):"
            f" {said}{broke}{without}.",
        )
    ]
    judged = [(day.share, day.day) for day in report.days if day.share is not None]
    low, high = min(judged, default=None), max(judged, default=None)
    if low and high and low[0] < high[0]:
        lines.append(
            line(
                f"Worst day {low[1]:%a %d %b} with {figures.percent(low[0])}, "
                f"best {high[1]:%a %d %b} with {figures.percent(high[0])}."
            )
        )
    lines += [_incident(ctx, incident) for incident in report.incidents[:_INCIDENTS]]
    return Card(tuple(lines), link=report.ci.page)


def _incident(ctx: Context, incident: IncidentLine) -> Line:
    assert incident.began is not None
    words = list(wording.incident_words(incident)[:2])
    began = f" ({incident.kind}) since {figures.clock(incident.began, ctx.now, ctx.zone)}"
    if incident.resolved_at is None:
        return line("Incident ", *words[1:], f"{began}, {wording.acknowledgement(incident)}.")
    lasted = figures.span(incident.lasted(ctx.now))
    return line("Incident ", *words[1:], f"{began}, lasted {lasted}.")


COMMAND = Command(
    usage="history NAME [BRANCH] [7d]",
    does="pass rate per day as a row of bars (a dot is a day without results), and incidents",
    example="history netapp 7d",
    answer=answer,
    aliases=("trend",),
    more="Up to 90 days: 14d, 4w.",
)
