"""Weighs the failures on patch sets: reads what is known of each, and asks the rule."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from cibot.health.facts import known_moment
from cibot.health.weighing.evidence import (
    CHANGES_READ,
    FailureFacts,
    Neighbour,
    SameReport,
    by_patch_set,
    evidence_of,
    pair_rates,
)
from cibot.health.weighing.runs import REPORTS_READ, BuildRun, PatchSetKey, ci_again, past_of
from cibot.health.weighing.weigh import Blame, Weighed, Weight, weigh
from cibot.model import Result
from cibot.store.engine import Tx
from cibot.store.reports import StoredBuild, VerdictRow
from cibot.store.weighing import (
    JobResult,
    LastReport,
    last_results,
    said_of,
    unchanged_patch_sets,
)

NO_JOB = ""  # a report that names no jobs counts as one job without a name
_RESULTS = {
    result.value: result for result in (Result.PASS, Result.FAIL, Result.INFRA)
}  # of what ran
_CHANGES_MOST = 120  # on which other CIs are compared, over all failures of a patch set
_REPORTS_MOST, _REPORTS_LEAST = 600, 60  # over all CIs that failed, and of each of many
_MERGE_FAILURE = "MERGE_FAILURE"

Jobs = dict[str, list[BuildRun]]
Key = tuple[int, int]  # (change, seq)
Said = dict[PatchSetKey, dict[int, bool]]  # which CIs failed or passed a patch set


@dataclass(frozen=True, slots=True)
class JobWeight:
    """How much a failed job says against the change, with the facts and counts behind it.

    ``chance`` that it is not the change, 0..1, right to about 0.1. ``reasons``
    come largest first; their log odds are above zero where they acquit it.
    ``changes_failed`` of the last ``changes`` other changes failed, ``streak`` of
    the newest in a row; ``passed_at`` is the job's last pass on another change.
    ``again_passed`` of its last ``again`` failures passed when run again, and so
    many of all jobs of its CI. ``word`` is its result as written.
    ``cis_failed`` and ``cis_passed`` are other CIs on the same patch set; what broke
    by itself is in neither.
    """

    verdict: Blame
    word: str
    chance: float
    reasons: tuple[Weighed, ...]
    failed_before: tuple[int, ...]
    failed_here: int
    passed_here: bool
    passed_unchanged: int | None
    failed_jobs: int
    voting_jobs: int
    changes_failed: int
    changes: int
    streak: int
    passed_at: datetime | None
    again_passed: int
    again: int
    ci_again_passed: int
    ci_again: int
    cis_failed: tuple[str, ...]
    cis_passed: tuple[str, ...]


@dataclass(slots=True)
class _AskedPatchSet:
    """The ``words`` on one patch set, and what those that ``failed`` are weighed with.

    ``pasts`` has what the jobs of their CIs did lately, ``recent`` the changes on which other
    CIs are compared with them.
    """

    words: list[VerdictRow]
    failed: list[VerdictRow]
    pasts: dict[int, Jobs]
    recent: set[int]


def weigh_failures(
    tx: Tx,
    words: Sequence[VerdictRow],
    stored: Sequence[VerdictRow],
    builds: Mapping[Key, Sequence[StoredBuild]],
    names: Mapping[int, str],
) -> dict[tuple[int, int, str], JobWeight]:
    """The weights of the failed voting jobs of ``words``, by change, seq and job.

    ``words`` are the last reports on one patch set of each of some changes, ``stored`` all
    reports on these changes, in order of time, with the ``builds`` of them all.
    """
    asked = _with_pasts(tx, words)
    changes = {word.change_id for word in words}
    for patch_set in asked:
        for jobs in patch_set.pasts.values():
            changes |= {run.change_id for runs in jobs.values() for run in runs if not run.passed}
    unchanged = unchanged_patch_sets(tx, changes) if asked else set()
    said = _said(tx, asked)
    weights: dict[tuple[int, int, str], JobWeight] = {}
    for patch_set in asked:
        others = {key: verdicts for key, verdicts in said.items() if key[0] in patch_set.recent}
        for word in patch_set.failed:
            runs = {
                (report.change_id, report.seq): _runs(report, builds)
                for report in stored
                if (report.change_id, report.ci_id) == (word.change_id, word.ci_id)
            }
            around = [other for other in patch_set.words if other.ci_id != word.ci_id]
            past = patch_set.pasts[word.ci_id]
            for job, weight in _weights(word, runs, past, unchanged, around, others, names):
                weights[word.change_id, word.seq, job] = weight
    return weights


def _weights(
    word: VerdictRow,
    runs: Mapping[Key, Mapping[str, BuildRun]],
    past: Jobs,
    unchanged: Collection[PatchSetKey],
    around: Sequence[VerdictRow],
    said: Said,
    names: Mapping[int, str],
) -> list[tuple[str, JobWeight]]:
    """The weight of each failed job of a report."""
    ran = runs[word.change_id, word.seq]
    failures = {job: run for job, run in ran.items() if not run.passed}
    usual = ci_again(past, word.change_id, unchanged)
    weights = []
    for job, run in failures.items():
        # other pipelines may have run the same code later
        others = [
            report[job]
            for key, report in runs.items()
            if key != (word.change_id, word.seq)
            and job in report
            and report[job].patch_set <= run.patch_set
        ]
        facts = evidence_of(
            run,
            others,
            unchanged,
            SameReport(len(failures), len(ran)),
            past_of(past.get(job, ()), word.change_id, unchanged),
            usual,
            _neighbours(around, past.get(job, ()), said, names),
        )
        weights.append((job, _answer(weigh(facts), facts)))
    return weights


def _answer(weight: Weight, facts: FailureFacts) -> JobWeight:
    past = facts.past
    return JobWeight(
        verdict=weight.verdict,
        word=facts.word,
        chance=round(weight.chance, 2),
        reasons=tuple(Weighed(reason.name, round(reason.log_odds, 2)) for reason in weight.reasons),
        failed_before=facts.failed_before,
        failed_here=facts.failed_here,
        passed_here=facts.passed_here,
        passed_unchanged=facts.passed_unchanged,
        failed_jobs=facts.failed_jobs,
        voting_jobs=facts.voting_jobs,
        changes_failed=past.failed,
        changes=past.of,
        streak=past.streak,
        passed_at=known_moment(past.passed_at),
        again_passed=past.again.passed,
        again=past.again.of,
        ci_again_passed=facts.ci_again.passed,
        ci_again=facts.ci_again.of,
        cis_failed=tuple(neighbour.ci for neighbour in facts.neighbours if neighbour.failed),
        cis_passed=tuple(neighbour.ci for neighbour in facts.neighbours if not neighbour.failed),
    )


def _runs(report: VerdictRow, builds: Mapping[Key, Sequence[StoredBuild]]) -> dict[str, BuildRun]:
    """The voting jobs of a report that ran; one without a name where it names none."""
    if report.result not in _RESULTS:
        return {}
    base = report.posted_at.timestamp(), report.change_id, report.patch_set
    named = builds.get((report.change_id, report.seq), ())
    if not named:
        return {NO_JOB: BuildRun(*base, Result(report.result), _word(report.outcome))}
    runs: dict[str, BuildRun] = {}
    for build in named:
        result = _RESULTS.get(build.result)
        if build.voting and result is not None:
            runs.setdefault(build.job, BuildRun(*base, result, build.word))
    return runs


def _word(outcome: str) -> str:
    """What a report without jobs would have written as one's result."""
    return _MERGE_FAILURE if outcome == "merge_failure" else outcome.upper()


