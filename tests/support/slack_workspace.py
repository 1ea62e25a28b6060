"""A Slack workspace's rooms and methods, with the rules of Slack's documentation."""

from __future__ import annotations

import base64
import itertools
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.slack_rules import faults_of_blocks, faults_of_metadata, length_of, units

BOT_TOKEN, APP_TOKEN, SECRET = "xoxb-1-bot", "xapp-1-app", "8f742231b10e8888abcd99yyyzzz85a5"
BOT_USER, BOT_ID = "U0CIBOT00", "B0CIBOT00"
ALL_SCOPES = {
    "app_mentions:read", "channels:history", "channels:read", "chat:write", "commands",
    "groups:history", "groups:read", "im:history", "im:write",
}  # fmt: skip
CHART_SCOPES = {"files:write"}  # not granted until a test does
Fields = dict[str, Any]


@dataclass
class Room:
    """A conversation and what was said in it, oldest first."""

    id: str
    name: str
    private: bool = False
    member: bool = True
    archived: bool = False
    messages: list[Fields] = field(default_factory=list)
    replies: dict[str, tuple[int, str]] = field(default_factory=dict)  # of a thread: count, newest


class Refused(Exception):
    def __init__(self, error: str, **more: Any) -> None:
        self.answer = {"ok": False, "error": error, **more}


