"""A CI's chances to report: patch sets that it should have reported on, and whether it did.

Due is what the reference judged on a branch of a project where the CI is at home:
where it reported within 28 days before it was last heard. A branch that is new
belongs to it from its first patch set on where the CI reports on all the others of
its kind, two at least. The deadline lies as long after
the upload as the CI takes at most. Uploads of the same ten minutes are one
chance. What was missed while the CI was silent says nothing of its coverage.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cibot.config.policy import CoveragePolicy, SilencePolicy
from cibot.health.facts import DAY, PROOF, Proof
from cibot.health.inputs import Chance, Due, Ended, Heard
from cibot.health.intervals import wilson
from cibot.health.patience import (
    FEWEST,
    Comeback,
    Rhythm,
    patience,
    surely_elsewhere,
    surely_missed,
)
from cibot.health.references import AT_HOME
from cibot.health.rollup import ChangePlace, RollUp
from cibot.health.signal import MOST_EVIDENCE
from cibot.health.state import Stored, each, made, part, record, same, state, table
from cibot.health.tally import Count, Proofs, SlidingTally

_KEPT = 1000
_MOST_OF_A_SLOT = 100  # patch sets that wait; in a flood the others add nothing to one chance
_MOST_BRANCHES = 200  # of a project that are known; the one heard longest ago makes room
_LONG_QUIET = 7 * DAY  # seconds in which something is due everywhere, mostly
_FEWEST_ALIKE = 2  # branches: who reports on one of a kind need not report on the next
_Key = tuple[int, int]
_PLACE = made(ChangePlace)


class MissedChance(NamedTuple):
    """A patch set without a report by its deadline; times are seconds of the epoch."""

    change_id: int
    patch_set: int
    uploaded_at: float
    deadline: float


class _Late(NamedTuple):
    """The chance that a missed patch set belongs to, and its times."""

    slot: int
    uploaded_at: float
    deadline: float


@dataclass(slots=True)
class _Pending:
    """A patch set whose deadline has not passed."""

    proof: Proof
    uploaded: float
    deadline: float
    reported_at: float | None
    ended: float | None
    place: ChangePlace

    @property
    def took(self) -> float | None:
        """Seconds from the upload to the report, None without one."""
        return None if self.reported_at is None else max(0.0, self.reported_at - self.uploaded)


class _Slot(NamedTuple):
    """A chance that passed: whether any patch set of it was reported, where the first one is."""

    reported: bool
    project: str
    branch: str

    @property
    def place(self) -> ChangePlace:
        """Where it is."""
        return ChangePlace(self.project, self.branch)


class Chances(Stored):
    """What is due, what was taken, what was missed, and when the CI was last heard."""

    STATE = state(
        long=part,
        recent=part,
        absent=part,
        missed=int,
        missed_first=each(PROOF),
        last=float,
        gasps=int,
        rhythm=part,
        _homes=table(same, dict),
        _pending=table(tuple, record(_Pending, proof=PROOF, place=_PLACE)),
        _deadlines=each(tuple),
        _slots=table(same, made(_Slot)),
        _open=each(lambda missed: (missed[0], PROOF(missed[1]))),
        _late=table(tuple, made(_Late)),
        comeback=part,
        silent_until=float,
        everywhere=bool,
        dwindled=bool,
    )

    def __init__(self, silence: SilencePolicy, coverage: CoveragePolicy, rollup: RollUp) -> None:
        self._silence = silence
        self._rollup = rollup
        self._slot = max(1.0, silence.burst.total_seconds())
        self.weeks = max(silence.window, coverage.window).total_seconds()
        self.long = SlidingTally(self.weeks)
        self.recent = SlidingTally(coverage.window.total_seconds())
        self.absent = Proofs()  # what was missed, for the coverage
        self.missed = 0  # chances in a row since the CI was last heard
        self.missed_first: list[Proof] = []
        self.last = 0.0  # when the CI was last heard; 0 means never
        self.gasps = 0  # reports since the last silence
        self.rhythm = Rhythm(silence)
        self._homes: dict[str, dict[str, float]] = {}  # by project and branch; 0: never heard
        self.comeback = Comeback()
        self.silent_until = 0.0  # when the last silence was broken
        self._pending: dict[_Key, _Pending] = {}
        self._waiting: Counter[int] = Counter()  # how many of `_pending` are of each slot
        self._deadlines: list[tuple[float, int, int]] = []
        self._slots: dict[int, _Slot] = {}
        self._open: list[tuple[int, Proof]] = []  # missed since last heard: slot and evidence
        self._late: dict[_Key, _Late] = {}  # patch sets that were missed
        self._patience: tuple[Count, int | None] = (Count(-1, -1), None)  # of what is known
        self.everywhere = False
        """That the chances missed since then are not just those of a place where it seldom is."""
        self.dwindled = False  # it takes fewer of its chances than it did: its coverage says so

    @property
    def patience(self) -> int | None:
        """How many missed chances in a row mean silence; None when no number does."""
        usual, k = self._patience
        share = self.recent.count if self.dwindled else self.long.count
        if usual != share:
            k = patience(self._silence, share)
            self._patience = (share, k)
        if k == FEWEST and self.missed == k - 1 and self.comeback.since is None:
            first: dict[int, int] = {}  # the first missed chance of each change
            for slot, proof in self._open:
                first.setdefault(proof.change_id, slot)
            apart = (max(first.values()) - min(first.values())) * self._slot
            return k - surely_missed(self.long.count, apart)
        return k

    @property
    def silent(self) -> bool:
        """Whether so many chances in a row were missed, and everywhere, that it is no accident."""
        k = self.patience
        return k is not None and self.missed >= k and self.everywhere

    @property
    def share(self) -> float:
        """The share of its chances that it surely takes."""
        n, missed = self.long.count
        return wilson(n - missed, n).low if n else self._silence.assumed

    @property
    def pending(self) -> list[_Key]:
        """The patch sets whose deadline has not passed, as (change, patch set)."""
        return list(self._pending)

    @property
    def next_deadline(self) -> float | None:
        """When the next patch set must have been reported on."""
        return self._deadlines[0][0] if self._deadlines else None

    def missed_since(self, since: float) -> list[MissedChance]:
        """The patch sets uploaded since then that were missed, newest upload first.

        Where the CI reported on another upload of the same burst, none of them was missed.
        """
        missed = [
            MissedChance(*key, late.uploaded_at, late.deadline)
            for key, late in self._late.items()
            if late.uploaded_at >= since and self._misses(late.slot)
        ]
        return sorted(missed, key=lambda each: each.uploaded_at, reverse=True)

    def misses_changes(self, since: float, at_least: int) -> bool:
        """Whether what was uploaded since then and missed are patch sets of so many changes."""
        changes: set[int] = set()
        for (change_id, _patch_set), late in reversed(self._late.items()):
            if late.uploaded_at >= since and self._misses(late.slot):
                changes.add(change_id)
                if len(changes) == at_least:
                    return True
        return False

    def hear(self, heard: Heard) -> None:
        """The CI wrote something."""
        silent = self.silent
        self.gasps = 1 if silent else self.gasps + 1
        if silent:
            self.silent_until = heard.at
            self.comeback.begin(self.share)
        if silent and self.missed >= FEWEST:  # what was missed in a silence is the silence's
            for slot, _proof in self._open:
                gone = self._slots.pop(slot, None)
                if gone is not None:
                    self._rollup.unheard(slot * self._slot, gone.place)
        else:
            for slot, proof in self._open:
                self._count(slot, True)
                self.absent.add(proof)
        self._open, self.missed, self.missed_first, self.everywhere = [], 0, [], False
        self.last = heard.at
        # Of a CI that is silent what was known before stays known.
        self.long.slide(heard.at)
        self.recent.slide(heard.at)
        self.rhythm.hear(heard.at)
        self._remember(heard.project, heard.branch, heard.at)
        if heard.reports:
            self._report((heard.change_id, heard.patch_set), heard.at)

    def _report(self, key: _Key, at: float) -> None:
        """A late report counts when it comes: how late is the latency's."""
        waiting = self._pending.get(key)
        if waiting is not None and waiting.reported_at is None:
            waiting.reported_at = at
            self.comeback.add(int(waiting.uploaded // self._slot), True, at)
        late = self._late.pop(key, None)
        if late is not None and self._misses(late.slot):
            self._turn(late.slot, max(0.0, at - late.uploaded_at))

    def _misses(self, number: int) -> bool:
        slot = self._slots.get(number)
        return slot is not None and not slot.reported

    def due(self, due: Due, allowed: float) -> None:
        """The reference judged a patch set; the CI has ``allowed`` seconds from its upload."""
        if not self._at_home(due):
            return
        deadline = due.uploaded_at + allowed
        key = (due.proof.change_id, due.proof.patch_set)
        slot = int(due.uploaded_at // self._slot)
        if key in self._pending or self._waiting[slot] >= _MOST_OF_A_SLOT:
            return
        self._waiting[slot] += 1
        place = ChangePlace(due.project, due.branch)
        self._pending[key] = _Pending(
            due.proof, due.uploaded_at, deadline, due.reported_at, None, place
        )
        heapq.heappush(self._deadlines, (max(deadline, due.at), *key))
        if due.reported_at is not None and due.reported_at <= deadline:
            self.comeback.add(slot, True, due.at)

    def _at_home(self, due: Due) -> bool:
        """Whether it reports on a branch lately, or on all of its kind where that is new."""
        project, branch, oldest = due.project, due.branch, self.last - AT_HOME
        branches = self._homes.get(project, {})
        if due.named:
            return any(0 < heard >= oldest for heard in branches.values())
        if branch not in branches:
            kind = branch.rpartition("/")[0]
            alike = [heard for name, heard in branches.items() if name.rpartition("/")[0] == kind]
            lately = sum(heard >= oldest for heard in alike)
            new = due.at - self.rhythm.first > AT_HOME
            inherits = new and kind and all(alike) and lately >= _FEWEST_ALIKE
            self._remember(project, branch, self.last if inherits else 0.0)
        return 0 < self._homes[project][branch] >= oldest

    def _remember(self, project: str, branch: str, heard: float) -> None:
        branches = self._homes.setdefault(project, {})
        branches[branch] = heard
        if len(branches) > _MOST_BRANCHES:
            del branches[min(branches, key=lambda name: (branches[name], name == branch))]

    def end(self, end: Ended) -> None:
        """A patch set was replaced, or its change closed."""
        waiting = self._pending.get((end.change_id, end.patch_set))
        if waiting is not None and waiting.ended is None:
            waiting.ended = end.at

    def pass_deadline(self) -> Chance | None:
        """The next deadline passes: its patch set becomes a chance, unless it was gone before."""
        at, change_id, patch_set = heapq.heappop(self._deadlines)
        pending = self._pending.pop((change_id, patch_set))
        slot = int(pending.uploaded // self._slot)
        self._waiting[slot] -= 1
        if not self._waiting[slot]:
            del self._waiting[slot]
        gone = pending.ended is not None and pending.ended < pending.deadline
        took = pending.took
        if gone and took is None:
            return None
        if took is None:
            self.comeback.add(slot, False, pending.deadline)
        if slot not in self._slots:
            self._begin(slot, pending)
        elif took is not None and self._misses(slot):
            self._turn(slot, took)
        if took is None:
            self._late[change_id, patch_set] = _Late(slot, pending.uploaded, pending.deadline)
            if len(self._late) > _KEPT:
                del self._late[next(iter(self._late))]
        return Chance(at, pending.place.branch, pending.uploaded, took is not None, pending.proof)

    def _begin(self, slot: int, pending: _Pending) -> None:
        missed = pending.took is None
        self._slots[slot] = _Slot(not missed, *pending.place)
        self._rollup.chance(slot * self._slot, pending.place, pending.took)
        if len(self._slots) > _KEPT:
            del self._slots[next(iter(self._slots))]
        if not missed:
            self._count(slot, False)
            return
        proof = pending.proof.dated(pending.deadline)
        if pending.uploaded > self.last:
            self.missed += not self._missed_already(proof)
            self._open.append((slot, proof))
            if len(self._open) > _KEPT:
                del self._open[0]
            if len(self.missed_first) < MOST_EVIDENCE:
                self.missed_first.append(proof)
            self.everywhere = self.everywhere or self._is_everywhere(pending.deadline)
            return
        self._count(slot, True)
        self.absent.add(proof)

    def _missed_already(self, proof: Proof) -> bool:
        """Whether the row has its change: one that a CI does not test is missed again and again."""
        return any(other.change_id == proof.change_id for _slot, other in self._open)

    def _is_everywhere(self, now: float) -> bool:
        """Whether the row of missed chances says more than that one lesser branch is silent.

        On other branches, where it mostly reports, nothing may have been due meanwhile: then
        it takes a quiet that is too long by its rhythm.
        """
        places = {
            proof.change_id: self._slots[slot].place
            for slot, proof in self._open
            if slot in self._slots
        }
        row = Counter(places.values())
        (place, here), taken = row.most_common(1)[0], 0
        elsewhere = 0
        for slot in self._slots.values():
            taken += slot.reported
            elsewhere += slot.reported and slot.place != place
        if 2 * elsewhere <= taken or surely_elsewhere(self.long.count, row.total() - here):
            return True
        return now - self.last >= max(self.rhythm.limit, _LONG_QUIET)

    def _turn(self, slot: int, took: float) -> None:
        """A chance that seemed missed was taken, late or with another patch set."""
        place = self._slots[slot].place
        self._slots[slot] = self._slots[slot]._replace(reported=True)
        self._rollup.turn(slot * self._slot, place, took)
        for waiting in self._open:
            if waiting[0] == slot:
                self._open.remove(waiting)
                self.missed -= not self._missed_already(waiting[1])
                self._count(slot, False)
                self.everywhere = bool(self._open) and self._is_everywhere(self.last)
                return
        at = slot * self._slot
        for tally in (self.long, self.recent):
            tally.add(at, True, -1)
            tally.add(at, False)

    def _count(self, slot: int, missed: bool) -> None:
        at = slot * self._slot
        self.long.add(at, missed)
        self.recent.add(at, missed)

    def read(self, row: Sequence[Any], /) -> None:
        """As the parent's; what follows from it is counted again."""
        super().read(row)
        waiting = self._pending.values()
        self._waiting = Counter(int(chance.uploaded // self._slot) for chance in waiting)
