"""`report [PROJECT] [90d]`: what the CIs of a project promised and did in a period."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from cibot.chat.command import Ask, Command
from cibot.chat.typed import names_branch, without_branch
from cibot.errors import UserError
from cibot.reports import period_wording
from cibot.reports.context import Context
from cibot.reports.period import CiPeriod, PeriodReport, period_report, read_period
from cibot.reports.promise import Ruling
from cibot.text import figures
from cibot.text.card import Card, Line, Span, line, some, state_span, within
from cibot.text.lengths import leading_length, whole_days
from cibot.text.periods import named_day, named_period

_NO_TIME = re.compile(r"-?[0-9][0-9.,:/-]*[a-z]?", re.IGNORECASE)  # looks like one, and is none
_SHOWN = 4  # CIs with a line each
_NAMED = 8  # others by name
_BYTES = 360
_NAME = 40
_LATELY = {"last", "past"}
_FILLERS = {"for", "in", "and", "of", "last", "past", "since", "from", "to", "until", "the"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a report is asked for."""

    project: str | None
    branch: str | None
    days: int | None
    since: date | None
    until: date | None


def answer(ask: Ask) -> Card:
    """Which CIs kept the project's rules, worst first."""
    wanted = read_words(ask.words, ask.ctx.now.date())
    days = read_period(ask.ctx.now, wanted.days, wanted.since, wanted.until)
    report = period_report(ask.tx, ask.ctx, days, wanted.project, wanted.branch)
    return render(ask.ctx, report)


def read_words(words: Sequence[str], today: date) -> Wanted:
    """A project, a number of days, up to two dates, months as "may", and "branch NAME".

    In any order. Raises UserError for two dates with a number of days, for part of a day, and for
    what looks like a time and cannot be read.
    """
    rest, branch = without_branch(tuple(words))
    left, project, dates = list(rest), list[str](), list[date]()
    periods: list[tuple[date, date]] = []
    length: timedelta | None = None
    while left:
        named = named_period(left, today) if project[-1:] != ["on"] else None
        if named is not None:  # a branch may be a year
            periods.append(named[:2])
            del left[: named[2]]
            continue
        word = left.pop(0)
        lately = word.casefold() in _LATELY  # "last quarter"
        taken = leading_length(["1" if lately else word, *left])
        if (day := named_day(word, today)) is not None:
            dates.append(day)
        elif taken is not None and length is None:
            length, count = taken
            del left[: count - 1]
        elif _NO_TIME.fullmatch(word) and project[-1:] != ["on"]:  # a branch may be a number
            raise UserError(
                f"{word[:20]!r} is no time here; write days, a month or a date, as in:"
                " report cinder 90d, report cinder may, report cinder 2026-09-01."
            )
        elif word.casefold() not in _FILLERS:
            project.append(word)
    if branch is None and names_branch(tuple(project)):
        *project, branch = [word for word in project if word.casefold() != "on"]
    since, until = _ends(dates, periods, length, set(map(str.casefold, words)))
    days = whole_days(length) if length is not None else None
    if length is not None and days is None:
        raise UserError("A report is of whole days, as in: report cinder 90d.")
    return Wanted(" ".join(project) or None, branch, days, since, until)


def _ends(
    dates: Sequence[date],
    periods: Sequence[tuple[date, date]],
    length: timedelta | None,
    words: Container[str],
) -> tuple[date | None, date | None]:
    """The first day and the day after the last, where they are named.

    One month, or one date, begins it behind "since" and ends it behind "until"; a date alone begins
    it. Raises UserError for more than that, and for months that are not in order.
    """
    if len(dates) > 2 or (length is not None and (periods or len(dates) > 1)):
        raise UserError("A report takes two dates, or a date and a number of days, or a month.")
    if periods != sorted(periods):
        raise UserError("Write the years, as in: report cinder from oct 2025 to feb 2026.")
    days = sorted([*dates, *(day for period in periods for day in period)])
    if len(dates) + len(periods) == 1:
        if "until" in words:
            return None, days[-1]
        if dates or "since" in words:
            return days[0], None
    return (days[0], days[-1]) if days else (None, None)


def render(ctx: Context, report: PeriodReport) -> Card:
    """A few lines: how many kept the rules, those that did not, the others by name."""
    title = Span(period_wording.title(report), strong=True)
    head = line(title, f": {period_wording.totals(report)}")
    shown = [ci for ci in report.cis if ci.kept is not Ruling.MET and not ci.is_reference]
    lines = [head, *(_ci(report, ci) for ci in shown[:_SHOWN])]
    for ruling in (*Ruling, None):
        rest = [ci for ci in report.cis if ci.kept is ruling and ci not in shown[:_SHOWN]]
        rest = [ci for ci in rest if not ci.is_reference]
        if rest:
            lines.append(_named(ruling, rest))
    return Card(tuple(within(row, _BYTES) for row in lines), link=page_of(ctx, report))


def _ci(report: PeriodReport, ci: CiPeriod) -> Line:
    name = Span(figures.cut(ci.name, _NAME), href=ci.page, strong=True)
    if ci.kept is None:
        return line(name, f": {period_wording.brief(ci.now, report.within)}.")
    state, word = period_wording.STATES[ci.kept], period_wording.KEPT[ci.kept]
    said = "; ".join(period_wording.reasons(ci, report.rules))
    return line(state_span(state, word), " ", name, f": {said}.")


def _named(ruling: Ruling | None, cis: Sequence[CiPeriod]) -> Line:
    word = period_wording.KEPT[ruling] if ruling else "others"
    spans = [Span(figures.cut(ci.name, _NAME), href=ci.page) for ci in cis]
    return line(f"{figures.sentence(word).rstrip('.')}: ", *some(spans, _NAMED), ".")


def summed(ctx: Context, report: PeriodReport) -> list[Line]:
    """One line or two for a summary: how many kept the rules, and who did not; none without any."""
    if not any(report.totals.values()):
        return []
    title = Span(f"Rules, {period_wording.days(report.window)}", href=page_of(ctx, report))
    missed = [ci for ci in report.cis if ci.kept is Ruling.NOT_MET]
    named = [_named(Ruling.NOT_MET, missed)] if missed else []
    return [line(title, f": {period_wording.totals(report)}"), *named]


def page_of(ctx: Context, report: PeriodReport) -> str | None:
    """The address of the report's page."""
    return ctx.page("report", **asked_by(report))


def asked_by(report: PeriodReport) -> dict[str, object]:
    """The parameters by which just this report is asked for again."""
    days: dict[str, object] = {
        "from": report.window.since.date(),
        "to": report.window.until.date(),
    }
    places = {"project": report.project, "branch": report.branch}
    return {name: place for name, place in places.items() if place is not None} | days


COMMAND = Command(
    usage="report [PROJECT] [90d]",
    does="who kept the project's rules in a period of days, with the counts",
    example="report cinder 90d",
    answer=answer,
    aliases=("rules",),
    more="Or of a month, a quarter or a year: report cinder may, report cinder q3 2026;"
    " or from a day to the day before another: report cinder 2026-09-01 2026-12-01."
    " With one branch, or a pattern: report cinder branch stable/*. Failing counts from when a CI"
    " was called failing; status says since when its results are worse, which may be earlier.",
)
