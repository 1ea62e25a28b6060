"""Follows one change through time: what its reports mean for a CI, and when that was known.

A result is paired with the reference's verdict on the same patch set that is
nearest in time of those that are known: the last one before it or, where there
is none, the first one after it, for which it waits. A later verdict that lies
nearer still takes its place in the windows; what the change chart was fed stays
fed. All that is decided within one change (the latest attempt, failures that
repeat themselves) is decided here, so that a CI's judge sees plain results only.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from operator import attrgetter, itemgetter

from cibot.health.facts import Attempt, ChangeFacts, JobRun, Proof, RefVerdict
from cibot.health.inputs import (
    COUNTED,
    FAIR,
    PAIRED,
    RAN,
    REFUSED,
    Attempted,
    Counted,
    Due,
    Ended,
    FirstVerdict,
    Heard,
    Input,
    JobResults,
    RunEnded,
    Took,
    Tried,
)
from cibot.model import Result

_Key = tuple[int, str]
_Share = tuple[str, bool, Proof]
_HOUR = 3600.0
_BAD = frozenset({Result.FAIL, Result.INFRA})
_MADE_WITHIN = 2.0  # seconds before the merge in which it makes a patch set by a rebase
_STOPPED_WITHIN = 900.0  # seconds from the next patch set to the report of what it stopped


def follow(facts: ChangeFacts) -> list[Input]:
    """The inputs that a change makes, in order of time."""
    return _Course(facts).inputs()


class _Course:
    def __init__(self, facts: ChangeFacts) -> None:
        self._facts = facts
        self._latest: dict[_Key, Attempt] = {}
        self._verdicts: dict[int, RefVerdict] = {}  # the reference's last, by patch set
        self._waiting: dict[int, list[Attempt]] = {}  # for the reference's first verdict
        self._reported: dict[int, float] = {}
        self._due: set[int] = set()
        self._timed: set[_Key] = set()
        self._judged: set[_Key] = set()  # their first verdict went to the chart, or never will
        self._failures: Counter[str] = Counter()  # first verdicts of a pipeline, in a row
        self._broken: set[str] = set()  # pipelines whose last attempt broke by itself
        self._last: dict[_Key, Attempt] = {}  # the last pass or failure
        self._shares: list[_Share] = []
        self._inputs: list[Input] = []
        self._add = self._inputs.append
        self._upload = cache(facts.upload)

    def inputs(self) -> list[Input]:
        facts = self._facts
        happened: list[tuple[float, int, int, Attempt | RefVerdict | Ended | Due]] = [
            # at one moment the reference speaks first, and an end comes last
            *((upload.at, 0, upload.proof.patch_set, upload) for upload in self._uploads()),
            *((verdict.posted_at, 1, verdict.position, verdict) for verdict in facts.reference),
            *((attempt.posted_at, 2, attempt.position, attempt) for attempt in facts.own),
            *((end.at, 3, end.patch_set, end) for end in ends_of(facts)),
        ]
        happened.sort(key=itemgetter(0, 1, 2))
        for _at, _rank, _position, event in happened:
            if isinstance(event, Attempt):
                self._own(event)
            elif isinstance(event, RefVerdict):
                self._theirs(event)
            else:
                self._add(event)
        return self._inputs

    def _uploads(self) -> Iterator[Due]:
        """Where there is no reference, every patch set is one to report on."""
        facts = self._facts
        for patch_set, at in facts.uploads.items():
            if facts.in_scope and not facts.referenced(at):
                yield self._to_report(patch_set, at, at)

    def _to_report(self, patch_set: int, at: float, uploaded: float) -> Due:
        facts = self._facts
        self._due.add(patch_set)
        proof = Proof(at, facts.change_id, facts.number, patch_set, branch=facts.branch)
        reported, place = self._reported.get(patch_set), (facts.project, facts.branch)
        return Due(at, uploaded, *place, proof, reported, facts.named)

    def _own(self, attempt: Attempt) -> None:
        facts = self._facts
        place = (facts.project, facts.branch)
        self._add(
            Heard(attempt.posted_at, facts.change_id, attempt.patch_set, *place, attempt.final)
        )
        if attempt.final:
            self._reported.setdefault(attempt.patch_set, attempt.posted_at)
        if attempt.result is None or attempt.result is Result.SKIPPED:
            return
        if self._superseded(attempt) or self._after_merge(attempt):
            return
        self._cancelled(attempt.patch_set, attempt.posted_at)
        key = (attempt.patch_set, attempt.pipeline)
        if attempt.runs:
            passed, uploaded = attempt.result is Result.PASS, facts.uploads.get(attempt.patch_set)
            proof = self._proof(attempt)
            self._add(
                RunEnded(attempt.posted_at, facts.project, passed, attempt.runs, proof, uploaded)
            )
        self._took(key, attempt)
        self._tried(key, attempt)
        if not attempt.unmerged:
            self._attempted(attempt, attempt.posted_at)
        before = self._verdicts.get(attempt.patch_set)
        self._latest[key] = attempt
        if before is not None:
            attempt.reference, attempt.apart = before.result, attempt.posted_at - before.posted_at
            self._judge(attempt, attempt.posted_at)
        elif facts.referenced(attempt.posted_at):
            self._waiting.setdefault(attempt.patch_set, []).append(attempt)
            if facts.uploads.get(attempt.patch_set + 1, math.inf) <= attempt.posted_at:
                self._first_verdict(attempt, attempt.posted_at, paired=False)
        else:
            self._judge(attempt, attempt.posted_at)
        self._count(attempt.posted_at)

    def _superseded(self, attempt: Attempt) -> bool:
        """Whether the next patch set, or the end of the change, stopped it: nothing broke."""
        if not attempt.stopped:
            return False
        ends = (self._facts.uploads.get(attempt.patch_set + 1), self._facts.closed_at)
        return any(at is not None and 0 <= attempt.posted_at - at <= _STOPPED_WITHIN for at in ends)

    def _after_merge(self, attempt: Attempt) -> bool:
        """Whether the change was reviewed by then: it says nothing more of the patch set.

        A first verdict after the merge may be a slow CI's; but not that of a job which runs when
        a change was merged, nor one on the patch set that the merge made by a rebase.
        """
        closed = self._facts.closed_at
        merged = closed is not None and attempt.posted_at > closed
        if (attempt.patch_set, attempt.pipeline) in self._last:
            return merged or attempt.after_merge
        uploaded = self._facts.uploads.get(attempt.patch_set, -math.inf)
        made = closed is not None and uploaded >= closed - _MADE_WITHIN
        return merged and (attempt.after_merge or made)

    def _theirs(self, verdict: RefVerdict) -> None:
        facts, patch_set, at = self._facts, verdict.patch_set, verdict.posted_at
        self._cancelled(patch_set, at)
        self._verdicts[patch_set] = verdict
        if patch_set not in self._due and patch_set in facts.uploads and facts.in_scope:
            self._add(self._to_report(patch_set, at, facts.uploads[patch_set]))
        for attempt in self._waiting.pop(patch_set, ()):
            attempt.reference, attempt.apart = verdict.result, at - attempt.posted_at
            self._judge(attempt, at)
        for (other, _pipeline), attempt in self._latest.items():
            if (
                other == patch_set
                and attempt.reference is not None
                and at - attempt.posted_at < attempt.apart
            ):
                attempt.reference, attempt.apart = verdict.result, at - attempt.posted_at
        self._count(at)

    def _attempted(self, attempt: Attempt, at: float) -> None:
        broke = attempt.result is Result.INFRA
        if not (broke and attempt.pipeline in self._broken):
            self._add(Attempted(at, broke, broke and attempt.stopped))
        (self._broken.add if broke else self._broken.discard)(attempt.pipeline)

    def _took(self, key: _Key, attempt: Attempt) -> None:
        uploaded = self._facts.uploads.get(attempt.patch_set)
        if uploaded is not None and key not in self._timed:
            self._timed.add(key)
            hours = max(0.0, attempt.posted_at - uploaded) / _HOUR
            self._add(Took(attempt.posted_at, hours, self._proof(attempt)))

    def _tried(self, key: _Key, attempt: Attempt) -> None:
        if attempt.result in COUNTED:
            last = self._last.get(key)
            self._last[key] = attempt
            flipped = last is not None and (last.result, attempt.result) == (
                Result.FAIL,
                Result.PASS,
            )
            self._add(Tried(attempt.posted_at, self._proof(last) if last and flipped else None))

    def _judge(self, attempt: Attempt, at: float) -> None:
        """What may be said of an attempt as soon as its pair is known."""
        if attempt.unmerged and attempt.reference is not None:
            self._attempted(attempt, at)
        self._first_verdict(attempt, at, paired=True)
        runs = tuple(run for run in attempt.runs if run.voting)
        if attempt.reference is Result.PASS and runs:
            self._add(JobResults(at, runs, self._proof(attempt), self._upload(attempt.patch_set)))

    def _cancelled(self, patch_set: int, at: float) -> None:
        """Of what waits on earlier patch sets the reference will say nothing any more."""
        if not self._waiting:
            return
        for earlier in sorted(each for each in self._waiting if each < patch_set):
            for attempt in self._waiting[earlier]:
                self._first_verdict(attempt, at, paired=False)

    def _first_verdict(self, attempt: Attempt, at: float, *, paired: bool) -> None:
        key, passed = (attempt.patch_set, attempt.pipeline), attempt.result is Result.PASS
        if attempt.result not in COUNTED or key in self._judged:
            return
        self._judged.add(key)
        failures = self._failures[attempt.pipeline]
        self._failures[attempt.pipeline] = 0 if passed else failures + 1
        if self._fair(attempt) or not paired:
            upload = self._upload(attempt.patch_set)
            failing = (run for run in attempt.runs if run.voting and run.result is Result.FAIL)
            failed = () if passed else tuple(run.job for run in failing)
            proof = self._proof(attempt)
            referenced = attempt.reference is not None or not paired
            self._add(FirstVerdict(at, passed, proof, upload, paired, failures, failed, referenced))

    def _fair(self, attempt: Attempt) -> bool:
        if attempt.reference is not None:
            return attempt.reference is Result.PASS
        return not self._facts.referenced(attempt.posted_at)

    def _count(self, at: float) -> None:
        """What this change adds to the windows now, as against what it added before."""
        before, now, upload = self._shares, self._shares_now(), self._upload
        self._shares = now
        for sign, shares, others in ((-1, before, now), (1, now, before)):
            for share in shares:
                if share not in others:
                    window, bad, proof = share
                    self._add(Counted(at, window, bad, sign, proof, upload(proof.patch_set)))

    def _shares_now(self) -> list[_Share]:
        latest = sorted(self._latest.values(), key=attrgetter("posted_at", "position"))
        shares: list[_Share] = []
        failing: set[str] = set()
        broken: set[str] = set()
        refused: Attempt | None = None
        for attempt in latest:
            if not attempt.unmerged or attempt.reference is not None:
                infra = attempt.result is Result.INFRA
                if not (infra and attempt.pipeline in broken):
                    shares.append((RAN, infra, self._proof(attempt)))
                (broken.add if infra else broken.discard)(attempt.pipeline)
            if attempt.result not in COUNTED:
                continue
            failed = attempt.result is Result.FAIL
            if self._fair(attempt):
                if not (failed and attempt.pipeline in failing):
                    windows = (FAIR,) if attempt.reference is None else (FAIR, PAIRED)
                    shares += [(window, failed, self._proof(attempt)) for window in windows]
                (failing.add if failed else failing.discard)(attempt.pipeline)
            elif attempt.reference is Result.FAIL:
                refused = attempt
        if refused is not None:
            shares.append((REFUSED, refused.result is Result.PASS, self._proof(refused)))
        return shares

    def _proof(self, attempt: Attempt) -> Proof:
        if attempt.proof is None:
            facts, worst = self._facts, _worst(attempt.runs)
            job, url = (worst.job, worst.url) if worst else (None, None)
            attempt.proof = Proof(
                attempt.posted_at, facts.change_id, facts.number, attempt.patch_set,
                attempt.pipeline, job, url, facts.branch,
            )  # fmt: skip
        return attempt.proof


def _worst(runs: Iterable[JobRun]) -> JobRun | None:
    """The first voting build that failed, else the first that broke."""
    bad = (run for run in runs if run.voting and run.result in _BAD)
    return min(bad, key=lambda run: run.result is Result.INFRA, default=None)


def ends_of(facts: ChangeFacts) -> Iterable[Ended]:
    """When each patch set stopped to need a report."""
    for patch_set in facts.uploads:
        following = facts.uploads.get(patch_set + 1)
        times = [moment for moment in (following, facts.closed_at) if moment is not None]
        if times:
            yield Ended(min(times), facts.change_id, patch_set)
