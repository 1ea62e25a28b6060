"""What the collectors write to: the protocol of a sink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cibot.model import Change


@dataclass(frozen=True, slots=True)
class IngestCounts:
    """What one ingest found: comments new and known, and reports read from them."""

    changes: int = 0
    comments_new: int = 0
    comments_known: int = 0
    reports_new: int = 0

    def __add__(self, other: IngestCounts) -> IngestCounts:
        return IngestCounts(
            self.changes + other.changes,
            self.comments_new + other.comments_new,
            self.comments_known + other.comments_known,
            self.reports_new + other.reports_new,
        )


class Sink(Protocol):
    """One server's way into the store."""

    def load_cursor(self, feed: str) -> str | None:
        """How far a feed has read, in its own words."""

    def ingest(
        self, changes: Sequence[Change], *, feed: str, cursor: str | None, heard_at: datetime
    ) -> IngestCounts:
        """Stores the changes, the feed's cursor (None leaves it) and its freshness.

        All in one transaction, durable on return. Raises Transient when the
        database stays away.
        """
