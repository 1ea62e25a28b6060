"""Questions that the counts answer: days, hours, and any window, of one CI or all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import and_, or_, select

from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.tally import COUNTS, DAY, EPOCH, HOUR, Counts, hour_of, report_counts, sums

_HOUR = timedelta(hours=1)


class Bucket(NamedTuple):
    """What a CI reported in the hour or day that begins at ``start`` (UTC)."""

    ci_id: int
    start: datetime
    counts: Counts


def buckets(
    tx: Tx, ci_ids: Collection[int], hours: int, since: datetime, until: datetime
) -> list[Bucket]:
    """The hours (HOUR) or UTC days (DAY) of some CIs that touch ``since <= t < until``, in order.

    Whole ones, also at the window's ends; those without a report are left out.
    """
    first, last = hour_of(since), hour_of(until - timedelta.resolution)
    table = schema.tally.c
    query = (
        select(table.ci_id, table.start, *(sums(table[name]) for name in COUNTS))
        .where(
            table.ci_id.in_(sorted(ci_ids)),
            table.hours == hours,
            table.start.between(first - first % hours, last),
        )
        .group_by(table.ci_id, table.start)
        .order_by(table.ci_id, table.start)
    )
    return [
        Bucket(ci_id, EPOCH + start * _HOUR, Counts(*counts))
        for ci_id, start, *counts in tx.execute(query)
        if any(counts)
    ]


def counts_between(
    tx: Tx, ci_ids: Collection[int], since: datetime, until: datetime
) -> dict[int, Counts]:
    """What each of some CIs reported in ``since <= t < until``; who was silent is left out.

    Whole days and hours are counted already; at each end less than an hour of reports is read.
    """
    first, last = hour_of(since - timedelta.resolution) + 1, hour_of(until)
    if first < last:
        ends = [(since, EPOCH + first * _HOUR), (EPOCH + last * _HOUR, until)]
        rows = [*_counted(tx, ci_ids, first, last), *_read(tx, ci_ids, ends)]
    else:
        rows = _read(tx, ci_ids, [(since, until)])
    found: dict[int, Counts] = {}
    for ci_id, *counts in rows:
        found[ci_id] = found.get(ci_id, Counts()).plus(counts)
    return {ci_id: counts for ci_id, counts in found.items() if any(counts)}


def _counted(tx: Tx, ci_ids: Collection[int], first: int, last: int) -> list[Any]:
    """The hours of ``first <= h < last``, most of them as days."""
    table = schema.tally.c
    days = -(-first // DAY) * DAY, last // DAY * DAY
    if days[0] < days[1]:
        parts = [(DAY, *days), (HOUR, first, days[0]), (HOUR, days[1], last)]
    else:
        parts = [(HOUR, first, last)]
    within = (
        and_(table.hours == hours, table.start >= one, table.start < other)
        for hours, one, other in parts
    )
    query = select(table.ci_id, *(sums(table[name]) for name in COUNTS)).where(
        table.ci_id.in_(sorted(ci_ids)), or_(*within)
    )
    return list(tx.execute(query.group_by(table.ci_id)))


def _read(
    tx: Tx, ci_ids: Collection[int], windows: Sequence[tuple[datetime, datetime]]
) -> list[Any]:
    table = schema.report.c
    within = (and_(table.posted_at >= one, table.posted_at < other) for one, other in windows)
    query = select(table.ci_id, *(sums(one) for one in report_counts())).where(
        table.ci_id.in_(sorted(ci_ids)), or_(*within)
    )
    return list(tx.execute(query.group_by(table.ci_id)))
