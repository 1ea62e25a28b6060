"""Plays the demo's scenario on a review server: the past at once, the rest as time goes by."""

from __future__ import annotations

import threading
from bisect import bisect_right, insort
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cibot.demo.cast import PEOPLE, VENDORS
from cibot.demo.reviews import Reviews
from cibot.demo.scenario import Deed, Scenario

EAGER = timedelta(seconds=1)  # between uploads while the stories unfold, at speed 1
CALM = timedelta(seconds=15)
EAGER_FOR = timedelta(minutes=4)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Director:
    """Lets what is written in the scenario happen on ``reviews``.

    ``speed`` divides all live times. After a few minutes the pace is calm, so
    that a demo that is left alone stays small.
    """

    reviews: Reviews
    scenario: Scenario
    speed: float = 1.0
    clock: Callable[[], datetime] = _now
    _coming: list[Deed] = field(default_factory=list)  # in order of time
    _began: datetime | None = None
    _upload_at: datetime | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def past(self) -> int:
        """Adds the accounts and the history of the month before the start.

        Returns the number of comments by CIs.
        """
        for vendor in VENDORS:
            self.reviews.add_account(vendor.number, vendor.name, vendor.username, service_user=True)
        for person in PEOPLE:
            self.reviews.add_account(person.number, person.name, person.username, person.email)
        self._expect(self.scenario.history())
        self._do_until(self.scenario.start)
        return sum(len(info["messages"]) for info in self.reviews.newest_first(None, None))

    def start(self) -> None:
        """Begins to play the live part, in a thread."""
        self._thread = threading.Thread(target=self._run, name="demo director", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread; nothing happens after it."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def go_on(self, now: datetime) -> datetime:
        """Does what is due at ``now``; returns when to be called again."""
        if self._began is None or self._upload_at is None:
            self._began = self._upload_at = now
        if now >= self._upload_at:
            self._expect(self.scenario.live(now, self.speed))
            self._upload_at = now + self._pace(now - self._began) / self.speed
        self._do_until(now)
        return min(self._upload_at, self._coming[0].at) if self._coming else self._upload_at

    def _pace(self, lived: timedelta) -> timedelta:
        return EAGER if lived * self.speed < EAGER_FOR else CALM

    def _expect(self, deeds: list[Deed]) -> None:
        for deed in deeds:
            insort(self._coming, deed, key=lambda deed: deed.at)

    def _do_until(self, moment: datetime) -> None:
        due = bisect_right(self._coming, moment, key=lambda deed: deed.at)
        for deed in self._coming[:due]:
            deed.do(self.reviews)
        del self._coming[:due]

    def _run(self) -> None:
        wait = 0.0
        while not self._stopping.wait(wait):
            again = self.go_on(self.clock())
            wait = max(0.01, (again - self.clock()).total_seconds())
