"""Row types, whose fields are named like their columns, and queries by many keys."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, TypeVar

from sqlalchemy import Column, FromClause, Select, select, tuple_

from cibot.store import schema
from cibot.store.engine import Tx

K = TypeVar("K")
_CHUNK = 500


def names_of(row_type: Any) -> tuple[str, ...]:
    """The fields of a named tuple or of a dataclass with slots."""
    names: tuple[str, ...] = getattr(row_type, "_fields", None) or row_type.__slots__
    return names


def values_of(row: Any) -> dict[str, Any]:
    """A named tuple or a dataclass with slots as the values of its columns."""
    return {name: getattr(row, name) for name in names_of(type(row))}


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
