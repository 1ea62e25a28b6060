"""The table: which facts speak for or against the change, how much, and how we know.

A reason's *amount* is read from the evidence; its *weight* times that is added to
the log odds that the failure is **not** the change's fault. Amounts above zero
with a weight above zero acquit the change. Sources: *nine servers* is a
logistic regression over 52,000 labelled failures of nine public Gerrit servers,
each left out in turn; *shared* the same over the recorded servers that
`bench/weighing` reads, with the first as its prior; *by hand* is neither.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from cibot.health.weighing.evidence import Breakdown, FailRate, FailureFacts, Neighbour
from cibot.health.weighing.runs import Again

START = 0.8  # log odds before any reason; source: shared


class ReasonName(StrEnum):
    """What a reason is called in the API."""

    FAILED_BEFORE = "failed_before"
    FAILED_LONG = "failed_on_several"
    FAILED_HERE = "failed_again"
    PASSED_UNCHANGED = "passed_unchanged"
    PASSED_HERE = "passed_here"
    NEVER_RAN = "never_ran"
    BROKE = "broke"
    ONLY_JOB = "only_failing_job"
    MANY_JOBS = "many_failing_jobs"
    OTHER_CHANGES = "other_changes"
    RUN_AGAIN = "run_again"
    OTHER_CIS = "other_cis"


@dataclass(frozen=True, slots=True)
class Reason:
    """One row of the table."""

    name: ReasonName
    weight: float
    amount: Callable[[FailureFacts], float]
    source: str


def logit(share: float) -> float:
    """Log odds of a share between 0 and 1, both exclusive."""
    return math.log(share / (1 - share))


def _fails(facts: FailureFacts) -> float:
    """Its failing share on the last other changes, shrunk."""
    return (facts.past.failed + 1) / (facts.past.of + 5)


def _other_changes(facts: FailureFacts) -> float:
    """How much more often than one time in five it fails on other changes."""
    return logit(_fails(facts)) - logit(0.2)


def _again(times: int, facts: FailureFacts) -> float:
    """How much it proves to fail ``times`` more: little where it fails on most other changes."""
    return times * min(1.0, -math.log(_fails(facts)))


def again_share(job: Again, ci: Again) -> float:
    """How many of a job's failures pass when run again: shrunk to its CI's, that to a third."""
    usual = (ci.passed + 10 / 3) / (ci.of + 10)
    return (job.passed + 5 * usual) / (job.of + 5)


def _other_cis(facts: FailureFacts) -> float:
    return math.fsum(_likelihood(other) for other in facts.neighbours)


def _likelihood(other: Neighbour) -> float:
    """Log of how much likelier the verdict is where this job passes than where it fails."""
    innocent = _shrunk(other.where_it_passed, 0.15)
    guilty = max(innocent, _shrunk(other.where_it_failed, 0.5))
    ratio = innocent / guilty if other.failed else (1 - innocent) / (1 - guilty)
    return max(-2.0, min(2.0, math.log(ratio)))


def _shrunk(rate: FailRate, usual: float) -> float:
    return (rate.failed + 4 * usual) / (rate.of + 4)


def _many_jobs(facts: FailureFacts) -> float:
    return math.log(max(1, facts.failed_jobs))


REASONS: tuple[Reason, ...] = (
    Reason(
        ReasonName.FAILED_BEFORE,
        -0.95,
        lambda facts: _again(len(facts.failed_before) >= 1, facts),
        "nine servers; shared agrees",
    ),
    Reason(
        ReasonName.FAILED_LONG,
        -0.85,
        lambda facts: _again(len(facts.failed_before) >= 2, facts),
        "nine servers (-1.6 together with the one above); shared agrees",
    ),
    Reason(
        ReasonName.FAILED_HERE,
        -0.15,
        lambda facts: _again(min(2, facts.failed_here), facts),
        "the simulator's truth; on shared it has no weight, as only failures that somebody"
        " doubts are run again",
    ),
    Reason(
        ReasonName.PASSED_UNCHANGED,
        1.1,
        lambda facts: float(facts.passed_unchanged is not None),
        "nine servers; shared agrees",
    ),
    Reason(
        ReasonName.PASSED_HERE,
        2.3,
        lambda facts: float(facts.passed_here),
        "nine servers; shared agrees",
    ),
    Reason(
        ReasonName.NEVER_RAN,
        2.2,
        lambda facts: float(facts.breakdown is Breakdown.NEVER_RAN),
        "shared: RDO and Software Factory; nine servers have 1.6 for both kinds of word",
    ),
    Reason(
        ReasonName.BROKE,
        0.85,
        lambda facts: float(facts.breakdown is Breakdown.BROKE),
        "shared: RDO and Software Factory; nine servers have 1.6 for both kinds of word",
    ),
    Reason(
        ReasonName.ONLY_JOB,
        0.3,
        lambda facts: float(facts.failed_jobs == 1 and facts.voting_jobs > 1),
        "nine servers have 0.65 without the next one; shared",
    ),
    Reason(ReasonName.MANY_JOBS, -0.35, _many_jobs, "shared"),
    Reason(ReasonName.OTHER_CHANGES, 0.2, _other_changes, "nine servers; shared agrees"),
    Reason(
        ReasonName.RUN_AGAIN,
        0.55,
        lambda facts: logit(again_share(facts.past.again, facts.ci_again)),
        "nine servers have 0.45 of reruns alone; shared: failures that passed only after new"
        " code count against, too",
    ),
    Reason(ReasonName.OTHER_CIS, 0.5, _other_cis, "nine servers"),
)
