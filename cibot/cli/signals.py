"""Ending a command when a signal asks for it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence

ENDING = (signal.SIGINT, signal.SIGTERM)


def when_asked_to_end(stop: Callable[[], None], numbers: Sequence[signal.Signals] = ENDING) -> None:
    """Calls ``stop`` in a thread of its own when one of the signals comes; for the main thread.

    Python's handlers run when the main thread gets to it, and one that came just before that
    thread began to wait for something is not heard until the wait is over. The pipe is
    written to when the signal comes, whatever the main thread does.
    """
    heard, told = os.pipe()
    os.set_blocking(told, False)

    def wait() -> None:
        while os.read(heard, 1)[0] not in numbers:
            pass
        stop()

    threading.Thread(target=wait, name="signals", daemon=True).start()
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    for number in numbers:
        signal.signal(number, lambda _number, _frame: None)
