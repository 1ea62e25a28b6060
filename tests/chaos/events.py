"""A Gerrit whose CIs break and mend one after another, and its webhooks."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from sqlalchemy import select

from cibot.demo.reviews import Reviews
from cibot.store import schema
from cibot.store.engine import Store

REFERENCE = "Zuul"
_FAILS, _PASSES = 4, 8  # enough, with JUDGEMENT, to open and to end an incident
JUDGEMENT = {
    "flood": {"alerts_per_hour": 1000},  # no digest takes an alert's place
    "judgement": {"feed_stale": "1d"},
    "judgement.success": {
        "minimum": _FAILS, "failing": 0.63, "degraded": 0.64, "clears": 0.65,
    },
}  # fmt: skip
_BAD = "Build failed (check pipeline).\n\n- unit https://logs.example.org/{n} : FAILURE in 58s"
_GOOD = "Build succeeded (check pipeline).\n\n- unit https://logs.example.org/{n} : SUCCESS in 58s"
# So many CIs report for each that breaks: else one message would tell of all together.
_OF_ALL = 4


def ci_name(number: int) -> str:
    """The name of the n-th CI."""
    return f"third-{number}"


def ci_tables(breaking: int) -> list[dict[str, Any]]:
    """The `[[ci]]` tables of all CIs and of the reference."""
    names = [REFERENCE, *map(ci_name, range(breaking * _OF_ALL))]
    return [{"name": name, "accounts": [name.lower()]} for name in names]


class Events(threading.Thread):
    """Breaks and mends CIs; each event is posted until the bot has taken it.

    The webhooks plugin gives up after five tries, and the next poll brings what
    it lost; the patience here stands for both.
    """

    def __init__(self, url: str, store: Store, breaking: int, lived: Callable[[], bool]) -> None:
        super().__init__(daemon=True)
        self.breaking = breaking
        self.refused: list[str] = []
        self._url = url
        self._store = store
        self._lives = lived
        self._posted: list[dict[str, Any]] = []
        self._reviews = Reviews()
        self._reviews.listeners.append(self._posted.append)
        self._at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)

    def run(self) -> None:
        self._reviews.add_account(1, REFERENCE, REFERENCE.lower(), service_user=True)
        for change in range(1, _FAILS + _PASSES + 1):
            self._reviews.add_change("demo", f"Change {change}", 1, self._at, number=change)
            self._say(change, 1, _GOOD)
        for number in range(self.breaking, self.breaking * _OF_ALL):
            self._reviews.add_account(10 + number, ci_name(number), ci_name(number))
            self._say(1, 10 + number, _GOOD)
        for number in range(self.breaking):
            self._reviews.add_account(10 + number, ci_name(number), ci_name(number))
            for change in range(1, _FAILS + 1):
                self._say(change, 10 + number, _BAD)
            self._wait(number, "firing")
            for change in range(_FAILS + 1, _FAILS + _PASSES + 1):
                self._say(change, 10 + number, _GOOD)
            self._wait(number, "resolved")

    def _say(self, change: int, author: int, text: str) -> None:
        self._at += timedelta(seconds=1)
        vote = 1 if text is _GOOD else -1
        self._reviews.comment(
            change, author, text.format(n=change), self._at, votes={"Verified": vote}
        )
        while self._posted:
            event = json.dumps(self._posted[0])
            while self._lives() and not self._taken(event):
                threading.Event().wait(0.05)
            self._posted.pop(0)

    def _taken(self, event: str) -> bool:
        try:
            answer = requests.post(self._url, data=event.encode(), timeout=10)
        except requests.RequestException:
            return False
        if not answer.ok and answer.status_code != 503:
            self.refused.append(answer.text)
        return answer.status_code != 503

    def _wait(self, number: int, phase: str) -> None:
        """Until the CI's incident has come so far."""
        incident, ci = schema.incident.c, schema.ci.c
        query = (
            select(incident.state)
            .join(schema.ci, ci.id == incident.ci_id)
            .where(ci.name == ci_name(number))
        )
        while self._lives():
            rows = self._store.read(lambda tx: tx.execute(query).scalars().all())
            if phase in rows:
                return
            threading.Event().wait(0.3)
