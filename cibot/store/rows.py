"""Rows: types whose fields are named like their columns, queries by many keys, writing many.

Rows are written by the driver's executemany, without SQLAlchemy's work for each row: a fifth of
bulk ingest was spent on making each row's parameters, and most of a webhook's on building the
same statement again. The text is built once and the driver takes the rows as tuples. Only for
tables with plain columns; times must be UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Dialect,
    FromClause,
    Insert,
    Select,
    Table,
    delete,
    select,
    tuple_,
)
from sqlalchemy.dialects import mysql, sqlite

from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.schema import UtcDateTime

K = TypeVar("K")
_CHUNK = 500


def names_of(row_type: Any) -> tuple[str, ...]:
    """The fields of a named tuple or of a dataclass with slots."""
    names: tuple[str, ...] = getattr(row_type, "_fields", None) or row_type.__slots__
    return names


def values_of(row: Any) -> dict[str, Any]:
    """A named tuple or a dataclass with slots as the values of its columns."""
    return {name: getattr(row, name) for name in names_of(type(row))}


def fitting(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with its texts cut to the lengths of their columns."""
    lengths = {name: getattr(table.c[name].type, "length", None) for name in row}
    return {
        name: value[: lengths[name]] if isinstance(value, str) else value
        for name, value in row.items()
    }


def columns(row_type: type, *tables: FromClause) -> list[Any]:
    """The columns of a row type, each from the first of the tables that has it."""
    return [
        next(table.c[name] for table in tables if name in table.c) for name in names_of(row_type)
    ]


def select_reports(row_type: type) -> Select[Any]:
    """A SELECT of reports as a row type.

    The fields of the type name columns of the report and of its change, comment, patch set and
    server; each table is joined when a field needs it.
    """
    report, change = schema.report.c, schema.change
    comment, patch_set, server = schema.comment, schema.patch_set, schema.server
    named = columns(row_type, schema.report, change, comment, patch_set, server)
    query, tables = select(*named).select_from(schema.report), {column.table for column in named}
    if change in tables:
        query = query.join(change, change.c.id == report.change_id)
    if comment in tables:
        on = (comment.c.change_id == report.change_id) & (comment.c.seq == report.seq)
        query = query.join(comment, on)
    if patch_set in tables:
        own = patch_set.c.change_id == report.change_id
        query = query.outerjoin(patch_set, own & (patch_set.c.number == report.patch_set))
    if server in tables:
        query = query.outerjoin(server, server.c.id == change.c.server_id)
    return query


def newest_first(table: Any) -> tuple[Any, Any, Any]:
    """The order of reports or comments (a table's columns), the last one first."""
    return table.posted_at.desc(), table.change_id.desc(), table.seq.desc()


def in_chunks(keys: Iterable[K]) -> Iterator[list[K]]:
    """The keys in order, in chunks that fit into one statement."""
    ordered = sorted(keys)  # type: ignore[type-var]
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]


def rows_in(tx: Tx, query: Select[Any], column: Column[Any], keys: Iterable[Any]) -> Iterator[Any]:
    """The rows of ``query`` whose column is one of the keys, asked for in chunks."""
    for some in in_chunks(keys):
        yield from tx.execute(query.where(column.in_(some)))


def at_keys(table: FromClause, keys: Collection[tuple[int, int]]) -> tuple[Any, Any]:
    """Conditions for rows of some comments (change, seq).

    MariaDB finds the rows of a DELETE, and SQLite those of a SELECT, by the first only.
    """
    near = table.c.change_id.in_(sorted({change_id for change_id, _seq in keys}))
    return near, tuple_(table.c.change_id, table.c.seq).in_(sorted(keys))


Setter = Callable[[Any, Any], dict[str, ColumnElement[Any]]]
"""From (the new row, the table) to what an existing row is set to; cached."""
Update = Setter | tuple[str, ...] | None
"""What an existing row takes from the new one: columns by name, what a setter says, nothing."""

_NAMED = re.compile(r"%\((\w+)\)s")


