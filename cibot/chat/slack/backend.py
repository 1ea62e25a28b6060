"""One Slack workspace as a chat backend.

Sends by the Web API; hears slash commands, mentions and direct messages over
HTTP (`SlackBackend.http`, mounted by the web face) or Socket Mode.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from cibot.chat.findings import Finding, right, wrong
from cibot.chat.pace import Backoff, PersonLimit
from cibot.chat.protocol import STANDBY, Answer, Leads, Link, always
from cibot.chat.slack.answers import Answerer
from cibot.chat.slack.api import EVENT_TYPE, Identity, SlackApi
from cibot.chat.slack.blocks import Block, SlackText, actions_of, render
from cibot.chat.slack.errors import NO_THREAD, UNKNOWN_ROOM, SlackRefusal
from cibot.chat.slack.events import Press, senders
from cibot.chat.slack.http import SlackHttp
from cibot.chat.slack.manifest import BOT_SCOPES, CHART_SCOPES
from cibot.chat.slack.pictures import SCOPE, Pictures
from cibot.chat.slack.settings import SlackConfig
from cibot.chat.slack.socket_mode import SlackSocket
from cibot.chat.slack.threads import Edits, FirstMessage, Root, Threads
from cibot.errors import CibotError, Permanent, Transient, Unconfirmed
from cibot.reports.charts import can_draw, trend_png, trend_words
from cibot.text.card import Card

log = logging.getLogger(__name__)

_CHECK_EVERY_S = 300.0
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 60.0
_DEEDS = {"ack", "silence"}
"""The commands of buttons that change what an incident's first message should say."""


