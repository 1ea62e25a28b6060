"""INSERT … or update, in the words of each database, as one executemany."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table
from sqlalchemy.dialects import mysql, sqlite

from cibot.store.engine import Tx

Setter = Callable[[Any, Any], dict[str, ColumnElement[Any]]]
"""From (the new row, the table) to what an existing row is set to."""


def upsert(
    tx: Tx, table: Table, rows: Sequence[Mapping[str, Any]], update: Setter | None = None
) -> None:
    """Inserts ``rows``; an existing key is updated by ``update``, or left as it is.

    Sort ``rows`` by key: two transactions that lock in one order do not deadlock.
    """
    if not rows:
        return
    key = [column.name for column in table.primary_key]
    if tx.dialect.name == "sqlite":
        lite = sqlite.insert(table)
        if update is None:
            tx.execute(lite.on_conflict_do_nothing(), list(rows))
        else:
            new = update(lite.excluded, table.c)
            tx.execute(lite.on_conflict_do_update(index_elements=key, set_=new), list(rows))
        return
    my = mysql.insert(table)
    # MySQL assigns in the order written, and later terms see earlier ones' values.
    new = update(my.inserted, table.c) if update else {key[0]: table.c[key[0]]}
    tx.execute(my.on_duplicate_key_update(list(new.items())), list(rows))
