"""The same history in any order of arrival gives the same states, incidents and times."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from cibot.collector.fields import moment
from cibot.collector.ingest import Ingest
from cibot.collector.roster import Roster
from cibot.config.models import Config
from cibot.judging import Monitor
from cibot.model import Account, Change, Message, PatchSet
from cibot.store import schema
from cibot.store.cis import ensure_server
from cibot.store.engine import Store, open_store
from cibot.store.incidents import health_of
from cibot.store.migrate import upgrade

START = datetime(2026, 6, 1, tzinfo=UTC)
ZUUL = Account(1, "zuul", "Zuul")
ACME = Account(2, "acme-ci", "Acme CI")
BOLD = Account(3, "bold-ci", "Bold CI")
PEOPLE = (Account(10, "mika", "Mika"), Account(11, "ana", "Ana"))
CONFIG = Config.model_validate(
    {
        "gerrit": [{"name": "review", "url": "https://review.example.org"}],
        "ci": [
            {"name": "Zuul", "accounts": ["zuul"]},
            {"name": "Acme", "accounts": ["acme-ci"]},
            {"name": "Bold", "accounts": ["bold-ci"]},
        ],
        "irc": [{"name": "net", "host": "irc.example.org"}],
        "route": [{"channels": ["net/#ops"]}],
    }
)


def _text(patch_set: int, passed: bool, job: str = "tempest") -> str:
    said, word = ("succeeded", "SUCCESS") if passed else ("failed", "FAILURE")
    return (
        f"Patch Set {patch_set}:\n\nBuild {said} (check pipeline).\n\n"
        f"- {job} https://logs.example.org/1 : {word} in 3m 12s"
    )


def _commit(number: int, patch_set: int) -> str:
    return f"{number:038x}{patch_set:02x}"


@dataclass
class History:
    """A server's truth: every change as it is at the end, and when each thing was said."""

    changes: list[Change] = field(default_factory=list)
    removed: set[str] = field(default_factory=set)
    end: datetime = START

    @classmethod
    def make(cls, seed: int, size: int) -> History:
        """A reference and two CIs; one breaks and mends, one falls silent and comes back."""
        dice, history, at = random.Random(seed), cls(), START
        for number in range(1, size + 1):
            at += timedelta(minutes=dice.choice([1, 5, 60, 240]))
            history.changes.append(history._change(dice, number, at, number / size))
        history.end = max(change.updated for change in history.changes) + timedelta(days=2)
        return history

    def _change(self, dice: random.Random, number: int, at: datetime, part: float) -> Change:
        times = [at]
        if dice.random() < 0.2:
            times.append(at + timedelta(minutes=dice.choice([2, 45, 300])))
        below = dice.choice([None, None, number - 1])  # some stand on the one before
        sets = [
            PatchSet(place, when, None, _commit(number, place), below and _commit(below, 1))
            for place, when in enumerate(times, 1)
        ]
        messages: list[Message] = []
        for patch_set in sets:
            for account, minutes in ((ZUUL, 30), (ACME, 40), (BOLD, 20)):
                posted = patch_set.uploaded_at + timedelta(minutes=minutes + dice.randrange(20))
                messages += self._said(dice, number, patch_set.number, account, posted, part)
        messages.sort(key=lambda message: message.posted_at)
        placed = [
            replace(message, message_id=f"{number:08x}{place:08x}", position=place)
            for place, message in enumerate(messages)
        ]
        self.removed |= {message.message_id or "" for message in placed if dice.random() < 0.02}
        closed = dice.random() < 0.5
        last = max([at, *(message.posted_at for message in placed), sets[-1].uploaded_at])
        ends = last + timedelta(minutes=dice.choice([1, 600])) if closed else None
        return Change(
            number, "demo", "master", "S", "MERGED" if closed else "NEW", at, ends or last,
            tuple(placed), tuple(sets), dice.choice(PEOPLE), complete=True, closed=ends,
        )  # fmt: skip

    @staticmethod
    def _said(
        dice: random.Random, number: int, patch_set: int, who: Account, at: datetime, part: float
    ) -> Iterator[Message]:
        rate = 0.95
        if who is ACME and 0.5 < part < 0.75:
            rate = 0.05
        if who is BOLD and (0.6 < part < 0.85 or dice.random() < 0.1):
            return
        for again in range(1 + (dice.random() < 0.1)):
            posted = (at + timedelta(hours=again)).replace(microsecond=0)
            yield Message(posted, _text(patch_set, dice.random() < rate), who, patch_set)

    def at_the_end(self) -> list[Change]:
        """As REST gives it, with the messages that were removed."""
        return [
            replace(
                change,
                messages=tuple(
                    replace(message, text="Change message removed by: Admin")
                    if message.message_id in self.removed
                    else message
                    for message in change.messages
                ),
            )
            for change in self.changes
        ]

    def seen_at(self, now: datetime) -> list[Change]:
        """As REST gave it then."""
        return [
            replace(
                change,
                messages=tuple(message for message in change.messages if message.posted_at <= now),
                patch_sets=tuple(
                    patch_set for patch_set in change.patch_sets if patch_set.uploaded_at <= now
                ),
                status=change.status if change.closed and change.closed <= now else "NEW",
                closed=change.closed if change.closed and change.closed <= now else None,
                updated=min(change.updated, now),
            )
            for change in self.changes
            if change.created <= now
        ]

    def events(self, dice: random.Random) -> list[tuple[datetime, Change]]:
        """What the webhooks plugin posts: each thing alone, some seconds late, some never."""
        events = [event for change in self.changes for event in _events(dice, change)]
        arriving = [event for event in events if dice.random() > 0.05]
        late = [
            (at + timedelta(seconds=dice.choice([0, 1, 90])), change) for at, change in arriving
        ]
        return sorted(late, key=lambda event: (event[0], dice.random()))


