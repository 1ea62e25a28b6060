"""Rows of what judging counted: chances to report lately, the roll-up by day, accusations."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import TypeAdapter
from sqlalchemy import func, or_, select, update

from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.rows import columns, overwrite, replace_all, values_of
from cibot.store.tally import sums


class RollUpRow(NamedTuple):
    """Counts of a CI on a UTC day (days since 1970) in one place, as noted on one day.

    ``within`` counts by hours, ``took`` by step of the scale of latency.
    """

    ci_id: int
    day: int
    project: str
    branch: str
    noted: int
    due: int
    missed: int
    unheard: int
    paired: int
    false_failures: int
    refused: int
    false_passes: int
    runs: int
    within: Mapping[int, int]
    took: Mapping[int, int]
    jobs: Mapping[str, int]


_NUMBERS, _TABLES = RollUpRow._fields[5:-3], RollUpRow._fields[-3:]


class SpellRow(NamedTuple):
    """A time in which a signal accused a CI; ``until`` is None while it does."""

    ci_id: int
    signal: str
    since: datetime
    state: str
    until: datetime | None


def put_rollup(tx: Tx, ci_id: int, noted: int, rows: Iterable[RollUpRow]) -> None:
    """Makes these what a CI's judge noted on that day and later; only what differs is written."""
    table = schema.rollup
    since = table.c.ci_id == ci_id, table.c.noted >= noted
    replace_all(tx, table, since, map(_written, rows))


def _written(row: RollUpRow) -> dict[str, Any]:
    return row._asdict() | {
        name: json.dumps(
            getattr(row, name), ensure_ascii=False, separators=(",", ":"), sort_keys=True
        )
        for name in _TABLES
    }


def has_rollup(tx: Tx, ci_id: int) -> bool:
    """Whether anything was ever counted of a CI."""
    query = select(schema.rollup.c.ci_id).where(schema.rollup.c.ci_id == ci_id).limit(1)
    return tx.execute(query).first() is not None


