"""A simulated Gerrit, and what cibot has of it by events and by REST."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from cibot.collector.confirming import Confirmer
from cibot.collector.decode import change_from_event
from cibot.collector.ingest import Ingest
from cibot.collector.poller import poll
from cibot.collector.roster import Roster
from cibot.config.models import CiConfig
from cibot.demo.reviews import Info, Reviews
from cibot.store import schema
from cibot.store.cis import ensure_server
from cibot.store.engine import Store
from tests.support.collecting import Clock, LocalGerrit

ZUUL, MIKA = 11, 12

PASSED = "Build succeeded (check pipeline).\n\n- unit https://logs.example.org/1 : SUCCESS in 3s"

FAILED = "Build failed (check pipeline).\n\n- unit https://logs.example.org/1 : FAILURE in 3s"


class World:
    """A simulated Gerrit, and what cibot has of it."""

    def __init__(self, store: Store) -> None:
        self.store, self.clock, self.reviews = store, Clock(), Reviews()
        self.reviews.add_account(ZUUL, "Zuul", "zuul")
        self.reviews.add_account(MIKA, "Mika", "mika")
        self.events: list[Info] = []
        self.reviews.listeners.append(self.events.append)
        self.gerrit = LocalGerrit(self.reviews, clock=self.clock)
        self.server = store.write(lambda tx: ensure_server(tx, "review", "https://review"))
        named = CiConfig(name="Zuul", accounts=["zuul"])
        self.heard: list[set[int]] = []
        roster = Roster("review", [named])
        self.ingest = Ingest(store, self.server, roster, self.clock, self.heard.append)
        self.confirmer = Confirmer(self.gerrit, self.ingest, self.clock)  # type: ignore[arg-type]

    def poll(self) -> None:
        poll(
            self.gerrit,  # type: ignore[arg-type]
            self.ingest,
            overlap=timedelta(minutes=2),
            page_size=50,
            projects=[],
            clock=self.clock,
        )

    def change(self) -> int:
        number = self.reviews.add_change("demo", "Secret subject", MIKA, self.clock())
        self.clock.forward(60)
        return number

    def comment(self, number: int, text: str = PASSED) -> Info:
        """Zuul comments; the event is returned and not yet told."""
        self.reviews.comment(number, ZUUL, text, self.clock())
        return self.events[-1]

    def tell(self, event: Info) -> None:
        change = change_from_event(event, self.clock())
        assert change is not None
        self.ingest.ingest([change], feed="webhook", cursor=None, heard_at=self.clock())

    def count(self, table: Any) -> int:
        query = select(func.count()).select_from(table)
        return int(self.store.read(lambda tx: tx.execute(query).scalar_one()))

    def counts(self) -> tuple[int, ...]:
        tables = (schema.change, schema.comment, schema.report, schema.build, schema.patch_set)
        return tuple(map(self.count, tables))

    def tallied(self) -> int:
        query = select(func.sum(schema.tally.c.passes + schema.tally.c.fails)).where(
            schema.tally.c.hours == 1
        )
        return int(self.store.read(lambda tx: tx.execute(query).scalar_one()) or 0)
