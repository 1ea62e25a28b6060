"""Webhooks a second, beside an empty handler under the same server that stores one row.

Both sides run under waitress with as many connections, on a durable database; the client is a
process of its own. Theirs is the bare driver with a thread for each connection: one INSERT of the
body, one COMMIT.
"""

from __future__ import annotations

import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import pymysql
from flask import Flask, request
from sqlalchemy import select
from sqlalchemy.engine import make_url

from bench.history import event_lines
from bench.posting import Posted, post
from bench.servers import databases
from bench.table import Figure
from cibot.collector.ingest import Ingest
from cibot.collector.roster import Roster
from cibot.daemon.app import create_app
from cibot.store import schema
from cibot.store.cis import ensure_server
from cibot.store.engine import open_store
from cibot.store.migrate import upgrade
from cibot.web.server import WebServer
from cibot.webhooks.gerrit import MOUNT, Hook, feeds

_CONNECTIONS = 32
_WARM_UP = 200
_ROUNDS = 3
_TARGET = 0.7
_FLOOR_PATH = "/floor"
_TOKEN = "a-webhook-token-of-the-bench"


def _now() -> datetime:
    return datetime.now(UTC)


def ours(url: str, events: list[str], scratch: Path) -> Posted:
    """The product's webhook, from waitress to the commit."""
    store = open_store(url)
    upgrade(store)
    server = store.write(lambda tx: ensure_server(tx, "bench", "https://bench"))
    sink = Ingest(store, server, Roster("bench"), _now)
    web = WebServer(
        create_app([]), "127.0.0.1:0", together=feeds({"bench": Hook(_TOKEN, sink)}, _now)
    )
    posted = _serve(web, f"{MOUNT}/bench/{_TOKEN}", events, scratch)
    stored = store.read(lambda tx: len(tx.execute(select(schema.comment.c.seq)).all()))
    store.close()
    if stored != len(events):
        raise RuntimeError(f"{stored} comments are stored of {len(events)} that were accepted")
    return posted


def floor(url: str, events: list[str], scratch: Path) -> Posted:
    """An empty handler: one INSERT and one COMMIT."""
    links = threading.local()
    opened: list[Any] = []

    def link() -> Any:
        if not hasattr(links, "own"):
            links.own = _connect(url)
            opened.append(links.own)
        return links.own

    with _connect(url) as first:
        first.cursor().execute(
            "CREATE TABLE event (id INTEGER PRIMARY KEY AUTO_INCREMENT, body MEDIUMTEXT NOT NULL)"
            if "mysql" in url
            else "CREATE TABLE event (id INTEGER PRIMARY KEY, body TEXT NOT NULL)"
        )
    mark = "%s" if "mysql" in url else "?"
    app = Flask("floor")

    @app.post(_FLOOR_PATH)
    def hook() -> tuple[str, int]:
        own = link()
        own.cursor().execute(
            f"INSERT INTO event (body) VALUES ({mark})",
            (request.get_data(cache=False).decode(),),
        )
        own.commit()
        return "", 200

    web = WebServer(app, "127.0.0.1:0", pages=_CONNECTIONS)
    posted = _serve(web, _FLOOR_PATH, events, scratch)
    for connection in opened:
        connection.close()
    return posted


def _connect(url: str) -> Any:
    if "mysql" in url:
        parsed = make_url(url)
        return pymysql.connect(
            host=parsed.host,
            port=parsed.port or 3306,
            user=parsed.username,
            password=str(parsed.password or ""),
            database=parsed.database,
            charset="utf8mb4",
        )
    link = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=30, check_same_thread=False)
    link.execute("PRAGMA journal_mode=WAL")
    link.execute("PRAGMA synchronous=FULL")
    return link


def _serve(web: WebServer, path: str, events: list[str], scratch: Path) -> Posted:
    web.start()
    port = int(web.url.rpartition(":")[2])
    try:
        post(port, _CONNECTIONS, path, events[:_WARM_UP], scratch)
        return post(port, _CONNECTIONS, path, events[_WARM_UP:], scratch)
    finally:
        web.stop(5)


def figures(count: int) -> Iterator[Figure]:
    """Each database that is here: rounds of floor and ours in turn, the medians."""
    origin, events = event_lines(count + _WARM_UP)
    count = len(events) - _WARM_UP
    if count < 1:
        raise SystemExit(f"webhooks: the history has {len(events)} events, {_WARM_UP} to warm up")
    with tempfile.TemporaryDirectory() as name, databases() as makers:
        scratch = Path(name) / "events"
        for kind, make in makers.items():
            rounds = [
                (floor(make(), events, scratch), ours(make(), events, scratch))
                for _ in range(_ROUNDS)
            ]
            ratio = median(mine.rate / theirs.rate for theirs, mine in rounds)
            theirs, mine = (
                min(
                    side, key=lambda posted: abs(posted.rate - median(other.rate for other in side))
                )
                for side in zip(*rounds, strict=True)
            )
            yield Figure(
                f"webhooks, {kind} ({count} {origin} events, {_CONNECTIONS} connections)",
                f"{mine.rate:,.0f}/s, {_times(mine)}",
                f"one INSERT {theirs.rate:,.0f}/s, {_times(theirs)}",
                ratio,
                f"≥ {_TARGET:.2f}",
                ratio >= _TARGET,
            )


def _times(posted: Posted) -> str:
    return f"p50 {percentile(posted.ms, 50):.1f} ms, p99 {percentile(posted.ms, 99):.1f} ms"


def percentile(ordered: list[float], share: int) -> float:
    """The nearest-rank percentile of sorted values."""
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]
