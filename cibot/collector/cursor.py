"""Where a feed stands, as a text that the store keeps between runs."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from cibot.errors import Permanent

log = logging.getLogger(__name__)

MOST_FAILED = 50  # changes kept to be tried again
MOST_TRIES = 5


@dataclass(frozen=True, slots=True)
class Walk:
    """A way down that is not done: from ``top`` to ``low``, and it stands at ``at``."""

    low: datetime
    top: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything updated up to ``done`` is stored, but for what ``walk`` has below it.

    ``failed`` counts the tries for changes that could not be read, by their
    keys (`cibot.collector.gerrit.change_key`).
    """

    done: datetime | None = None
    walk: Walk | None = None
    failed: dict[str, int] = field(default_factory=dict)

    def dump(self) -> str:
        """The cursor as JSON, a few KiB at most."""
        shown: dict[str, Any] = {}
        if self.done:
            shown["done"] = self.done.isoformat()
        if self.walk:
            shown["walk"] = [
                moment.isoformat() for moment in (self.walk.low, self.walk.top, self.walk.at)
            ]
        if self.failed:
            shown["failed"] = self.failed
        return json.dumps(shown)

    @classmethod
    def load(cls, text: str | None) -> Cursor:
        """The cursor that was dumped. Raises Permanent where the text is none."""
        if text is None:
            return cls()
        try:
            shown = json.loads(text)
            walk = [_moment(written) for written in shown.get("walk", ())]
            return cls(
                done=_moment(shown["done"]) if "done" in shown else None,
                walk=Walk(*walk) if walk else None,
                failed={key: int(tries) for key, tries in shown.get("failed", {}).items()},
            )
        except (ValueError, TypeError, AttributeError) as error:
            raise Permanent(f"a feed's cursor in the database is not readable: {error}") from None

    def with_failed(self, keys: list[str]) -> Cursor:
        """The same, with one more try counted for each of ``keys``."""
        failed = dict(self.failed)
        for key in keys:
            tries = failed.pop(key, 0) + 1
            if tries < MOST_TRIES and len(failed) < MOST_FAILED:
                failed[key] = tries
            else:
                log.error("given up reading a change: change=%s tries=%d", key, tries)
        return replace(self, failed=failed)

    def without_failed(self, key: str) -> Cursor:
        """The same, with that change read after all, or gone."""
        return replace(
            self, failed={other: tries for other, tries in self.failed.items() if other != key}
        )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
