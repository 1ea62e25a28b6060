"""Reads what Slack sends: slash commands, events and presses, by HTTP or Socket Mode.

Pure. What addresses the bot becomes an `Incoming`; what does not is None;
what Slack would never send raises `BadPayload` with a reason.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cibot.chat.protocol import Asker, Channel, Question
from cibot.chat.slack.blocks import ACTIONS_BLOCK, PRESS
from cibot.errors import Permanent
from cibot.text.cleaning import clean

_ID = re.compile(r"[A-Z0-9]{2,40}")
_TS = re.compile(r"\d{1,12}\.\d{1,9}")
_NUMBER = re.compile(r"[0-9]{1,18}")
_LINK = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^<>]*)?>[:,]?")
_OF_PEOPLE = frozenset(("file_share", "thread_broadcast", "me_message"))
"""Subtypes of what a person wrote; all others tell of something that happened."""
_MARKED = re.compile(r"(?<![^\s(\"'])([*_~`]{1,3})(?=\S)(.+?)(?<=\S)\1(?![^\s)\"'?!.,;:])")
_EMOJI = re.compile(r"(?<!\S):[a-z0-9_+'-]{1,100}:(?::skin-tone-\d:)?(?!\S)")
_QUOTED = re.compile(r"^(?:&gt;|>).*\n?", re.MULTILINE)
_EVERYBODY = re.compile(r"<!(?:here|channel|everyone|subteam\^[^<>]*)>")
_COPIED = re.compile(
    r"(?:^|\s)(?:/?cc|fyi)[:,]?(?:\s*+(?:[,&]\s*+)?(?:and\s++)?<[@!][^<>]*>)+", re.IGNORECASE
)
_QUESTION_LIMIT = 1000  # characters; the longest command with the longest names is far below


class BadPayload(Permanent):
    """A request body that is not what Slack documents; the text says where."""


@dataclass(frozen=True, slots=True)
class Press:
    """A pressed button of ours.

    ``action`` is its action_id, ``words`` the command that it means, ``ts`` its message, and
    ``incident`` the incident of that message, or None.
    """

    action: str
    words: tuple[str, ...]
    ts: str
    incident: int | None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A question with the way back to the one who asked.

    ``response_url`` belongs to a slash command or a press; ``thread`` is the
    ``ts`` under which to answer, or None for the conversation itself. ``keys``
    name the request, so that a repeat is known again. ``name`` is the channel's,
    where Slack says it.
    """

    text: str
    user: str
    nick: str
    channel: str
    private: bool
    keys: tuple[str, ...]
    response_url: str | None = None
    thread: str | None = None
    press: Press | None = None
    name: str | None = None

    def question(self, network: str, name: str | None = None) -> Question:
        """The same as the commands read it.

        A slash command can be typed in a conversation that the bot is not in;
        its private place is the asker's own conversation with the bot. ``name`` is
        the channel's, where we know it.
        """
        room = self.user if self.private and self.response_url else self.channel
        asker = Asker(self.nick, self.user)
        words = self.press.words if self.press else None
        channel = name or self.name
        named = Channel(network, f"#{channel}") if channel and not self.private else None
        keys = tuple(f"{network}:{key}" for key in self.keys)
        return Question(self.text, asker, Channel(network, room), self.private, words, named, keys)


def senders(payload: Mapping[str, Any]) -> frozenset[str]:
    """The ids of the workspace and the organisation that a request says it is of."""
    names = [payload.get("team_id"), payload.get("enterprise_id")]
    for key in ("team", "enterprise"):
        part = payload.get(key)
        names.append(part.get("id") if isinstance(part, Mapping) else None)
    return frozenset(user for user in names if isinstance(user, str) and user)


def parse_command(form: Mapping[str, Any]) -> Incoming:
    """A slash command.

    https://docs.slack.dev/interactivity/implementing-slash-commands
    """
    channel = _identifier(form, "channel_id")
    user = _identifier(form, "user_id")
    trigger = form.get("trigger_id")
    return Incoming(
        text=plain_text(_text(form, "text", default="")),
        user=user,
        nick=clean(_text(form, "user_name", default=user)) or user,
        channel=channel,
        private=channel.startswith("D"),
        keys=(f"trigger:{trigger}",) if isinstance(trigger, str) and trigger else (),
        response_url=_text(form, "response_url"),
        name=_channel_name(form),
    )


def parse_event(payload: Mapping[str, Any], bot_user: str | None) -> Incoming | None:
    """An ``event_callback``: a mention of the bot or a direct message to it.

    ``bot_user`` is the bot's own user id, or None while it is not known; then
    the event's ``authorizations`` say it. Messages of bots (ours too), edits
    and everything with a subtype are None.
    """
    event = payload.get("event")
    if not isinstance(event, Mapping):
        raise BadPayload("event: missing, or not an object")
    kind = event.get("type")
    if not (kind == "app_mention" or (kind == "message" and event.get("channel_type") == "im")):
        return None
    bot = bot_user or _authorized_bot(payload)
    if _is_ours_or_a_bots(event, bot):
        return None
    channel, ts = _identifier(event, "channel"), _timestamp(event, "ts")
    user = _identifier(event, "user")
    private = kind == "message" or channel.startswith("D")
    thread = _timestamp(event, "thread_ts") if event.get("thread_ts") else None
    return Incoming(
        text=plain_text(_addressed(_text(event, "text", default=""), bot)),
        user=user,
        nick=user,
        channel=channel,
        private=private,
        keys=(f"event:{_text(payload, 'event_id')}", f"message:{channel}:{ts}"),
        thread=thread or (None if private else ts),
    )


