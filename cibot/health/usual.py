"""What is usual for a CI by the weeks before, held while a trouble lasts.

Weeks that hold a bad time make it the usual, and the CI would be called well again while
nothing got better. So what was usual before the trouble stays so until it is out of the
weeks before; a trouble that lasts long enough is the CI's usual from then on.
"""

from __future__ import annotations

from cibot.health.state import Stored, same, state


class HeldUsual(Stored):
    """The usual of before a trouble. ``weeks`` (seconds) is how far back it is learnt,
    ``adopt`` how long a trouble lasts until it is the usual.
    """

    STATE = state(_before=same, _began=float, _ended=float, adopted=same)

    def __init__(self, weeks: float, adopt: float) -> None:
        self._weeks = weeks
        self._adopt = max(weeks, adopt)  # earlier the weeks before would still hold good times
        self._before: float | None = None  # None while nothing is held
        self._began = 0.0  # when the trouble that lasts was noticed; 0 while there is none
        self._ended = 0.0
        self.adopted: float | None = None
        """When a trouble last became the usual, in seconds of the epoch."""

    @property
    def holds(self) -> bool:
        """Whether the usual of before a trouble is in force."""
        return self._before is not None

    @property
    def lasts(self) -> bool:
        """Whether a trouble lasts."""
        return self._began > 0

    def of(self, learnt: float) -> float:
        """What is usual, where the weeks before say ``learnt``."""
        return learnt if self._before is None else self._before

    def follow(self, at: float, learnt: float, *, bad: bool, well: bool) -> None:
        """Takes in how the CI is at ``at``, by what is usual."""
        if bad and not self._began:
            self._before, self._began = self.of(learnt), at
        elif self._began and well:
            self._began, self._ended = 0.0, at
        elif self._began and at - self._began >= self._adopt:
            self._before, self._began, self.adopted = None, 0.0, at
        elif self._before is not None and not self._began and at - self._ended >= self._weeks:
            self._before = None
