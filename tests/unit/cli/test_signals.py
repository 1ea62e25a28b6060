"""A signal ends a command at any moment, also while the main thread holds the Event's lock."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from cibot.cli.signals import when_asked_to_end


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    before = signal.getsignal(signal.SIGUSR1)
    yield
    signal.signal(signal.SIGUSR1, before)


def test_a_signal_stops() -> None:
    stop = threading.Event()
    when_asked_to_end(stop.set, [signal.SIGUSR1])
    os.kill(os.getpid(), signal.SIGUSR1)
    assert stop.wait(10)


def test_a_signal_in_the_middle_of_a_wait_blocks_nothing() -> None:
    stop = threading.Event()
    when_asked_to_end(stop.set, [signal.SIGUSR1])
    with stop._cond:  # type: ignore[attr-defined]  # as the main thread does within wait()
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGUSR1)
        assert not stop._flag  # type: ignore[attr-defined]  # the thread waits for the lock
    assert stop.wait(10)
