"""Stacks: changes on top of each other, or pushed together, which fail together.

Which changes stand on each other is known where Gerrit said so. Pushed together is what one author
uploads within a minute; where nobody said whose a change is, it may be of any that came with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cibot.health.facts import Upload
from cibot.health.inputs import Counted
from cibot.health.state import Stored, each, same, state

_STANDS = 86_400.0  # seconds between uploads of one stack that is known
_TOGETHER = 60.0  # of one that is not: a push has one time
_LONGEST = 600.0  # seconds that such a stack takes at most
_KEPT = 32


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

    STATE = state(_stacks=each(_Stack.from_row), _repeats=each(tuple))

    def __init__(self) -> None:
        self._stacks: list[_Stack] = []
        self._repeats: list[tuple[int, int, float]] = []  # change, patch set, when it was posted

    def count(self, upload: Upload, change_id: int) -> int:
        """How many other changes of its stack failed."""
        stack = self._of(upload)
        return len(stack.changes - {change_id}) if stack is not None else 0

    def add(self, upload: Upload, change_id: int) -> bool:
        """A change failed; whether it is the first one of its stack that did."""
        stack = self._of(upload)
        if stack is None:
            new = _Stack(upload.at, upload.at, upload.owner, upload.base, {change_id})
            self._stacks = [*self._stacks, new][-_KEPT:]
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

    def repeats(self, one: Counted) -> bool:
        """Whether a failure adds nothing to that of another change of its stack.

        What added nothing takes nothing away where it is taken back.
        """
        place = (one.proof.change_id, one.proof.patch_set, one.proof.at)
        if one.sign < 0:
            repeated = place in self._repeats
            if repeated:
                self._repeats.remove(place)
            return repeated
        if one.upload is None:
            return False
        repeated = self.count(one.upload, one.proof.change_id) > 0
        self.add(one.upload, one.proof.change_id)
        if repeated:
            self._repeats = [*self._repeats, place][-_KEPT:]
        return repeated
