"""Several processes store the same at once: each thing once, and no error gets out."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from cibot.collector.ingest import Ingest
from cibot.collector.roster import Roster
from cibot.config.models import CiConfig
from cibot.model import Account, Change, Message, PatchSet
from cibot.store import schema
from cibot.store.accounts import add_accounts, find_accounts
from cibot.store.cis import all_cis, ensure_ci, ensure_server
from cibot.store.engine import Store, Tx, open_store
from cibot.store.lease import Process, acquire

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
THREADS = 8
CHANGES = 12
ACCOUNTS = {  # as REST knows them
    "acme": Account(11, "acme", "ACME CI"),
    "zuul": Account(12, "zuul", "Zuul"),
    "mika": Account(13, "mika", "Mika"),
}
REPORT = "Build {word} (check pipeline).\n\n- unit https://logs.example.org/{n} : {result} in 58s"


@pytest.fixture
def processes(store: Store) -> Iterator[list[Store]]:
    """The same database, opened by each of two processes."""
    url = store.engine.url.render_as_string(hide_password=False)
    with ExitStack() as stack:
        opened = [open_store(url) for _ in range(2)]
        for opened_store in opened:
            stack.callback(opened_store.close)
        yield opened


def _together(tasks: list[Callable[[], object]]) -> None:
    """Each task in a thread of its own, all starting at once; raises what one raised."""
    barrier = Barrier(len(tasks))

    def run(task: Callable[[], object]) -> object:
        barrier.wait(30)
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        for future in [pool.submit(run, task) for task in tasks]:
            future.result(120)


def _messages(number: int) -> list[Message]:
    """What stands on a change at last: two CIs and a person, several in one second."""
    texts = [
        ("zuul", "Starting check jobs."),
        ("acme", "Starting check jobs."),
        ("mika", "recheck"),
        ("zuul", REPORT.format(word="failed", n=number, result="FAILURE")),
        ("acme", REPORT.format(word="succeeded", n=number, result="SUCCESS")),
        ("mika", "Looks good to me, but the name of the option is odd."),
    ]
    return [
        Message(
            NOON + timedelta(minutes=number, seconds=place // 2),
            f"Patch Set 1:\n\n{text}",
            ACCOUNTS[name],
            1,
            message_id=f"{number}-{place}",
            position=place,
        )
        for place, (name, text) in enumerate(texts)
    ]


def _change(number: int, *messages: Message, complete: bool) -> Change:
    at = max(message.posted_at for message in messages)
    sets = (PatchSet(1, NOON),)
    return Change(
        number, "demo", "master", "Subject", "NEW", NOON, at, messages, sets, complete=complete
    )


def _event(number: int, message: Message) -> Change:
    """The same comment as the webhook brings it: no ids, up to a second later."""
    assert message.author is not None
    author = Account(None, message.author.username, message.author.name)
    lag = timedelta(seconds=number % 2)
    return _change(
        number, Message(message.posted_at + lag, message.text, author, 1), complete=False
    )


def _work(dice: random.Random) -> list[tuple[str, list[Change]]]:
    """One feed's share of everything, in any order: each event, and looks as time goes on."""
    work: list[tuple[str, list[Change]]] = []
    for number in range(1, CHANGES + 1):
        messages = _messages(number)
        work += [("webhook", [_event(number, message)]) for message in messages]
    dice.shuffle(work)
    for seen in (2, 4, 6):
        looks = [
            _change(number, *_messages(number)[:seen], complete=True)
            for number in dice.sample(range(1, CHANGES + 1), CHANGES // 2)
        ]
        work.insert(dice.randrange(len(work)), ("poll", looks))
    return work[: len(work) // 2]


def test_each_comment_once_whoever_brings_it(store: Store, processes: list[Store]) -> None:
    server = store.write(lambda tx: ensure_server(tx, "review", "https://review"))
    named = CiConfig.model_validate({"name": "ACME CI", "accounts": ["acme"]})
    sinks = [
        Ingest(process, server, Roster("review", [named]), lambda: NOON) for process in processes
    ]

    def take(place: int) -> None:
        for feed, changes in _work(random.Random(place)):
            sinks[place % 2].ingest(changes, feed=feed, cursor=None, heard_at=NOON)

    _together([lambda place=place: take(place) for place in range(THREADS)])  # type: ignore[misc]
    for number in range(1, CHANGES + 1):
        whole = _change(number, *_messages(number), complete=True)
        sinks[number % 2].ingest([whole], feed="poll", cursor=None, heard_at=NOON)

    comments = _rows(store, schema.comment)
    expected = {message.message_id for n in range(1, CHANGES + 1) for message in _messages(n)}
    assert sorted(comment.message_id or "" for comment in comments) == sorted(expected)
    assert {ci.name: ci.origin for ci in store.read(all_cis)} == {
        "ACME CI": "configured",
        "Zuul": "discovered",
    }
    by_ci = {
        (comment.change_id, comment.seq) for comment in comments if _place(comment) in {0, 1, 3, 4}
    }
    reports = _rows(store, schema.report)
    assert {(report.change_id, report.seq) for report in reports} == by_ci
    assert [report.result for report in reports].count("fail") == CHANGES
    assert [report.result for report in reports].count("pass") == CHANGES


def _place(comment: Any) -> int:
    return int(comment.message_id.partition("-")[2])


def _rows(store: Store, table: Any) -> list[Any]:
    return list(store.read(lambda tx: tx.execute(select(table)).all()))


def test_first_rows_that_two_processes_add_at_once(store: Store, processes: list[Store]) -> None:
    process, ttl = Process(1, "boot", "namespace"), timedelta(minutes=1)

    def start(place: int) -> None:
        mine = processes[place % 2]
        for number in range(15):
            name = f"new-{number}"
            server = mine.write(lambda tx, n=name: ensure_server(tx, n, "https://r"))  # type: ignore[misc]
            mine.write(lambda tx, n=name: ensure_ci(tx, n, "configured", NOON))  # type: ignore[misc]
            mine.write(lambda tx, n=name: acquire(tx, n, str(place), process, ttl))  # type: ignore[misc]
            account = Account(username=name)
            mine.write(lambda tx, s=server, a=account: add_accounts(tx, s, [(a, None)]))  # type: ignore[misc]

    _together([lambda place=place: start(place) for place in range(THREADS)])  # type: ignore[misc]
    for table in (schema.server, schema.ci, schema.lease, schema.account):
        assert len(_rows(store, table)) == 15


def test_accounts_that_a_database_cannot_tell_apart_are_one(store: Store) -> None:
    """Blank space at the end of a key is nothing to MariaDB; names can be taken over."""
    server = store.write(lambda tx: ensure_server(tx, "review", "https://review"))
    sink = Ingest(store, server, Roster("review"), lambda: NOON)
    accounts = [
        Account(name="Mika"),
        Account(name="Mika "),
        Account(21, "robot", "Robot"),
        Account(None, "robot"),
        Account(21, "renamed", "Robot"),
        Account(None, "robot", "Somebody else"),
        Account(name=" "),
    ]
    for place, author in enumerate(accounts):
        message = Message(NOON + timedelta(seconds=place), "Patch Set 1:\n\nhm", author, 1)
        counts = sink.ingest(
            [_change(1, message, complete=False)], feed="webhook", cursor=None, heard_at=NOON
        )
        assert counts.comments_new == 1

    def identities(tx: Tx) -> set[str]:
        wanted = [account for account in accounts if account.name != " "]
        return {str(row.identity) for row in find_accounts(tx, server, wanted)}

    assert store.read(identities) <= {"name:Mika", "id:21", "user:robot"}
