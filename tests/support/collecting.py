"""What the tests of collecting share: a sink in memory, and a Gerrit without a socket."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from werkzeug.test import Client

from cibot.collector.decode import change_from_rest
from cibot.collector.gerrit import OPTIONS, ChangesPage, NotFound, read_page
from cibot.collector.sink import IngestCounts
from cibot.demo.review_app import ReviewApp
from cibot.demo.reviews import Reviews
from cibot.model import Change

START = datetime(2024, 5, 17, 9, 0, tzinfo=UTC)


class Clock:
    """A clock that stands until it is told to go on."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


class Kill(BaseException):
    """The process dies here."""


class MemorySink:
    """A store that keeps everything in dicts, each ingest all or nothing.

    ``before`` and ``after`` are called around each ingest; what they raise
    leaves the store as it was before, or with the ingest done.
    """

    def __init__(self) -> None:
        self.messages: dict[tuple[int, str | None], str] = {}
        self.statuses: dict[int, str] = {}
        self.cursors: dict[str, str] = {}
        self.heard: dict[str, datetime] = {}
        self.ingests = 0
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[], None] = lambda: None

    def load_cursor(self, feed: str) -> str | None:
        return self.cursors.get(feed)

    def ingest(
        self, changes: Sequence[Change], *, feed: str, cursor: str | None, heard_at: datetime
    ) -> IngestCounts:
        self.before()
        self.ingests += 1
        new = repeated = 0
        for change in changes:
            self.statuses[change.number] = change.status
            for message in change.messages:
                key = (change.number, message.message_id)
                repeated, new = (repeated + 1, new) if key in self.messages else (repeated, new + 1)
                self.messages[key] = message.text
        if cursor is not None:
            self.cursors[feed] = cursor
        self.heard[feed] = heard_at
        self.after()
        return IngestCounts(len(changes), new, repeated)


class LocalGerrit:
    """A `Gerrit` that asks the simulated review server without a network.

    ``before`` is called before each request: there changes may move, or the
    process die.
    """

    url = "http://local"

    def __init__(self, reviews: Reviews, *, limit: int = 500, clock: Clock | None = None) -> None:
        self.app = ReviewApp(reviews, limit=limit)
        self.queries: list[dict[str, str]] = []
        self.before: Callable[[], None] = lambda: None
        self.served_at: Callable[[], datetime | None] = lambda: None
        self.size = 0  # of the page that is being asked for
        self._client = Client(self.app)

    def changes(
        self,
        query: str,
        *,
        limit: int | None = None,
        start: int = 0,
        options: Sequence[str] = OPTIONS,
    ) -> ChangesPage:
        self.size = limit or 0
        self.before()
        asked = {"q": query, "n": str(limit), "S": str(start)}
        self.queries.append(asked)
        served_at = self.served_at()
        response = self._client.get("/changes/", query_string={**asked, "o": list(options)})
        assert response.status_code == 200, response.text
        return read_page(json.loads(response.data[5:]), served_at)

    def change(self, key: str) -> Change:
        self.before()
        response = self._client.get(f"/changes/{quote(key, safe='~')}/detail")
        if response.status_code == 404:
            raise NotFound(f"change {key} is gone")
        return change_from_rest(json.loads(response.data[5:]))


def lived(reviews: Reviews) -> dict[tuple[int, str | None], str]:
    """Every message that the server holds, keyed as `MemorySink.messages`."""
    return {
        (info["_number"], message["id"]): message["message"]
        for info in reviews.newest_first(None, None)
        for message in info["messages"]
    }
