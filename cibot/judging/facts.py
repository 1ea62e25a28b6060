"""Reads one CI's inputs in a span of time from the store."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zlib import crc32

from cibot.collector.results import refused, stopped
from cibot.health.change_history import ends_of, follow
from cibot.health.facts import Attempt, ChangeFacts, JobRun, RefVerdict, after_merge, counts, moment
from cibot.health.inputs import Ended, Input
from cibot.health.references import References
from cibot.health.rollup import ChangePlace
from cibot.model import Outcome, Result
from cibot.store.cis import KnownCi
from cibot.store.engine import Tx
from cibot.store.histories import (
    BuildRow,
    ChangeEnds,
    ReportRow,
    builds_until,
    change_rows,
    reports_before,
    reports_between,
    uploaded_between,
    uploads_of,
)
from cibot.store.patch_sets import origins_of
from cibot.text.patterns import fits_any

_BEFORE = 1 << 30  # the place of a comment known only by an event: after those of REST
_BATCH_WORDS = 4  # at the beginning of a subject
_RESULTS = {result.value: result for result in Result}


@dataclass(frozen=True, slots=True)
class Scope:
    """Which projects and branches are a configured CI's business: globs (``openstack/*``)."""

    projects: tuple[str, ...] = ("*",)
    branches: tuple[str, ...] = ("*",)


