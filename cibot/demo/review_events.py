"""The simulated review server's events, as Gson prints them for the webhooks plugin."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

Info = dict[str, Any]


def written(moment: datetime) -> str:
    """A time as Gerrit's REST writes it: whole seconds, nine zeros."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}.000000000"


def hex_id(text: str) -> str:
    """40 hex digits that are always the same for the same text."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:40]


def review_event(
    info: Info, kind: str, at: datetime, patch_set: int, owner: Info, more: Info
) -> Info:
    """The event of type ``kind`` on the change ``info``, with what ``more`` adds."""
    uploaded = next(
        (
            message["date"]
            for message in info["messages"]
            if message.get("_revision_number") == patch_set
        ),
        info["created"],
    )
    return {
        **more,
        "patchSet": {
            "number": patch_set,
            "revision": hex_id(f"{info['_number']} patch set {patch_set}"),
            "createdOn": _seconds(uploaded),
        },
        "change": {
            "project": info["project"],
            "branch": info["branch"],
            "id": info.get("change_id", ""),
            "number": info["_number"],
            "subject": info["subject"],
            "owner": owner,
            "createdOn": _seconds(info["created"]),
            "status": info["status"],
        },
        "project": {"name": info["project"]},
        "refName": f"refs/heads/{info['branch']}",
        "changeKey": {"key": info.get("change_id", "")},
        "type": kind,
        "eventCreatedOn": int(at.timestamp()),
    }


def _seconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment[:19] + "+00:00").timestamp())
