"""Rows of patch sets: when each was uploaded, and what it depends on."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, literal_column, or_, select

from cibot.model import PatchSet
from cibot.store import schema
from cibot.store.bulk import upsert
from cibot.store.engine import Tx

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
    REST said of the changes ``confirmed``. A commit that becomes known, or another, within a day
    is news, by which what was judged is judged again; later it is not taken in any more.
    """
    rows: dict[tuple[int, int], PatchSet] = {}
    for row_id, patch_set in patch_sets:
        key = row_id, patch_set.number
        before = rows.get(key, patch_set)
        source = patch_set if patch_set.revision else before
        kind = patch_set.kind or before.kind
        rows[key] = replace(patch_set, kind=kind, revision=source.revision, parent=source.parent)
    by_setter: dict[Any, list[dict[str, Any]]] = {_earlier: [], _known: [], _confirmed: []}
    for (row_id, number), patch_set in sorted(rows.items()):
        lately = heard_at is not None and heard_at - patch_set.uploaded_at < _NEWS_FOR
        setter = _confirmed if row_id in confirmed else _known
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


def _known(new: Any, old: Any) -> dict[str, Any]:
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
