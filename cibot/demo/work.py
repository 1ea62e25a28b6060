"""How the demo's CIs work: what each makes of a patch set, when, and in which words."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cibot.demo.cast import VENDORS, ZUUL, Vendor
from cibot.demo.deeds import Deed, Push, Remark
from cibot.demo.voices import FAILED, PASSED, Ran, Spoken, Work

_BROKEN_FAILS = 0.92  # of the broken changes; some CIs do not test what is broken
_BETWEEN_MISHAPS = 6  # good patch sets that a CI passes after one that it failed by chance
_RECHECKED = 0.4  # of the failures that nothing explains


@dataclass(frozen=True, slots=True)
class Mood:
    """How the CIs are at the moment: who fails everything, and who says nothing."""

    failing: frozenset[int] = frozenset()
    silent: frozenset[int] = frozenset()


@dataclass(slots=True)
class Workshop:
    """Lets the CIs work on patch sets, out of one source of chance."""

    rng: random.Random
    start: datetime
    build: int = 0
    calm: dict[int, int] = field(default_factory=dict)  # good patch sets that a vendor now passes

    def reports(self, upload: Push, *, good: bool, mood: Mood, minute: float) -> Iterator[Deed]:
        """What every CI of the project writes on a patch set.

        A CI's minute lasts ``minute`` seconds: 60 in the past, far less live.
        """
        for vendor in VENDORS:
            if self._answers(vendor, upload, mood):
                passed = self._passes(vendor, good=good, mood=mood)
                took = self.rng.uniform(vendor.first, vendor.last)
                yield from self._report(vendor, upload, passed, took, minute)
                if good and not passed and vendor.number not in mood.failing:
                    yield from self._recheck(vendor, upload, took, minute)

    def _answers(self, vendor: Vendor, upload: Push, mood: Mood) -> bool:
        return (
            upload.project in vendor.projects
            and vendor.number not in mood.silent
            and self.start - upload.at < timedelta(days=vendor.newest)
            and self.rng.random() >= vendor.misses
        )

    def _passes(self, vendor: Vendor, *, good: bool, mood: Mood) -> bool:
        luck = self.rng.random()
        if vendor.number in mood.failing:
            return False
        if good:
            return self._lucky(vendor, luck)
        return vendor is not ZUUL and luck >= _BROKEN_FAILS

    def _lucky(self, vendor: Vendor, luck: float) -> bool:
        """Whether no random failure hits it; a few in a row would look like a real trouble."""
        left = self.calm.get(vendor.number, 0)
        if left or luck < vendor.passes:
            self.calm[vendor.number] = max(0, left - 1)
            return True
        self.calm[vendor.number] = _BETWEEN_MISHAPS
        return False

    def _report(
        self, vendor: Vendor, upload: Push, passed: bool, took: float, minute: float
    ) -> Iterator[Deed]:
        work = self._work(vendor, upload, passed, took)
        if vendor.started is not None:
            begun = upload.at + timedelta(seconds=0.1 * took * minute)
            yield Remark(begun, upload, vendor.number, vendor.started(work))
        done = upload.at + timedelta(seconds=took * minute)
        yield Remark(done, upload, vendor.number, vendor.voice(work))

    def _recheck(self, vendor: Vendor, upload: Push, took: float, minute: float) -> Iterator[Deed]:
        if self.rng.random() >= _RECHECKED:
            return
        asked = took + self.rng.uniform(5, 20)
        at = upload.at + timedelta(seconds=asked * minute)
        yield Remark(at, upload, upload.owner, Spoken("recheck", {}))
        again = asked + self.rng.uniform(vendor.first, vendor.last)
        said = vendor.voice(self._work(vendor, upload, True, again))
        yield Remark(upload.at + timedelta(seconds=again * minute), upload, vendor.number, said)

    def _work(self, vendor: Vendor, upload: Push, passed: bool, took: float) -> Work:
        ran = []
        culprit = self.rng.randrange(len(vendor.jobs))
        for index, job in enumerate(vendor.jobs):
            self.build += 1
            result = PASSED if passed or index != culprit else FAILED
            seconds = int(60 * took * self.rng.uniform(0.6, 0.95))
            ran.append(Ran(job, result, seconds, self.build))
        return Work(upload.change, upload.patch_set, vendor.site, ran)
