"""What judging counted, by UTC day and by project and branch: the days of a long period.

Each count is of the day on which its thing happened: the upload of a chance, the report
of a result. It is kept apart by the day on which it was *noted*, which is that of the
judge's clock: a judge that goes back in time takes back what it noted since then, and
notes it again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cibot.config.values import WITHIN_HOURS
from cibot.health.facts import DAY
from cibot.health.inputs import PAIRED, Counted, RunEnded, Took
from cibot.health.latency import step_of
from cibot.health.state import Stored, made, plain, record, state, table

LATER = 0  # the place of reports that took longer
_MOST_JOBS = 500  # names in a day


class ChangePlace(NamedTuple):
    """Where a change is."""

    project: str
    branch: str


_NOWHERE = ChangePlace("", "")


class DayKey(NamedTuple):
    """What one row counts; ``day`` and ``noted`` are UTC days since 1970."""

    day: int
    project: str
    branch: str
    noted: int


@dataclass(slots=True)
class DayCounts:
    """Counts of one row, which may be below zero: a later row takes back what this one has.

    Of ``due`` chances ``missed`` had no report, ``unheard`` of them in a silence; ``within``
    has the others by the hours that the first report took. ``paired`` results are on patch
    sets that the reference passed, ``false_failures`` of them failures; ``refused`` on those
    that it failed, ``false_passes`` of them passes. ``took`` has the times to a first verdict on
    the scale of latency; ``jobs`` how many of ``runs`` had each voting job.
    """

    due: int = 0
    missed: int = 0
    unheard: int = 0
    paired: int = 0
    false_failures: int = 0
    refused: int = 0
    false_passes: int = 0
    runs: int = 0
    within: dict[int, int] = field(default_factory=dict)
    took: dict[int, int] = field(default_factory=dict)
    jobs: dict[str, int] = field(default_factory=dict)


class RollUp(Stored):
    """What was noted since somebody emptied it, and all of the last day on which it was."""

    STATE = state(rows=table(made(DayKey), record(DayCounts, within=dict, took=dict, jobs=dict)))

    def __init__(self) -> None:
        self.rows: dict[DayKey, DayCounts] = {}
        self.places: Mapping[int, ChangePlace] = {}  # of the changes that are spoken of
        self.noted_at = 0.0  # the clock of the judge

    def since(self, at: float) -> dict[DayKey, DayCounts]:
        """What was noted on the day of ``at`` and later."""
        first = int(at // DAY)
        return {key: counts for key, counts in self.rows.items() if key.noted >= first}

    def begin(self, at: float) -> None:
        """Forgets what was noted before the day of ``at``."""
        self.rows = self.since(at)

    def place(self, change_id: int) -> ChangePlace:
        """Where a change is that is spoken of now."""
        return self.places.get(change_id, _NOWHERE)

    def day(self, at: float, place: ChangePlace) -> DayCounts:
        """The counts of the day of ``at``."""
        key = (int(at // DAY), *place, int(self.noted_at // DAY))
        counts: DayCounts | None = self.rows.get(key)  # type: ignore[call-overload]  # as quick
        if counts is None:
            counts = self.rows[DayKey(*key)] = DayCounts()
        return counts

    def took(self, took: Took) -> None:
        """A time to a first verdict."""
        _more(self.day(took.at, self.place(took.proof.change_id)).took, step_of(took.hours))

    def ran(self, ran: RunEnded) -> None:
        """The jobs of a run."""
        counts = self.day(ran.at, self.place(ran.proof.change_id))
        counts.runs += 1
        for job in dict.fromkeys(run.job for run in ran.runs if run.voting):
            if job in counts.jobs or len(counts.jobs) < _MOST_JOBS:
                _more(counts.jobs, job)

    def pair(self, result: Counted) -> None:
        """A result on a patch set with the reference's."""
        counts = self.day(result.proof.at, self.place(result.proof.change_id))
        bad = result.sign * result.bad
        if result.window == PAIRED:
            counts.paired += result.sign
            counts.false_failures += bad
        else:
            counts.refused += result.sign
            counts.false_passes += bad

    def chance(self, at: float, place: ChangePlace, took: float | None) -> None:
        """A chance of an upload at ``at``: seconds until the report, None where it was missed."""
        counts = self.day(at, place)
        counts.due += 1
        if took is None:
            counts.missed += 1
        else:
            _more(counts.within, within(took))

    def turn(self, at: float, place: ChangePlace, took: float) -> None:
        """A chance that seemed missed was taken."""
        counts = self.day(at, place)
        counts.missed -= 1
        _more(counts.within, within(took))

    def unheard(self, at: float, place: ChangePlace) -> None:
        """A chance that was missed is a silence's."""
        self.day(at, place).unheard += 1

    def row(self) -> Any:
        """The last day on which something was noted, as plain JSON values."""
        last = max((key.noted for key in self.rows), default=0)
        return [plain({key: counts for key, counts in self.rows.items() if key.noted == last})]


def within(seconds: float) -> int:
    """The first of `WITHIN_HOURS` within which a time lies, or `LATER`."""
    place = bisect_left(WITHIN_HOURS, seconds / 3600)
    return WITHIN_HOURS[place] if place < len(WITHIN_HOURS) else LATER


def _more(counts: dict[Any, int], key: Any) -> None:
    counts[key] = counts.get(key, 0) + 1
