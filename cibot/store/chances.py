"""Rows of chances: what each CI had to report on lately, and what of it it missed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import select

from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.rows import columns, overwrite, values_of


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
