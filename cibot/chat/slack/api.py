"""The few calls of Slack's Web API that the backend makes, with our errors.

slack-sdk's retry handlers are off: they repeat a post whose answer was lost,
and people would see it twice. Whoever calls decides about trying again.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from http.client import HTTPException
from typing import Any, TypeVar
from urllib.parse import urlsplit

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse
from slack_sdk.webhook import WebhookClient

from cibot.chat.protocol import Leads, always
from cibot.chat.slack.blocks import SlackText
from cibot.chat.slack.client import SlackClient
from cibot.chat.slack.errors import (
    NO_BLOCKS,
    NO_METADATA,
    TOO_LONG,
    SlackRefusal,
    judged,
    translated,
)
from cibot.chat.slack.settings import SlackConfig
from cibot.errors import Transient, Unconfirmed
from cibot.text.figures import cut

log = logging.getLogger(__name__)

_ROOM_ID = re.compile(r"[CGDUW][A-Z0-9]{6,}")
_HISTORY_PAGE = 200
_HISTORY_PAGES = 10
_ROOM_PAGE = 999  # Slack takes fewer than 1000
_ROOM_PAGES = 100
_PLAIN = 3000  # characters
_RESPONSE_HOSTS = {"hooks.slack.com", "hooks.slack-gov.com"}
EVENT_TYPE = "cibot"

Message = dict[str, Any]
Answered = TypeVar("Answered")


def sdk_logger() -> logging.Logger:
    """A logger that keeps slack-sdk quiet: it writes bodies at debug, and we say what failed."""
    logger = logging.getLogger("cibot.chat.slack_sdk")
    logger.setLevel(logging.CRITICAL)
    return logger


@dataclass(frozen=True, slots=True)
class Identity:
    """The bot user of a token; ``scopes`` is None where Slack did not list them.

    ``ids`` are the ids of the workspace and of its organisation.
    """

    user: str
    team: str
    scopes: frozenset[str] | None = None
    ids: frozenset[str] = frozenset()


class SlackApi:
    """One workspace's Web API. Every method raises Transient or `SlackRefusal`."""

    def __init__(self, config: SlackConfig, *, timeout: int = 10) -> None:
        self._api_url = str(config.api_url)
        self.timeout = timeout
        self._rooms: dict[str, str] = {}
        self._cursor: str | None = None  # where the list of channels was left off
        self._looking = threading.Lock()
        self._team = config.team_id
        self._lock = threading.Lock()
        self.client = SlackClient(
            token=config.bot_token.get_secret_value(),
            base_url=self._api_url,
            timeout=timeout,
            logger=sdk_logger(),
            retry_handlers=[],
        )

    def identity(self) -> Identity:
        """Asks who we are; the check that token and address are right."""
        answer = reached("auth.test", self.client.auth_test)
        headers = {str(name).lower(): str(value) for name, value in answer.headers.items()}
        said = headers.get("x-oauth-scopes")
        scopes = None if said is None else frozenset(said.replace(",", " ").split())
        ids = {answer.get("team_id"), answer.get("enterprise_id")} - {None, ""}
        user, team = str(answer.get("user_id", "")), str(answer.get("team", ""))
        return Identity(user, team, scopes, frozenset(map(str, ids)))

    def try_app_token(self, token: str) -> None:
        """Asks for a websocket's address and lets it go: the check of an app token."""
        reached("apps.connections.open", lambda: self.client.apps_connections_open(app_token=token))

    def post(
        self,
        channel: str,
        text: SlackText,
        *,
        thread: str | None = None,
        payload: dict[str, str] | None = None,
        broadcast: bool = False,
        leads: Leads = always,
    ) -> tuple[str, str]:
        """Posts and returns the conversation's id and the message's ``ts``.

        With ``broadcast`` a reply in a ``thread`` is shown in the conversation too.
        What Slack does not take as it is (blocks, metadata, its length) is said
        in plain words. Raises Unconfirmed where the message may have been posted
        all the same, and Transient where this process does not lead when it is sent.
        """
        metadata = {"event_type": EVENT_TYPE, "event_payload": payload} if payload else None
        where = {"channel": channel, "thread_ts": thread, "reply_broadcast": broadcast or None}
        self.client.posting.leads = leads
        try:
            while True:
                try:
                    return self._post(text, metadata, where)
                except SlackRefusal as error:
                    if error.code in NO_BLOCKS and text.blocks:
                        text = replace(text, blocks=[])
                    elif error.code in TOO_LONG and len(text.text) > _PLAIN:
                        text = replace(text, text=cut(text.text, _PLAIN), blocks=[])
                    elif error.code in NO_METADATA and metadata is not None:
                        metadata = None
                    else:
                        raise
                    log.warning("slack: said in plain words: %s", error)
        finally:
            self.client.posting.leads = always

    def _post(
        self, text: SlackText, metadata: Message | None, where: Mapping[str, Any]
    ) -> tuple[str, str]:
        send = partial(
            self.client.chat_postMessage,
            text=text.text,
            blocks=text.blocks or None,
            metadata=metadata,
            **where,
            mrkdwn=False,
            link_names=False,
            unfurl_links=False,
            unfurl_media=False,
        )
        try:
            return reached(f"post to {where['channel']}", lambda: _place(send()))
        except Transient as error:
            if error.retry_after is None:  # else Slack said that it did not take it
                raise Unconfirmed(str(error)) from error
            raise

    def update(self, channel: str, ts: str, text: SlackText, metadata: Message) -> None:
        """Replaces a message's content and keeps its metadata."""
        reached(
            f"edit in {channel}",
            lambda: self.client.chat_update(
                channel=channel, ts=ts, text=text.text, blocks=text.blocks, metadata=metadata
            ),
        )

    def history(self, channel: str, *, oldest: str = "0") -> Iterator[Message]:
        """The newest 2000 messages of a conversation at most, newest first."""
        ask = partial(self.client.conversations_history, channel=channel, oldest=oldest)
        return self._messages(f"history of {channel}", ask)

    def replies(self, channel: str, thread: str) -> Iterator[Message]:
        """The messages of a thread, its root first."""
        ask = partial(self.client.conversations_replies, channel=channel, ts=thread)
        return self._messages(f"thread in {channel}", ask)

    def room_id(self, room: str) -> str:
        """The conversation's id for an id, a person's id or a ``#name``."""
        if _ROOM_ID.fullmatch(room):
            return room
        name = room.removeprefix("#").lower()
        with self._lock:
            channel = self._rooms.get(name)
        if channel is None:
            channel = self._look_for(name)
        if channel is None:
            raise SlackRefusal(
                f"no channel #{name} that the bot can see; check its name, "
                "and invite the bot if it is private",
                "channel_not_found",
            )
        return channel

    def name_of(self, channel: str) -> str | None:
        """A channel's name without its # if it is cached; makes no request."""
        with self._lock:
            return next((name for name, key in self._rooms.items() if key == channel), None)

    def conversation_with(self, user: str) -> str:
        """The id of the direct conversation with a person."""
        ask = partial(self.client.conversations_open, users=[user])
        return reached(f"conversation with {user}", lambda: _text(ask().get("channel", {}), "id"))

    def forget_rooms(self) -> None:
        """Drops the cached names: a channel was renamed, archived or created again."""
        with self._lock:
            self._rooms.clear()
            self._cursor = None

    def respond(
        self, url: str, text: SlackText, *, in_channel: bool, thread: str | None = None
    ) -> None:
        """Answers a slash command or a press through its ``response_url``.

        Without ``in_channel`` only the asker sees it, below ``thread`` where one is named.
        """
        if not self._may_respond_to(url):
            raise SlackRefusal("the response_url is not one of Slack's", "bad_response_url")
        client = WebhookClient(url, timeout=self.timeout, logger=sdk_logger(), retry_handlers=[])
        body: dict[str, Any] = {
            "response_type": "in_channel" if in_channel else "ephemeral",
            "text": text.text,
            "mrkdwn": False,
            "unfurl_links": False,
            "unfurl_media": False,
            "replace_original": False,  # a press would replace the alert for all
        }
        if thread:
            body["thread_ts"] = thread
        if text.blocks:
            body["blocks"] = text.blocks
        answer = reached("answer", lambda: client.send_dict(body))
        if answer.status_code != 200:
            fields = {"error": answer.body.strip()}
            raise judged("answer", answer.status_code, answer.headers, fields)

    def _may_respond_to(self, url: str) -> bool:
        try:
            target, api = urlsplit(url), urlsplit(self._api_url)
        except ValueError:
            return False
        if (target.scheme, target.netloc) == (api.scheme, api.netloc):
            return True
        return target.scheme == "https" and target.netloc in _RESPONSE_HOSTS

    def _look_for(self, name: str) -> str | None:
        """Reads the list of channels until the name is found.

        A large workspace has thousands, and Slack asks to wait in between: what
        was learnt is kept, and the next look goes on where this one was stopped.
        """
        with self._looking:
            for _ in range(_ROOM_PAGES):
                with self._lock:
                    room = self._rooms.get(name)
                    cursor = self._cursor
                if room is not None:
                    return room
                try:
                    cursor = self._learn_page(cursor)
                except SlackRefusal as error:
                    if cursor is None or error.code != "invalid_cursor":
                        raise
                    cursor = ""  # it has grown old: from the beginning
                with self._lock:
                    self._cursor = cursor
                if cursor is None:
                    break
            with self._lock:
                return self._rooms.get(name)

    def _learn_page(self, cursor: str | None) -> str | None:
        """Learns the names of one page; the cursor of the next, or None after the last."""
        channels, cursor = _page(
            "list of channels (a channel's id instead of its name needs no list)",
            partial(
                self.client.conversations_list,
                types="public_channel,private_channel",
                limit=_ROOM_PAGE,
                cursor=cursor,
                team_id=self._team,
            ),
            "channels",
        )
        with self._lock:
            self._rooms |= {
                str(row.get("name", "")).lower(): row["id"]
                for row in channels
                if isinstance(row.get("id"), str)
            }
        return cursor

    def _messages(self, what: str, ask: Callable[..., SlackResponse]) -> Iterator[Message]:
        cursor: str | None = None
        for _ in range(_HISTORY_PAGES):
            page = partial(ask, cursor=cursor, limit=_HISTORY_PAGE, include_all_metadata=True)
            messages, cursor = _page(what, page, "messages")
            yield from messages
            if not cursor:
                return


