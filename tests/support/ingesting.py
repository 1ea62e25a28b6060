"""One server's ingest, and the changes and messages that it is given."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from cibot.collector.ingest import Ingest
from cibot.collector.roster import Roster
from cibot.config.models import CiConfig
from cibot.model import Account, Change, Message, PatchSet
from cibot.store.cis import ensure_server
from cibot.store.engine import Store

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

ZUUL = Account(11, "zuul", "Zuul", "zuul@example.org")

ZUUL_IN_EVENTS = Account(None, "zuul", "Zuul", "zuul@example.org")

PERSON = Account(12, "mika", "Mika")

FAILED = """Patch Set 1: Verified-1

Build failed (check pipeline).

- unit https://logs.example.org/1/unit : SUCCESS in 3m 12s
- functional https://logs.example.org/1/functional : FAILURE in 1h 02m 03s
- docs https://logs.example.org/1/docs : POST_FAILURE in 58s (non-voting)"""


def posted(
    text: str = FAILED,
    *,
    author: Account = ZUUL,
    second: int = 0,
    message_id: str | None = None,
    tag: str | None = None,
) -> Message:
    at = NOON + timedelta(seconds=second)
    return Message(at, text, author, 1, message_id=message_id, tag=tag)


def change(*messages: Message, number: int = 5, complete: bool = True) -> Change:
    return Change(
        number,
        "demo",
        "master",
        "Subject",
        "NEW",
        NOON,
        NOON + timedelta(minutes=1),
        messages,
        (PatchSet(1, NOON - timedelta(minutes=30)),),
        complete=complete,
    )


class Server:
    """One server's ingest, with what was told of new reports."""

    def __init__(self, store: Store, *cis: CiConfig, discover: bool = True) -> None:
        self.store = store
        self.heard: list[set[int]] = []
        self.id = store.write(lambda tx: ensure_server(tx, "review", "https://review"))
        self.roster = Roster("review", cis, discover)
        self.ingest = Ingest(store, self.id, self.roster, lambda: NOON, self.heard.append)

    def take(self, *changes: Change, feed: str = "poll") -> Any:
        return self.ingest.ingest(changes, feed=feed, cursor=None, heard_at=NOON)

    def rows(self, table: Any) -> Sequence[Any]:
        query = select(table).order_by(*table.primary_key)
        return self.store.read(lambda tx: tx.execute(query).all())

    def count(self, table: Any) -> int:
        query = select(func.count()).select_from(table)
        return int(self.store.read(lambda tx: tx.execute(query).scalar_one()))
