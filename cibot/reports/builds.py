"""The builds of a CI's reports, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cibot.model import Result
from cibot.reports.ci import find_ci
from cibot.reports.context import gerrit_page, same_fields
from cibot.reports.failures import verdict_of
from cibot.store.cis import HeardReport, latest_reports
from cibot.store.engine import Tx
from cibot.store.reports import StoredBuild, builds_of

MOST_REPORTS = 500
"""Reports that are read for one page, so that a rare job costs no more than a frequent one."""

BuildKey = tuple[datetime, int, int, int]
"""Where a build stands: (posted_at, change_id, seq) of its report, and its place in it."""


@dataclass(frozen=True, slots=True)
class BuildLine:
    """One build. ``word`` is its result as written, ``page`` the patch set on Gerrit."""

    job: str
    word: str
    result: Result | None
    voting: bool
    duration_s: float | None
    url: str | None
    number: int
    patch_set: int | None
    project: str
    pipeline: str | None
    posted_at: datetime
    page: str | None


def builds(
    tx: Tx,
    name: str,
    *,
    job: str | None = None,
    result: Result | None = None,
    after: BuildKey | None = None,
    limit: int = 100,
) -> tuple[tuple[BuildLine, ...], BuildKey | None]:
    """The builds of the CI that ``name`` means, from the one that follows ``after``.

    And where to go on: None when there are no older ones.

    Only those of a ``job`` (its whole name) and with a ``result``, where one is
    given. There may be fewer than ``limit``, or none, and yet older ones: 500
    reports are looked at. Raises UserError when no CI is meant.
    """
    row = find_ci(tx, name)
    reports = latest_reports(tx, row.id, before=_report(after), limit=MOST_REPORTS)
    by_report = builds_of(tx, [(report.change_id, report.seq) for report in reports])
    chosen: list[BuildLine] = []
    for report, place, build in _in_order(reports, by_report, after):
        if job in {None, build.job} and result in {None, build.result}:
            chosen.append(_build(report, build))
        if len(chosen) == limit:
            return tuple(chosen), (*_key(report), place)
    more = len(reports) == MOST_REPORTS
    return tuple(chosen), (*_key(reports[-1]), 2**31 - 1) if more else None


def _in_order(
    reports: list[HeardReport],
    by_report: dict[tuple[int, int], list[StoredBuild]],
    after: BuildKey | None,
) -> Iterator[tuple[HeardReport, int, StoredBuild]]:
    for report in reports:
        for place, build in enumerate(by_report.get((report.change_id, report.seq), ())):
            if after is None or _key(report) != after[:3] or place > after[3]:
                yield report, place, build


def _report(after: BuildKey | None) -> tuple[datetime, int, int] | None:
    """Where to look for reports from: the one of ``after`` may have more builds."""
    return (after[0], after[1], after[2] + 1) if after else None


def _key(report: HeardReport) -> tuple[datetime, int, int]:
    return report.posted_at, report.change_id, report.seq


def _build(report: HeardReport, build: StoredBuild) -> BuildLine:
    own = same_fields(BuildLine, report) | same_fields(BuildLine, build)
    page = gerrit_page(report.url, report.project, report.number, report.patch_set)
    return BuildLine(**own | {"result": verdict_of(build.result), "page": page})
