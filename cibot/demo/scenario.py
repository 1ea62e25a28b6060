"""The demo's play: a month of review history, and what happens after it.

Deterministic for a seed and a start. The past is arranged so that three stories
are under way when the demo begins; the bot learns of them only through Gerrit:

- Cobalt failed its newest patch sets, and has just been repaired;
- Borealis has said nothing for about four hours and a half; the third patch
  set that it misses in a row comes past its deadline (an hour) soon after the start;
- Acme was well until now, and fails every patch set from now on.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cibot.demo.cast import (
    ACME,
    BLOCK,
    BOREALIS,
    COBALT,
    PEOPLE,
    SUBJECTS,
    VENDORS,
    VERBS,
    WEEKLY,
    ZUUL,
    Vendor,
)
from cibot.demo.reviews import Reviews
from cibot.demo.voices import FAILED, PASSED, Ran, Spoken, Work


@dataclass(frozen=True, slots=True)
class Push:
    """A new change (patch set 1), or the next patch set of one that is there."""

    at: datetime
    change: int
    patch_set: int
    project: str
    subject: str
    owner: int

    def do(self, reviews: Reviews) -> None:
        """Pushes it."""
        if self.patch_set == 1:
            reviews.add_change(self.project, self.subject, self.owner, self.at, number=self.change)
        else:
            reviews.add_patch_set(self.change, self.owner, self.at)


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment of a person or a CI on the patch set of ``upload``."""

    at: datetime
    upload: Push
    author: int
    said: Spoken

    def do(self, reviews: Reviews) -> None:
        """Posts it."""
        on, said = self.upload, self.said
        reviews.comment(
            on.change, self.author, said.text, self.at,
            patch_set=on.patch_set, votes=said.votes, tag=said.tag,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Merge:
    """A change is merged."""

    at: datetime
    change: int
    by: int

    def do(self, reviews: Reviews) -> None:
        """Merges it."""
        reviews.set_status(self.change, "MERGED", self.by, self.at)


Deed = Push | Remark | Merge


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


_WEEK = timedelta(days=7)
# Busy from seven to seven UTC, a little in the evening, hardly anything at night.
_HOURS = (1, 1, 1, 1, 1, 2, 4, 9, 14, 16, 15, 12, 13, 16, 17, 15, 12, 9, 6, 5, 4, 3, 2, 1)
_WEEKEND = 0.12  # of a working day


def busyness(at: datetime) -> float:
    """The weight of that hour for uploads, relative to other hours; more than 0."""
    return _HOURS[at.hour] * (_WEEKEND if at.weekday() >= 5 else 1.0)


def week_of_uploads(rng: random.Random, number: int, end: datetime) -> list[datetime]:
    """``number`` moments in the week before ``end``, oldest first, whole seconds."""
    hours = [end - _WEEK + timedelta(hours=hour) for hour in range(7 * 24)]
    chosen = rng.choices(hours, [busyness(hour) for hour in hours], k=number)
    return sorted(hour + timedelta(seconds=rng.randrange(3600)) for hour in chosen)


WEEKS = 4
FIRST_CHANGE = 910_001
_LATE = timedelta(hours=5)
# Before the start, on the project of the three stories: the first is the last that
# Borealis reports on; the fourth's deadline passes 25 seconds after the start.
_ARRANGED = (
    timedelta(hours=4, minutes=50),
    timedelta(hours=3, minutes=45),
    timedelta(hours=2, minutes=20),
    timedelta(hours=1) - timedelta(seconds=25),
    timedelta(minutes=31),
)
_QUIET_FOR = timedelta(hours=4)  # Borealis answers what was uploaded before
COBALT_FAILS = 7  # its newest good patch sets: few enough that it broke within a day, any weekday
_EVERY_BAD = 7  # one patch set in so many is really broken
_LIVE_MINUTE = 0.12  # seconds; a CI that takes 40 minutes answers within five seconds
_LIVE_SHARE = {BLOCK: 0.7}
_MOST_OPEN = 12


@dataclass(slots=True)
class _Open:
    """A change that may get another patch set."""

    change: int
    patch_set: int
    owner: int
    subject: str
    newest: datetime


@dataclass(slots=True)
class Scenario:
    """The play. `history` once, then `upload` for each patch set that comes live."""

    start: datetime
    seed: int = 1
    _rng: random.Random = field(init=False)
    _workshop: Workshop = field(init=False)
    _open: dict[str, list[_Open]] = field(init=False)
    _next: int = FIRST_CHANGE
    _count: int = 0

    def __post_init__(self) -> None:
        self.start = self.start.replace(microsecond=0)
        self._rng = random.Random(self.seed)
        self._workshop = Workshop(self._rng, self.start)
        self._open = {project: [] for project in WEEKLY}

    def history(self) -> list[Deed]:
        """The month before the start, in order of time.

        What CIs write on the last patch sets lies a little after the start.
        """
        uploads = [self._upload(project, at, live=False) for at, project in self._past()]
        good = self._good(uploads)
        failing = [
            upload for upload in reversed(uploads) if upload in good and upload.project == BLOCK
        ]
        cobalt = set(failing[:COBALT_FAILS])
        deeds: list[Deed] = []
        for upload in uploads:
            mood = Mood(
                frozenset({COBALT.number} if upload in cobalt else ()),
                frozenset({BOREALIS.number} if self.start - upload.at < _QUIET_FOR else ()),
            )
            deeds += [
                upload,
                *self._workshop.reports(upload, good=upload in good, mood=mood, minute=60.0),
            ]
        return sorted([*deeds, *self._merges(uploads)], key=lambda deed: deed.at)

    def live(self, at: datetime, speed: float) -> list[Deed]:
        """A patch set that is uploaded at ``at``, and what the CIs write on it."""
        projects = list(WEEKLY)
        weights = [_LIVE_SHARE.get(project, 0.15) for project in projects]
        upload = self._upload(self._rng.choices(projects, weights)[0], at, live=True)
        self._count += 1
        mood = Mood(frozenset({ACME.number}), frozenset({BOREALIS.number}))
        good = self._count % _EVERY_BAD != 0
        minute = _LIVE_MINUTE / speed
        return [upload, *self._workshop.reports(upload, good=good, mood=mood, minute=minute)]

    def _past(self) -> list[tuple[datetime, str]]:
        """When something was uploaded, and to which project."""
        moments = []
        for week in range(WEEKS):
            end = self.start - timedelta(days=7 * week)
            for project, number in WEEKLY.items():
                arranged = _ARRANGED if (week, project) == (0, BLOCK) else ()
                latest = self.start - (_LATE if project == BLOCK else timedelta(minutes=2))
                times = week_of_uploads(self._rng, number - len(arranged), min(end, latest))
                times += [self.start - before for before in arranged]
                moments += [(at, project) for at in times]
        return sorted(moments)

    @staticmethod
    def _good(uploads: list[Push]) -> set[Push]:
        """Those that are not broken; one in seven of each project is."""
        good = set()
        for project in WEEKLY:
            own = [upload for upload in uploads if upload.project == project]
            good |= {upload for index, upload in enumerate(own) if index % _EVERY_BAD != 3}
        return good

    def _upload(self, project: str, at: datetime, *, live: bool) -> Push:
        may = [opened for opened in self._open[project] if self._may_go_on(opened, at, live=live)]
        if may and self._rng.random() < 0.3:
            chosen = self._rng.choice(may[-_MOST_OPEN:])
            chosen.patch_set += 1
            chosen.newest = at
        else:
            owner = self._rng.choice(PEOPLE).number
            subject = f"{self._rng.choice(VERBS)} {self._rng.choice(SUBJECTS[project])}"
            chosen = _Open(self._next, 1, owner, subject, at)
            self._next += 1
            self._open[project] = [*self._open[project], chosen][-_MOST_OPEN:]
        return Push(at, chosen.change, chosen.patch_set, project, chosen.subject, chosen.owner)

    def _may_go_on(self, change: _Open, at: datetime, *, live: bool) -> bool:
        """Whether a change may get a patch set: the last ones of the past live past their deadline.

        One that is replaced sooner would not be missed.
        """
        if live:
            return change.newest >= self.start and at - change.newest > timedelta(seconds=3)
        return self.start - at > 2 * _LATE and at - change.newest > timedelta(hours=2)

    def _merges(self, uploads: list[Push]) -> list[Deed]:
        """Most changes are merged half a day to three days after their last patch set."""
        last = {upload.change: upload for upload in uploads}
        merges: list[Deed] = []
        for upload in last.values():
            at = upload.at + timedelta(hours=self._rng.uniform(12, 72))
            if at < self.start - _LATE and self._rng.random() < 0.7:
                by = self._rng.choice([who.number for who in PEOPLE if who.number != upload.owner])
                merges.append(Merge(at, upload.change, by))
                self._close(upload)
        return merges

    def _close(self, upload: Push) -> None:
        still = [opened for opened in self._open[upload.project] if opened.change != upload.change]
        self._open[upload.project] = still
