"""Answers questions off Slack's threads, so that a request is acknowledged at once."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from enum import Enum

from cibot.chat.pace import QUESTIONS_A_SECOND, QUESTIONS_AT_ONCE, SLOW_DOWN, PersonLimit
from cibot.chat.protocol import Answer
from cibot.chat.slack.api import SlackApi
from cibot.chat.slack.blocks import SlackText, render
from cibot.chat.slack.errors import NO_THREAD, SlackRefusal
from cibot.chat.slack.events import Incoming, Press
from cibot.chat.slack.signature import Once
from cibot.errors import Permanent, Transient
from cibot.text.card import Card

log = logging.getLogger(__name__)

BUSY = "cibot has too much to do just now; please ask again in a minute."
_WORKERS = 4
_WAITING = 64  # questions at once; more than that is answered "busy"
_TRIES = 3
_LONGEST_WAIT_S = 60.0  # a later answer surprises more than it helps
_REPEATS_KEPT_S = 7200.0  # Slack repeats an event up to an hour later
_TWICE_S = 3.0  # a second press of a button within it was the same press


class Taken(Enum):
    """Whether a question was taken, is a repeat, or one too many."""

    YES = "yes"
    REPEATED = "repeated"
    BUSY = "busy"


class Answerer:
    """A few worker threads between what Slack asks and what the commands answer.

    ``pressed`` is called with an answered press and its answer. ``limit``
    bounds how often one person may ask: six times at once, then every five seconds.
    """

    def __init__(
        self,
        network: str,
        api: SlackApi,
        pressed: Callable[[Press, str, Card], None],
        *,
        limit: PersonLimit | None = None,
    ) -> None:
        self._network = network
        self._api = api
        self._pressed = pressed
        self._limit = limit or PersonLimit(QUESTIONS_A_SECOND, QUESTIONS_AT_ONCE)
        self._lock = threading.Lock()
        self._presses = Once(keep_s=_TWICE_S)
        self._answer: Answer | None = None
        self._once = Once(keep_s=_REPEATS_KEPT_S)
        self._room = threading.BoundedSemaphore(_WAITING)
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix=f"slack-{network}")

    def start(self, answer: Answer) -> None:
        """Begins to take questions."""
        self._answer = answer

    def stop(self) -> None:
        """Drops the questions that wait and lets those under way end."""
        self._stopping.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def take(self, incoming: Incoming) -> Taken:
        """Hands a question to a worker and returns at once."""
        answer = self._answer
        if answer is None or self._stopping.is_set() or not self._room.acquire(blocking=False):
            return Taken.BUSY
        if not self._once.first(*incoming.keys) or self._is_second_press(incoming):
            self._room.release()
            return Taken.REPEATED
        allowed = self._allows(incoming.user)
        if allowed is False:
            self._room.release()
            return Taken.YES
        asked = answer if allowed else (lambda _question: SLOW_DOWN)
        try:
            work = self._pool.submit(self._work, asked, incoming)
        except RuntimeError:  # stopped between the question above and here
            self._room.release()
            self._once.forget(*incoming.keys)
            return Taken.BUSY
        work.add_done_callback(self._done)
        return Taken.YES

    def _is_second_press(self, incoming: Incoming) -> bool:
        press = incoming.press
        if press is None:
            return False
        return not self._presses.first(
            f"{incoming.channel}:{press.ts}:{press.action}:{incoming.user}"
        )

    def _allows(self, user: str) -> bool | None:
        with self._lock:
            return self._limit.ask(user, time.monotonic())

    def _done(self, work: Future[None]) -> None:
        self._room.release()
        if not work.cancelled() and (error := work.exception()):
            log.error("slack %s: answering failed", self._network, exc_info=error)

    def _work(self, answer: Answer, incoming: Incoming) -> None:
        name = self._api.name_of(incoming.channel)
        card = answer(incoming.question(self._network, name))
        if card is None:
            return
        try:
            self._deliver(lambda: self._reply(incoming, card))
        except (Transient, Permanent) as error:
            log.warning("slack %s: an answer was lost: %s", self._network, error)
        if incoming.press:
            self._pressed(incoming.press, incoming.channel, card)

    def _reply(self, incoming: Incoming, card: Card) -> None:
        text = render(card)
        if incoming.response_url is None:
            self._post(incoming, text)
            return
        for_all = not (card.long or card.error or incoming.private or incoming.press)
        url, thread = incoming.response_url, incoming.thread
        try:
            self._api.respond(url, text, in_channel=for_all, thread=thread)
        except SlackRefusal as error:  # it has expired, say: the asker hears it all the same
            log.warning("slack %s: answered in private: %s", self._network, error)
            self._api.post(incoming.user, text)

    def _post(self, incoming: Incoming, text: SlackText) -> None:
        """Answers in the question's thread, or in the conversation where threads are not used."""
        try:
            self._api.post(incoming.channel, text, thread=incoming.thread)
        except SlackRefusal as error:
            if incoming.thread is None or error.code not in NO_THREAD:
                raise
            self._api.post(incoming.channel, text)

    def _deliver(self, send: Callable[[], None]) -> None:
        """Sends once; again only where Slack said that it did not take it (429)."""
        for _ in range(_TRIES - 1):
            try:
                return send()
            except Transient as error:
                wait = error.retry_after
                if wait is None or wait > _LONGEST_WAIT_S or self._stopping.wait(wait):
                    raise
        return send()
