"""Whether the failures of a drop were the changes' own, where no reference says so.

What fails and passes when it is run again was no fault of its change, and what is broken fails
the same job on one change after the other. Changes that are bad by themselves fail different ones.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from cibot.health.inputs import FirstVerdict, Tried
from cibot.health.state import Stored, each, record, state

_KEPT = 64  # failures
_JOBS = 8  # of one failure that are kept


class _FailedRun(NamedTuple):
    at: float  # when it was posted
    change_id: int
    branch: str
    jobs: tuple[str, ...]


class AtFault(Stored):
    """The newest failures, their jobs, and which of them passed when they were run again."""

    STATE = state(_failed=each(record(_FailedRun, jobs=tuple)), _again=each(float))

    def __init__(self) -> None:
        self._failed: list[_FailedRun] = []
        self._again: list[float] = []

    def take(self, verdict: FirstVerdict) -> None:
        """The first verdict on a patch set."""
        if not verdict.passed:
            proof = verdict.proof
            failure = _FailedRun(proof.at, proof.change_id, proof.branch, verdict.failed[:_JOBS])
            self._failed = [*self._failed, failure][-_KEPT:]

    def tried(self, tried: Tried) -> None:
        """A run ended: it may prove that the failure before it was no fault of the change."""
        if tried.flipped is not None:
            self._again = [*self._again, tried.flipped.at][-_KEPT:]

    def of(self, since: float) -> tuple[int, int, int]:
        """The failures since then that passed when run again, the changes that failed, and on
        how many of these the same job of their branch did: jobs are often named after it.

        Where no failure has jobs nothing is known of them, and they are taken to be alike.
        """
        again = sum(at >= since for at in self._again)
        newest = [failure for failure in self._failed if failure.at >= since]
        changes = {failure.change_id for failure in newest}
        jobs = {
            (failure.change_id, failure.branch, job) for failure in newest for job in failure.jobs
        }
        shares: dict[str, int] = {}
        for (branch, _job), n in Counter((branch, job) for _change, branch, job in jobs).items():
            shares[branch] = max(n, shares.get(branch, 0))
        return again, len(changes), sum(shares.values()) if jobs else len(changes)
