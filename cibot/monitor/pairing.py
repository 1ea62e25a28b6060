"""Makes of stored reports what judging looks at: results with their pairs, and what was due.

Pure, except that its input types are the store's rows.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from cibot.health.observation import Eligible, JobRun, Judged
from cibot.model import Outcome, Result
from cibot.store.queries_judging import Attempt, DuePatchSet
from cibot.store.reports import StoredBuild, StoredReport

# Pipelines that say nothing of how a CI serves reviewers.
_UNCOUNTED = ("gate", "experimental", "periodic", "post", "promote", "release", "tag", "nightly")
_LEAST_DEADLINE = timedelta(hours=1)
_MOST_DEADLINE = timedelta(days=3)
_UNTRIED_DEADLINE = timedelta(days=1)
_ENOUGH_LATENCIES = 20

PatchSetKey = tuple[int, int]


def counts(pipeline: str | None) -> bool:
    """Whether a pipeline's results count when a CI is judged: check does, gate does not."""
    words = (pipeline or "").lower().replace("_", "-").split("-")
    return not any(word in _UNCOUNTED for word in words)


def judged(
    reports: Iterable[StoredReport],
    references: Sequence[Attempt],
    builds: Mapping[tuple[int, int], Sequence[StoredBuild]],
) -> list[Judged]:
    """A CI's verdicts, each with the reference's attempt nearest in time on its patch set."""
    attempts: dict[PatchSetKey, list[Attempt]] = defaultdict(list)
    for attempt in references:
        if counts(attempt.pipeline) and attempt.result in {"pass", "fail"}:
            attempts[attempt.change_id, attempt.patch_set].append(attempt)
    found = []
    for one in reports:
        if one.result is None or not counts(one.pipeline):
            continue
        near = _nearest(attempts.get((one.change_id, one.patch_set), ()), one.posted_at)
        ran = builds.get((one.change_id, one.seq), ())
        worst = _worst(ran)
        found.append(
            Judged(
                one.change_id,
                one.number,
                one.patch_set,
                one.project,
                Result(one.result),
                one.posted_at,
                one.pipeline,
                one.uploaded_at,
                Result(near.result) if near else None,
                worst.job if worst else None,
                worst.url if worst else None,
                tuple(JobRun(run.job, Result(run.result), run.url) for run in ran if run.voting),
                one.outcome == Outcome.MERGE_FAILURE,
            )
        )
    return found


def _nearest(attempts: Sequence[Attempt], moment: datetime) -> Attempt | None:
    return min(attempts, key=lambda one: abs(one.posted_at - moment), default=None)


def _worst(builds: Sequence[StoredBuild]) -> StoredBuild | None:
    """The first voting build that failed, else the first that broke."""
    for result in ("fail", "infra"):
        for build in builds:
            if build.voting and build.result == result:
                return build
    return None


def deadline_after(reports: Iterable[StoredReport]) -> timedelta:
    """How long after an upload a CI's first verdict may take: its 99th percentile."""
    first: dict[PatchSetKey, timedelta] = {}
    for one in reports:
        if one.result is not None and one.uploaded_at is not None:
            first.setdefault((one.change_id, one.patch_set), one.posted_at - one.uploaded_at)
    latencies = sorted(first.values())
    if not latencies:
        return _UNTRIED_DEADLINE
    if len(latencies) < _ENOUGH_LATENCIES:
        usual = 2 * latencies[-1]
    else:
        usual = latencies[min(len(latencies) - 1, int(0.99 * len(latencies)))]
    return min(max(usual, _LEAST_DEADLINE), _MOST_DEADLINE)


def eligible(
    due: Iterable[DuePatchSet],
    reports: Iterable[StoredReport],
    in_scope: Callable[[str, str], bool],
    allowed: timedelta,
    now: datetime,
) -> list[Eligible]:
    """The patch sets that a CI should have reported on by now.

    ``due`` are those that the reference judged; ``allowed`` is the time from
    upload to deadline. A patch set that was replaced or closed before its
    deadline was not due, nor was one that came before the CI's first report.
    """
    times: dict[PatchSetKey, list[datetime]] = defaultdict(list)
    for one in reports:
        times[one.change_id, one.patch_set].append(one.posted_at)
    begun = min((at for posted in times.values() for at in posted), default=None)
    found = []
    for one_due in due:
        if begun is not None and one_due.uploaded_at + allowed < begun:
            continue
        deadline = one_due.uploaded_at + allowed
        reported = bool(bisect.bisect_right(times[one_due.change_id, one_due.patch_set], deadline))
        lived = not _ended_before(one_due, deadline)
        if in_scope(one_due.project, one_due.branch) and deadline <= now and (lived or reported):
            found.append(
                Eligible(
                    one_due.change_id,
                    one_due.number,
                    one_due.patch_set,
                    one_due.project,
                    one_due.uploaded_at,
                    deadline,
                    reported,
                )
            )
    return found


def _ended_before(due: DuePatchSet, deadline: datetime) -> bool:
    if due.superseded_at is not None and due.superseded_at < deadline:
        return True
    return due.status != "NEW" and due.updated_at < deadline


def guess_reference(counts_by_ci: Mapping[int, int], names: Mapping[int, str]) -> int | None:
    """The CI that others are most likely measured against, where nobody said which.

    The one that judges most, unless one that is named like a gate judges half
    as much; None where there is no second CI to compare.
    """
    if len(counts_by_ci) < 2:
        return None
    most = max(counts_by_ci.values())

    def rank(ci_id: int) -> tuple[bool, int, int]:
        name = names.get(ci_id, "").lower()
        gate = any(word in name for word in ("zuul", "jenkins", "gate"))
        return (gate and 2 * counts_by_ci[ci_id] >= most, counts_by_ci[ci_id], -ci_id)

    return max(counts_by_ci, key=rank)
