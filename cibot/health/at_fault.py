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
    stack: int  # what stands for all changes that fail together
    owner: int | None


class Failures(NamedTuple):
    """What is known of the failures since a drop.

    ``again`` passed when they were run again. ``changes`` failed, on ``alike`` of them the same
    job of their branch did: jobs are often named after it. Where no failure has jobs nothing is
    known of them, and they are taken to be alike. They are of so many ``stacks`` and ``authors``,
    0 where one of those is not known.
    """

    again: int
    changes: int
    alike: int
    stacks: int
    authors: int


class AtFault(Stored):
    """The newest failures, their jobs, and which of them passed when they were run again."""

    STATE = state(_failed=each(record(_FailedRun, jobs=tuple)), _again=each(float))

    def __init__(self) -> None:
        self._failed: list[_FailedRun] = []
        self._again: list[float] = []

    def take(self, verdict: FirstVerdict) -> None:
        """The first verdict on a patch set."""
        if not verdict.passed:
            proof, jobs = verdict.proof, verdict.failed[:_JOBS]
            _at, owner, base, subject = verdict.upload or (0.0, None, None, None)
            stack = base or subject or proof.change_id
            failure = _FailedRun(proof.at, proof.change_id, proof.branch, jobs, stack, owner)
            self._failed = [*self._failed, failure][-_KEPT:]

    def tried(self, tried: Tried) -> None:
        """A run ended: it may prove that the failure before it was no fault of the change."""
        if tried.flipped is not None:
            self._again = [*self._again, tried.flipped.at][-_KEPT:]

    def of(self, since: float) -> Failures:
        """What is known of the failures since then."""
        again = sum(at >= since for at in self._again)
        newest = [failure for failure in self._failed if failure.at >= since]
        changes = {failure.change_id for failure in newest}
        jobs = {
            (failure.change_id, failure.branch, job) for failure in newest for job in failure.jobs
        }
        shares: dict[str, int] = {}
        for (branch, _job), n in Counter((branch, job) for _change, branch, job in jobs).items():
            shares[branch] = max(n, shares.get(branch, 0))
        alike = sum(shares.values()) if jobs else len(changes)
        owners = {failure.owner for failure in newest}
        authors = 0 if None in owners else len(owners)
        return Failures(
            again, len(changes), alike, len({failure.stack for failure in newest}), authors
        )