class SlackBackend:
    """Implements `cibot.chat.protocol.Backend`.

    ``http`` takes the requests that Slack posts, or is None without a
    ``signing_secret``; what was signed before ``since`` (now) is refused there. ``timeout``
    bounds one call of the API, in seconds, and ``limit`` how often one person may ask.
    """

    def __init__(
        self,
        config: SlackConfig,
        *,
        timeout: int = 10,
        limit: PersonLimit | None = None,
        since: float | None = None,
    ) -> None:
        self.network = config.name
        self._config = config
        self._api = SlackApi(config, timeout=timeout)
        self._threads = Threads(self._api)
        self._edits = Edits(config.name)
        self._leads: Leads = always
        self._answerer = Answerer(config.name, self._api, self._pressed, limit=limit)
        self._pictures: Pictures | None = None
        if config.charts and can_draw():
            self._pictures = Pictures(config.name, self._api, trend_png, trend_words)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._identity: Identity | None = None
        self._link = Link(False, None, "not started")
        self.http: SlackHttp | None = None
        self._socket: SlackSocket | None = None
        if config.signing_secret:
            secret = config.signing_secret.get_secret_value()
            self.http = SlackHttp(
                config.name, secret, self._answerer, self._bot_user,
                since=time.time() if since is None else since, ours=self._is_ours,
            )  # fmt: skip
        if config.app_token:
            token = config.app_token.get_secret_value()
            self._socket = SlackSocket(
                config.name, token, self._api.client, self._answerer, self._bot_user, self._is_ours
            )

    def start(self, answer: Answer, leads: Leads = always) -> None:
        """Starts to take questions, and checks the token in the background.

        Every process takes what Slack posts over HTTP; only the leading one opens a websocket.
        """
        self._leads = leads
        self._answerer.start(answer)
        self._edits.start()
        self._thread = threading.Thread(
            target=self._watch, name=f"slack-{self.network}", daemon=True
        )
        self._thread.start()
        if self._socket:
            self._socket.start(leads)
        if self._pictures:
            self._pictures.start()

    def stop(self, timeout: float) -> None:
        """Ends the threads, in ``timeout`` seconds at the most."""
        until = time.monotonic() + timeout
        self._stopping.set()
        self._answerer.stop()
        self._edits.stop(timeout)
        if self._socket:
            self._socket.stop(timeout)
        if self._pictures:
            self._pictures.stop(max(0.0, until - time.monotonic()))
        if self._thread:
            self._thread.join(max(0.0, until - time.monotonic()))

    def send(self, room: str, card: Card, *, key: str) -> str:
        """Posts a card and returns ``CHANNEL:TS``.

        Further cards of an incident or a mass failure go into the thread of the first one. Raises
        Unconfirmed where the answer was lost and the card may stand there.
        """
        try:
            remote = self._send(room, card, key)
        except Transient as error:
            if error.retry_after is None:
                self._note(error)
            raise
        except SlackRefusal as error:
            if error.code in UNKNOWN_ROOM:
                self._api.forget_rooms()
            raise
        self._up("by a delivered message")
        return remote

    def find(self, room: str, key: str) -> str | None:
        """The ``CHANNEL:TS`` of the card that was posted with ``key``, or None.

        Looks through the newest 2000 messages and the threads of incidents.
        Raises LookupError where the app may not read the conversation, and
        Unconfirmed where Slack did not answer: then it must be asked again.
        """
        try:
            channel = self._api.room_id(room)
            if channel[0] in "UW":
                channel = self._api.conversation_with(channel)
            ts = self._threads.find(channel, key)
        except Transient as error:
            raise Unconfirmed(str(error), retry_after=error.retry_after) from error
        except SlackRefusal as error:
            if error.code in {"missing_scope", "not_in_channel"}:
                raise LookupError(str(error)) from error
            raise
        return f"{channel}:{ts}" if ts else None

    def link(self) -> Link:
        """Up while the token works and, with Socket Mode, the websocket is open."""
        if self._link.up and self._socket and not self._socket.up:
            detail = self._socket.detail
            return Link(False, self._link.since, detail, standby=detail == STANDBY)
        return self._link

    def check(self) -> str:
        """Tries the token and says who we are; raises Transient or Permanent."""
        identity = self._api.identity()
        self._identity = identity
        return f"{identity.user} in {identity.team}"

    def _send(self, room: str, card: Card, key: str) -> str:
        channel = self._api.room_id(room)
        text = render(card)
        thread = card.thread_key
        if thread is None:
            channel, ts = self._post(channel, text, {"key": key})
            return f"{channel}:{ts}"
        payload = {"key": key, "incident": thread}
        root = self._root(channel, thread)
        self._show_beside(channel, card)
        if root and (reply := self._reply(channel, text, root, payload, card.escalates)):
            actions = actions_of(text.blocks)
            show = partial(self._show, channel, thread, card, lambda _root: actions, root)
            self._now_or_later((channel, thread), partial(self._while_leading, show))
            self._picture(channel, root.ts, card)
            return f"{channel}:{reply}"
        channel, ts = self._post(channel, text, payload)
        metadata = {"event_type": EVENT_TYPE, "event_payload": payload}
        self._threads.opened(channel, thread, Root(ts, tuple(text.blocks), metadata))
        self._picture(channel, ts, card)
        return f"{channel}:{ts}"

    def _post(
        self,
        channel: str,
        text: SlackText,
        payload: dict[str, str],
        thread: str | None = None,
        *,
        broadcast: bool = False,
    ) -> tuple[str, str]:
        """Posts, unless the process was paused meanwhile and another one speaks."""
        if not self._leads():
            raise Transient(f"{self.network}: {STANDBY}")
        return self._api.post(
            channel, text, thread=thread, payload=payload, broadcast=broadcast, leads=self._leads
        )

    def _reply(
        self,
        channel: str,
        text: SlackText,
        root: Root,
        payload: dict[str, str],
        broadcast: bool,
    ) -> str | None:
        """Posts into the incident's thread; None where somebody deleted or locked it."""
        try:
            return self._post(channel, text, payload, root.ts, broadcast=broadcast)[1]
        except SlackRefusal as error:
            if error.code not in NO_THREAD:
                raise
            log.warning("slack %s: an incident's thread is gone: %s", self.network, error)
            return None

    def _root(self, channel: str, thread: str) -> Root | None:
        """The first message of a thread; None, too, where we may post but not read."""
        try:
            root = self._threads.root(channel, thread)
        except SlackRefusal as error:
            log.warning("slack %s: no thread for an incident: %s", self.network, error)
            return None
        for stale in self._threads.take_stale(channel):
            catch_up = partial(self._threads.bring_up_to_date, channel, stale)
            edit = partial(self._while_leading, catch_up)
            self._edits.want((channel, stale), edit, newest=False)
        return root

    def _picture(self, channel: str, thread: str, card: Card) -> None:
        """Requests the card's picture if the app has the scope for it."""
        scopes = self._identity.scopes if self._identity else None
        if self._pictures and card.trend and (scopes is None or SCOPE in scopes):
            self._pictures.want(channel, thread, card.trend)

    def _show_beside(self, channel: str, card: Card) -> None:
        """Shows the end of a mass failure on the incidents that had a message before it."""
        for incident in card.shown_on:
            show = partial(self._show, channel, str(incident), card, lambda _root: ())
            self._edits.want((channel, str(incident)), partial(self._while_leading, show))

    def _while_leading(self, edit: Callable[[], None]) -> None:
        """Edits, unless another process speaks now: it may have said something newer."""
        if self._leads():
            edit()

    def _show(
        self,
        channel: str,
        thread: str,
        card: Card,
        actions: Callable[[Root], Iterable[Block]],
        posted: Root | None = None,
    ) -> None:
        """Shows a card's headline on a thread's first message, with what can be done now."""
        root = self._threads.root(channel, thread) or posted
        if root is not None:
            now = card.text().partition("\n")[0]
            self._threads.show_now(channel, thread, root, now, actions(root))

    def _pressed(self, press: Press, channel: str, answer: Card) -> None:
        """Shows the result of a button on the incident's first message."""
        if answer.error or press.incident is None or press.words[0] not in _DEEDS:
            return
        thread = str(press.incident)

        def left(root: Root) -> list[Block]:
            return actions_of(root.blocks, but=press.action)

        self._now_or_later((channel, thread), partial(self._show, channel, thread, answer, left))

    def _now_or_later(self, place: FirstMessage, edit: Callable[[], None]) -> None:
        """The message is already delivered: an error here must not send it again."""
        try:
            edit()
            self._edits.done(place)
        except Transient as error:
            log.info("slack %s: a first message is edited later: %s", self.network, error)
            self._edits.want(place, edit)
        except Permanent as error:
            log.warning("slack %s: a first message stays old: %s", self.network, error)

    def _is_ours(self, payload: Mapping[str, Any]) -> bool:
        """Whether a request is of our app, where that is configured, and of our workspace."""
        app = self._config.app_id
        if app is not None and payload.get("api_app_id") != app:
            return False
        ids = self._identity.ids if self._identity else frozenset()
        said = senders(payload)
        return not ids or not said or not ids.isdisjoint(said)

    def _bot_user(self) -> str | None:
        return self._identity.user if self._identity else None

    def _watch(self) -> None:
        """Checks the token until it works, then every five minutes."""
        backoff = Backoff(_FIRST_WAIT_S, _LONGEST_WAIT_S)
        while not self._stopping.is_set():
            try:
                self._up(f"as {self.check()}")
                backoff.reset()
                pause = _CHECK_EVERY_S
            except (Transient, Permanent) as error:
                self._note(error)
                asked = error.retry_after if isinstance(error, Transient) else None
                pause = asked or backoff.next()
            self._stopping.wait(pause)

    def _up(self, detail: str) -> None:
        if not (self.http or self._socket):
            detail += "; hears nothing: neither signing_secret nor app_token is set"
        if not self._link.up:
            log.info("slack %s: connected %s", self.network, detail)
            self._link = Link(True, datetime.now(UTC), detail)

    def _note(self, error: CibotError) -> None:
        if self._link.up or self._link.detail != str(error):
            log.warning("slack %s: %s", self.network, error)
        self._link = Link(False, datetime.now(UTC), str(error))


