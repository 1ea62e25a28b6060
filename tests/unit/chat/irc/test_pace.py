"""Pacing, turns, backoff and the limit per person: pure, with time as an argument."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.chat.irc.speaker import FairQueue
from cibot.chat.pace import Backoff, PersonLimit, TokenBucket


def test_a_burst_and_then_a_steady_pace():
    bucket = TokenBucket(rate=0.5, burst=3)
    assert [bucket.take(100.0) for _ in range(4)] == [True, True, True, False]
    assert bucket.wait(100.0) == pytest.approx(2.0)
    assert not bucket.take(101.9)
    assert bucket.take(102.0)
    assert [bucket.take(1000.0) for _ in range(4)] == [True, True, True, False]


@given(st.lists(st.floats(0, 10), max_size=200), st.floats(0.1, 5), st.integers(1, 10))
def test_never_more_than_burst_and_rate_allow(steps, rate, burst):
    bucket, now, taken = TokenBucket(rate, burst), 0.0, 0
    for step in steps:
        now += step
        taken += bucket.take(now)
    assert taken <= burst + now * rate + 1e-6


def test_lanes_take_turns_and_keep_their_order():
    queue = FairQueue[str]()
    for number in range(4):
        queue.put("alert", f"a{number}")
    queue.put("bob", "b0")
    queue.put("amy", "c0")
    queue.put("bob", "b1")
    assert [queue.pop() for _ in range(len(queue))] == ["a0", "b0", "c0", "a1", "b1", "a2", "a3"]
    with pytest.raises(LookupError):
        queue.pop()


def test_unwanted_items_are_dropped():
    queue = FairQueue[str]()
    for text in ("x1", "y1", "x2"):
        queue.put(text[0], text)
    queue.drop(lambda text: text[0] == "x")
    assert (len(queue), queue.pop()) == (1, "y1")
    queue.put("x", "x3")
    assert queue.pop() == "x3"


def test_waits_double_with_jitter_and_begin_again():
    backoff = Backoff(2, 60, Random(7))
    waits = [backoff.next() for _ in range(40)]
    for tries, wait in enumerate(waits):
        middle = min(60, 2 * 2**tries)
        assert middle * 0.5 <= wait <= middle * 1.5
    backoff.reset()
    assert backoff.next() <= 3


def test_two_connections_do_not_share_their_waits():
    first, other = Backoff(1, 100), Backoff(1, 100)
    for _ in range(6):
        first.next()
    assert other.next() <= 1.5


def test_a_person_is_told_once_and_then_met_with_silence():
    limit = PersonLimit(rate=0.1, burst=2)
    assert [limit.ask("bob", 0.0) for _ in range(4)] == [True, True, None, False]
    assert limit.ask("amy", 0.0) is True
    assert limit.ask("bob", 10.0) is True
    assert limit.ask("bob", 10.0) is None


def test_the_limit_remembers_a_bounded_number_of_people():
    limit = PersonLimit(rate=0.001, burst=1)
    assert limit.ask("bob", 0.0) is True
    for number in range(1000):
        limit.ask(f"eve{number}", 0.0)
    assert limit.ask("eve999", 0.0) is None
    assert limit.ask("bob", 0.0) is True