def _events(dice: random.Random, change: Change) -> Iterator[tuple[datetime, Change]]:
    assert change.owner is not None
    owner = replace(change.owner, gerrit_id=None)
    bare = replace(
        change, messages=(), patch_sets=(), owner=owner, complete=False, status="NEW", closed=None
    )
    for patch_set in change.patch_sets:
        yield (
            patch_set.uploaded_at,
            replace(bare, patch_sets=(patch_set,), updated=patch_set.uploaded_at),
        )
    for message in change.messages:
        event = _event(dice, message)
        upload = next(
            patch_set for patch_set in change.patch_sets if patch_set.number == message.patch_set
        )
        at = event.posted_at
        yield at, replace(bare, messages=(event,), patch_sets=(upload,), updated=at)
    if change.closed:
        at = change.closed
        yield at, replace(bare, status="MERGED", closed=at, updated=at)


def _event(dice: random.Random, message: Message) -> Message:
    """A comment without ids, up to a second late, by an account that may have a new name."""
    author = replace(message.author or ZUUL, gerrit_id=None)
    if dice.random() < 0.1:
        author = replace(author, name=f"{author.name}, renamed")
    at = message.posted_at + timedelta(seconds=dice.choice([0, 0, 1]))
    return replace(message, message_id=None, position=None, posted_at=at, author=author)