def _with_pasts(tx: Tx, words: Sequence[VerdictRow]) -> list[_AskedPatchSet]:
    """The patch sets on which something failed, with what the jobs of its CIs did lately."""
    by_change: dict[int, list[VerdictRow]] = {}
    for word in words:
        by_change.setdefault(word.change_id, []).append(word)
    asked: list[_AskedPatchSet] = []
    reports: dict[int, int] = {}
    for on_patch_set in by_change.values():
        failed = [word for word in on_patch_set if word.result in ("fail", "infra")]
        cis = sorted({word.ci_id for word in failed})
        if cis:
            asked.append(_AskedPatchSet(on_patch_set, failed, {ci: {} for ci in cis}, set()))
            reports |= {ci: max(_reports(len(cis)), reports.get(ci, 0)) for ci in cis}
    read: dict[int, list[LastReport]] = {ci: [] for ci in reports}
    for report in last_results(tx, reports):
        read[report.ci_id].append(report)
    jobs = cache(lambda ci, newest: _jobs(read[ci][-newest:]))
    for patch_set in asked:
        newest = _reports(len(patch_set.pasts))
        patch_set.pasts = {ci: jobs(ci, newest) for ci in patch_set.pasts}
    return asked


def _reports(cis: int) -> int:
    """How many reports are read of each of so many CIs that failed on a patch set."""
    return max(_REPORTS_LEAST, min(REPORTS_READ, _REPORTS_MOST // cis))


def _jobs(reports: Sequence[LastReport]) -> Jobs:
    """What each job did, in order of time."""
    jobs: Jobs = {}
    for report in reports:
        base = report.posted_at.timestamp(), report.change_id, report.patch_set
        for build in report.jobs or (JobResult(report.result, NO_JOB),):
            jobs.setdefault(build.job, []).append(BuildRun(*base, _RESULTS[build.result]))
    return jobs


def _said(tx: Tx, asked: Sequence[_AskedPatchSet]) -> Said:
    """What the CIs of the patch sets said of the last changes on which their failures ran."""
    speak, changes = set[int](), set[int]()
    for patch_set in asked:
        spoke = {word.ci_id for word in patch_set.words if word.result in ("pass", "fail")}
        if len(spoke | set(patch_set.pasts)) < 2:
            continue
        recent: dict[int, None] = {}
        for jobs in patch_set.pasts.values():
            newest = sorted(
                {run.change_id: run.at for runs in jobs.values() for run in runs}.items(),
                key=lambda item: -item[1],
            )
            recent |= dict.fromkeys(change_id for change_id, _at in newest[:CHANGES_READ])
        recent.pop(patch_set.words[0].change_id, None)
        patch_set.recent = set(list(recent)[:_CHANGES_MOST])
        speak |= spoke
        changes |= patch_set.recent
    return by_patch_set(
        (row.ci_id, (row.change_id, row.patch_set), row.result == "fail")
        for row in said_of(tx, speak, changes)
    )


def _neighbours(
    around: Sequence[VerdictRow],
    runs: Sequence[BuildRun],
    said: Said,
    names: Mapping[int, str],
) -> list[Neighbour]:
    """What other CIs say of the patch set; infrastructure failures do not count."""
    verdicts: dict[int, bool] = {}
    for other in around:
        if other.result in ("pass", "fail") and other.ci_id in names:
            failed = other.result == "fail"
            verdicts[other.ci_id] = verdicts.get(other.ci_id, False) or failed
    rates = pair_rates(runs, said)
    return [
        Neighbour(names[ci_id], failed, *rates.get(ci_id, ()))
        for ci_id, failed in sorted(verdicts.items(), key=lambda item: names[item[0]].casefold())
    ]
