"""The threads of incidents and mass failures, and the search for a message by its key.

Slack keeps what we need: every post carries its key and incident in its
metadata, so a restarted bot, or another one that took over, finds the first
message of an incident in the channel's history and goes on in its thread.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from cibot.chat.pace import Backoff
from cibot.chat.slack.api import EVENT_TYPE, Message, SlackApi
from cibot.chat.slack.blocks import Block, SlackText, actions_of, fallback, with_state
from cibot.errors import Permanent, Transient
from cibot.text.card import card

_THREADS_SEARCHED = 50
_STALE_KEPT = 40  # the newest, looked at after a restart: a minute's worth of Slack's limit
_ROOTS_KEPT = 1000  # threads remembered for each channel


@dataclass(frozen=True, slots=True)
class Root:
    """The first message of a thread: of an incident or a mass failure in a channel."""

    ts: str
    blocks: tuple[Block, ...]
    metadata: Message
    text: str = ""


@dataclass(slots=True)
class _SeenThread:
    """What is known of one channel: its roots, and how far its history was read."""

    newest: str = "0"
    roots: dict[str, Root] = field(default_factory=dict)
    stale: list[str] = field(default_factory=list)


class Threads:
    """The roots of incidents in each channel, learnt from Slack and kept up to date."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api
        self._channels: dict[str, _SeenThread] = {}
        self._lock = threading.Lock()

    def root(self, channel: str, thread: str) -> Root | None:
        """The first message of a thread, or None before it is sent.

        A thread is known by the number of its incident, or the key of a mass failure.

        Reads only what was posted since the last look; the first look goes
        2000 messages back at the most. Raises what the API raises.
        """
        with self._lock:
            seen = self._channels.setdefault(channel, _SeenThread())
            if thread not in seen.roots:
                self._learn(seen, self._api.history(channel, oldest=seen.newest))
            return seen.roots.get(thread)

    def opened(self, channel: str, thread: str, root: Root) -> None:
        """Remembers the message that was just posted as the first of a thread."""
        with self._lock:
            roots = self._channels.setdefault(channel, _SeenThread()).roots
            roots[thread] = root
            _forget_oldest(roots)

    def show_now(
        self,
        channel: str,
        thread: str,
        root: Root,
        now: str,
        actions: Iterable[Block],
    ) -> None:
        """Edits the first message: what is true ``now``, what can be done. Raises as the API."""
        blocks = with_state(root.blocks, now, actions)
        text = fallback(card(now))
        self._api.update(channel, root.ts, SlackText(text, blocks), root.metadata)
        self.opened(channel, thread, replace(root, blocks=tuple(blocks), text=text))

    def take_stale(self, channel: str) -> list[str]:
        """The threads that went on since their first message was edited, each once."""
        with self._lock:
            seen = self._channels.setdefault(channel, _SeenThread())
            stale, seen.stale = seen.stale, []
            return stale

    def bring_up_to_date(self, channel: str, thread: str) -> None:
        """Shows on the first message what the newest of our replies says. Raises as the API."""
        root = self.root(channel, thread)
        if root is None:
            return
        newest: Message | None = None
        for message in self._api.replies(channel, root.ts):
            if payload_of(message).get("incident") and str(message["ts"]) > root.ts:
                newest = message
        if newest is None:
            return
        said = str(newest.get("text", "")).partition("\n")[0]
        if root.text != fallback(card(said)):
            self.show_now(channel, thread, root, said, actions_of(newest.get("blocks") or []))

    def find(self, channel: str, key: str) -> str | None:
        """The ``ts`` of the message with this key, in the channel or in a thread."""
        threads: list[Message] = []
        for message in self._api.history(channel):
            payload = payload_of(message)
            if payload.get("key") == key:
                return str(message["ts"])
            if payload.get("incident") and message.get("reply_count"):
                threads.append(message)
        threads.sort(key=lambda root: str(root.get("latest_reply", "")), reverse=True)
        for root in threads[:_THREADS_SEARCHED]:
            for message in self._api.replies(channel, str(root["ts"])):
                if payload_of(message).get("key") == key:
                    return str(message["ts"])
        return None

    def _learn(self, seen: _SeenThread, messages: Iterable[Message]) -> None:
        newest = seen.newest
        for message in messages:
            newest = max(newest, str(message.get("ts", "0")))
            thread = payload_of(message).get("incident")
            if thread and message.get("thread_ts", message.get("ts")) == message.get("ts"):
                root = Root(
                    str(message["ts"]),
                    tuple(message.get("blocks") or ()),
                    message["metadata"],
                    str(message.get("text", "")),
                )
                seen.roots.setdefault(str(thread), root)
                edited = message.get("edited") or {}
                behind = str(message.get("latest_reply", "")) > str(edited.get("ts", root.ts))
                if behind and len(seen.stale) < _STALE_KEPT:
                    seen.stale.append(str(thread))
        seen.newest = newest
        _forget_oldest(seen.roots)


def payload_of(message: Message) -> dict[str, Any]:
    """What we wrote into a message's metadata; empty for others' messages."""
    metadata = message.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("event_type") != EVENT_TYPE:
        return {}
    payload = metadata.get("event_payload")
    return payload if isinstance(payload, dict) else {}


def _forget_oldest(roots: dict[str, Root]) -> None:
    for _ in range(len(roots) - _ROOTS_KEPT):
        del roots[min(roots, key=lambda thread: roots[thread].ts)]


log = logging.getLogger(__name__)

FirstMessage = tuple[str, str]
"""The channel and the thread whose first message is meant."""

_FIRST_WAIT_S = 2.0
_LONGEST_WAIT_S = 300.0
_MOST = 1000  # threads; the oldest is given up first


class Edits:
    """Carries out edits, oldest first, on a thread of its own; one that fails waits again."""

    def __init__(self, network: str) -> None:
        self._network = network
        self._wanted: dict[FirstMessage, Callable[[], None]] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to carry out edits."""
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

    def want(self, place: FirstMessage, edit: Callable[[], None], *, newest: bool = True) -> None:
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

    def done(self, place: FirstMessage) -> None:
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
            except Exception:  # whatever it is: the other first messages are edited
                log.exception("slack %s: a first message stays old", self._network)
                pause = 0.0
            with self._changed:
                if self._wanted.get(place) is edit:
                    del self._wanted[place]
                    if pause:
                        self._wanted[place] = edit  # behind the others, which may work
                if pause:
                    self._changed.wait_for(lambda: self._stopping, pause)
