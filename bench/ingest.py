"""Bulk ingest beside the plainest way to write the same rows into the same tables."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pymysql
from sqlalchemy.engine import make_url

from bench.history import change_lines
from bench.servers import databases
from bench.table import Figure
from cibot.collector.decode import change_from_rest
from cibot.collector.formats import parse
from cibot.collector.gathering import ahead
from cibot.collector.ingest import Ingest
from cibot.collector.roster import Roster
from cibot.config.models import Config
from cibot.judging import Monitor
from cibot.model import Change
from cibot.store import schema
from cibot.store.cis import all_cis, ensure_server
from cibot.store.engine import Store, open_store
from cibot.store.migrate import upgrade

_BATCH = 200  # changes in one transaction, as a backfill's page
_ROUNDS = 3
_COMMIT = 4000  # rows: about what one such transaction holds


def ours(url: str, lines: Sequence[str]) -> tuple[float, float, Store]:
    """Seconds from JSON lines to stored rows, and to judged ones."""
    store = open_store(url)
    upgrade(store)
    server = store.write(lambda tx: ensure_server(tx, "bench", "https://bench"))
    ingest = Ingest(store, server, Roster("bench"), lambda: datetime.now(UTC))
    monitor = Monitor(store, Config(), lambda: datetime.now(UTC))
    start = time.perf_counter()
    for place, changes in enumerate(ahead(_pages(lines))):
        ingest.ingest(changes, feed="bench", cursor=str(place), heard_at=datetime.now(UTC))
    stored = time.perf_counter() - start
    for ci in store.read(all_cis):
        monitor.judge(ci.id)
    return stored, time.perf_counter() - start, store


def _pages(lines: Sequence[str]) -> Iterator[list[Change]]:
    for first in range(0, len(lines), _BATCH):
        yield [change_from_rest(json.loads(line)) for line in lines[first : first + _BATCH]]


def floor(store: Store, url: str) -> tuple[float, int]:
    """Seconds and rows of writing what ``store`` holds into ``url`` by bare executemany."""
    fresh = open_store(url)
    upgrade(fresh)
    fresh.close()
    held = [(table, _rows(store, table)) for table in schema.metadata.sorted_tables]
    held = [(table, rows) for table, rows in held if rows]
    count = sum(len(rows) for _, rows in held)
    return (_pymysql if "mysql" in url else _sqlite)(url, held), count


def _rows(store: Store, table: Any) -> list[tuple[Any, ...]]:
    with store.engine.connect() as link:
        names = ", ".join(_quoted(store, column.name) for column in table.columns)
        keys = ", ".join(_quoted(store, column.name) for column in table.primary_key)
        text = f"SELECT {names} FROM {_quoted(store, table.name)} ORDER BY {keys}"
        return [tuple(row) for row in link.exec_driver_sql(text)]


def _quoted(store: Store, name: str) -> str:
    return store.engine.dialect.identifier_preparer.quote_identifier(name)


def _pymysql(url: str, held: list[tuple[Any, list[tuple[Any, ...]]]]) -> float:
    parsed = make_url(url)
    link = pymysql.connect(
        host=parsed.host,
        port=parsed.port or 3306,
        user=parsed.username,
        password=parsed.password or "",
        database=parsed.database,
        charset="utf8mb4",
    )
    start = time.perf_counter()
    with closing(link), link.cursor() as cursor:
        for table, rows in held:
            names = ", ".join(f"`{column.name}`" for column in table.columns)
            marks = ", ".join(["%s"] * len(table.columns))
            statement = f"INSERT INTO `{table.name}` ({names}) VALUES ({marks})"
            for first in range(0, len(rows), _COMMIT):
                cursor.executemany(statement, rows[first : first + _COMMIT])
                link.commit()
    return time.perf_counter() - start


def _sqlite(url: str, held: list[tuple[Any, list[tuple[Any, ...]]]]) -> float:
    link = sqlite3.connect(url.removeprefix("sqlite:///"))
    link.execute("PRAGMA journal_mode=WAL")
    link.execute("PRAGMA synchronous=FULL")
    start = time.perf_counter()
    with closing(link):
        for table, rows in held:
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            marks = ", ".join("?" * len(table.columns))
            statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'
            for first in range(0, len(rows), _COMMIT):
                link.executemany(statement, rows[first : first + _COMMIT])
                link.commit()
    return time.perf_counter() - start


def parsing(lines: Sequence[str]) -> tuple[float, int]:
    """Seconds and messages of parsing alone."""
    texts = [
        (message.text, message.author, message.tag)
        for line in lines
        for message in change_from_rest(json.loads(line)).messages
    ]
    start = time.perf_counter()
    for text, author, tag in texts:
        parse(text, account=author, tag=tag)
    return time.perf_counter() - start, len(texts)


class Round(NamedTuple):
    """Our seconds until all was stored, and judged; the floor's right after; how many rows."""

    stored: float
    judged: float
    floor: float
    rows: int


def _round(make: Callable[[], str], lines: Sequence[str]) -> Round:
    stored, judged, store = ours(make(), lines)
    floor_s, rows = floor(store, make())
    store.close()
    return Round(stored, judged, floor_s, rows)


def figures(limit: int) -> Iterator[Figure]:
    """Ingest on each database that is here, and the parser's part in it."""
    origin, lines = change_lines(limit)
    parse_s, messages = parsing(lines)
    with databases() as makers:
        for kind, make in makers.items():
            rounds = [_round(make, lines) for _ in range(_ROUNDS)]
            middle = sorted(rounds, key=lambda measured: measured.floor / measured.judged)[
                _ROUNDS // 2
            ]
            what = f"{kind} ({len(lines)} {origin} changes, {messages} comments)"
            yield _figure(f"bulk ingest, {what}", middle, middle.judged, target=kind == "MariaDB")
            yield _figure(f"of it, all but judging, {kind}", middle, middle.stored, target=False)
            if kind == "MariaDB" or len(makers) == 1:
                yield Figure(
                    "parsing",
                    f"{messages / parse_s:,.0f} messages/s",
                    f"{100 * parse_s / middle.judged:.0f} % of ingest",
                )


def _figure(name: str, measured: Round, took: float, *, target: bool) -> Figure:
    ratio = measured.floor / took
    return Figure(
        name,
        f"{measured.rows / took:,.0f} rows/s",
        f"executemany {measured.rows / measured.floor:,.0f} rows/s",
        ratio,
        "≥ 0.50" if target else "",
        ratio >= 0.5 if target else None,
    )