def _page(
    what: str, ask: Callable[[], SlackResponse], name: str
) -> tuple[list[Message], str | None]:
    """The rows of one page and the cursor of the next; an answer without rows is not Slack's."""

    def read() -> tuple[list[Message], str | None]:
        answer = ask()
        rows = answer.get(name)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise TypeError(name)
        return rows, (answer.get("response_metadata") or {}).get("next_cursor") or None

    return reached(what, read)


def _place(answer: SlackResponse) -> tuple[str, str]:
    return _text(answer, "channel"), _text(answer, "ts")


def _text(answer: Mapping[str, Any] | SlackResponse, name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def reached(what: str, call: Callable[[], Answered]) -> Answered:
    """The answer of ``call``; what slack-sdk and urllib raise becomes ours.

    Everything but Slack's own refusals is Transient. The request may have been
    carried out all the same: the answer can be lost after the deed.
    """
    try:
        return call()
    except SlackApiError as error:
        raise translated(error, what) from error
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        raise Transient(f"{what}: no answer from Slack: {reason}") from error
    except (SlackClientError, ValueError, AttributeError, TypeError) as error:
        # slack-sdk stumbles so over JSON that is no object and text that is no UTF-8
        raise Transient(f"{what}: the answer is not Slack's; is there a proxy between?") from error
