"""Counts of reports by hour and by day, kept in the transaction that stores the reports.

So that bars, a history or a day's summary cost the same however many reports
there are. What was decided, and why:

- The raw results of every attempt are counted, as `history`, the bars and the
  summary show them. What depends on the reference is not here, since its late
  verdict changes past days: those are part of judging's state.
- Neither project nor pipeline is a key: a project can be renamed, and which
  pipelines count is policy. Either would change the past behind our back.
- Days are drawn; a local day or "the last 24 hours" is cut out of hours, and
  the minutes at its two ends are read from the reports: any window is exact.
- Each writing thread has a *lane*, so that a webhook seldom waits for a page of
  a backfill that counts in the same hour, or a node of a cluster for another.
  Readers add the lanes up; one alone may be below zero.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import Integer, and_, case, cast, func, literal_column, or_, select, union_all

from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.rows import upsert

HOUR, DAY = 1, 24
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COUNTS = ("passes", "fails", "infra", "unjudged", "unparsed")
_PLACES = {"pass": 0, "fail": 1, "infra": 2}
_UNJUDGED, _UNPARSED = 3, 4
_LANES = 4

Key = tuple[int, int, int]
"""(CI, length in hours, start in hours since 1970)."""


class Counts(NamedTuple):
    """How many reports counted as what.

    ``unjudged`` have no verdict (started, a notice), ``unparsed`` matched no format.
    """

    passes: int = 0
    fails: int = 0
    infra: int = 0
    unjudged: int = 0
    unparsed: int = 0

    @property
    def judged(self) -> int:
        """How many say something of a patch set or of the CI."""
        return self.passes + self.fails + self.infra

    def plus(self, other: Sequence[int], sign: Literal[1, -1] = 1) -> Counts:
        """The sum, or with ``sign`` -1 the difference."""
        return Counts(*(own + sign * more for own, more in zip(self, other, strict=True)))


class Tally:
    """What one transaction adds to the counts and takes from them; made by `counting`."""

    def __init__(self) -> None:
        self.hours: dict[tuple[int, int], list[int]] = {}  # by CI and hour

    def add(self, reports: Iterable[Mapping[str, Any]], sign: Literal[1, -1] = 1) -> None:
        """Counts rows of reports in, or out with ``sign`` -1."""
        hours = self.hours
        for report in reports:
            result = report["result"]
            if result is None and report["outcome"] is None:
                place = _UNPARSED
            else:
                place = _PLACES.get(result, _UNJUDGED)
            key = (report["ci_id"], hour_of(report["posted_at"]))
            if key not in hours:
                hours[key] = [0] * len(COUNTS)
            hours[key][place] += sign


class _Own(threading.local):
    def __init__(self) -> None:
        self.lane = random.randrange(_LANES)


_OWN = _Own()


@contextmanager
def counting(tx: Tx) -> Iterator[Tally]:
    """A tally whose counts are all written when the block ends.

    Every transaction updates the rows of the present hour: they are locked briefly, and in the
    order of their keys, so that no two transactions deadlock.
    """
    tally = Tally()
    yield tally
    add_counts(tx, with_days({key: Counts(*counts) for key, counts in tally.hours.items()}))


def add_counts(tx: Tx, more: Mapping[Key, Counts]) -> None:
    """Adds to the counts, below zero too."""
    rows = [
        {"ci_id": key[0], "hours": key[1], "start": key[2], "lane": _OWN.lane} | counts._asdict()
        for key, counts in sorted(more.items())
        if any(counts)
    ]
    upsert(tx, schema.tally, rows, _more)


def _more(new: Any, old: Any) -> dict[str, Any]:
    return {name: old[name] + new[name] for name in COUNTS}


def hour_of(moment: datetime) -> int:
    """The hour that a moment is in, counted from 1970."""
    return int(moment.timestamp() // 3600)


def with_days(hours: Mapping[tuple[int, int], Counts]) -> dict[Key, Counts]:
    """Counts by (CI, hour) as buckets of an hour and of a day."""
    by_key: dict[Key, Counts] = {}
    for (ci_id, hour), counts in hours.items():
        by_key[ci_id, HOUR, hour] = counts
        day = (ci_id, DAY, hour - hour % DAY)
        by_key[day] = by_key[day].plus(counts) if day in by_key else counts
    return by_key


def drift(tx: Tx, ci_id: int) -> dict[Key, Counts]:
    """What must be added to a CI's counts to make them those of its reports; empty when right.

    Reads all of its reports. One statement sees one moment, in which reports and counts
    belong together; what is committed meanwhile adds to both, so the answer stays true.
    """
    table = schema.tally.c
    counted = (
        select(table.hours, table.start, *(sums(table[name]).label(name) for name in COUNTS))
        .where(table.ci_id == ci_id)
        .group_by(table.hours, table.start)
    )
    hours: dict[tuple[int, int], Counts] = {}
    stored: dict[Key, Counts] = {}
    for length, start, *counts in tx.execute(union_all(_recounted(tx, ci_id), counted)):
        if length:
            stored[ci_id, length, start] = Counts(*counts)
        else:
            hours[ci_id, start] = Counts(*counts)
    right = with_days(hours)
    differences = {
        key: right.get(key, Counts()).plus(stored.get(key, Counts()), -1)
        for key in right.keys() | stored.keys()
    }
    return {key: counts for key, counts in differences.items() if any(counts)}


def recount(tx: Tx, ci_id: int) -> int:
    """Makes a CI's counts those of its reports; returns how many buckets were wrong.

    May run while others store reports.
    """
    differences = drift(tx, ci_id)
    add_counts(tx, differences)
    return len(differences)


def _recounted(tx: Tx, ci_id: int) -> Any:
    report = schema.report.c
    start = _hour_column(tx)
    return (
        select(
            literal_column("0"), start, *(sums(report_count) for report_count in report_counts())
        )
        .where(report.ci_id == ci_id)
        .group_by(start)
    )


def report_counts() -> list[Any]:
    """What a report counts as: 1 or 0 for each of COUNTS."""
    report = schema.report.c
    word, understood = (
        func.coalesce(report.result, ""),
        func.coalesce(report.result, report.outcome),
    )
    conditions = [
        *(word == place for place in _PLACES),
        and_(understood.is_not(None), word.not_in(_PLACES)),
        understood.is_(None),
    ]
    return [case((condition, 1), else_=0) for condition in conditions]


def sums(column: Any) -> Any:
    """The sum as a whole number; MySQL's own is a decimal."""
    return cast(func.sum(column), Integer)


