"""Inserts many rows with nothing between them and the driver's executemany.

A fifth of bulk ingest was spent in making each row's parameters one by one;
the driver takes them as tuples. Only for tables whose columns are plain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Dialect, Table

from cibot.store.engine import Tx
from cibot.store.schema import UtcDateTime


def insert_rows(tx: Tx, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts ``rows``, each with a value for every column; times must be UTC."""
    if not rows:
        return
    values = list(map(itemgetter(*table.columns.keys()), rows))
    if tx.dialect.name == "sqlite":
        times = _time_columns(table)
        values = [_as_sqlite(row, times) for row in values]
    tx.exec_driver_sql(_statement(table, tx.dialect), values)


@lru_cache(maxsize=64)
def _statement(table: Table, dialect: Dialect) -> str:
    quote = dialect.identifier_preparer.quote
    names = ", ".join(quote(column.name) for column in table.columns)
    mark = "?" if dialect.name == "sqlite" else "%s"
    marks = ", ".join([mark] * len(table.columns))
    return f"INSERT INTO {quote(table.name)} ({names}) VALUES ({marks})"  # noqa: S608 - our names


@lru_cache(maxsize=64)
def _time_columns(table: Table) -> tuple[int, ...]:
    return tuple(
        index for index, column in enumerate(table.columns) if isinstance(column.type, UtcDateTime)
    )


def _as_sqlite(row: tuple[Any, ...], times: tuple[int, ...]) -> tuple[Any, ...]:
    """The same text as SQLAlchemy writes for a time."""
    cells = list(row)
    for index in times:
        moment: datetime | None = cells[index]
        if moment is not None:
            cells[index] = moment.replace(tzinfo=None).isoformat(" ", "microseconds")
    return tuple(cells)
