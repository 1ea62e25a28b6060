"""The sentences of the report of a period, for every face. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from cibot.model import State, Window
from cibot.reports.period import CiPeriod, Figures, PeriodReport, ProjectRule
from cibot.reports.promise import Criterion, Promise, Ruling
from cibot.text import figures
from cibot.text.patterns import fits_any

KEPT = {
    Ruling.MET: "met",
    Ruling.NOT_MET: "not met",
    Ruling.TOO_LITTLE: "too little to say",
}
STATES = {
    Ruling.MET: State.HEALTHY, Ruling.NOT_MET: State.FAILING, Ruling.TOO_LITTLE: State.UNKNOWN,
}  # fmt: skip
"""The shape and colour of each."""


def title(report: PeriodReport) -> str:
    """What the report is of, and when: "openstack/cinder on stable/*, 31 Aug to …"."""
    of = report.project or "All projects"
    places = f"{of} on {report.branch}" if report.branch else of
    return f"{places}, {days(report.window)}"


def days(window: Window) -> str:
    """As "31 Aug to 28 Nov 2026 (90 days)": the first day and the last."""
    first, last = window.since.date(), (window.until - timedelta(days=1)).date()
    length = figures.plural((window.until - window.since).days, "day")
    if first == last:
        return f"{_day(first)} {first.year} ({length})"
    year = "" if first.year == last.year else f" {first.year}"
    return f"{_day(first)}{year} to {_day(last)} {last.year} ({length})"


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"


def acknowledged(done: Figures) -> str:
    """As "2 acknowledged, half within 26 min"; empty where no incident was."""
    if done.to_acknowledge is None:
        return ""
    return f"{done.acknowledged} acknowledged, half within {span(done.to_acknowledge)}"


def totals(report: PeriodReport) -> str:
    """How many CIs kept the rules, as a sentence without its capital."""
    judged = sum(report.totals.values())
    others = len(report.cis)
    if not others:
        return "no CI had anything to report on."
    if not report.rules:
        return f"{figures.plural(others, 'CI')}; no rule is configured, so none is judged by one."
    if not judged:
        return f"{figures.plural(others, 'CI')}, and no rule is for any of them."
    rules = "the rule" if len(report.rules) == 1 else "the rules"
    met, not_met, little = (report.totals[ruling] for ruling in Ruling)
    parts = [f"{met} of {figures.plural(judged, 'CI')} met {rules}"]
    if not_met:
        parts.append(f"{not_met} did not")
    if little:
        parts.append(f"too little can be said of {little}")
    return figures.sentence(figures.listed(parts))


def rules_of(report: PeriodReport) -> list[ProjectRule]:
    """The rules that may be for the report's project, or all."""
    project = report.project
    return [rule for rule in report.rules if not project or fits_any(rule.projects, project)]


def rule(rule: ProjectRule) -> str:
    """What a rule asks for, after where it holds."""
    projects = "every project" if rule.projects == ("*",) else figures.listed(rule.projects)
    branches = "" if rule.branches == ("*",) else f" on {figures.listed(rule.branches)}"
    asks = [f"reports on {figures.percent(rule.reports)} of its chances within {span(rule.within)}"]
    if rule.agrees is not None:
        asks.append(f"agrees with the reference on {figures.percent(rule.agrees)}")
    if rule.silent_at_most is not None:
        asks.append(f"is never silent for more than {span(rule.silent_at_most)}")
    if rule.jobs:
        asks.append(f"runs {figures.listed(rule.jobs)} in {figures.percent(rule.reports)}")
    return f"{projects}{branches}: {figures.listed(asks)}."


def criterion(criterion: Criterion, within: timedelta) -> str:
    """One thing that a rule asks for, and the count behind the answer."""
    if criterion.name == "silence":
        assert criterion.longest is not None
        assert criterion.allowed is not None
        silent = (
            f"longest silence {span(criterion.longest)}" if criterion.longest else "never silent"
        )
        return f"{silent}, {span(criterion.allowed)} are allowed{_lacking(criterion)}"
    if criterion.rate is None:
        nothing = {
            "reports": "no chance to report",
            "agrees": "nothing that the reference judged too",
        }
        said = nothing.get(criterion.name, f"no run that could have had {criterion.job}")
        return f"{said}{_lacking(criterion)}"
    rate = figures.rate(criterion.rate.share, criterion.rate)
    said = {
        "reports": f"reported on {rate} within {span(within)}",
        "agrees": f"agrees with the reference on {rate}",
        "job": f"ran {criterion.job} in {rate}",
    }[criterion.name]
    assert criterion.asked is not None
    return f"{said}, {figures.percent(criterion.asked)} are asked{_lacking(criterion)}"


def _lacking(criterion: Criterion) -> str:
    if criterion.lacking == "count":
        n = criterion.rate.n if criterion.rate else 0
        return f" (too little: {figures.number(n)}, and {criterion.least} are needed)"
    if criterion.lacking == "interval":
        assert criterion.asked is not None
        return f" (too little: the interval holds {figures.percent(criterion.asked)})"
    return " (too little: it is not known for so long)" if criterion.lacking else ""


def reasons(ci: CiPeriod, rules: Iterable[ProjectRule]) -> list[str]:
    """What decides about a CI: of each rule that it did not surely meet, why."""
    by_number = {rule.number: rule for rule in rules}
    said = []
    for promise in ci.promises:
        if promise.kept is ci.kept:
            within = by_number[promise.rule].within
            named = f"rule {promise.rule}: " if len(by_number) > 1 else ""
            said.append(named + "; ".join(criterion(each, within) for each in _deciding(promise)))
    return said


def _deciding(promise: Promise) -> list[Criterion]:
    return [criterion for criterion in promise.criteria if criterion.kept is promise.kept]


def brief(did: Figures, within: timedelta) -> str:
    """A CI's figures in a sentence, where no rule decides."""
    if not did.due:
        parts = ["no chance to report"]
    else:
        share = figures.rate(did.in_time.share, did.in_time) if did.in_time else "none"
        parts = [f"reported on {share} within {span(within)}"]
    if did.right:
        parts.append(f"right in {figures.rate(did.right.share, did.right)}")
    for word, length in (("failing", did.failing), ("silent", did.silent)):
        if length:
            parts.append(f"{word} for {span(length)}")
    return "; ".join(parts)


def span(length: timedelta) -> str:
    """A limit or a length: days whole or by the half, else hours."""
    hours = length / timedelta(hours=1)
    if hours < 48:
        return figures.span(length)
    tenths = round(hours / 2.4) / 10
    return f"{tenths:g} days"