def _hour_column(tx: Tx) -> Any:
    """`hour_of` in SQL, for reports: rounded down also before 1970, as there."""
    posted_at = schema.report.c.posted_at
    if tx.dialect.name == "sqlite":
        seconds = cast(func.strftime("%s", posted_at), Integer)
        return (seconds - (seconds % 3600 + 3600) % 3600) // 3600
    since = EPOCH.replace(year=1000)
    hours = func.timestampdiff(literal_column("HOUR"), f"{since:%Y-%m-%d}", posted_at)
    return hours + hour_of(since)


_HOUR = timedelta(hours=1)


class Bucket(NamedTuple):
    """What a CI reported in the hour or day that begins at ``start`` (UTC)."""

    ci_id: int
    start: datetime
    counts: Counts


def buckets(
    tx: Tx,
    ci_ids: Collection[int],
    hours: int,
    since: datetime,
    until: datetime,
    branch: str | None = None,
) -> list[Bucket]:
    """The hours (HOUR) or UTC days (DAY) of some CIs that touch ``since <= t < until``, in order.

    Whole ones, also at the window's ends; those without a report are left out. Of one branch
    nothing is counted before: its reports are read.
    """
    first, last = hour_of(since), hour_of(until - timedelta.resolution)
    first -= first % hours
    if branch is None:
        table = schema.tally.c
        start = table.start
        query = select(table.ci_id, start, *(sums(table[name]) for name in COUNTS)).where(
            table.ci_id.in_(sorted(ci_ids)), table.hours == hours, start.between(first, last)
        )
    else:
        hour = _hour_column(tx)
        start = hour - hour % hours
        ends = [(EPOCH + first * _HOUR, EPOCH + (last + 1) * _HOUR)]
        query = _reports_in(ci_ids, ends, {branch}, start)
    places: tuple[Any, Any] = (
        literal_column("1"),
        literal_column("2"),
    )  # the CI, and where the bucket begins
    query = query.group_by(*places).order_by(*places)
    return [
        Bucket(ci_id, EPOCH + start * _HOUR, Counts(*counts))
        for ci_id, start, *counts in tx.execute(query)
        if any(counts)
    ]


