"""Where a feed stands, as a text that the store keeps between runs."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from cibot.errors import Permanent

log = logging.getLogger(__name__)

MOST_FAILED = 50  # changes kept to be tried again
MOST_TRIES = 5


class Walk(NamedTuple):
    """A way down that is not done: from ``top`` to ``low``, and it stands at ``at``."""

    low: datetime
    top: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything updated up to ``done`` is stored, but for what ``walk`` has not reached yet.

    ``failed`` counts the tries for changes that could not be read, by their
    keys (`cibot.collector.gerrit.change_key`).
    """

    done: datetime | None = None
    walk: Walk | None = None
    failed: dict[str, int] = field(default_factory=dict)

    def dump(self) -> str:
        """The cursor as JSON, a few KiB at most."""
        return _JSON.dump_json(self, exclude_defaults=True).decode()

    @classmethod
    def load(cls, text: str | None) -> Cursor:
        """The cursor that was dumped. Raises Permanent where the text is none."""
        try:
            return _JSON.validate_json(text or "{}")
        except ValidationError as error:
            why = error.errors()[0]["msg"]
            raise Permanent(f"a feed's cursor in the database is not readable: {why}") from None

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


_JSON = TypeAdapter(Cursor)
