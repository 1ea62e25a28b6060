"""Rows of chances: what each CI had to report on lately, and what of it it missed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select

from cibot.store import schema
from cibot.store.bulk import upsert
from cibot.store.engine import Tx


@dataclass(frozen=True, slots=True)
class MissedRow:
    """A patch set without a report by its deadline."""

    change_id: int
    patch_set: int
    uploaded_at: datetime
    deadline: datetime


@dataclass(frozen=True, slots=True)
class StoredChances:
    """A CI's chances to report in the window of its coverage.

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
    row = {name: getattr(chances, name) for name in StoredChances.__slots__}
    row["patch_sets"] = _PATCH_SETS.dump_json(chances.patch_sets).decode()
    upsert(tx, schema.chances, [row], _replaced)


def _replaced(new: Any, _old: Any) -> dict[str, Any]:
    return {name: new[name] for name in StoredChances.__slots__ if name != "ci_id"}


def chances_of(tx: Tx, ci_id: int) -> StoredChances | None:
    """A CI's chances, None where it was never judged."""
    table = schema.chances
    query = select(*(table.c[name] for name in StoredChances.__slots__))
    row = tx.execute(query.where(table.c.ci_id == ci_id)).one_or_none()
    if row is None:
        return None
    return StoredChances(
        row.ci_id,
        row.due,
        row.missed,
        row.in_a_row,
        row.allowed_s,
        _PATCH_SETS.validate_json(row.patch_sets),
    )
