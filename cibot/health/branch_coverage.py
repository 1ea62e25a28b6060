"""Branches on which a CI reports on less than it did, while it reports on the others as usual.

The chances are those of the silence, counted by branch. What is usual is learnt on each
branch from its own weeks before; a chart weighs each chance: is it still the usual share
that is taken, or half of it?
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from cibot.config.policy import Thresholds
from cibot.config.values import Count as Number
from cibot.config.values import Duration, Share
from cibot.health.accused import SAID, burst
from cibot.health.chart import PAST, RECOVERED, Run
from cibot.health.facts import PROOF, Proof, moment
from cibot.health.inputs import Chance, Heard
from cibot.health.intervals import wilson
from cibot.health.kind import Reading, SignalKind
from cibot.health.patience import FEWEST
from cibot.health.references import AT_HOME
from cibot.health.seen import Fault
from cibot.health.signal import Family, SignalFigures, evidence, share_of
from cibot.health.state import Stored, each, maybe, part, state, table
from cibot.health.tally import Count, SlidingTally
from cibot.model import State
from cibot.text.card import Words, job_span
from cibot.text.figures import cut, percent, plural, span

NAME = "branch_coverage"
_MOST = 24  # branches of a CI; the one with no chance for longest makes room
_SLOTS = 64  # bursts that are known again
_HIGHEST = 0.98  # no share is taken for surer than this
_LIKELY = 0.6  # confidence of what is usual: four to one that more is
_TAKEN = 2  # chances since the trouble began: where it takes none the branch is silent


class BranchCoveragePolicy(Thresholds):
    """``[judgement.branch_coverage]``: fewer of the chances taken on one branch only."""

    minimum: Annotated[Number, Field(description="Knows a branch from, chances")] = 20
    changes: Annotated[Number, Field(description="No alert for fewer missed than")] = 4
    doubt: Annotated[Share, Field(description="Chance of so few by luck")] = 1e-4
    others: Annotated[Number, Field(description="Chances on the others meanwhile, at least")] = 5
    share: Annotated[Share, Field(description="Of what is usual there, taken on the others")] = 0.8
    usual: Annotated[Share, Field(description="Only where it usually takes, of the chances")] = 0.5
    adopt: Annotated[Duration, Field(description="What lasts becomes how the CI is after")] = (
        timedelta(days=28)
    )


@dataclass(frozen=True, slots=True)
class SeenCoverage:
    """The branch on which ``taken`` of ``n`` chances were taken since ``since``, if any.

    ``before`` is the share that it took there before and ``elsewhere`` that on the others
    meanwhile. Where there is none, ``adopted`` is one where less became usual lately.
    """

    known: int
    least: int
    branch: str | None = None
    taken: int = 0
    n: int = 0
    since: float = 0.0
    before: float = 0.0
    elsewhere: float = 0.0
    others: int = 0
    adopted: str | None = None
    after: float = 0.0


class _BranchShare(Stored):
    """The chances of one branch; ``run`` are those of the trouble that there may be."""

    STATE = state(
        chances=part, slots=table(int, bool), run=part, back=part, last=float, bad_at=float,
        usual=float, elsewhere=float, first=maybe(PROOF), newest=maybe(PROOF), good=maybe(PROOF),
        missed=each(tuple),
    )  # fmt: skip

    def __init__(self) -> None:
        self.chances = SlidingTally(AT_HOME)
        self.slots: dict[int, bool] = {}  # whether each burst was taken
        self.run, self.back = Run(), Run()
        self.last = 0.0  # the newest upload
        self.bad_at = 0.0  # when the trouble was noticed; 0 while there is none
        self.usual = 0.0  # the share before the trouble
        self.elsewhere = 0.0  # that of the others when it was noticed
        self.first: Proof | None = None  # missed since the run began
        self.newest: Proof | None = None
        self.good: Proof | None = None  # the last one taken before it
        self.missed: list[tuple[int, int, float]] = []  # the last ones: change, patch set, upload

    @property
    def before(self) -> Count:
        """The chances before the run."""
        (n, missed), start = self.chances.count, self.run.start
        if not self.run.n:
            return Count(n, missed)
        lately = self.chances.since(start)
        return Count(n - lately.n, missed - lately.bad)

    def pass_by(self, chance: Chance) -> bool | None:
        """Whether a chance was taken; None where it says nothing that was not known."""
        slot = burst(chance.uploaded, chance.at)
        if slot in self.slots:
            return None
        self.slots[slot] = chance.taken
        if len(self.slots) > _SLOTS:
            del self.slots[next(iter(self.slots))]
        self.last = max(self.last, chance.uploaded)
        self.chances.add(chance.uploaded, not chance.taken)
        if not chance.taken:
            key = (chance.proof.change_id, chance.proof.patch_set, chance.uploaded)
            self.missed = [*self.missed, key][-_SLOTS:]
        return chance.taken

    def hear(self, heard: Heard) -> bool:
        """Whether a chance that was missed is reported on, late."""
        for key in self.missed:
            if key[:2] == (heard.change_id, heard.patch_set):
                self.missed.remove(key)
                return self.turn(key[2])
        return False

    def turn(self, uploaded: float) -> bool:
        """Whether a chance was counted as missed that was taken, late or with another patch set."""
        slot = burst(uploaded, uploaded)
        if self.slots.get(slot) is not False:
            return False
        self.slots[slot] = True
        self.chances.add(uploaded, True, -1)
        self.chances.add(uploaded, False)
        return True

    def forget(self) -> None:
        """The trouble is over; its chances say nothing of what is usual."""
        for taken, at in [*self.chances.outcomes(self.run.start)]:
            if self.back.n and at >= self.back.start:
                break
            self.chances.add(at, not taken, -1)
        self.run, self.back, self.bad_at = Run(), Run(), 0.0


def _chance(values: list[Any]) -> Chance:
    at, branch, uploaded, taken, proof = values
    return Chance(at, branch, uploaded, taken, PROOF(proof))


class BranchCoverage(SignalKind):
    """Every branch on which a CI has chances to report."""

    name = NAME
    about = (
        "The share of the chances to report that a CI takes on one branch, compared with its own"
        " weeks before there, while it reports on the others as usual."
    )
    thresholds = BranchCoveragePolicy
    takes = (Heard, Chance)
    seen = SeenCoverage
    family = Family.PRESENCE
    listens = True
    again = "{job} reports on every branch as usual again"

    STATE = state(_branches=part, _heard=float, _unheard=each(_chance), _adopted=table(str, float))

    def __init__(self, policy: BranchCoveragePolicy) -> None:
        self._policy = policy
        self._branches: dict[str, _BranchShare] = {}
        self._heard = 0.0  # when the CI was last heard, anywhere
        self._unheard: list[Chance] = []  # missed since then
        self._adopted: dict[str, float] = {}  # the last branch where less became usual, and when

    def new_part(self) -> _BranchShare:
        """A branch of which nothing is known."""
        return _BranchShare()

    def take(self, event: Heard | Chance) -> None:
        """The CI was heard on a branch, or a chance there passed."""
        if isinstance(event, Heard):
            self._hear(event)
        elif event.taken or self._heard >= event.uploaded:
            self._pass(event)
        else:
            self._unheard = [*self._unheard, event][-FEWEST:]

    def _hear(self, heard: Heard) -> None:
        """What was missed before is silence where it was much, and nothing was heard anywhere."""
        self._heard = max(self._heard, heard.at)
        if len(self._unheard) < FEWEST:
            for chance in self._unheard:
                self._pass(chance)
        self._unheard = []
        branch = self._branches.get(heard.branch)
        if branch is not None and heard.reports and branch.hear(heard):
            self._turn(branch)

    def _pass(self, chance: Chance) -> None:
        branch = self._branches.get(chance.branch)
        if branch is None:
            branch = self._branches[chance.branch] = _BranchShare()
            if len(self._branches) > _MOST:
                others = (name for name in self._branches if name != chance.branch)
                del self._branches[min(others, key=lambda name: self._branches[name].last)]
        branch.chances.slide(chance.at)
        if chance.taken and branch.turn(chance.uploaded):
            self._turn(branch)
            return
        taken = branch.pass_by(chance)
        if taken is None:
            return
        if branch.bad_at:
            self._watch(chance.branch, branch, chance, taken)
        else:
            self._weigh(branch, chance, taken)

    def _usual(self, branch: _BranchShare) -> float | None:
        """The share that is surely usual there; None where too little is known, or it is small."""
        before = branch.before
        if before.n < self._policy.minimum:
            return None
        share = min(wilson(before.good, before.n, _LIKELY).low, _HIGHEST)
        return share if share >= self._policy.usual else None

    def _weigh(self, branch: _BranchShare, chance: Chance, taken: bool) -> None:
        usual = self._usual(branch)
        if usual is None:
            branch.run = Run()
            return
        began = not branch.run.n
        branch.run.add(_gain(taken, usual), taken, chance.uploaded)
        proof = chance.proof._replace(at=chance.uploaded)
        if not branch.run.n:
            branch.good = proof
            return
        branch.newest = branch.newest if taken else proof
        branch.first = proof if began else branch.first
        if taken or branch.run.score < math.log(len(self._branches) / self._policy.doubt):
            return
        run = branch.run
        if run.score <= run.peak - PAST:
            return
        if run.passes >= _TAKEN and run.n - run.passes >= self._policy.changes:
            elsewhere = self._elsewhere(branch)
            if elsewhere is not None:
                branch.bad_at, branch.elsewhere, branch.back = chance.at, elsewhere, Run()
                branch.usual = branch.before.good / branch.before.n

    def _elsewhere(self, branch: _BranchShare) -> float | None:
        """The share taken on the others since the run began; None where it is not as usual."""
        others = [other for other in self._branches.values() if other is not branch]
        lately = [other.chances.since(branch.run.start) for other in others]
        n, missed = sum(count.n for count in lately), sum(count.bad for count in lately)
        before_n = sum(other.chances.n for other in others) - n
        before = sum(other.chances.bad for other in others) - missed
        if n < self._policy.others or not before_n:
            return None
        share = (n - missed) / n
        return share if share >= self._policy.share * (1 - before / before_n) else None

    def _watch(self, name: str, branch: _BranchShare, chance: Chance, taken: bool) -> None:
        """Weighs the usual share against the one since the trouble began."""
        run, usual = branch.run, min(branch.usual, _HIGHEST)
        low = min((run.passes + 0.5) / (run.n + 1), usual / 2)
        gain = math.log(usual / low) if taken else math.log((1 - usual) / (1 - low))
        branch.back.add(gain, taken, chance.uploaded)
        run.n, run.passes = run.n + 1, run.passes + taken
        if not taken:
            branch.newest = chance.proof._replace(at=chance.uploaded)
        if branch.back.score >= RECOVERED:
            branch.forget()
        elif chance.at - branch.bad_at >= self._policy.adopt.total_seconds():
            self._branches[name] = _BranchShare()
            self._adopted = {name: chance.at}

    def _turn(self, branch: _BranchShare) -> None:
        """A chance that was counted as missed was taken."""
        run = branch.run
        if not run.n:
            return
        run.passes = min(run.n, run.passes + 1)
        usual = self._usual(branch)
        if not branch.bad_at and usual is not None:
            run.score += _gain(True, usual) - _gain(False, usual)
            if run.score <= 0:
                branch.run = Run()

    @property
    def _bad(self) -> list[tuple[str, _BranchShare]]:
        bad = [pair for pair in self._branches.items() if pair[1].bad_at]
        return sorted(bad, key=lambda pair: (pair[1].bad_at, pair[0]))

    def standing(self, _now: float, _ending: bool) -> Reading:
        """Bad while the CI takes less on a branch."""
        if any(branch.bad_at for branch in self._branches.values()):
            return Reading(State.DEGRADED, False)
        heard = bool(self._branches)
        return Reading(State.HEALTHY if heard else State.UNKNOWN, heard)

    def figures(self, now: float, _reading: Reading) -> SignalFigures:
        """The branch with less for longest, and how many others there are."""
        bad = self._bad
        judged = sum(branch.before.n >= self._policy.minimum for branch in self._branches.values())
        seen = SeenCoverage(judged, self._policy.minimum)
        adopted_at = max(self._adopted.values(), default=0.0)
        adopted = moment(adopted_at) if adopted_at else None
        if not bad:
            if adopted_at and now - adopted_at < SAID:
                after = self._policy.adopt.total_seconds()
                seen = replace(seen, adopted=next(iter(self._adopted)), after=after)
            return SignalFigures(n=judged, seen=self.own(seen), adopted=adopted)
        name, branch = bad[0]
        run = branch.run
        figures = (run.passes, run.n, run.start, branch.usual, branch.elsewhere, len(bad) - 1)
        proofs = [
            proof for proof in dict.fromkeys((branch.newest, branch.first)) if proof is not None
        ]
        good = [evidence(branch.good, Fault.LAST_GOOD)] if branch.good else []
        return SignalFigures(
            **share_of(run.passes, run.n),
            seen=self.own(SeenCoverage(judged, seen.least, name, *figures)),
            evidence=(*(evidence(proof, Fault.MISSED) for proof in proofs), *good),
            since=moment(run.start),
        )

    @classmethod
    def words(cls, seen: SeenCoverage) -> Words:
        """On which branch it takes less since when; else where that became usual."""
        if seen.branch is not None:
            others = plural(seen.others, "other branch", "other branches")
            return (
                f"reported on {seen.taken} of {plural(seen.n, 'chance')} on ",
                job_span(seen.branch),
                " since ",
                moment(seen.since),
                f", {percent(seen.before)} before; {percent(seen.elsewhere)} on the other branches"
                + (f"; so it is on {others}" if seen.others else ""),
            )
        if seen.adopted is not None:
            lasted = span(timedelta(seconds=seen.after))
            return job_span(seen.adopted), f" has had fewer reports for {lasted}: now its usual"
        judged = plural(seen.known, "branch", "branches")
        return (f"reports on less on no branch alone; {judged} with enough patch sets to judge",)

    @classmethod
    def threshold(cls, seen: SeenCoverage) -> str:
        """When a branch is told."""
        least = "degraded when surely half of the usual share is taken on one branch alone"
        if seen.branch is None:
            return f"{least}; {seen.least} chances are needed to know it"
        return f"{cut(seen.branch, 60)}: {least}"


def _gain(taken: bool, usual: float) -> float:
    """How much likelier a chance is so where half of the usual share is taken."""
    return math.log(0.5) if taken else math.log((1 - usual / 2) / (1 - usual))
