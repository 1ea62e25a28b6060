"""Rows of patch sets: when each was uploaded, and on which open changes it depends."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import case, func, literal_column, or_, select

from cibot.model import PatchSet
from cibot.store import schema
from cibot.store.changes import change_server
from cibot.store.engine import Tx
from cibot.store.rows import columns, rows_in, upsert

_NEWS_FOR = timedelta(days=1)
_NONE: Any = literal_column("''")  # the driver takes the rows' values only


def put_patch_sets(
    tx: Tx,
    patch_sets: Iterable[tuple[int, PatchSet]],
    heard_at: datetime | None = None,
    confirmed: Collection[int] = (),
) -> None:
    """Stores when each patch set, with its change's key, came; the earliest time stays.

    A known kind also stays when a later source leaves it out, and a known commit, but for what
    REST said of the changes ``confirmed``. A new or another commit within a day of the upload has
    the CIs judged again; a later one does not.
    """
    rows: dict[tuple[int, int], PatchSet] = {}
    for row_id, patch_set in patch_sets:
        key = row_id, patch_set.number
        before = rows.get(key, patch_set)
        source = patch_set if patch_set.revision else before
        kind = patch_set.kind or before.kind
        rows[key] = replace(patch_set, kind=kind, revision=source.revision, parent=source.parent)
    by_setter: dict[Any, list[dict[str, Any]]] = {_earlier: [], _unconfirmed: [], _confirmed: []}
    for (row_id, number), patch_set in sorted(rows.items()):
        lately = heard_at is not None and heard_at - patch_set.uploaded_at < _NEWS_FOR
        setter = _confirmed if row_id in confirmed else _unconfirmed
        by_setter[setter if lately and patch_set.revision else _earlier].append(
            {
                "change_id": row_id,
                "number": number,
                "uploaded_at": patch_set.uploaded_at,
                "heard_at": heard_at,
                "kind": patch_set.kind.value if patch_set.kind else None,
                "revision": patch_set.revision,
                "parent": patch_set.parent,
            }
        )
    for setter, some in by_setter.items():
        upsert(tx, schema.patch_set, some, setter)


def _earlier(new: Any, old: Any, news: Any = False) -> dict[str, Any]:
    earlier = new.uploaded_at < old.uploaded_at
    return {
        "heard_at": case((or_(earlier, news), new.heard_at), else_=old.heard_at),
        "uploaded_at": case((earlier, new.uploaded_at), else_=old.uploaded_at),
        "kind": func.coalesce(new.kind, old.kind),
    }


def _unconfirmed(new: Any, old: Any) -> dict[str, Any]:
    return _commit(new, old, old.revision.is_(None))


def _confirmed(new: Any, old: Any) -> dict[str, Any]:
    parent = func.coalesce(new.parent, _NONE) != func.coalesce(old.parent, _NONE)
    return _commit(new, old, or_(old.revision.is_(None), new.revision != old.revision, parent))


def _commit(new: Any, old: Any, news: Any) -> dict[str, Any]:
    # The revision last: MySQL's assignments see the ones before them, and it is news by itself.
    return _earlier(new, old, news) | {
        "parent": case((news, new.parent), else_=old.parent),
        "revision": case((news, new.revision), else_=old.revision),
    }


def patch_set_times(tx: Tx, change_id: int) -> dict[int, datetime]:
    """When each patch set of a change was uploaded, as far as that is known."""
    table = schema.patch_set.c
    query = select(table.number, table.uploaded_at).where(table.change_id == change_id)
    return {row[0]: row[1] for row in tx.execute(query.order_by(table.number))}


_DEEPEST = 32  # changes on top of each other that are followed down


class _Standing(NamedTuple):
    change_id: int
    number: int
    uploaded_at: datetime
    revision: str
    parent: str | None
    owner_id: int | None
    status: str
    closed_at: datetime | None

    def open_at(self, at: datetime) -> bool:
        """Whether its change was open then."""
        return self.status == "NEW" or self.closed_at is None or self.closed_at > at


def origins_of(tx: Tx, change_ids: Collection[int]) -> dict[int, dict[int, tuple[int, int]]]:
    """The owner of some changes and the lowest open change of their stack, by patch set.

    Only of patch sets whose owner and commit are known. The owner is an account's row; a change
    that depends on no other is the lowest itself.
    """
    patch_set, change = schema.patch_set, schema.change
    query = (
        select(*columns(_Standing, patch_set, change))
        .select_from(patch_set)
        .join(change, change.c.id == patch_set.c.change_id)
    )
    complete = query.where(patch_set.c.revision.is_not(None), change.c.owner_id.is_not(None))
    rows = [_Standing(*row) for row in rows_in(tx, complete, patch_set.c.change_id, change_ids)]
    below: dict[tuple[int, str], _Standing] = {}
    wanted, asked = _parents(rows), set[str]()
    for _ in range(_DEEPEST):
        if not wanted:
            break
        standing = [_Standing(*row) for row in rows_in(tx, query, patch_set.c.revision, wanted)]
        for row in sorted(standing, reverse=True):  # one commit may be of several changes
            below[change_server(row.change_id), row.revision] = row
        asked |= wanted
        wanted = _parents(standing) - asked
    origins: dict[int, dict[int, tuple[int, int]]] = {}
    for row in rows:
        if row.owner_id is not None:
            lowest = _lowest(row, below)
            origins.setdefault(row.change_id, {})[row.number] = (row.owner_id, lowest)
    return origins


def _parents(rows: Iterable[_Standing]) -> set[str]:
    return {row.parent for row in rows if row.parent is not None}


def _lowest(top: _Standing, below: dict[tuple[int, str], _Standing]) -> int:
    row, server = top, change_server(top.change_id)
    for _ in range(_DEEPEST):
        next_one = below.get((server, row.parent)) if row.parent else None
        if next_one is None or not next_one.open_at(top.uploaded_at):
            break
        row = next_one
    return row.change_id
