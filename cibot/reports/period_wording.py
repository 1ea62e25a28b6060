"""The sentences of the report of a period, for every face. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from cibot.model import State, Window
from cibot.reports.period import CiPeriod, Figures, PeriodReport, ProjectRule
from cibot.reports.promise import Criterion, Promise, Ruling
from cibot.text import figures

KEPT = {
    Ruling.MET: "met",
    Ruling.NOT_MET: "not met",
    Ruling.TOO_LITTLE: "too little to say",
}
STATES = {
    Ruling.MET: State.HEALTHY, Ruling.NOT_MET: State.FAILING, Ruling.TOO_LITTLE: State.UNKNOWN,
}  # fmt: skip
"""The shape and colour of each."""


def where(found: PeriodReport) -> str:
    """What the report is of: "openstack/cinder on stable/*"."""
    of = found.project or "All projects"
    return f"{of} on {found.branch}" if found.branch else of


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


def totals(found: PeriodReport) -> str:
    """How many CIs kept the rules, as a sentence without its capital."""
    judged = sum(found.totals.values())
    others = len(found.cis)
    if not others:
        return "no CI had anything to report on."
    if not found.rules:
        return f"{figures.plural(others, 'CI')}; no rule is configured, so none is judged by one."
    if not judged:
        return f"{figures.plural(others, 'CI')}, and no rule is for any of them."
    rules = "the rule" if len(found.rules) == 1 else "the rules"
    met, not_met, little = (found.totals[kept] for kept in Ruling)
    parts = [f"{met} of {figures.plural(judged, 'CI')} met {rules}"]
    if not_met:
        parts.append(f"{not_met} did not")
    if little:
        parts.append(f"too little can be said of {little}")
    return figures.sentence(figures.listed(parts))


def rule(one: ProjectRule) -> str:
    """What a rule asks for, after where it holds."""
    projects = "every project" if one.projects == ("*",) else figures.listed(one.projects)
    branches = "" if one.branches == ("*",) else f" on {figures.listed(one.branches)}"
    asks = [f"reports on {figures.percent(one.reports)} of its chances within {span(one.within)}"]
    if one.agrees is not None:
        asks.append(f"agrees with the reference on {figures.percent(one.agrees)}")
    if one.silent_at_most is not None:
        asks.append(f"is never silent for more than {span(one.silent_at_most)}")
    if one.jobs:
        asks.append(f"runs {figures.listed(one.jobs)} in {figures.percent(one.reports)}")
    return f"{projects}{branches}: {figures.listed(asks)}."


def criterion(found: Criterion, within: timedelta) -> str:
    """One thing that a rule asks for, and the count behind the answer."""
    if found.name == "silence":
        assert found.longest is not None
        assert found.allowed is not None
        silent = f"longest silence {span(found.longest)}" if found.longest else "never silent"
        return f"{silent}, {span(found.allowed)} are allowed{_lacking(found)}"
    if found.rate is None:
        nothing = {"reports": "no chance to report", "agrees": "nothing beside the reference"}
        said = nothing.get(found.name, f"no run that could have had {found.job}")
        return f"{said}{_lacking(found)}"
    rate = figures.rate(found.rate.share, found.rate)
    said = {
        "reports": f"reported on {rate} within {span(within)}",
        "agrees": f"agrees with the reference on {rate}",
        "job": f"ran {found.job} in {rate}",
    }[found.name]
    assert found.asked is not None
    return f"{said}, {figures.percent(found.asked)} are asked{_lacking(found)}"


def _lacking(found: Criterion) -> str:
    if found.lacking == "count":
        n = found.rate.n if found.rate else 0
        return f" (too little: {figures.number(n)}, and {found.least} are needed)"
    if found.lacking == "interval":
        assert found.asked is not None
        return f" (too little: the interval holds {figures.percent(found.asked)})"
    return " (too little: it is not known for so long)" if found.lacking else ""


def reasons(found: CiPeriod, rules: Iterable[ProjectRule]) -> list[str]:
    """What decides about a CI: of each rule that it did not surely meet, why."""
    by_number = {one.number: one for one in rules}
    said = []
    for promise in found.promises:
        if promise.kept is found.kept:
            within = by_number[promise.rule].within
            named = f"rule {promise.rule}: " if len(by_number) > 1 else ""
            said.append(named + "; ".join(criterion(each, within) for each in _deciding(promise)))
    return said


def _deciding(found: Promise) -> list[Criterion]:
    return [one for one in found.criteria if one.kept is found.kept]


def brief(found: Figures, within: timedelta) -> str:
    """A CI's figures in a sentence, where no rule decides."""
    if not found.due:
        parts = ["no chance to report"]
    else:
        share = figures.rate(found.in_time.share, found.in_time) if found.in_time else "none"
        parts = [f"reported on {share} within {span(within)}"]
    if found.right:
        parts.append(f"right in {figures.rate(found.right.share, found.right)}")
    for word, length in (("failing", found.failing), ("silent", found.silent)):
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
