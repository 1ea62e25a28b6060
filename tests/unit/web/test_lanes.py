"""Requests that are taken together: all that wait, in order, within bounds."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from cibot.web.server.lanes import Answer, Lanes, Post, lanes_of
from tests.support.processes import PATIENCE_S, wait_until

YES = Answer("200 OK", [], b"")


@dataclass
class Request:
    """As waitress has read it."""

    path: str
    body_rcv: bytes = b""
    command: str = "POST"
    error: object = None
    answer: Answer | None = None


@dataclass
class Task:
    """A connection with a request."""

    requests: list[Any]
    served: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def service(self) -> None:
        self.served.set()

    def cancel(self) -> None:
        self.cancelled.set()


class Taker:
    """Takes what it is given, when it may; raises for a post of "bad"."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        self.took: list[list[str]] = []

    def __call__(self, posts: Sequence[Post]) -> list[Answer]:
        self.took.append([post.rest for post in posts])
        self.begun.set()
        assert self.go.wait(PATIENCE_S)
        if "bad" in self.took[-1]:
            raise RuntimeError("cannot be taken")
        return [YES for _ in posts]


Aside = Callable[[Callable[[], None]], None]


def lanes(aside: Aside = lambda work: work(), **together: Taker) -> Lanes:
    lanes = lanes_of(1, {f"/{name}/": take for name, take in together.items()})
    return Lanes(lanes, "", str, aside)


def sent(lanes: Lanes, *paths: str, body: bytes = b"") -> list[Task]:
    tasks = [Task([Request(path, body)]) for path in paths]
    for task in tasks:
        lanes.add_task(task)
    return tasks


def test_what_waits_is_taken_together_and_in_order() -> None:
    taker = Taker()
    here = lanes(a=taker)
    (first,) = sent(here, "/a/0")
    assert taker.begun.wait(PATIENCE_S)
    others = sent(here, *(f"/a/{number}" for number in range(1, 100)))
    assert not first.served.is_set()
    taker.go.set()
    for task in (first, *others):
        assert task.served.wait(PATIENCE_S)
        assert task.requests[0].answer == YES
    here.shutdown(timeout=PATIENCE_S)
    assert [len(together) for together in taker.took] == [1, 64, 35]
    assert [rest for together in taker.took for rest in together] == [
        str(number) for number in range(100)
    ]


def test_who_takes_goes_on_while_the_thread_of_the_sockets_answers() -> None:
    taker, given = Taker(), queue.Queue[Callable[[], None]]()
    taker.go.set()
    here = lanes(given.put, a=taker)
    (first,) = sent(here, "/a/0")
    answer = given.get(timeout=PATIENCE_S)
    (second,) = sent(here, "/a/1")
    given.get(timeout=PATIENCE_S)
    assert taker.took == [["0"], ["1"]]
    assert not any(task.served.is_set() for task in (first, second))
    answer()
    assert first.served.is_set()
    assert not second.served.is_set()
    here.shutdown(timeout=PATIENCE_S)


def test_large_ones_are_not_all_in_memory_at_once() -> None:
    taker = Taker()
    here = lanes(a=taker)
    sent(here, "/a/0")
    assert taker.begun.wait(PATIENCE_S)
    large = sent(here, *["/a/1", "/a/2", "/a/3", "/a/4", "/a/5", "/a/6"], body=b"x" * (1 << 20))
    taker.go.set()
    assert all(task.served.wait(PATIENCE_S) for task in large)
    here.shutdown(timeout=PATIENCE_S)
    assert [len(together) for together in taker.took] == [1, 4, 2]


def test_one_that_is_held_up_holds_up_no_other_path() -> None:
    held, free = Taker(), Taker()
    free.go.set()
    here = lanes(a=held, b=free)
    (waits,) = sent(here, "/a/0")
    assert held.begun.wait(PATIENCE_S)
    (goes_on,) = sent(here, "/b/0")
    assert goes_on.served.wait(PATIENCE_S)
    assert not waits.served.is_set()
    held.go.set()
    here.shutdown(timeout=PATIENCE_S)
    assert waits.served.is_set()


def test_who_is_taken_with_what_raises_is_not_answered_and_the_next_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    taker = Taker()
    taker.go.set()
    here = lanes(a=taker)
    (bad,) = sent(here, "/a/bad")
    assert bad.cancelled.wait(PATIENCE_S)
    (good,) = sent(here, "/a/good")
    assert good.served.wait(PATIENCE_S)
    here.shutdown(timeout=PATIENCE_S)
    assert not bad.served.is_set()
    assert "cannot be taken" in caplog.text


def test_the_end_answers_what_was_taken_and_cancels_what_waits() -> None:
    taker = Taker()
    here = lanes(a=taker)
    (taken,) = sent(here, "/a/0")
    assert taker.begun.wait(PATIENCE_S)
    (waits,) = sent(here, "/a/1")
    ending = threading.Thread(target=here.shutdown)
    ending.start()
    wait_until(waits.cancelled.is_set, what="the one that waits")
    taker.go.set()
    ending.join(PATIENCE_S)
    assert taken.served.is_set()
    assert not waits.served.is_set()
    assert taker.took == [["0"]]
