"""Questions about changes and projects: each bounded, each served by an index."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from cibot.store import schema
from cibot.store.engine import Tx

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change as stored; ``id`` is its key, ``number`` Gerrit's."""

    id: int
    server_id: int
    number: int
    project: str
    branch: str
    subject: str
    status: str
    updated_at: datetime


class Verdict(NamedTuple):
    """That a CI reported on a patch set, and what it counts as (None: it judges nothing)."""

    change_id: int
    seq: int
    ci_id: int
    patch_set: int
    pipeline: str | None
    outcome: str
    result: str | None
    posted_at: datetime


_FIELDS = [
    schema.change.c[name]
    for name in (
        "id",
        "server_id",
        "number",
        "project",
        "branch",
        "subject",
        "status",
        "updated_at",
    )
]


def changes_by_number(tx: Tx, number: int) -> list[ChangeRow]:
    """The changes of that number, at most one a server, newest first."""
    table = schema.change.c
    query = select(*_FIELDS).where(table.number == number).order_by(table.updated_at.desc())
    return [ChangeRow(*row) for row in tx.execute(query.limit(20))]


def changes_by_id(tx: Tx, ids: Collection[int]) -> dict[int, ChangeRow]:
    """Some changes by their keys."""
    found: dict[int, ChangeRow] = {}
    ordered = sorted(ids)
    for start in range(0, len(ordered), _CHUNK):
        query = select(*_FIELDS).where(schema.change.c.id.in_(ordered[start : start + _CHUNK]))
        found |= {row.id: ChangeRow(*row) for row in tx.execute(query)}
    return found


def latest_changes(tx: Tx, project: str, since: datetime, limit: int) -> list[ChangeRow]:
    """The changes of a project that moved since then, newest first."""
    table = schema.change.c
    query = (
        select(*_FIELDS)
        .where(table.project == project, table.updated_at >= since)
        .order_by(table.updated_at.desc(), table.id.desc())
        .limit(limit)
    )
    return [ChangeRow(*row) for row in tx.execute(query)]


def patch_set_times(tx: Tx, change_id: int) -> dict[int, datetime]:
    """When each patch set of a change was uploaded, as far as that is known."""
    table = schema.patch_set.c
    query = select(table.number, table.uploaded_at).where(table.change_id == change_id)
    return {row[0]: row[1] for row in tx.execute(query.order_by(table.number))}


def verdicts_on(tx: Tx, change_ids: Sequence[int]) -> list[Verdict]:
    """Every understood report on some changes, in the order they were posted."""
    table = schema.report.c
    found: list[Verdict] = []
    ordered = sorted(change_ids)
    for start in range(0, len(ordered), _CHUNK):
        query = (
            select(
                table.change_id,
                table.seq,
                table.ci_id,
                table.patch_set,
                table.pipeline,
                table.outcome,
                table.result,
                table.posted_at,
            )
            .where(
                table.change_id.in_(ordered[start : start + _CHUNK]),
                table.patch_set.is_not(None),
                table.outcome.is_not(None),
            )
            .order_by(table.posted_at, table.change_id, table.seq)
        )
        found.extend(Verdict(*row) for row in tx.execute(query))
    return found


def project_names(tx: Tx) -> list[str]:
    """Every project that a stored change belongs to."""
    table = schema.change.c
    query = select(table.project).distinct().order_by(table.project)
    return list(tx.execute(query).scalars())