def counts_between(
    tx: Tx,
    ci_ids: Collection[int],
    since: datetime,
    until: datetime,
    branches: Collection[str] | None = None,
) -> dict[int, Counts]:
    """What each of some CIs reported in ``since <= t < until``; CIs without reports are left out.

    Whole days and hours are counted already; at each end less than an hour of reports is read. On
    some branches all reports are read.
    """
    first, last = hour_of(since - timedelta.resolution) + 1, hour_of(until)
    if first < last and branches is None:
        ends = [(since, EPOCH + first * _HOUR), (EPOCH + last * _HOUR, until)]
        rows = [*_counted(tx, ci_ids, first, last), *_read(tx, ci_ids, ends)]
    else:
        rows = _read(tx, ci_ids, [(since, until)], branches)
    totals: dict[int, Counts] = {}
    for ci_id, *counts in rows:
        totals[ci_id] = totals.get(ci_id, Counts()).plus(counts)
    return {ci_id: counts for ci_id, counts in totals.items() if any(counts)}


def _counted(tx: Tx, ci_ids: Collection[int], first: int, last: int) -> list[Any]:
    """The hours of ``first <= h < last``, most of them as days."""
    table = schema.tally.c
    days = -(-first // DAY) * DAY, last // DAY * DAY
    if days[0] < days[1]:
        parts = [(DAY, *days), (HOUR, first, days[0]), (HOUR, days[1], last)]
    else:
        parts = [(HOUR, first, last)]
    within = (
        and_(table.hours == hours, table.start >= begin, table.start < end)
        for hours, begin, end in parts
    )
    query = select(table.ci_id, *(sums(table[name]) for name in COUNTS)).where(
        table.ci_id.in_(sorted(ci_ids)), or_(*within)
    )
    return list(tx.execute(query.group_by(table.ci_id)))


def _read(
    tx: Tx,
    ci_ids: Collection[int],
    windows: Sequence[tuple[datetime, datetime]],
    branches: Collection[str] | None = None,
) -> list[Any]:
    query = _reports_in(ci_ids, windows, branches)
    return list(tx.execute(query.group_by(schema.report.c.ci_id)))


def _reports_in(
    ci_ids: Collection[int],
    windows: Sequence[tuple[datetime, datetime]],
    branches: Collection[str] | None,
    *columns: Any,
) -> Any:
    """The CI of reports, ``columns``, and what they count as; not grouped yet."""
    table, change = schema.report.c, schema.change.c
    within = (and_(table.posted_at >= since, table.posted_at < until) for since, until in windows)
    query = select(table.ci_id, *columns, *(sums(count) for count in report_counts())).where(
        table.ci_id.in_(sorted(ci_ids)), or_(*within)
    )
    if branches is None:
        return query
    query = query.join(schema.change, change.id == table.change_id)
    return query.where(change.branch.in_(sorted(branches)))
