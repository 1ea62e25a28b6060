"""Since when a trouble is there, and after what: the runs around its beginning.

Everything follows from what is stored, so an alert, `why` and an incident's page say the same
of the same moment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cibot.health.facts import counts
from cibot.health.intervals import wilson
from cibot.incidents.incident import Incident
from cibot.incidents.symptom import Symptom, result_symptom
from cibot.model import Result
from cibot.reports.context import Context, gerrit_page
from cibot.store.changes import change_server
from cibot.store.cis import all_cis, server_urls
from cibot.store.engine import Tx
from cibot.store.onsets import (
    MergedRow,
    ProjectBranch,
    RunRow,
    bad_runs_on,
    changes_around,
    last_pass,
    merged_between,
    results_between,
)
from cibot.store.reports import StoredBuild, VerdictRow, builds_of

_LISTED = 10  # merged changes
_NAMED = 10  # CIs
_CHANGES = 40  # on each side of the beginning, by which other CIs are judged
_BEFORE = timedelta(days=14)
_AFTER = timedelta(days=3)
Builds = Mapping[tuple[int, int], Sequence[StoredBuild]]
_TOGETHER = 3  # CIs that broke, from which on the merges are the first thing to look at


@dataclass(frozen=True, slots=True)
class OnsetRun:
    """A run of a CI on a patch set; ``job`` with its ``log`` is what passed or failed in it."""

    number: int
    patch_set: int
    at: datetime
    job: str | None
    log: str | None
    page: str | None


@dataclass(frozen=True, slots=True)
class MergedChange:
    """A change that was merged between the last pass and the first failure."""

    number: int
    subject: str
    merged_at: datetime
    page: str | None


@dataclass(frozen=True, slots=True)
class Onset:
    """How a trouble began: the first failure, the last pass before it, and what came between.

    ``job`` is the one that is in trouble, None where it is the CI. ``merges`` counts what was
    merged on ``project`` and ``branch`` from the start of the last pass's run until the first
    failure was reported, ``merged`` has the first of these; both are empty without a last pass.
    Of the ``cis`` that report there, this one among them, ``broke`` pass surely less since than
    before; ``broken`` names the others.
    """

    project: str
    branch: str
    job: str | None
    last_pass: OnsetRun | None
    first_failure: OnsetRun
    merges: int
    merged: tuple[MergedChange, ...]
    broke: int
    cis: int
    broken: tuple[str, ...]

    @property
    def look_at(self) -> Literal["merges", "ci"] | None:
        """Where to look first; None where the figures do not say."""
        if self.broke == 1:
            return "ci" if self.cis > 1 else None
        many = self.broke >= _TOGETHER or 3 * self.broke >= self.cis
        return "merges" if many and self.merges else None


def onset_of(tx: Tx, ctx: Context, ci_id: int, incident: Incident) -> Onset | None:
    """How the trouble of a CI began; None where it is not one of its results."""
    symptom = result_symptom(incident.standing or incident.symptoms)
    if symptom is None:
        return None
    until = incident.resolved_at or ctx.now
    return onset(tx, ci_id, symptom, until, ctx.config.judgement.uncounted)


def onset(
    tx: Tx, ci_id: int, symptom: Symptom, until: datetime, uncounted: Collection[str]
) -> Onset | None:
    """How a symptom began, as it was seen at ``until``; None where no run of it is stored."""
    first = symptom.first_bad
    if first is None:
        return None
    runs = bad_runs_on(tx, ci_id, first.change_id, first.patch_set)
    failed = min(runs, key=lambda run: abs(run.posted_at - first.at), default=None)
    if failed is None:
        return None
    job = first.job if symptom.signal == "job" else None
    place = ProjectBranch(change_server(failed.change_id), failed.project, failed.branch)
    passed = last_pass(tx, ci_id, place, failed.posted_at, job)
    builds = builds_of(tx, [(run.change_id, run.seq) for run in (failed, passed) if run])
    urls = {server: url for server, (_name, url) in server_urls(tx).items()}
    url = urls.get(place.server_id)
    merges, merged = _merged(tx, place, passed, failed, builds, job) if passed else (0, [])
    others, cis = _broken(tx, ci_id, place, passed, failed, until, uncounted)
    return Onset(
        project=place.project,
        branch=place.branch,
        job=job,
        last_pass=_run(passed, builds, job, url) if passed else None,
        first_failure=_run(failed, builds, job, url),
        merges=merges,
        merged=tuple(
            MergedChange(*row, gerrit_page(url, place.project, row.number)) for row in merged
        ),
        broke=len(others) + 1,
        cis=cis,
        broken=tuple(others[:_NAMED]),
    )


def _merged(
    tx: Tx, place: ProjectBranch, passed: RunRow, failed: RunRow, builds: Builds, job: str | None
) -> tuple[int, list[MergedRow]]:
    """What was merged since the last pass's run began: what it did not try is in doubt."""
    ran = builds.get((passed.change_id, passed.seq), ())
    took = max((build.duration_s or 0.0 for build in ran if job in {None, build.job}), default=0.0)
    began = passed.posted_at - timedelta(seconds=took)
    return merged_between(tx, place, began, failed.posted_at, _LISTED)


