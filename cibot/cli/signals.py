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
    thread began to wait for something is not reader until the wait is over. The pipe is
    written to when the signal comes, whatever the main thread does.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)

    def wait() -> None:
        while os.read(reader, 1)[0] not in numbers:
            pass
        stop()

    threading.Thread(target=wait, name="signals", daemon=True).start()
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in numbers:
        signal.signal(number, lambda _number, _frame: None)
