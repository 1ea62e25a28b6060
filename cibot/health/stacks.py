"""Stacks: changes that were pushed together, which fail together on a broken one of them."""

from __future__ import annotations

from typing import Any

from cibot.health.inputs import Counted
from cibot.health.state import Stored, each, state

_TOGETHER = 60.0  # seconds between uploads of one stack of changes: a push has one time
_LONGEST = 600.0  # seconds that a stack takes at most
_KEPT = 32


class Stacks(Stored):
    """The newest stacks in which something failed, and the changes that did."""

    STATE = state(_stacks=each(lambda stack: (*stack[:2], set(stack[2]))), _repeats=each(tuple))

    def __init__(self) -> None:
        self._stacks: list[tuple[float, float, set[int]]] = []  # first and last upload, changes
        self._repeats: list[tuple[int, int, float]] = []  # change, patch set, when it was posted

    def row(self) -> list[Any]:
        """As the parent's, with the sets in order."""
        stacks = [(first, last, sorted(changes)) for first, last, changes in self._stacks]
        return [stacks, self._repeats[:]]

    def count(self, uploaded: float, change_id: int) -> int:
        """How many other changes of its stack failed."""
        return len(self._of(uploaded)[1] - {change_id})

    def add(self, uploaded: float, change_id: int) -> bool:
        """A change failed; whether it is the first one of its stack that did."""
        place, changes = self._of(uploaded)
        if place is None:
            self._stacks = [*self._stacks, (uploaded, uploaded, {change_id})][-_KEPT:]
            return True
        first, last, _changes = self._stacks[place]
        self._stacks[place] = (min(first, uploaded), max(last, uploaded), changes | {change_id})
        return False

    def _of(self, uploaded: float) -> tuple[int | None, set[int]]:
        for place, (first, last, changes) in enumerate(self._stacks):
            if abs(uploaded - last) <= _TOGETHER and abs(uploaded - first) <= _LONGEST:
                return place, changes
        return None, set()

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
        if one.uploaded is None:
            return False
        repeated = self.count(one.uploaded, one.proof.change_id) > 0
        self.add(one.uploaded, one.proof.change_id)
        if repeated:
            self._repeats = [*self._repeats, place][-_KEPT:]
        return repeated
