"""MariaDB goes away under the running bot and comes back: nothing dies, nothing is lost."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import select

from cibot.bootstrap import build
from cibot.chat.protocol import Answer, Leads, Link
from cibot.config.models import Config
from cibot.daemon.bot import Bot
from cibot.demo.review_server import ReviewServer
from cibot.model import Channel
from cibot.store import outbox, schema
from cibot.store.engine import open_store
from cibot.store.feeds import feed_states
from cibot.store.incidents import health_of
from cibot.store.migrate import upgrade
from cibot.store.outbox import About, MessageKind
from cibot.text.card import Card, card
from tests.support.mariadb import MariaDB
from tests.support.whole_bot import TOKEN, eventually

pytestmark = pytest.mark.e2e
FAILED = "Build failed (check pipeline).\n\n- unit https://logs.example.org/{n} : FAILURE in 58s"


class Room:
    """A chat network that is always there and keeps what it was sent."""

    network = "console"

    def __init__(self) -> None:
        self.keys: list[str] = []

    def start(self, answer: Answer, leads: Leads) -> None: ...

    def stop(self, timeout: float) -> None: ...

    def send(self, room: str, card: Card, *, key: str) -> str:
        self.keys.append(key)
        return key

    def find(self, room: str, key: str) -> str | None:
        return key if key in self.keys else None

    def link(self) -> Link:
        return Link(True, None)


class Life:
    """A bot, its Gerrit, and what happens there."""

    def __init__(self, bot: Bot, gerrit: ReviewServer, room: Room) -> None:
        self.bot, self.gerrit, self.room = bot, gerrit, room
        self.events: list[dict[str, Any]] = []
        self.written = 0
        gerrit.reviews.listeners.append(self.events.append)
        gerrit.reviews.add_account(7, "Zuul", "zuul", service_user=True)
        gerrit.reviews.add_change("demo", "A change", 7, datetime.now(UTC), number=1)

    def comment(self) -> dict[str, Any]:
        """Zuul writes; the event, which nobody has posted yet."""
        self.written += 1
        text = FAILED.format(n=self.written)
        at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=self.written)
        self.gerrit.reviews.comment(1, 7, text, at, votes={"Verified": -1})
        return self.events[-1]

    def post(self, event: dict[str, Any]) -> int:
        """The answer to an event, as the webhooks plugin would get it."""
        url = f"{self.bot.web.url}/webhooks/gerrit/review/{TOKEN}"
        return requests.post(url, json=event, timeout=10).status_code

    def tell(self, key: str) -> None:
        """Something is to be said in the room."""
        text, now = card(key).to_json(), datetime.now(UTC)
        about, here = About(MessageKind.ALERT, key), Channel("console", "here")
        self.bot.store.write(lambda tx: outbox.enqueue(tx, about, here, text, now))

    def stored(self) -> list[tuple[Any, ...]]:
        """(message id, what its report says) of each comment that Zuul wrote."""
        comment, report = schema.comment, schema.report
        joined = comment.outerjoin(
            report, (report.c.change_id == comment.c.change_id) & (report.c.seq == comment.c.seq)
        )
        query = select(comment.c.message_id, report.c.result).select_from(joined)
        query = query.where(comment.c.text.contains("Build failed"))
        return [tuple(row) for row in self.bot.store.read(lambda tx: tx.execute(query).all())]

    def complete(self) -> bool:
        """Whether every comment is stored once, with its id from REST and its report."""
        rows = self.stored()
        ids = {message_id for message_id, _ in rows}
        all_stored = None not in ids and len(rows) == len(ids) == self.written
        return all_stored and {result for _, result in rows} == {"fail"}

    def polled(self) -> bool:
        """Whether the last poll worked."""
        feeds = {feed.name: feed for feed in self.bot.store.read(feed_states)}
        return "poll" in feeds and feeds["poll"].error is None

    def judged_after(self, moment: datetime) -> bool:
        """Whether Zuul was judged since then."""
        return any(health.assessed_at > moment for health in self.bot.store.read(health_of))


@pytest.fixture
def life(mariadb: MariaDB, mariadb_url: str) -> Iterator[Life]:
    upgrade(opened := open_store(mariadb_url))
    opened.close()
    with ReviewServer() as gerrit:
        server = {"name": "review", "url": gerrit.url, "webhook_token": TOKEN, "poll_every": "1s"}
        room = Room()
        bot = build(
            Config.model_validate(
                {
                    "store": {"url": mariadb_url},
                    "web": {"listen": "127.0.0.1:0"},
                    "gerrit": [server],
                    "ci": [{"name": "Zuul", "accounts": ["zuul"]}],
                }
            ),
            {"console": room},
        )
        bot.start()
        try:
            yield Life(bot, gerrit, room)
        finally:
            if mariadb.process.pid is None:
                mariadb.start()
            bot.stop()


def test_the_database_goes_away_and_comes_back(
    life: Life, mariadb: MariaDB, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "cibot")
    assert life.post(life.comment()) == 200
    life.tell("before")
    eventually(lambda: life.complete() and life.polled(), "the first comment")
    eventually(lambda: "sent key=before" in caplog.text, "the first message, and the note of it")
    assert life.room.keys == ["before"]

    mariadb.stop()
    posted = life.comment()
    assert life.post(posted) == 503
    life.comment()  # nobody posts this one: it is for the poll
    assert life.post({"type": "comment-added"}) == 400  # counted or not, it is refused
    for said in ("job failed job=poll review", "outbox waits network=console"):
        eventually(lambda said=said: said in caplog.text, said)  # type: ignore[misc]
    assert requests.get(f"{life.bot.web.url}/healthz", timeout=10).status_code == 200
    assert requests.get(f"{life.bot.web.url}/readyz", timeout=10).status_code == 503

    mariadb.start()
    back = datetime.now(UTC)
    eventually(lambda: life.post(posted) == 200, "the event that Gerrit posts again")
    life.tell("after")
    eventually(lambda: life.complete() and life.polled(), "every comment once")
    eventually(lambda: life.judged_after(back), "judging to go on")
    eventually(lambda: life.room.keys == ["before", "after"], "sending to go on")
