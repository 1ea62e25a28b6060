"""``/report``: what the CIs of a project promised and did in a period."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from cibot.reports import period_wording
from cibot.reports.period import MOST_DAYS, CiPeriod, PeriodReport, period_report, read_period
from cibot.web.api.params import Date, Format, ProjectName
from cibot.web.api.question import Endpoint, Params
from cibot.web.api.tables import Lines
from cibot.web.asking import Asking


class PeriodParams(Params):
    """Which project, branch and days."""

    project: ProjectName | None = None
    branch: (
        Annotated[
            str,
            Field(min_length=1, max_length=255, description="A branch, or a pattern: `stable/*`."),
        ]
        | None
    ) = None
    since: Annotated[
        Date | None, Field(alias="from", description="The first day in UTC, as 2026-09-01.")
    ] = None
    until: Annotated[
        Date | None, Field(alias="to", description="The day after the last; default: tomorrow.")
    ] = None
    days: Annotated[
        int | None,
        Field(ge=1, le=MOST_DAYS, description="How many, where not both ends are given; else 90."),
    ] = None


class ReportParams(PeriodParams):
    """The same, with the answer's format."""

    format: Format = None


def report_of(asking: Asking, params: ReportParams) -> PeriodReport:
    """The report."""
    days = read_period(asking.clock(), params.days, params.since, params.until)
    return asking.ask(lambda tx, ctx: period_report(tx, ctx, days, params.project, params.branch))


_HEADS = (
    "ci", "is_reference", "since", "retired_at", "kept", "due", "reported", "reported_low",
    "reported_high", "in_time", "in_time_low", "in_time_high", "p50_s", "p95_s", "right",
    "right_low", "right_high", "right_n", "paired", "false_failures", "failing_s", "silent_s",
    "longest_outage_s", "longest_outage_since", "incidents", "acknowledged", "to_acknowledge_s",
    "before_due", "before_in_time", "before_right", "before_failing_s", "before_silent_s",
    "before_incidents", "runs", "jobs",
)  # fmt: skip


def period_lines(found: PeriodReport) -> Lines:
    """The report as a table: a line a CI, two columns a rule."""
    rules = [rule.number for rule in found.rules]
    yield [*_HEADS, *(f"rule_{number}{tail}" for number in rules for tail in ("", "_why"))]
    by_number = {rule.number: rule for rule in found.rules}
    for ci in found.cis:
        cells = [*_cells(ci)]
        promises = {promise.rule: promise for promise in ci.promises}
        for number in rules:
            one = promises.get(number)
            within = by_number[number].within
            said = [period_wording.criterion(each, within) for each in one.criteria] if one else []
            cells += [one.kept if one else None, "; ".join(said)]
        yield cells


def _cells(ci: CiPeriod) -> Iterator[Any]:
    now, before = ci.now, ci.before
    yield from (ci.name, ci.is_reference, ci.since, ci.retired_at, ci.kept, now.due)
    for rate in (now.reported, now.in_time):
        yield from (rate.share, rate.low, rate.high) if rate else (None,) * 3
    yield from (now.p50, now.p95)
    right = now.right
    yield from (right.share, right.low, right.high, right.n) if right else (None,) * 4
    outage = now.longest_outage
    yield from (now.paired, now.false_failures, now.failing, now.silent)
    yield outage.until - outage.since if outage else timedelta(0)
    yield outage.since if outage else None
    yield from (now.incidents, now.acknowledged, now.to_acknowledge, before.due)
    yield before.in_time.share if before.in_time else None
    yield before.right.share if before.right else None
    yield from (before.failing, before.silent, before.incidents, ci.runs)
    yield [job.job for job in ci.jobs]


ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint(
        "/report",
        "Summary",
        "What the CIs of a project promised and did in a period",
        ReportParams,
        PeriodReport,
        report_of,
        period_lines,
    ),
)
