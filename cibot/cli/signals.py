"""Ending a command when a signal asks for it."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Sequence

ENDING = (signal.SIGINT, signal.SIGTERM)


def when_asked_to_end(stop: Callable[[], None], numbers: Sequence[signal.Signals] = ENDING) -> None:
    """Calls ``stop`` in a thread of its own when one of the signals comes; for the main thread.

    A handler runs between any two steps of the main thread, which may just then hold the
    lock of the very Event that ``stop`` sets, and would wait for itself for ever. Only a
    SimpleQueue may be put into at any moment.
    """
    asked: queue.SimpleQueue[None] = queue.SimpleQueue()

    def wait() -> None:
        asked.get()
        stop()

    threading.Thread(target=wait, name="signals", daemon=True).start()
    for number in numbers:
        signal.signal(number, lambda _number, _frame: asked.put(None))