class Bot:
    """A store, its ingest and its monitor, on a clock of the test's."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = START
        server = store.write(lambda tx: ensure_server(tx, "review", "https://review.example.org/"))
        self.ingest = Ingest(store, server, Roster.from_config(CONFIG, "review"), lambda: self.now)
        self.ingest.sync_roster()
        self.monitor = self.restarted()

    def restarted(self) -> Monitor:
        """A monitor that remembers nothing."""
        self.monitor = Monitor(self.store, CONFIG, lambda: self.now)
        return self.monitor

    def hear(self, changes: Sequence[Change], feed: str = "poll") -> None:
        for start in range(0, max(1, len(changes)), 50):
            some = changes[start : start + 50]
            self.ingest.ingest(some, feed=feed, cursor=None, heard_at=self.now)

    def judge(self) -> None:
        ids = self.store.read(lambda tx: tx.execute(select(schema.ci.c.id)).scalars().all())
        for ci_id in ids:
            self.monitor.judge(ci_id)

    def verdict(self) -> dict[str, Any]:
        """States, incidents and steps, as anybody may compare them."""

        def read(tx: Any) -> dict[str, Any]:
            names = dict(tx.execute(select(schema.ci.c.id, schema.ci.c.name)).all())
            incidents = tx.execute(select(schema.incident)).all()
            steps = tx.execute(select(schema.transition)).all()
            verdicts: dict[str, Any] = {
                names[health.ci_id]: (health.state, health.since, _signals(health.signals))
                for health in health_of(tx)
            }
            for row in incidents:
                if row.state == "withdrawn":
                    continue
                body = json.loads(row.body)
                key = f"{names[row.ci_id]} {body['began_at']}"
                verdicts[key] = (
                    row.state, row.opened_at, row.resolved_at, row.severity, body["reopened"],
                    body["symptoms"],
                    [(step.at, step.name, step.signal, step.seen) for step in steps
                     if step.incident_id == row.id],
                )  # fmt: skip
            return verdicts

        return self.store.read(read)


def _signals(text: str) -> list[Any]:
    return [
        {name: signal[name] for name in ("name", "verdict", "figure", "n", "since", "evidence")}
        for signal in json.loads(text)
    ]


@contextmanager
def bot() -> Iterator[Bot]:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'x.db'}")
        upgrade(store)
        try:
            yield Bot(store)
        finally:
            store.close()


def from_scratch(history: History) -> dict[str, Any]:
    """Told at the end, in one piece, and judged once."""
    with bot() as running:
        running.now = history.end
        running.hear(history.at_the_end())
        running.judge()
        return running.verdict()


def lived_through(history: History, seed: int) -> dict[str, Any]:
    """Heard by webhook and poll as it happened, judged now and then, restarted and told twice."""
    dice = random.Random(seed)
    with bot() as running:
        polled = START
        for at, change in history.events(dice):
            running.now = max(running.now, at)
            if dice.random() < 0.7:
                running.hear([change], "webhook")
            if dice.random() < 0.1:
                running.hear([change], "webhook")
            if running.now - polled > timedelta(hours=dice.choice([1, 12])):
                polled = running.now
                running.hear(history.seen_at(running.now))
            if dice.random() < 0.15:
                running.judge()
            if dice.random() < 0.01:
                running.restarted()
        running.now = history.end
        changes = history.at_the_end()
        dice.shuffle(changes)
        running.hear(changes[: len(changes) // 2], "backfill:1")
        running.judge()
        running.hear(changes)
        running.judge()
        return running.verdict()


@pytest.mark.no_cover  # tracing would triple its time; shorter tests cover each line
@settings(
    max_examples=2, derandomize=True, suppress_health_check=[HealthCheck.too_slow], deadline=None
)
@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(60, 90))
def test_the_order_of_arrival_does_not_matter(seed: int, other: int, size: int) -> None:
    history = History.make(seed, size)
    truth = from_scratch(history)
    assert any(key.startswith("Acme ") for key in truth), "nothing happened in this history"
    assert lived_through(history, other) == truth


def test_a_comment_of_the_year_1_keeps_no_ci_from_being_judged() -> None:
    change = History.make(1, 1).changes[0]
    past = moment("0001-01-01 00:00:00.000000000", "date")
    with bot() as running:
        running.now = START + timedelta(days=2)
        messages = tuple(replace(message, posted_at=past) for message in change.messages)
        running.hear([replace(change, messages=messages)])
        running.judge()
        assert running.verdict().keys() == {"Zuul", "Acme", "Bold"}
