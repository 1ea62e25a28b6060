"""What judging counted of some CIs in a period, added up by branch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from cibot.health.latency import percentile_of
from cibot.model import Window
from cibot.reports.signals import Rate, rate_of
from cibot.store.engine import Tx
from cibot.store.rollup import RollUpRow, days_in, rollup_sums
from cibot.text.patterns import fits_any

_EPOCH = date(1970, 1, 1).toordinal()
_BEFORE = 60  # days before a period in which a silence may begin that goes on in it
_NUMBERS = ("due", "missed", "paired", "false_failures", "refused", "false_passes", "runs")
Branch = tuple[str, str]  # a project and a branch of it


@dataclass(slots=True)
class Sums:
    """Rows of the roll-up added up; the names are those of its columns."""

    due: int = 0
    missed: int = 0
    paired: int = 0
    false_failures: int = 0
    refused: int = 0
    false_passes: int = 0
    runs: int = 0
    first: int | None = None  # the first day that is counted, since 1970
    within: Counter[int] = field(default_factory=Counter)
    took: Counter[int] = field(default_factory=Counter)
    jobs: Counter[str] = field(default_factory=Counter)

    def add(self, row: RollUpRow | Sums, first: int | None) -> None:
        """Adds a row, or what was added up, from its first day on."""
        for name in _NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(row, name))
        self.first = min((day for day in (self.first, first) if day is not None), default=None)
        self.within.update(row.within)
        self.took.update(row.took)
        self.jobs.update(row.jobs)

    @property
    def empty(self) -> bool:
        """Whether the CI neither had nor did anything."""
        return not (self.due or self.runs or self.pairs or self.took)

    @property
    def reported(self) -> Rate | None:
        """The share of its chances on which it reported at any time."""
        return rate_of(self.due - self.missed, self.due)

    @property
    def pairs(self) -> int:
        """Results with a reference's on the same patch set."""
        return self.paired + self.refused

    @property
    def right(self) -> int:
        """How many of these pairs say the same."""
        return self.pairs - self.false_failures - self.false_passes

    def in_time(self, limit: timedelta) -> int:
        """How many chances were reported on within a limit of `RuleConfig`."""
        hours = limit / timedelta(hours=1)
        return sum(n for most, n in self.within.items() if 0 < most <= hours)

    def took_within(self, share: float) -> timedelta | None:
        """The time within which that share (0..1) of the first verdicts came."""
        counts = {step: n for step, n in self.took.items() if n > 0}
        return timedelta(hours=percentile_of(counts, share)) if counts else None


def together(some: Iterable[Sums]) -> Sums:
    """All of them as one."""
    whole = Sums()
    for sums in some:
        whole.add(sums, sums.first)
    return whole


def sums_of(
    tx: Tx,
    ci_ids: Collection[int],
    window: Window,
    project: str | None,
    branches: Collection[str],
    *,
    jobs: bool,
) -> dict[int, dict[Branch, Sums]]:
    """What was counted of each CI on each branch on the UTC days of a window.

    In one project where that is given, and on branches that fit one of the patterns.
    """
    by_ci: dict[int, dict[Branch, Sums]] = {}
    days = _number(window.since), _number(window.until)
    for row in rollup_sums(tx, ci_ids, *days, project, jobs=jobs):
        if fits_any(branches, row.branch):
            by_branch = by_ci.setdefault(row.ci_id, {})
            by_branch.setdefault((row.project, row.branch), Sums()).add(row, row.day)
    return by_ci


def silent_where(tx: Tx, ci_id: int, window: Window, places: Collection[Branch]) -> timedelta:
    """For how long a CI surely was silent in some places, whatever it said elsewhere.

    From the first to the last of the longest row of days on which it missed all its chances
    there, where the last is in the window or later.
    """
    longest, began = 0, None
    since, until = _number(window.since), _number(window.until)
    for day, due, missed in days_in(tx, ci_id, since - _BEFORE, until, places):
        if missed < due:
            began = None
            continue
        began = day if began is None else began
        if day >= since:
            longest = max(longest, day - began)
    return timedelta(days=longest)


def day_of(number: int) -> datetime:
    """The midnight at which a UTC day begins."""
    return datetime.fromordinal(number + _EPOCH).replace(tzinfo=UTC)


def _number(moment: datetime) -> int:
    """The UTC day of a moment, counted from 1970."""
    return moment.toordinal() - _EPOCH
