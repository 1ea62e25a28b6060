"""Recorded history through HTTP into the store: each comment once, and the CIs found out."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import pytest
from sqlalchemy import select

from cibot.collector.backfill import backfill
from cibot.collector.gerrit import Gerrit
from cibot.collector.ingest import Ingest
from cibot.collector.poller import poll
from cibot.collector.roster import Roster
from cibot.demo.review_server import ReviewServer
from cibot.store import schema
from cibot.store.cis import ensure_server
from cibot.store.engine import Store, open_store
from cibot.store.migrate import upgrade
from tests.realdata.test_comments import CIS
from tests.support.collecting import Clock
from tests.support.needs import shared_file

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
SMALLEST = "gerrit-review.googlesource.com__gerrit-ci-scripts"
FILES = {
    SMALLEST: 3165,
    "gerrit.onap.org__integration": 3039,
    "softwarefactory-project.io__software-factory+sf-config": 1101,
}
Key = tuple[int, str]


@lru_cache(maxsize=1)
def _recorded(name: str) -> list[dict[str, Any]]:
    """The changes of a file, as its server gave them."""
    path = shared_file(f"gerrit/{name}.jsonl.gz")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _account(message: Mapping[str, Any]) -> int | None:
    number = (message.get("author") or {}).get("_account_id")
    return int(number) if number is not None else None


@dataclass
class Scenario:
    """A recorded server that answers, and cibot's way from it into a store."""

    gerrit: ReviewServer
    store: Store
    sink: Ingest
    clock: Clock

    def backfill(self) -> Any:
        """Reads everything, and how many requests that took."""
        with closing(Gerrit(self.gerrit.url)) as client:
            return backfill(client, self.sink, LONG_AGO, rate=None, clock=self.clock)

    def poll(self) -> Any:
        """Polls once."""
        with closing(Gerrit(self.gerrit.url)) as client:
            return poll(
                client,
                self.sink,
                overlap=timedelta(minutes=10),
                page_size=100,
                projects=(),
                clock=self.clock,
                first_look=timedelta(days=1),
            )

    def rows(self, query: Any) -> list[Any]:
        return list(self.store.read(lambda tx: tx.execute(query).all()))


def _live(name: str, store: Store) -> Iterator[Scenario]:
    changes = _recorded(name)
    newest = max(str(change["updated"]) for change in changes)
    clock = Clock(datetime.fromisoformat(newest[:19] + "+00:00") + timedelta(minutes=1))
    with ReviewServer(clock=clock) as gerrit:
        assert gerrit.reviews.load(changes) == FILES[name]
        server = store.write(lambda tx: ensure_server(tx, "review", gerrit.url))
        yield Scenario(gerrit, store, Ingest(store, server, Roster("review"), clock), clock)


def _check(scenario: Scenario, name: str) -> None:
    """Reads a recorded server and compares what is stored with the file."""
    done = scenario.backfill()
    assert done.broken == ()
    _same_comments(scenario, name)
    _same_cis(scenario, name)
    again = scenario.backfill()
    assert (again.counts.comments_new, again.counts.reports_new) == (0, 0)
    assert again.counts.comments_known >= done.counts.comments_new
    scenario.poll()
    scenario.clock.forward(300)
    asked = scenario.gerrit.app.requests
    idle = scenario.poll()
    assert (idle.pages, idle.counts.comments_new) == (1, 0)
    assert scenario.gerrit.app.requests == asked + 1


def _same_comments(scenario: Scenario, name: str) -> None:
    """Every message once, with its id and every character of its text."""
    expected = {
        (change["_number"], message["id"]): message["message"]
        for change in _recorded(name)
        for message in change["messages"]
    }
    table = schema.comment.c
    rows = scenario.rows(select(table.change_id, table.message_id, table.text))
    assert len(rows) == len(expected)
    stored = {(row.change_id & 0xFFFFFFFF, row.message_id): row.text for row in rows}
    assert stored == expected


def _same_cis(scenario: Scenario, name: str) -> None:
    """Exactly the CIs' accounts are found out, and all that they wrote has its report."""
    account, comment, report = schema.account.c, schema.comment.c, schema.report.c
    stored = scenario.rows(select(account.gerrit_id).where(account.ci_id.is_not(None)))
    posted = {_account(message) for change in _recorded(name) for message in change["messages"]}
    server = next(ids for prefix, ids in CIS.items() if name.startswith(prefix))
    assert {row.gerrit_id for row in stored} == server & posted
    by_ci = {
        (change["_number"], message["id"])
        for change in _recorded(name)
        for message in change["messages"]
        if _account(message) in server
        and not message.get("tag", "").startswith("autogenerated:gerrit:")
    }
    joined = schema.comment.join(
        schema.report,
        (comment.change_id == report.change_id) & (comment.seq == report.seq),
    )
    rows = scenario.rows(select(comment.change_id, comment.message_id).select_from(joined))
    assert {(row.change_id & 0xFFFFFFFF, row.message_id) for row in rows} == by_ci
    assert len(rows) == len(by_ci)


@pytest.mark.parametrize("name", FILES)
def test_recorded_history_is_stored_as_it_was(name: str, sqlite_store: Store) -> None:
    for scenario in _live(name, sqlite_store):
        _check(scenario, name)


def test_recorded_history_is_stored_as_it_was_on_mariadb(mariadb_url: str) -> None:
    store = open_store(mariadb_url)
    upgrade(store)
    for scenario in _live(SMALLEST, store):
        _check(scenario, SMALLEST)
    store.close()
