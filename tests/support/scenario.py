"""A server's history told change by change, judged as it comes: for the tests of judging."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from cibot.collector.ingest import Ingest
from cibot.collector.roster import Roster
from cibot.config.models import Config
from cibot.judging import Monitor
from cibot.model import Account, Change, Message, PatchSet, State
from cibot.store import schema
from cibot.store.cis import ensure_server
from cibot.store.engine import Store
from cibot.store.incidents import health_of
from cibot.store.silences import add_silence
from cibot.text.card import Card

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ZUUL = Account(1, "zuul", "Zuul")
ACME = Account(2, "acme-ci", "Acme CI")
GATE = Account(3, "stable-ci", "Stable CI")
CONFIG = Config.model_validate(
    {
        "gerrit": [{"name": "review", "url": "https://review.example.org"}],
        "ci": [
            {"name": "Zuul", "accounts": ["zuul"]},
            {"name": "Acme", "accounts": ["acme-ci"], "owner": "storage"},
        ],
        "reference": [{"ci": "Zuul"}],
        "irc": [{"name": "net", "host": "irc.example.org"}],
        "route": [{"channels": ["net/#ops"], "cis": ["Acme"]}],
    }
)


class Scenario:
    """A server's history told change by change, and the monitor that judges it."""

    def __init__(self, store: Store, config: Config = CONFIG) -> None:
        self.store, self.config = store, config
        self.now = NOON
        self.changes = 0
        self.woken = 0
        server = store.write(lambda tx: ensure_server(tx, "review", "https://review.example.org/"))
        self.ingest = Ingest(store, server, Roster.from_config(config, "review"), lambda: self.now)
        self.restart()

    def restart(self) -> None:
        """A new process, which knows what is stored and nothing else."""
        self.monitor = Monitor(self.store, self.config, lambda: self.now, self._wake)

    @classmethod
    def gone_on(cls, store: Store, config: Config = CONFIG) -> Scenario:
        """What another has lived in this store, when its last change was polled."""
        scenario, change = cls(store, config), schema.change.c
        scenario.changes, scenario.now = store.read(
            lambda tx: tx.execute(select(func.count(change.id), func.max(change.updated_at))).one()
        )
        return scenario

    def _wake(self) -> None:
        self.woken += 1

    def change(
        self,
        zuul: bool | str | None = True,
        acme: bool | str | None = True,
        project: str = "demo",
        branch: str = "master",
        gate: bool | None = None,
        times: int = 1,
    ) -> None:
        """A change uploaded now; Zuul judges it after 10 minutes, Acme after 20.

        Whether it passes, or the whole comment; None: it says nothing. So does another gate.
        Several come an hour apart, and are polled together after the last.
        """
        said = [(ZUUL, zuul, 10), (GATE, gate, 15), (ACME, acme, 20)]
        self.poll([self._change(said, project, branch) for _ in range(times)])

    def _change(
        self, said: list[tuple[Account, bool | str | None, int]], project: str, branch: str
    ) -> Change:
        self.changes += 1
        uploaded = self.now
        messages = tuple(
            Message(
                uploaded + timedelta(minutes=minutes),
                passed if isinstance(passed, str) else comment(passed),
                author,
                1,
                message_id=f"{author.username}-{self.changes}",
            )
            for author, passed, minutes in said
            if passed is not None
        )
        self.now = uploaded + HOUR
        return Change(
            self.changes,
            project,
            branch,
            "S",
            "NEW",
            uploaded,
            self.now,
            messages,
            (PatchSet(1, uploaded),),
            complete=True,
        )

    def well(self) -> None:
        """Thirty changes on which all is well, judged."""
        self.change(times=30)
        self.judge()

    def breaks(self, changes: int = 15) -> None:
        """So many changes on which Acme alone fails; not yet judged."""
        self.change(acme=False, times=changes)

    def silence(self, hours: int, pattern: str = "Acme") -> int:
        """Mika silences it from now on; returns the silence's number."""
        until = self.now + hours * HOUR
        return self.store.write(
            lambda tx: add_silence(
                tx, pattern, self.now, until, "Mika", "new disks", is_pattern="*" in pattern
            )
        )

    def poll(self, changes: Sequence[Change] = ()) -> None:
        self.ingest.ingest(changes, feed="poll", cursor=None, heard_at=self.now)

    def judge(self) -> State:
        rows = self.store.read(
            lambda tx: tx.execute(select(schema.ci.c.id, schema.ci.c.name)).all()
        )
        ids = {row.name: row.id for row in rows}
        self.monitor.judge(ids["Zuul"])
        self.monitor.judge(ids["Acme"])
        (health,) = self.store.read(lambda tx: health_of(tx, ids["Acme"]))
        return State(health.state)

    def alerts(self) -> list[str]:
        query = select(schema.outbox).order_by(schema.outbox.c.id)
        rows = self.store.read(lambda tx: tx.execute(query).all())
        assert {(row.network, row.room) for row in rows} <= {("net", "#ops")}
        return [Card.from_json(row.card).text() for row in rows]

    def steps(self) -> list[str]:
        query = select(schema.transition).order_by(
            schema.transition.c.incident_id, schema.transition.c.seq
        )
        return [row.name for row in self.store.read(lambda tx: tx.execute(query).all())]


def comment(passed: bool) -> str:
    word = "SUCCESS" if passed else "FAILURE"
    head = (
        "Patch Set 1: Verified+1\n\nBuild succeeded" if passed else "Patch Set 1:\n\nBuild failed"
    )
    return f"{head} (check pipeline).\n\n- tempest https://logs.example.org/1 : {word} in 3m 12s"


@pytest.fixture
def scenario(store: Store) -> Scenario:
    """A history that begins, in a store without anything."""
    return Scenario(store)