class Workspace:
    """State and methods; `SlackServer` gives them HTTP."""

    websocket_port: int
    url: str

    def __init__(self, *, rate_limit: bool = False) -> None:
        self.rooms = {
            "C0GENERAL": Room("C0GENERAL", "general"),
            "C0ALERTS0": Room("C0ALERTS0", "ci-alerts"),
        }
        self.scopes = set(ALL_SCOPES)
        self.spoken: dict[str, list[str]] = {}  # the bot's texts by room, as they were posted
        self._rate_limit = rate_limit
        self._last_post: dict[str, float] = {}
        self._clock = itertools.count(1_700_000_000)
        self._lock = threading.RLock()
        self.posted = threading.Condition(self._lock)
        self._tickets: set[str] = set()
        self.files: dict[str, Fields] = {}

    def _need(self, *scopes: str) -> None:
        missing = [scope for scope in scopes if scope not in self.scopes]
        if missing:
            provided = ",".join(sorted(self.scopes))
            raise Refused("missing_scope", needed=missing[0], provided=provided)

    def _methods(self) -> dict[str, Callable[[Fields], Fields]]:
        return {
            "auth.test": lambda _: {
                "url": "https://ci.slack.test/", "team": "CI", "team_id": "T0TEAM",
                "user": "cibot", "user_id": BOT_USER, "bot_id": BOT_ID,
            },
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
            "conversations.list": self._list,
            "conversations.info": lambda fields: {"channel": self._shown(self._find(fields))},
            "conversations.open": self._open,
            "apps.connections.open": self._connection,
            "files.getUploadURLExternal": self._upload_url,
            "files.completeUploadExternal": self._complete_upload,
        }  # fmt: skip

    # Methods, each as https://docs.slack.dev/reference/methods has it

    def _post(self, fields: Fields) -> Fields:
        self._need("chat:write")
        room = self._find(fields, by_name=True)
        if room.archived:
            raise Refused("is_archived")
        if not room.member:
            raise Refused("not_in_channel")
        self._check_content(fields)
        thread = fields.get("thread_ts")
        if thread and not any(message["ts"] == thread for message in room.messages):
            raise Refused("thread_not_found")
        now = time.monotonic()
        if self._rate_limit and now - self._last_post.get(room.id, -1.0) < 1.0:
            raise Refused("ratelimited")
        self._last_post[room.id] = now
        message = {
            name: fields[name]
            for name in ("text", "blocks", "thread_ts", "reply_broadcast", "metadata")
            if name in fields
        }
        self.spoken.setdefault(room.id, []).append(str(fields.get("text", "")))
        ts = self._store(room, {"user": BOT_USER, "bot_id": BOT_ID, **message})
        return {"channel": room.id, "ts": ts, "message": message}

    def _update(self, fields: Fields) -> Fields:
        self._need("chat:write")
        room = self._find(fields)
        self._check_content(fields)
        for message in room.messages:
            if message["ts"] == fields.get("ts"):
                if message.get("bot_id") != BOT_ID:
                    raise Refused("cant_update_message")
                changed = {
                    name: fields[name] for name in ("text", "blocks", "metadata") if name in fields
                }
                message.update(changed)
                return {"channel": room.id, "ts": message["ts"], "text": message.get("text")}
        raise Refused("message_not_found")

    def _check_content(self, fields: Fields) -> None:
        if not fields.get("text") and not fields.get("blocks"):
            raise Refused("no_text")
        if units(str(fields.get("text", ""))) > 40_000:
            raise Refused("msg_too_long")
        faults = faults_of_blocks(fields.get("blocks", []))
        if faults:
            raise Refused("invalid_blocks", response_metadata={"messages": faults})
        if length_of(fields.get("blocks", [])) > 13_200:
            raise Refused("msg_blocks_too_long")
        if "metadata" in fields and (faults := faults_of_metadata(fields["metadata"])):
            raise Refused("invalid_metadata_format", response_metadata={"messages": faults})

    def _history(self, fields: Fields) -> Fields:
        room = self._readable(fields)
        shown = [
            message
            for message in room.messages
            if message.get("thread_ts", message["ts"]) == message["ts"]
        ]
        oldest = float(fields.get("oldest") or 0)
        newest_first = [message for message in reversed(shown) if float(message["ts"]) > oldest]
        page = self._page(fields, "messages", newest_first)
        page["messages"] = [self._seen(room, message, fields) for message in page["messages"]]
        return page

    def _replies(self, fields: Fields) -> Fields:
        room = self._readable(fields)
        root = fields.get("ts")
        thread = [
            message
            for message in room.messages
            if root in {message["ts"], message.get("thread_ts")}
        ]
        if not thread:
            raise Refused("thread_not_found")
        page = self._page(fields, "messages", thread)
        page["messages"] = [self._seen(room, message, fields) for message in page["messages"]]
        return page

    def _list(self, fields: Fields) -> Fields:
        kinds = str(fields.get("types", "public_channel")).split(",")
        needed = {"public_channel": "channels:read", "private_channel": "groups:read"}
        self._need(*(needed[kind] for kind in kinds))
        shown = [
            self._shown(room)
            for room in self.rooms.values()
            if room.id[0] == "C" and (not room.private or room.member)
        ]
        return self._page(fields, "channels", shown)

    def _open(self, fields: Fields) -> Fields:
        self._need("im:write")
        return {"channel": {"id": self._direct(str(fields["users"])).id}}

    def _connection(self, _fields: Fields) -> Fields:
        ticket = f"/link/?ticket={len(self._tickets)}"
        self._tickets.add(ticket)
        return {"url": f"ws://127.0.0.1:{self.websocket_port}{ticket}"}

    def _upload_url(self, fields: Fields) -> Fields:
        self._need("files:write")
        length = str(fields.get("length", ""))
        if not fields.get("filename") or not length.isdigit() or length == "0":
            raise Refused("invalid_arguments")
        if len(str(fields.get("alt_txt", ""))) > 1000:
            raise Refused("invalid_arguments")
        file_id = f"F0FILE{len(self.files):03d}"
        self.files[file_id] = {"length": int(length), "alt_txt": fields.get("alt_txt")}
        return {"upload_url": f"{self.url}/upload/v1/{file_id}", "file_id": file_id}

    def _complete_upload(self, fields: Fields) -> Fields:
        self._need("files:write")
        shared = json.loads(fields["files"])
        for upload in shared:
            file = self.files.get(upload["id"])
            if file is None or "bytes" not in file:
                raise Refused("file_not_found")
            file |= upload
        room = self._find({"channel": fields.get("channel_id", "")})
        if not room.member:
            raise Refused("not_in_channel")
        thread = fields.get("thread_ts")
        if thread and not any(
            message["ts"] == thread and message.get("thread_ts", thread) == thread
            for message in room.messages
        ):
            raise Refused("invalid_arguments")
        message = {"user": BOT_USER, "bot_id": BOT_ID, "text": "", "files": shared}
        self._store(room, message | ({"thread_ts": thread} if thread else {}))
        return {"files": shared}

    # Helpers

    def _admit(self, path: str) -> bool:
        return path in self._tickets

    def _find(self, fields: Fields, *, by_name: bool = False) -> Room:
        wanted = str(fields.get("channel", ""))
        if wanted.startswith("U"):
            return self._direct(wanted)
        for room in self.rooms.values():
            if room.id == wanted or (by_name and room.name == wanted.removeprefix("#")):
                if room.private and not room.member:
                    break
                return room
        raise Refused("channel_not_found")

    def _direct(self, user: str) -> Room:
        room_id = "D" + user[1:]
        return self.rooms.setdefault(room_id, Room(room_id, user, private=True))

    def _readable(self, fields: Fields) -> Room:
        room = self._find(fields)
        kind = "im" if room.id[0] == "D" else "groups" if room.private else "channels"
        self._need(f"{kind}:history")
        if not room.member:
            raise Refused("not_in_channel")
        return room

    def _shown(self, room: Room) -> Fields:
        return {
            "id": room.id, "name": room.name, "is_private": room.private,
            "is_member": room.member, "is_archived": room.archived,
        }  # fmt: skip

    def _seen(self, room: Room, message: Fields, fields: Fields) -> Fields:
        shown = dict(message)
        if str(fields.get("include_all_metadata", "")).lower() not in {"true", "1"}:
            shown.pop("metadata", None)
        replies = room.replies.get(message["ts"])
        if replies and message.get("thread_ts", message["ts"]) == message["ts"]:
            count, latest = replies
            shown |= {
                "thread_ts": message["ts"],
                "reply_count": count,
                "latest_reply": latest,
            }
        return shown

    def _page(self, fields: Fields, name: str, rows: list[Fields]) -> Fields:
        limit = min(int(fields.get("limit") or 100), 999)
        start = int(base64.b64decode(fields["cursor"])) if fields.get("cursor") else 0
        end = start + limit
        cursor = base64.b64encode(str(end).encode()).decode() if end < len(rows) else ""
        return {
            name: rows[start:end],
            "has_more": bool(cursor),
            "response_metadata": {"next_cursor": cursor},
        }

    def _store(self, room: Room, message: Fields) -> str:
        with self._lock:
            ts = f"{next(self._clock)}.000100"
            room.messages.append({"type": "message", "ts": ts, **message})
            if "thread_ts" in message:
                count, _ = room.replies.get(message["thread_ts"], (0, ""))
                room.replies[message["thread_ts"]] = (count + 1, ts)
        with self.posted:
            self.posted.notify_all()
        return ts