def parse_press(payload: Mapping[str, Any]) -> Incoming | None:
    """A ``block_actions`` payload: a button of ours; None for every other interaction.

    https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """
    actions = payload.get("actions")
    if payload.get("type") != "block_actions" or not isinstance(actions, list) or not actions:
        return None
    action = actions[0]
    if not isinstance(action, Mapping) or not _text(action, "action_id").startswith(PRESS):
        return None
    user, container = _object(payload, "user"), _object(payload, "container")
    who, channel = _identifier(user, "id"), _identifier(container, "channel_id")
    words = _words(_text(action, "value"))
    incident = _text(action, "block_id", default="").removeprefix(ACTIONS_BLOCK)
    press = Press(
        action=_text(action, "action_id"),
        words=words,
        ts=_timestamp(container, "message_ts"),
        incident=int(incident) if _NUMBER.fullmatch(incident) else None,
    )
    return Incoming(
        text=plain_text(" ".join(words)),
        user=who,
        nick=clean(_text(user, "username", default=who)) or who,
        channel=channel,
        private=channel.startswith("D"),
        keys=(f"press:{_text(payload, 'trigger_id')}",),
        response_url=_text(payload, "response_url"),
        thread=_timestamp(container, "thread_ts") if container.get("thread_ts") else None,
        press=press,
    )


def _words(value: str) -> tuple[str, ...]:
    """What the button was posted with."""
    try:
        words = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise BadPayload("actions: the value is none of ours") from error
    if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
        raise BadPayload("actions: the value is none of ours")
    return tuple(words)


def plain_text(text: str) -> str:
    """What the person typed: Slack's links, marks, emoji and entities undone, blanks made single.

    ``<http://ci.org|ci.org>`` is ``ci.org`` again, ``<#C1|general>`` is ``#general`` and
    ``<@U1|bob>`` is ``@bob``. Mentions of everybody and lists of people in copy are removed.
    """
    text = _EVERYBODY.sub(" ", _COPIED.sub(" ", text[: 4 * _QUESTION_LIMIT]))
    text = _MARKED.sub(r"\2", _EMOJI.sub(" ", text))
    text = html.unescape(_LINK.sub(_typed, text))
    return " ".join(clean(text).split())[:_QUESTION_LIMIT]


def _channel_name(form: Mapping[str, Any]) -> str | None:
    """The channel's name; None where Slack writes a placeholder instead."""
    name = form.get("channel_name")
    public = isinstance(name, str) and name not in {"directmessage", "privategroup", "mpdm", ""}
    return clean(str(name)) if public else None


def _typed(link: re.Match[str]) -> str:
    target, label = link[1], link[2]
    if target[:1] == "!":  # a date or a group, in the reader's words
        return label or ""
    if target[:1] in {"@", "#"}:
        return target[0] + (label or target[1:])
    return label if label and label in target else target  # its own words lead nowhere


def _addressed(text: str, bot: str | None) -> str:
    """The text after the bot's mention, or before it; the whole text without one.

    What a line quotes was said by somebody else, unless nothing else is there.
    """
    text = _QUOTED.sub("", text).strip() or text
    for mention in _MENTION.finditer(text):
        if bot is None or mention[1] == bot:
            after = text[mention.end() :]
            return after if plain_text(after).strip("?!.,;: ") else text[: mention.start()]
    return text


def _authorized_bot(payload: Mapping[str, Any]) -> str | None:
    authorizations = payload.get("authorizations")
    if isinstance(authorizations, list) and authorizations:
        first = authorizations[0]
        if isinstance(first, Mapping) and first.get("is_bot") is True:
            user = first.get("user_id")
            return user if isinstance(user, str) else None
    return None


def _is_ours_or_a_bots(event: Mapping[str, Any], bot: str | None) -> bool:
    marks = ("bot_id", "bot_profile", "edited", "hidden")
    subtype = event.get("subtype")
    if any(event.get(mark) for mark in marks) or (subtype and subtype not in _OF_PEOPLE):
        return True
    user = event.get("user")
    return user == "USLACKBOT" or (bot is not None and user == bot)


def _text(fields: Mapping[str, Any], name: str, *, default: str | None = None) -> str:
    value = fields.get(name, default)
    if not isinstance(value, str):
        raise BadPayload(f"{name}: missing, or not text")
    return value


def _object(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = fields.get(name)
    if not isinstance(value, Mapping):
        raise BadPayload(f"{name}: missing, or not an object")
    return value


def _identifier(fields: Mapping[str, Any], name: str) -> str:
    value = _text(fields, name)
    if not _ID.fullmatch(value):
        raise BadPayload(f"{name}: {value[:40]!r} is not one of Slack's ids")
    return value


def _timestamp(fields: Mapping[str, Any], name: str) -> str:
    value = _text(fields, name)
    if not _TS.fullmatch(value):
        raise BadPayload(f"{name}: {value[:40]!r} is not a message's timestamp")
    return value