@dataclass(slots=True)
class Reader:
    """What one CI is judged by: its scope, the references, the pipelines that do not count."""

    ci: KnownCi
    scope: Scope
    references: References
    uncounted: tuple[str, ...]
    home_projects: set[str] = field(init=False)  # those in which the CI ever gave a verdict
    others: set[int] = field(init=False)  # the CIs that it is measured against
    places: dict[int, ChangePlace] = field(default_factory=dict)
    """The place of each change that `inputs` read last."""

    def __post_init__(self) -> None:
        self.home_projects = self.references.projects_ever(self.ci.id)
        self.others = self.references.of(self.home_projects) - {self.ci.id}

    def inputs(
        self, tx: Tx, after: float, until: float, pending: Collection[tuple[int, int]]
    ) -> list[Input]:
        """What happened in ``after < t <= until``, in order; ``pending`` patch sets may end."""
        begin, end = moment(after), moment(until)
        own = reports_between(tx, self.ci.id, begin, end)
        theirs = [
            report
            for other in sorted(self.others)
            for report in reports_between(tx, other, begin, end, self.home_projects)
        ]
        touched = uploaded_between(tx, self._unreferenced(after, until), begin, end)
        touched |= {report.change_id for report in own}
        touched |= {report.change_id for report in theirs}
        earlier = reports_before(tx, {self.ci.id, *self.others}, touched, begin)
        own += [report for report in earlier if report.ci_id == self.ci.id]
        theirs += [report for report in earlier if report.ci_id != self.ci.id]
        inputs = [
            ended
            for facts in self._facts(tx, touched, own, theirs, end)
            for ended in follow(facts)
            if after < ended.at <= until
        ]
        inputs += self._ends(tx, {change_id for change_id, _ in pending} - touched, after, until)
        return sorted(inputs, key=_order)

    def _unreferenced(self, after: float, until: float) -> list[str]:
        """The CI's projects that had no reference, or itself, at some time of the span."""
        return [
            home
            for home in self.home_projects
            if {None, self.ci.id} & self.references.during(home, after, until)
        ]

    def referenced(self, after: float, until: float) -> set[str]:
        """The CI's projects that had another CI as reference all the time in the span."""
        return self.home_projects - set(self._unreferenced(after, until))

    def _facts(
        self,
        tx: Tx,
        touched: Collection[int],
        own: Iterable[ReportRow],
        theirs: Iterable[ReportRow],
        until: datetime,
    ) -> list[ChangeFacts]:
        rows, uploads = change_rows(tx, touched), uploads_of(tx, touched)
        by_id = {row.id: self._change(row, uploads.get(row.id, {})) for row in rows.values()}
        for row_id, origins in origins_of(tx, rows).items():
            by_id[row_id].origins = origins
        self.places = {row.id: ChangePlace(row.project, row.branch) for row in rows.values()}
        own = [report for report in own if report.change_id in by_id]
        builds = builds_until(tx, self.ci.id, rows, until)
        for report in own:
            attempt = self._attempt(report, builds.get((report.change_id, report.seq), ()))
            by_id[report.change_id].own.append(attempt)
        for report in theirs:
            facts = by_id.get(report.change_id)
            if facts is not None and self._counts(facts, report):
                facts.reference.append(_verdict(report))
        return list(by_id.values())

    def _change(self, row: ChangeEnds, uploads: dict[int, datetime]) -> ChangeFacts:
        project = row.project
        return ChangeFacts(
            row.id,
            row.number,
            project,
            row.branch,
            uploads={number: at.timestamp() for number, at in uploads.items()},
            closed_at=row.closed_at.timestamp() if row.closed_at else None,
            in_scope=fits_any(self.scope.projects, project)
            and fits_any(self.scope.branches, row.branch),
            named=self.scope.branches != ("*",),
            subject=_alike(row.branch, row.subject),
            referenced=lambda at: (
                self.references.periods_of(project, row.branch).at(at) not in (None, self.ci.id)
            ),
        )

    def _counts(self, facts: ChangeFacts, report: ReportRow) -> bool:
        return (
            self.references.periods_of(facts.project, facts.branch).at(report.posted_at.timestamp())
            == report.ci_id
            and report.result in ("pass", "fail")
            and report.patch_set is not None
            and counts(report.pipeline, self.uncounted)
        )

    def _attempt(self, report: ReportRow, builds: Sequence[BuildRow]) -> Attempt:
        runs = tuple(
            [
                JobRun(each.job, _RESULTS[each.result], each.url, each.voting, each.seconds)
                for each in builds
            ]
        )
        judges = report.patch_set is not None and counts(report.pipeline, self.uncounted)
        unmerged = refused(report.outcome, report.format)
        result = Result.INFRA if unmerged else _RESULTS.get(report.result or "")
        return Attempt(
            report.posted_at.timestamp(),
            _place(report),
            report.patch_set or 0,
            report.pipeline or "",
            result if judges else None,
            final=report.outcome not in (None, Outcome.STARTED) and report.patch_set is not None,
            unmerged=unmerged,
            stopped=report.result == Result.INFRA
            and stopped((each.word, _RESULTS[each.result]) for each in builds if each.voting),
            after_merge=report.pipeline is None and after_merge([run.job for run in runs]),
            runs=runs,
        )

    def _ends(self, tx: Tx, change_ids: Collection[int], after: float, until: float) -> list[Ended]:
        """The ends of changes without a report in this span."""
        if not change_ids:
            return []
        rows, uploads = change_rows(tx, change_ids), uploads_of(tx, change_ids)
        changes = (self._change(row, uploads.get(row.id, {})) for row in rows.values())
        return [ended for facts in changes for ended in ends_of(facts) if after < ended.at <= until]


def _alike(branch: str, subject: str) -> int:
    """What stands for changes of one batch, whose subjects begin alike: one name differs."""
    words = subject.casefold().split()
    return crc32(" ".join([branch, *words[:_BATCH_WORDS]]).encode())


def _verdict(report: ReportRow) -> RefVerdict:
    assert report.patch_set is not None
    assert report.result is not None
    return RefVerdict(
        report.posted_at.timestamp(), _place(report), report.patch_set, _RESULTS[report.result]
    )


def _place(report: ReportRow) -> int:
    """The order within one second: REST's where it is known."""
    return report.position if report.position is not None else _BEFORE


def _order(event: Input) -> tuple[float, int]:
    """By time, and by change at one moment."""
    return (event.at, getattr(getattr(event, "proof", event), "change_id", 0))