def probe(settings: SlackConfig, rooms: Sequence[str]) -> Iterator[Finding]:
    """Checks the tokens, the app's permissions, and whether the bot is in each room."""
    api = SlackApi(settings)
    who = api.identity()
    yield right(f"the bot token works: user {who.user} in {who.team}")
    if who.scopes is not None:
        yield _scopes(who.scopes)
        if settings.charts and can_draw() and not set(CHART_SCOPES) <= who.scopes:
            yield right(f"no pictures: the app lacks {', '.join(CHART_SCOPES)}")
    for room in rooms:
        yield _room(api, room)
    if settings.app_token:
        api.try_app_token(settings.app_token.get_secret_value())
        yield right("the app token works: Socket Mode can connect")


def _scopes(granted: frozenset[str]) -> Finding:
    missing = sorted(set(BOT_SCOPES) - granted)
    if not missing:
        return right("the app has every scope that it needs")
    return wrong(
        f"the app lacks {', '.join(missing)}; add them under OAuth & Permissions "
        "and install the app again"
    )


def _room(api: SlackApi, room: str) -> Finding:
    if room[:1] in "UW" and room.isalnum() and room.isupper():
        return right(f"{room} is a person")
    try:
        room_id = api.room_id(room)
        next(api.history(room_id), None)
    except CibotError as error:
        return wrong(error)
    if room_id == room:
        return right(f"the bot is in {room}")
    return right(f"the bot is in {room}; as {room_id} it is found without the list of channels")
