"""Failures that come together: series of one author's, and stacks of changes.

A series are changes of one author that fail after each other, often by one mistake.

Where nobody said whose changes are, those are taken for one author's that were uploaded much
closer to each other than is usual: on recorded servers a fifth to a half are, by one who pushes
several, and fail together.

A stack are changes on top of each other, or pushed together. Which stand on each other is known
where Gerrit said so. Pushed together is what one author uploads within a minute; where nobody said
whose a change is, it may be of any that came with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cibot.health.facts import DAY, Upload
from cibot.health.inputs import Counted, FirstVerdict, JobResults, VerdictKind
from cibot.health.state import Stored, each, part, same, state, table

_WITHIN = 6 * 3600.0  # seconds between two failures of a known author's series
_CLOSE = 0.03  # of the usual time between two results, where the author is not known
_CLOSEST = 3600.0  # seconds that are never taken for more than close
_AUTHORS = 64  # that are kept
_IGNORED = 64  # failures that are kept
_UNKNOWN = 0  # stands for who is not known: no account has that row


_Verdict = FirstVerdict | JobResults


class Series(Stored):
    """The series that last, by author. A pass ends one."""

    STATE = state(_series=table(int, tuple))

    def __init__(self) -> None:
        self._series: dict[int, tuple[int, float]] = {}  # failures, when the last came

    def standing(self, verdict: _Verdict, per_day: float) -> VerdictKind:
        """What the verdict on a change that did not fail before rests on.

        ``per_day`` is how many there are usually.
        """
        failures = self._before(verdict, per_day)
        if not failures:
            return VerdictKind.FAIR
        if _author(verdict) == _UNKNOWN:
            return VerdictKind.BURST if failures == 1 else VerdictKind.LONG_BURST
        return VerdictKind.SERIES if failures == 1 else VerdictKind.LONG_SERIES

    def add(self, verdict: FirstVerdict, per_day: float) -> None:
        """Takes in the verdict."""
        if verdict.passed:
            self._series.pop(_author(verdict), None)
        else:
            self.fail(verdict, per_day)

    def fail(self, verdict: _Verdict, per_day: float) -> None:
        """Takes in a failure."""
        author, failures = _author(verdict), self._before(verdict, per_day)
        self._series.pop(author, None)
        self._series[author] = (failures + 1, _when(verdict))
        if len(self._series) > _AUTHORS:
            del self._series[next(iter(self._series))]

    def _before(self, verdict: _Verdict, per_day: float) -> int:
        author = _author(verdict)
        if author not in self._series:
            return 0
        failures, last = self._series[author]
        within = _WITHIN if author != _UNKNOWN else min(_CLOSEST, _CLOSE * DAY / per_day)
        return failures if abs(_when(verdict) - last) <= within else 0


def _author(verdict: _Verdict) -> int:
    owner = verdict.upload.owner if verdict.upload is not None else None
    return _UNKNOWN if owner is None else owner


def _when(verdict: _Verdict) -> float:
    """When it was uploaded."""
    return verdict.proof.at if verdict.upload is None else verdict.upload.at


class Ignored(Stored):
    """The newest failures that add nothing: they take nothing away where they are taken back."""

    STATE = state(_places=each(tuple))

    def __init__(self) -> None:
        self._places: list[tuple[int, int, float]] = []  # change, patch set, when it was posted

    def add(self, result: Counted) -> None:
        """A failure adds nothing."""
        self._places = [*self._places, _place(result)][-_IGNORED:]

    def remove(self, result: Counted) -> bool:
        """A failure is taken back; whether it had added nothing."""
        ignored = _place(result) in self._places
        if ignored:
            self._places.remove(_place(result))
        return ignored


def _place(result: Counted) -> tuple[int, int, float]:
    return result.proof.change_id, result.proof.patch_set, result.proof.at


_STANDS = DAY  # seconds between uploads of one stack that is known
_TOGETHER = 60.0  # of one that is not: a push has one time
_LONGEST = 600.0  # seconds that such a stack takes at most
_STACKS = 32  # that are kept


@dataclass(slots=True)
class _Stack(Stored):
    """When the first and the last change that failed were uploaded, whose they are, on what."""

    first: float = 0.0
    last: float = 0.0
    owner: int | None = None
    base: int | None = None
    changes: set[int] = field(default_factory=set)

    STATE = state(first=float, last=float, owner=same, base=same, changes=set)

    def has(self, upload: Upload, apart: float) -> bool:
        """Whether a patch set is one of it, which came ``apart`` seconds from the last."""
        if None not in (upload.base, self.base, upload.owner, self.owner):
            if upload.base == self.base and apart <= _STANDS:
                return True
            if upload.owner != self.owner:
                return False
        return apart <= _TOGETHER and abs(upload.at - self.first) <= _LONGEST


class Stacks(Stored):
    """The newest stacks in which something failed, and the changes that did."""

    STATE = state(_stacks=each(_Stack.from_row), _ignored=part)

    def __init__(self) -> None:
        self._stacks: list[_Stack] = []
        self._ignored = Ignored()

    def count(self, upload: Upload, change_id: int) -> int:
        """How many other changes of its stack failed."""
        stack = self._of(upload)
        return len(stack.changes - {change_id}) if stack is not None else 0

    def add(self, upload: Upload, change_id: int) -> bool:
        """A change failed; whether it is the first one of its stack that did."""
        stack = self._of(upload)
        if stack is None:
            new = _Stack(upload.at, upload.at, upload.owner, upload.base, {change_id})
            self._stacks = [*self._stacks, new][-_STACKS:]
            return True
        stack.first, stack.last = min(stack.first, upload.at), max(stack.last, upload.at)
        stack.changes.add(change_id)
        return False

    def _of(self, upload: Upload) -> _Stack | None:
        at, base, most = upload.at, upload.base, _TOGETHER
        for stack in self._stacks:  # looked through for every verdict: most are far away
            apart = at - stack.last
            near = -most <= apart <= most or (base is not None and stack.base == base)
            if near and stack.has(upload, abs(apart)):
                return stack
        return None

    def repeats(self, result: Counted) -> bool:
        """Whether a failure adds nothing to that of another change of its stack."""
        if result.sign < 0:
            return self._ignored.remove(result)
        if result.upload is None:
            return False
        repeated = self.count(result.upload, result.proof.change_id) > 0
        self.add(result.upload, result.proof.change_id)
        if repeated:
            self._ignored.add(result)
        return repeated
