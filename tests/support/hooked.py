"""Events posted to Gerrit's webhooks without a server between."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cibot.web.server.lanes import Answer, Post
from cibot.webhooks.gerrit import Hook, feeds


@dataclass(frozen=True, slots=True)
class Said:
    """What was answered."""

    status_code: int
    text: str

    @property
    def error(self) -> str:
        """Why it was not taken."""
        return str(json.loads(self.text)["error"])


class Hooked:
    """The feeds of some servers, to be posted to."""

    def __init__(self, hooks: Mapping[str, Hook], clock: Callable[[], datetime]) -> None:
        self._feeds = feeds(hooks, clock)

    def post(self, path: str, data: bytes | str | None = None, **body: Any) -> Said:
        """What is answered to one post: ``data``, or ``json=``."""
        sent = json.dumps(body["json"]) if data is None else data
        return self.together(path, [sent])[0]

    def together(self, path: str, bodies: Sequence[bytes | str], waited: float = 0.0) -> list[Said]:
        """What is answered to several that came at once, so many seconds ago."""
        below = max((feed for feed in self._feeds if path.startswith(feed)), key=len)
        came = time.monotonic() - waited
        raw = [body.encode() if isinstance(body, str) else body for body in bodies]
        posts = [
            Post("POST", path.removeprefix(below), len(body), lambda body=body: body, came)  # type: ignore[misc]
            for body in raw
        ]
        return [_said(answer) for answer in self._feeds[below](posts)]


def _said(answer: Answer) -> Said:
    return Said(int(answer.status[:3]), answer.body.decode())