def _run(row: RunRow, builds: Builds, job: str | None, url: str | None) -> OnsetRun:
    """A run with the voting job that made its result."""
    wanted = {Result.PASS} if row.result == Result.PASS else {Result.FAIL, Result.INFRA}
    if job is not None:  # it may pass in a report that failed
        wanted |= {Result.PASS}
    shown = next(
        (
            build
            for build in builds.get((row.change_id, row.seq), ())
            if build.voting and build.result in wanted and job in {None, build.job}
        ),
        None,
    )
    page = gerrit_page(url, row.project, row.number, row.patch_set)
    name, log = (shown.job, shown.url) if shown else (job, None)
    return OnsetRun(row.number, row.patch_set, row.posted_at, name, log, page)


def _broken(
    tx: Tx,
    ci_id: int,
    place: ProjectBranch,
    passed: RunRow | None,
    failed: RunRow,
    until: datetime,
    uncounted: Collection[str],
) -> tuple[list[str], int]:
    """The other CIs that broke as well, by name, and how many report there at all.

    One broke when the 95 % intervals of its pass rate before the last pass and after the first
    failure are apart. Each change counts once on each side, with the last word.
    """
    end = min(until, failed.posted_at + _AFTER)
    begin = passed.posted_at if passed else failed.posted_at
    around = changes_around(tx, place, failed.posted_at, _CHANGES)
    results = results_between(tx, around, failed.posted_at - _BEFORE, end)
    names = {ci.id: ci.name for ci in all_cis(tx) if ci.retired_at is None or ci.id == ci_id}
    reported = {result.ci_id for result in results if result.ci_id in names} | {ci_id}
    before = _rates((result for result in results if result.posted_at <= begin), uncounted)
    since = (result for result in results if result.posted_at >= failed.posted_at)
    after = _rates(since, uncounted)
    broken = [
        names[other]
        for other in reported - {ci_id}
        if other in before
        and other in after
        and wilson(*after[other]).high < wilson(*before[other]).low
    ]
    return sorted(broken, key=str.casefold), len(reported)


def _rates(results: Iterable[VerdictRow], uncounted: Collection[str]) -> dict[int, tuple[int, int]]:
    """Of each CI how many changes passed, of how many."""
    last = {
        (result.ci_id, result.change_id): result.result == Result.PASS
        for result in results
        if counts(result.pipeline, uncounted)
    }
    rates: dict[int, tuple[int, int]] = {}
    for (ci_id, _change), passed in last.items():
        passes, n = rates.get(ci_id, (0, 0))
        rates[ci_id] = (passes + passed, n + 1)
    return rates
