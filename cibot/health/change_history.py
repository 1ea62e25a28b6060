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
_Share = tuple[str, bool, Proof, float | None]
_HOUR = 3600.0
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
        self._found: list[Input] = []
        self._add = self._found.append
        self._upload = cache(facts.upload)

    def inputs(self) -> list[Input]:
        facts = self._facts
        happened: list[tuple[float, int, int, Attempt | RefVerdict | Ended | Due]] = [
            # at one moment the reference speaks first, and an end comes last
            *((upload.at, 0, upload.proof.patch_set, upload) for upload in self._uploads()),
            *((verdict.posted_at, 1, verdict.position, verdict) for verdict in facts.reference),
            *((attempt.posted_at, 2, attempt.position, attempt) for attempt in facts.own),
            *((end.at, 3, end.patch_set, end) for end in _ends(facts)),
        ]
        happened.sort(key=itemgetter(0, 1, 2))
        for _at, _rank, _position, one in happened:
            if isinstance(one, Attempt):
                self._own(one)
            elif isinstance(one, RefVerdict):
                self._theirs(one)
            else:
                self._add(one)
        return self._found

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

    def _own(self, one: Attempt) -> None:
        facts = self._facts
        place = (facts.project, facts.branch)
        self._add(Heard(one.posted_at, facts.change_id, one.patch_set, *place, one.final))
        if one.final:
            self._reported.setdefault(one.patch_set, one.posted_at)
        if one.result is None or one.result is Result.SKIPPED or self._superseded(one):
            return
        self._cancelled(one.patch_set, one.posted_at)
        key = (one.patch_set, one.pipeline)
        if one.runs:
            passed, uploaded = one.result is Result.PASS, facts.uploads.get(one.patch_set)
            proof = self._proof(one)
            self._add(RunEnded(one.posted_at, facts.project, passed, one.runs, proof, uploaded))
        self._took(key, one)
        self._tried(key, one)
        if not one.unmerged:
            self._attempted(one, one.posted_at)
        before = self._verdicts.get(one.patch_set)
        self._latest[key] = one
        if before is not None:
            one.reference, one.apart = before.result, one.posted_at - before.posted_at
            self._judge(one, one.posted_at)
        elif facts.referenced(one.posted_at):
            self._waiting.setdefault(one.patch_set, []).append(one)
            if facts.uploads.get(one.patch_set + 1, math.inf) <= one.posted_at:
                self._first_verdict(one, one.posted_at, paired=False)
        else:
            self._judge(one, one.posted_at)
        self._count(one.posted_at)

    def _superseded(self, one: Attempt) -> bool:
        """Whether the next patch set, or the end of the change, stopped it: nothing broke."""
        if not one.stopped:
            return False
        ends = (self._facts.uploads.get(one.patch_set + 1), self._facts.closed_at)
        return any(at is not None and 0 <= one.posted_at - at <= _STOPPED_WITHIN for at in ends)

    def _theirs(self, verdict: RefVerdict) -> None:
        facts, patch_set, at = self._facts, verdict.patch_set, verdict.posted_at
        self._cancelled(patch_set, at)
        self._verdicts[patch_set] = verdict
        if patch_set not in self._due and patch_set in facts.uploads and facts.in_scope:
            self._add(self._to_report(patch_set, at, facts.uploads[patch_set]))
        for one in self._waiting.pop(patch_set, ()):
            one.reference, one.apart = verdict.result, at - one.posted_at
            self._judge(one, at)
        for (other, _pipeline), one in self._latest.items():
            if other == patch_set and one.reference is not None and at - one.posted_at < one.apart:
                one.reference, one.apart = verdict.result, at - one.posted_at
        self._count(at)

    def _attempted(self, one: Attempt, at: float) -> None:
        broke = one.result is Result.INFRA
        if not (broke and one.pipeline in self._broken):
            self._add(Attempted(at, broke))
        (self._broken.add if broke else self._broken.discard)(one.pipeline)

    def _took(self, key: _Key, one: Attempt) -> None:
        uploaded = self._facts.uploads.get(one.patch_set)
        if uploaded is not None and key not in self._timed:
            self._timed.add(key)
            hours = max(0.0, one.posted_at - uploaded) / _HOUR
            self._add(Took(one.posted_at, hours, self._proof(one)))

    def _tried(self, key: _Key, one: Attempt) -> None:
        if one.result in COUNTED:
            last = self._last.get(key)
            self._last[key] = one
            flipped = last is not None and (last.result, one.result) == (Result.FAIL, Result.PASS)
            self._add(Tried(one.posted_at, self._proof(last) if last and flipped else None))

    def _judge(self, one: Attempt, at: float) -> None:
        """What may be said of an attempt as soon as its pair is known."""
        if one.unmerged and one.reference is not None:
            self._attempted(one, at)
        self._first_verdict(one, at, paired=True)
        runs = tuple(run for run in one.runs if run.voting)
        if one.reference is Result.PASS and runs:
            self._add(JobResults(at, runs, self._proof(one), self._upload(one.patch_set)))

    def _cancelled(self, patch_set: int, at: float) -> None:
        """Of what waits on earlier patch sets the reference will say nothing any more."""
        if not self._waiting:
            return
        for earlier in sorted(each for each in self._waiting if each < patch_set):
            for attempt in self._waiting[earlier]:
                self._first_verdict(attempt, at, paired=False)

    def _first_verdict(self, one: Attempt, at: float, *, paired: bool) -> None:
        key, passed = (one.patch_set, one.pipeline), one.result is Result.PASS
        if one.result not in COUNTED or key in self._judged:
            return
        self._judged.add(key)
        failures = self._failures[one.pipeline]
        self._failures[one.pipeline] = 0 if passed else failures + 1
        if self._fair(one) or not paired:
            upload = self._upload(one.patch_set)
            self._add(FirstVerdict(at, passed, self._proof(one), upload, paired, failures))

    def _fair(self, one: Attempt) -> bool:
        if one.reference is not None:
            return one.reference is Result.PASS
        return not self._facts.referenced(one.posted_at)

    def _count(self, at: float) -> None:
        """What this change adds to the windows now, as against what it added before."""
        before, now, upload = self._shares, self._shares_now(), self._upload
        self._shares = now
        for sign, shares, others in ((-1, before, now), (1, now, before)):
            for share in shares:
                if share not in others:
                    window, bad, proof, since = share
                    self._add(Counted(at, window, bad, sign, proof, upload(proof.patch_set), since))

    def _shares_now(self) -> list[_Share]:
        latest = sorted(self._latest.values(), key=attrgetter("posted_at", "position"))
        found: list[_Share] = []
        failing: set[str] = set()
        failed_since: dict[str, float | None] = {}
        broken: set[str] = set()
        refused: Attempt | None = None
        for attempt in latest:
            if not attempt.unmerged or attempt.reference is not None:
                infra = attempt.result is Result.INFRA
                if not (infra and attempt.pipeline in broken):
                    found.append((RAN, infra, self._proof(attempt), None))
                (broken.add if infra else broken.discard)(attempt.pipeline)
            if attempt.result not in COUNTED:
                continue
            failed = attempt.result is Result.FAIL
            if self._fair(attempt):
                began = failed_since.get(attempt.pipeline) if failed else None
                found.append((FAIR, failed, self._proof(attempt), began))
                failed_since[attempt.pipeline] = (began or attempt.posted_at) if failed else None
            if attempt.reference is Result.PASS:
                if not (failed and attempt.pipeline in failing):
                    found.append((PAIRED, failed, self._proof(attempt), None))
                (failing.add if failed else failing.discard)(attempt.pipeline)
            elif attempt.reference is Result.FAIL:
                refused = attempt
        if refused is not None:
            found.append((REFUSED, refused.result is Result.PASS, self._proof(refused), None))
        return found

    def _proof(self, one: Attempt) -> Proof:
        if one.proof is None:
            facts, worst = self._facts, _worst(one)
            job, url = (worst.job, worst.url) if worst else (None, None)
            one.proof = Proof(
                one.posted_at, facts.change_id, facts.number, one.patch_set, one.pipeline, job, url,
                facts.branch,
            )  # fmt: skip
        return one.proof


def _worst(one: Attempt) -> JobRun | None:
    """The first voting build that failed, else the first that broke."""
    return next(
        (
            run
            for result in (Result.FAIL, Result.INFRA)
            for run in one.runs
            if run.voting and run.result is result
        ),
        None,
    )


def _ends(facts: ChangeFacts) -> Iterable[Ended]:
    """When each patch set stopped to need a report."""
    for patch_set in facts.uploads:
        following = facts.uploads.get(patch_set + 1)
        ends = [moment for moment in (following, facts.closed_at) if moment is not None]
        if ends:
            yield Ended(min(ends), facts.change_id, patch_set)
