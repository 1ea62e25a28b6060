"""A signal ends a command at any moment, also while the main thread holds the Event's lock."""

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from cibot.cli.common import when_asked_to_end


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    before = signal.getsignal(signal.SIGUSR1)
    yield
    signal.signal(signal.SIGUSR1, before)
    signal.set_wakeup_fd(-1)


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


def test_a_signal_is_heard_while_the_main_thread_waits_and_does_not_see_it() -> None:
    """As when it comes between Python's last look for signals and the wait itself."""
    stop = threading.Event()
    when_asked_to_end(stop.set, [signal.SIGUSR1])

    def take_it() -> None:
        time.sleep(0.2)
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)

    threading.Thread(target=take_it).start()
    assert stop.wait(10)


def test_other_signals_end_nothing() -> None:
    stop = threading.Event()
    before = signal.signal(signal.SIGUSR2, lambda _number, _frame: None)
    try:
        when_asked_to_end(stop.set, [signal.SIGUSR1])
        os.kill(os.getpid(), signal.SIGUSR2)
        assert not stop.wait(0.2)
        os.kill(os.getpid(), signal.SIGUSR1)
        assert stop.wait(10)
    finally:
        signal.signal(signal.SIGUSR2, before)
