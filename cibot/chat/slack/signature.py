"""Checks that a request is Slack's, and that it is new.

https://docs.slack.dev/authentication/verifying-requests-from-slack: an HMAC
over the body and a timestamp that is at most five minutes old.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from slack_sdk.signature import Clock, SignatureVerifier

_WINDOW_S = 300.0


class _ClockOf(Clock):
    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now  # type: ignore[method-assign]


class Signature:
    """Checks the signatures of one app. Odd input is a wrong signature, never an error.

    A request signed before ``since`` (seconds of the epoch) is too old: the process before this one
    may have acted on it. Slack signs each retry again.
    """

    def __init__(
        self, secret: str, *, now: Callable[[], float] = time.time, since: float = 0.0
    ) -> None:
        self._verifier = SignatureVerifier(secret, clock=_ClockOf(now))
        self._since = int(since)

    def is_right(self, body: bytes, timestamp: str | None, signature: str | None) -> bool:
        """Whether ``body`` was signed with our secret less than five minutes ago."""
        if not (timestamp and signature and timestamp.isascii() and timestamp.isdigit()):
            return False
        if len(timestamp) > 12 or not signature.isascii() or int(timestamp) < self._since:
            return False
        try:
            return self._verifier.is_valid(body, timestamp, signature)
        except (ValueError, TypeError):  # a body that is no UTF-8
            return False


class Once:
    """Remembers keys for a while, so that a request is carried out once. Bounded; thread-safe.

    ``keep_s`` is for how long (seconds), ``most`` how many; the oldest go first.
    """

    def __init__(
        self,
        *,
        keep_s: float = 2 * _WINDOW_S,
        most: int = 20_000,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keep_s = keep_s
        self._most = most
        self._now = now
        self._seen: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def first(self, *keys: str) -> bool:
        """True if none of the keys was seen; from then on they all were."""
        now = self._now()
        with self._lock:
            self._expire(now)
            new = not any(key in self._seen for key in keys)
            for key in keys:
                self._seen.setdefault(key, now)
            while len(self._seen) > self._most:
                self._seen.popitem(last=False)
            return new

    def forget(self, *keys: str) -> None:
        """Takes the keys out again: the request was not carried out."""
        with self._lock:
            for key in keys:
                self._seen.pop(key, None)

    def _expire(self, now: float) -> None:
        while self._seen:
            key, since = next(iter(self._seen.items()))
            if now - since < self._keep_s:
                return
            del self._seen[key]
