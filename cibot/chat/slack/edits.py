"""Edits of incidents' first messages that Slack would not take at once.

An edit is work like a message: it is tried until it is done, or until a newer
one of the same message takes its place. What a crash leaves undone is seen in
Slack itself: a thread went on after its first message was edited
(`cibot.chat.slack.threads`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from cibot.chat.pace import Backoff
from cibot.errors import Permanent, Transient

log = logging.getLogger(__name__)

Place = tuple[str, int]
"""The channel and the incident whose first message is meant."""

_FIRST_WAIT_S = 2.0
_LONGEST_WAIT_S = 300.0
_MOST = 1000  # incidents; the oldest is given up first


class Edits:
    """Does what is wanted, oldest first, on a thread of its own."""

    def __init__(self, network: str) -> None:
        self._network = network
        self._wanted: dict[Place, Callable[[], None]] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """From now on edits are done."""
        self._thread = threading.Thread(
            target=self._run, name=f"slack-edits-{self._network}", daemon=True
        )
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Ends the thread, in ``timeout`` seconds at the most."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread:
            self._thread.join(timeout)

    def want(self, place: Place, edit: Callable[[], None], *, newest: bool = True) -> None:
        """Does an edit later; one that waits already for that place gives way to the ``newest``."""
        with self._changed:
            if newest or place not in self._wanted:
                self._wanted.pop(place, None)
                self._wanted[place] = edit
            if len(self._wanted) > _MOST:
                lost = next(iter(self._wanted))
                del self._wanted[lost]
                log.warning("slack %s: too many edits wait; one is given up", self._network)
            self._changed.notify_all()

    def done(self, place: Place) -> None:
        """The first message is up to date: what waited for it is old."""
        with self._changed:
            self._wanted.pop(place, None)

    def _run(self) -> None:
        backoff = Backoff(_FIRST_WAIT_S, _LONGEST_WAIT_S)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted or self._stopping)
                if self._stopping:
                    return
                place, edit = next(iter(self._wanted.items()))
            try:
                edit()
                backoff.reset()
                pause = 0.0
            except Permanent as error:
                log.warning("slack %s: a first message stays old: %s", self._network, error)
                pause = 0.0
            except Transient as error:
                pause = error.retry_after or backoff.next()
            except Exception:
                log.exception("slack %s: a first message stays old", self._network)
                pause = 0.0
            with self._changed:
                if pause == 0.0 and self._wanted.get(place) is edit:
                    del self._wanted[place]
                elif pause:
                    self._changed.wait_for(lambda: self._stopping, pause)