def insert_rows(tx: Tx, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts ``rows``, which all have the same columns."""
    if rows:
        _execute(tx, table, rows, _insert)


def insert_one(tx: Tx, table: Table, row: Mapping[str, Any]) -> int:
    """Inserts a row and returns the id that the database gave it."""
    key = tx.execute(table.insert().values(**row)).inserted_primary_key
    assert key is not None
    return int(key[0])


def upsert(tx: Tx, table: Table, rows: Sequence[Mapping[str, Any]], update: Update = None) -> None:
    """Inserts ``rows``; an existing key is updated by ``update``, or left as it is.

    Sort ``rows`` by key: two transactions that lock in one order do not deadlock.
    """
    if rows:
        _execute(tx, table, rows, update)


def overwrite(tx: Tx, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts ``rows``, sorted by key; an existing row is overwritten."""
    if rows:
        _execute(tx, table, rows, tuple(name for name in rows[0] if name not in table.primary_key))


def replace_all(
    tx: Tx, table: Table, where: Sequence[Any], rows: Iterable[Mapping[str, Any]]
) -> None:
    """Makes ``rows`` those that fit ``where``, by a key of several columns; writes what differs."""
    names = [column.name for column in table.primary_key]
    key = itemgetter(*names)
    query = select(table).where(*where)
    stored = {key(row): row for row in map(dict, tx.execute(query).mappings())}
    wanted = {key(row): row for row in rows}
    for gone in sorted(stored.keys() - wanted.keys()):
        same = (table.c[name] == value for name, value in zip(names, gone, strict=True))
        tx.execute(delete(table).where(*same))
    overwrite(tx, table, [row for at, row in sorted(wanted.items()) if stored.get(at) != row])


def _execute(tx: Tx, table: Table, rows: Sequence[Mapping[str, Any]], update: Update) -> None:
    text, names = _statement(table, tx.dialect, update, tuple(rows[0]))
    cells = itemgetter(*names)  # of a single name it gives the bare value
    values: list[tuple[Any, ...]]
    values = list(map(cells, rows)) if len(names) > 1 else [(cells(row),) for row in rows]
    if tx.dialect.name == "sqlite":
        times = _times(table, names)
        values = [_as_sqlite(row, times) for row in values]
    tx.exec_driver_sql(text, values)


def _insert(_new: Any, _old: Any) -> dict[str, ColumnElement[Any]]:
    """Stands for a plain INSERT."""
    return {}


@lru_cache(maxsize=256)
def _statement(
    table: Table, dialect: Dialect, update: Update, given: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    """The text as the driver takes it, and the order of its values."""
    made = table.insert() if update is _insert else _either(table, dialect, update)
    compiled = made.compile(dialect=dialect, column_keys=list(given))
    if compiled.positional:
        return str(compiled), tuple(compiled.positiontup or ())
    return _NAMED.sub("%s", str(compiled)), tuple(_NAMED.findall(str(compiled)))


def _either(table: Table, dialect: Dialect, update: Update) -> Insert:
    key = [column.name for column in table.primary_key]

    def values(new: Any) -> dict[str, Any]:
        if isinstance(update, tuple):
            return {name: new[name] for name in update}
        return update(new, table.c) if update else {key[0]: table.c[key[0]]}

    if dialect.name == "sqlite":
        lite = sqlite.insert(table)
        if update is None:
            return lite.on_conflict_do_nothing()
        return lite.on_conflict_do_update(index_elements=key, set_=values(lite.excluded))
    my = mysql.insert(table)
    # MySQL assigns in the order written, and later terms see earlier ones' values.
    return my.on_duplicate_key_update(list(values(my.inserted).items()))


@lru_cache(maxsize=256)
def _times(table: Table, names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(
        index for index, name in enumerate(names) if isinstance(table.c[name].type, UtcDateTime)
    )


def _as_sqlite(row: tuple[Any, ...], times: tuple[int, ...]) -> tuple[Any, ...]:
    """The same text as SQLAlchemy writes for a time."""
    cells = list(row)
    for index in times:
        moment: datetime | None = cells[index]
        if moment is not None:
            cells[index] = moment.replace(tzinfo=None).isoformat(" ", "microseconds")
    return tuple(cells)
