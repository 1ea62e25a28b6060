"""A server that sends too much, for ever or without an end: bounded in time, bytes and requests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from cibot.collector.gerrit import Gerrit, TooMuch
from cibot.collector.walk import descend
from cibot.errors import Permanent, Transient
from tests.attack import gerrit as attack
from tests.attack.gerrit import Hostile, Misdeed, hostile
from tests.support.processes import wait_until

AGO = datetime.now(UTC) - timedelta(days=3)


@contextmanager
def asking(
    misdeed: Misdeed, timeout: float = 30.0, stop: threading.Event | None = None
) -> Iterator[tuple[Hostile, Gerrit]]:
    with hostile(misdeed) as server:
        client = Gerrit(server.url, timeout=(5, timeout), retries=0, stop=stop)
        try:
            yield server, client
        finally:
            client.close()


DRIPS = (attack.drip, attack.drip_continue, attack.drip_body)


@pytest.mark.parametrize("misdeed", DRIPS)
def test_an_answer_that_drips_is_given_up(misdeed: Misdeed) -> None:
    with (
        asking(misdeed, timeout=0.6) as (_, gerrit),
        pytest.raises(TooMuch, match=r"changes/: the answer did not end within 3 s"),
    ):
        gerrit.changes("status:open")


@pytest.mark.parametrize("misdeed", DRIPS)
def test_a_bot_that_stops_does_not_wait_for_it(misdeed: Misdeed) -> None:
    stop = threading.Event()
    with asking(misdeed, stop=stop) as (server, gerrit), ThreadPoolExecutor(1) as pool:
        asked = pool.submit(gerrit.changes, "status:open")
        wait_until(lambda: server.requests, what="the request")
        stop.set()
        with pytest.raises(Transient, match="cibot is stopping"):
            asked.result(10)


@pytest.mark.parametrize(
    ("misdeed", "said"),
    [
        (attack.flood, "larger than 16 MiB"),
        (attack.values, "more than 500,000 values"),
    ],
)
def test_an_answer_that_would_fill_memory_is_not_read(misdeed: Misdeed, said: str) -> None:
    with asking(misdeed) as (_, gerrit), pytest.raises(TooMuch, match=said):
        gerrit.changes("status:open", limit=1)


def test_more_rows_than_were_asked_for_are_refused() -> None:
    with asking(attack.crowding) as (_, gerrit), pytest.raises(Permanent, match="at most 100 were"):
        gerrit.changes("status:open", limit=100)


@pytest.mark.parametrize(
    ("misdeed", "most", "requests", "said"),
    [
        (attack.repeating, None, 32, "31 pages brought nothing new"),
        (attack.inventing, None, 250, r"more than 20,000 changes of one second"),
        (attack.inventing, 7, 7, "7 pages are read; the next poll goes on"),
    ],
)
def test_more_without_an_end_is_given_up(
    misdeed: Misdeed, most: int | None, requests: int, said: str
) -> None:
    with asking(misdeed) as (server, gerrit):
        steps = descend(gerrit, "", after=AGO, before=None, page_size=100, most_pages=most)
        with pytest.raises(Transient, match=said):
            for _ in steps:
                pass
        assert server.requests <= requests


def test_after_an_answer_was_cut_the_next_is_read() -> None:
    turns = iter([attack.drip, attack.repeating])

    def first_bad(server: Hostile, send: object, asked: str) -> None:
        next(turns)(server, send, asked)  # type: ignore[arg-type]

    with asking(first_bad, timeout=0.6) as (_, gerrit):
        with pytest.raises(TooMuch):
            gerrit.changes("status:open", limit=100)
        assert len(gerrit.changes("status:open", limit=100).changes) == 100
