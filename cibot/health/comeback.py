"""Whether a CI that was silent takes its chances to report again as it used to.

One that reports on every second patch set falls silent by luck and speaks again, and is
no better than before. So the chances since its trouble began are weighed.
"""

from __future__ import annotations

from cibot.health.share import TAIL, back_since, bad_since
from cibot.health.state import Stored, same, state, table
from cibot.health.tally import Count


class Comeback(Stored):
    """The last chances, each as it was known first: taken in time or not."""

    STATE = state(_taken=table(same, tuple), since=same, adopted=same)

    def __init__(self) -> None:
        self._taken: dict[int, tuple[bool, float]] = {}  # by chance; the newest last
        self.since: float | None = None
        """When the trouble began of which a silence was a part; None while there is none."""
        self.adopted: float | None = None  # when that last became what is usual

    def add(self, slot: int, taken: bool, at: float) -> None:
        """A chance was taken in time, or its deadline passed."""
        if taken or slot not in self._taken:
            self._taken.pop(slot, None)
            self._taken[slot] = (taken, at)
        if len(self._taken) > TAIL:
            del self._taken[next(iter(self._taken))]

    def begin(self, usual: float) -> None:
        """A silence is broken; ``usual`` is the share of its chances that the CI takes."""
        if self.since is None and self._taken:
            outcomes = list(self._taken.values())
            self.since = bad_since(outcomes, usual) or outcomes[0][1]

    def weigh(self, usual: float) -> None:
        """Ends the trouble where the newest chances are surely taken as usual."""
        if self.since is None:
            return
        since = [taken for taken in self._taken.values() if taken[1] >= self.since]
        missed = sum(not taken for taken, _at in since)
        if not missed or back_since(Count(len(since), missed), since[::-1], usual) is not None:
            self.since = None

    def adopt(self, at: float) -> None:
        """Reporting on so little is what is usual for the CI from now on."""
        self.since, self.adopted = None, at
