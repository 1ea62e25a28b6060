"""Branches on which a CI is silent while it reports on the others as usual.

The chances are those of the silence, counted by branch. How many missed in a row are too
many follows from the share that the CI took there, as for the whole CI.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cibot.config.values import Count as Number
from cibot.config.values import Share
from cibot.health.accused import (
    Accused,
    AccusedPolicy,
    AccusingKind,
    SeenJobs,
    adopted,
    burst,
)
from cibot.health.facts import PROOF, Proof, moment
from cibot.health.inputs import Chance, Heard
from cibot.health.patience import longest_luck
from cibot.health.references import AT_HOME
from cibot.health.seen import Fault
from cibot.health.signal import Family
from cibot.health.state import Stored, maybe, part, state, table
from cibot.health.tally import Count, SlidingTally
from cibot.text.card import Words, job_span
from cibot.text.figures import cut, percent, plural

NAME = "silent_branch"
_MOST = 24  # branches of a CI; the one heard longest ago makes room
_SLOTS = 16  # bursts that are known again
_MOST_OPEN = 500  # no larger number of chances is ever too many


class SilentBranchPolicy(AccusedPolicy):
    """``[judgement.silent_branch]``: chances missed in a row on one branch only."""

    minimum: Annotated[Number, Field(description="Knows a branch from, chances")] = 10
    others: Annotated[Number, Field(description="Chances on the others meanwhile, at least")] = 3
    share: Annotated[Share, Field(description="Of what is usual there, taken on the others")] = 0.8


class _Branch(Stored):
    """The chances of one branch; ``open`` are the uploads that were missed since it was heard."""

    STATE = state(
        heard=float, chances=part, open=list, slots=table(int, bool),
        first=maybe(PROOF), before=maybe(PROOF),
    )  # fmt: skip

    def __init__(self) -> None:
        self.heard = 0.0
        self.chances = SlidingTally(AT_HOME)
        self.open: list[float] = []
        self.slots: dict[int, bool] = {}  # whether each was taken
        self.first: Proof | None = None  # of the open ones
        self.before: Proof | None = None  # the last one that was taken

    def hear(self, at: float, *, accused: bool) -> None:
        """The CI was heard; what was missed while the branch was ``accused`` says no more."""
        self.heard = max(self.heard, at)
        if not accused:
            for uploaded in self.open:
                self.chances.add(uploaded, True)
        self.open, self.first = [], None
        self.chances.slide(at)

    def pass_by(self, chance: Chance) -> bool:
        """A chance passed; whether there is one more that was missed since it was heard."""
        slot = burst(chance.uploaded, chance.at)
        was = self.slots.get(slot)
        if chance.taken:
            self.before = chance.proof.dated(chance.uploaded)
        if was is None:
            self.slots[slot] = chance.taken
            if len(self.slots) > _SLOTS:
                del self.slots[next(iter(self.slots))]
        elif was or not chance.taken:
            return False
        else:
            self.slots[slot] = True
            self.chances.add(chance.uploaded, True, -1)
        if chance.taken or chance.uploaded <= self.heard:
            self.chances.add(chance.uploaded, not chance.taken)
            return False
        self.first = self.first or chance.proof.dated(chance.uploaded)
        self.open = [*self.open, chance.uploaded][-_MOST_OPEN:]
        return True

    def since(self, at: float) -> Count:
        """What was due since then, and missed of it."""
        n, missed = self.chances.since(at)
        missed_lately = sum(uploaded >= at for uploaded in self.open)
        return Count(n + missed_lately, missed + missed_lately)


class SilentBranches(AccusingKind):
    """Every branch on which a CI has chances to report."""

    name = NAME
    about = (
        "Chances to report on one branch that were missed in a row while the CI reported on the"
        " others as usual. How many are too many follows from the share that it took there."
    )
    thresholds = SilentBranchPolicy
    takes = (Heard, Chance)
    fault = Fault.MISSED
    family = Family.PRESENCE
    listens = True
    again = "{job} reports on every branch again"

    STATE = state(_histories=part, _accused=part)

    _policy: SilentBranchPolicy
    _histories: dict[str, _Branch]

    def new_part(self) -> _Branch:
        """A branch of which nothing is known."""
        return _Branch()

    def take(self, event: Heard | Chance) -> None:
        """The CI was heard on a branch, or a chance there passed."""
        for key in self._accused.outlasted(event.at):
            self._histories.pop(key[-1], None)
            self._accused.adopt(key, event.at)
        branch = self._histories.get(event.branch)
        if branch is None:
            branch = self._histories[event.branch] = _Branch()
            self._make_room(event.branch)
        if isinstance(event, Heard):
            branch.hear(event.at, accused=(event.branch,) in self._accused.jobs)
            if event.reports:
                self._accused.well((event.branch,))
        elif branch.pass_by(event) and len(branch.open) >= self._policy.changes:
            self._weigh(branch, event)

    def _make_room(self, new: str) -> None:
        if len(self._histories) > _MOST:
            others = (name for name in self._histories if name != new)
            del self._histories[min(others, key=lambda name: self._histories[name].heard)]

    def _limit(self, branch: _Branch) -> int | None:
        """How many missed in a row are too many; all branches share the false alerts."""
        if branch.chances.n < self._policy.minimum:
            return None
        luck = longest_luck(self._policy.doubt / len(self._histories), branch.chances.count)
        return None if luck is None else max(luck, self._policy.changes)

    def _weigh(self, branch: _Branch, chance: Chance) -> None:
        limit, first = self._limit(branch), branch.first
        if limit is None or first is None or len(branch.open) < limit:
            return
        others = [other for other in self._histories.values() if other is not branch]
        lately = [other.since(first.at) for other in others]
        n, missed = sum(count.n for count in lately), sum(count.bad for count in lately)
        usual_n = sum(other.chances.n for other in others)
        usual = sum(other.chances.count.good for other in others) / max(1, usual_n)
        if n < self._policy.others or n - missed < self._policy.share * usual * n:
            return
        figures = ((n - missed) / n, branch.heard)
        self._accused.add(
            (chance.branch,),
            Accused(
                chance.at,
                first,
                chance.proof.dated(chance.uploaded),
                branch.before or first,
                len(branch.open),
                limit,
                figures,
            ),
        )

    @property
    def judged(self) -> int:
        """Of how many branches enough is known."""
        least = self._policy.minimum
        return sum(branch.chances.n >= least for branch in self._histories.values())

    @classmethod
    def words(cls, seen: SeenJobs) -> Words:
        """Which branch is silent since when; else which one was taken for ended."""
        if seen.job is None:
            judged = plural(seen.known, "branch", "branches")
            silent = f"silent on no branch alone; {judged} with enough patch sets to judge"
            return adopted(seen, "without reports") or (silent,)
        others = plural(seen.others, "other branch", "other branches")
        return (
            "reports as usual, but nothing on ",
            job_span(seen.job),
            " since ",
            moment(seen.before),
            f": {plural(seen.row, 'chance')} to report missed in a row,"
            f" {percent(seen.now)} taken on the other branches"
            + (f"; so it is on {others}" if seen.others else ""),
        )

    @classmethod
    def threshold(cls, seen: SeenJobs) -> str:
        """After how many missed chances a branch counts as silent."""
        if seen.job is None:
            return f"degraded after at least {seen.least} chances missed in a row on one branch"
        return f"{cut(seen.job, 60)}: degraded after {seen.limit} chances missed in a row"