def rollup_sums(
    tx: Tx,
    ci_ids: Collection[int],
    first: int,
    until: int,
    project: str | None = None,
    *,
    jobs: bool = True,
) -> list[RollUpRow]:
    """What some CIs did on the UTC days ``first <= day < until``; in one project, or in all.

    Added up for each place, of two months at most: ``day`` is their first. Without ``jobs``
    these are left out, and the times to a first verdict.
    """
    table = schema.rollup.c
    names = _TABLES if jobs else ("within",)
    shown = ("ci_id", "day", "project", "branch", "noted", *_NUMBERS, *names)
    query = select(*(table[name] for name in shown)).where(
        table.ci_id.in_(sorted(ci_ids)), table.day >= first, table.day < until
    )
    if project is not None:
        query = query.where(table.project == project)
    if tx.dialect.name != "sqlite":
        # MariaDB sorts rows with texts by their keys, of 2 KB here; those of a derived table
        # have short ones, and LIMIT keeps it from being merged.
        query = query.limit(_EVERY_ROW)
    rows = query.subquery().c
    query = select(
        rows.ci_id,
        func.min(rows.day),
        rows.project,
        rows.branch,
        func.max(rows.noted),
        *(sums(rows[name]) for name in _NUMBERS),
        # As text in one go: the counts in it would be a row each.
        *(func.aggregate_strings(rows[name], ",") for name in names),
    ).group_by(rows.ci_id, rows.project, rows.branch, rows.day // _MOST_DAYS)
    days = []
    for row in tx.execute(query):
        within, *rest = map(_added, row[-len(names) :])
        took, by_job = rest or ({}, {})
        numbers = row[: -len(names)]
        days.append(RollUpRow._make((*numbers, _by_number(within), _by_number(took), by_job)))
    return days


def days_in(
    tx: Tx, ci_id: int, first: int, until: int, places: Collection[tuple[str, str]]
) -> list[tuple[int, int, int]]:
    """The UTC days ``first <= day < until`` on which a CI had chances in some (project, branch).

    (day, due, missed), oldest first.
    """
    if not places:
        return []
    table = schema.rollup.c
    projects, branches = (sorted(set(names)) for names in zip(*places, strict=True))
    due, missed = sums(table.due), sums(table.missed)
    query = (
        select(table.project, table.branch, table.day, due, missed)
        .where(table.ci_id == ci_id, table.day >= first, table.day < until)
        .where(table.project.in_(projects), table.branch.in_(branches))
        .group_by(table.project, table.branch, table.day)
        .having(due > 0)
    )
    days: dict[int, tuple[int, int]] = {}
    for project, branch, day, n, bad in tx.execute(query):
        if (project, branch) in places:
            before = days.get(day, (0, 0))
            days[day] = (before[0] + n, before[1] + bad)
    return [(day, *counts) for day, counts in sorted(days.items())]


_MOST_DAYS = 64  # days: a text of more could be longer than a database gives
_EVERY_ROW = 2**62


def _added(texts: str) -> dict[str, int]:
    """The counts of many rows together."""
    total: dict[str, int] = {}
    for counts in json.loads(f"[{texts}]"):
        for key, n in counts.items():
            total[key] = total.get(key, 0) + n
    return total


def _by_number(counts: Mapping[str, int]) -> dict[int, int]:
    return {int(key): n for key, n in counts.items()}


def put_spells(tx: Tx, ci_id: int, after: datetime, rows: Sequence[SpellRow]) -> None:
    """Replaces a CI's spells that end after a time; only differences are written."""
    table = schema.spell
    lasting = or_(table.c.until.is_(None), table.c.until > after)
    own = table.c.ci_id == ci_id, lasting
    replace_all(tx, table, own, (row._asdict() for row in rows))


def end_spells(tx: Tx, ci_id: int, at: datetime) -> None:
    """Ends a CI's spells, when it is no longer judged."""
    table = schema.spell
    lasts = table.c.ci_id == ci_id, table.c.until.is_(None)
    tx.execute(update(table).where(*lasts).values(until=at))


def spells_during(
    tx: Tx, ci_ids: Collection[int], since: datetime, until: datetime
) -> list[SpellRow]:
    """The spells of some CIs that overlap ``since <= t < until``, oldest first."""
    table = schema.spell.c
    query = (
        select(*columns(SpellRow, schema.spell))
        .where(
            table.ci_id.in_(sorted(ci_ids)),
            or_(table.until.is_(None), table.until > since),
            table.since < until,
        )
        .order_by(table.ci_id, table.since, table.signal)
    )
    return [SpellRow._make(row) for row in tx.execute(query)]


@dataclass(frozen=True, slots=True)
class MissedRow:
    """A patch set without a report by its deadline."""

    change_id: int
    patch_set: int
    uploaded_at: datetime
    deadline: datetime


@dataclass(frozen=True, slots=True)
class StoredChances:
    """A CI's chances to report in the window of its coverage, which ends when it was last heard.

    Of ``due`` chances it took all but ``missed``; ``in_a_row`` more went by since it was
    last heard. ``allowed_s`` are the seconds that it may take; ``patch_sets`` are the
    newest of those that it missed.
    """

    ci_id: int
    due: int
    missed: int
    in_a_row: int
    allowed_s: float
    patch_sets: tuple[MissedRow, ...]


_PATCH_SETS = TypeAdapter(tuple[MissedRow, ...])


def put_chances(tx: Tx, chances: StoredChances) -> None:
    """Stores a CI's chances over those of before."""
    patch_sets = _PATCH_SETS.dump_json(chances.patch_sets).decode()
    overwrite(tx, schema.chances, [values_of(chances) | {"patch_sets": patch_sets}])


def chances_of(tx: Tx, ci_id: int) -> StoredChances | None:
    """A CI's chances, None where it was never judged."""
    table = schema.chances
    query = select(*columns(StoredChances, table)).where(table.c.ci_id == ci_id)
    row = tx.execute(query).one_or_none()
    if row is None:
        return None
    return StoredChances(
        **{**row._mapping, "patch_sets": _PATCH_SETS.validate_json(row.patch_sets)}
    )
