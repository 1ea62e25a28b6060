"""The bot is killed over and over while it has something to say; then the books are compared."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from cibot.model import Channel
from cibot.store import outbox, schema
from cibot.store.engine import Store
from cibot.store.outbox import About, MessageKind
from cibot.text.card import Card, card
from tests.chaos.events import JUDGEMENT, REFERENCE, Events, ci_name, ci_tables
from tests.chaos.ledger import Ledger, compare
from tests.chaos.places import NAMED, IrcPlace, Place, SlackPlace
from tests.support.inspircd import InspIRCd
from tests.support.ngircd import Ngircd
from tests.support.slack_server import SlackServer
from tests.support.whole_bot import TOKEN, WholeBot, eventually
from tests.support.zygote import Zygote

_LONGEST_LIFE_S = 20.0
_MOST_WAITING = 15  # messages in a room
_FULL_STARTS = 0.03  # of the starts, where there is a zygote: a new interpreter reads every module
_WAYS = {"starting": 1, "any": 2, "arrived": 5, "unanswered": 2}
"""When the bot dies: before it says anything; at any moment; as something arrives; while Slack
has taken a message and the bot still waits for the answer."""


@dataclass
class Outcome:
    """What a trial found; ``ways`` counts how the bot died, and how often it was a full start."""

    kills: int
    incidents: int
    seconds: float
    ways: Counter[str] = field(default_factory=Counter)
    ledgers: dict[str, Ledger] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


class Trial:
    """One bot, its places, its Gerrit. ``dice`` says when it dies and what goes wrong.

    ``mark`` makes its nicks and rooms its own; ``breaking`` is how many CIs break and mend.
    """

    def __init__(
        self,
        directory: Path,
        database: str,
        servers: tuple[Ngircd, InspIRCd, SlackServer],
        dice: random.Random,
        *,
        mark: str,
        breaking: int,
        pause_s: float = 0.1,
        zygote: Zygote | None = None,
        port: int | None = None,
    ) -> None:
        self._dice = dice
        self._zygote = zygote
        self._ways: Counter[str] = Counter()
        self._arrivals = threading.Semaphore(0)
        self._over = threading.Event()
        self._enough = threading.Event()  # messages were written
        self._written = 0
        self._pause_s = pause_s
        ngircd, inspircd, slack = servers
        arrived = self._arrivals.release
        self._slack = SlackPlace(slack, arrived)
        self.places: list[Place] = [
            IrcPlace("ngircd", ngircd, f"n{mark}", arrived),
            IrcPlace("inspircd", inspircd, f"i{mark}", arrived),
            self._slack,
        ]
        gerrit = {
            "name": "review", "url": "http://127.0.0.1:9/", "poll": False, "webhook_token": TOKEN,
        }  # fmt: skip
        tables = {
            "gerrit": [gerrit],
            "ci": ci_tables(breaking),
            "reference": [{"ci": REFERENCE}],
            "irc": [place.config for place in self.places if place.kind == "irc"],
            "slack": [place.config for place in self.places if place.kind == "slack"],
            "route": [{"channels": [f"{place.name}/{place.rooms[0]}" for place in self.places]}],
        }
        self.bot = WholeBot(directory, database, tables | JUDGEMENT, port, zygote)
        self.bot.start()
        self.store: Store = self.bot.store()
        self.events = Events(
            self.bot.webhook("review"), self.store, breaking, lambda: not self._over.is_set()
        )
        self._writer = threading.Thread(target=self._write, daemon=True)

    def run(self, kills: int) -> Outcome:
        """Kills the bot so often, lets it finish its work, and compares."""
        begun = time.monotonic()
        self.events.start()
        self._writer.start()
        for number in range(kills):
            full = not self._zygote or number == 0 or self._dice.random() < _FULL_STARTS
            if number:
                self.bot.launch(None if full else self._zygote)
            self._ways["full start"] += full
            self._live(2.5 if full else 0.4)
            self.bot.kill()
        self._stop_writing()
        self.bot.start()
        eventually(lambda: not self.events.is_alive(), "the end of all incidents", 600)
        eventually(self._all_said, "an empty outbox", 600)
        self.bot.stop()
        return self._outcome(kills, time.monotonic() - begun)

    def close(self) -> None:
        """Ends everything."""
        self._over.set()
        self._enough.set()
        self.bot.stop()
        for place in self.places:
            place.close()
        self.store.close()

    def _live(self, start_s: float) -> None:
        """Lets the bot live until the moment at which it is to die; its start takes so long."""
        if self._dice.random() < 0.5:
            for place in self.places:
                place.disturb(self._dice)
        while self._arrivals.acquire(blocking=False):
            pass
        way = self._dice.choices(list(_WAYS), list(_WAYS.values()))[0]
        self._ways[way] += 1
        if way == "starting":
            self._over.wait(self._dice.uniform(0, start_s))
            return
        if way == "unanswered":
            self._slack.hang()
        for _ in range(self._dice.randint(1, 8)):
            if not self._arrivals.acquire(timeout=_LONGEST_LIFE_S):
                return
        if way != "arrived":
            self._over.wait(self._dice.uniform(0, 1.0))

    def _write(self) -> None:
        """Puts messages into the outbox, as the parts of the bot do."""
        places = [(place.name, room) for place in self.places for room in place.rooms]
        dice = random.Random(self._dice.random())
        full: set[tuple[str, str]] = set()
        while not self._enough.wait(self._pause_s):
            if self._written % 6 == 0 or len(full) == len(places):
                # On a busy machine the bot would never be done with all that could be written.
                full = {room for room, count in self._waiting().items() if count >= _MOST_WAITING}
            free = [room for room in places if room not in full]
            if not free:
                continue
            network, room = dice.choice(free)
            self._written += 1
            text = card(f"[m{self._written}] said in a trial").to_json()
            about = About(MessageKind.ALERT, f"note:{self._written}")
            note = (about, Channel(network, room), text, datetime.now(UTC))
            self.store.write(lambda tx, note=note: outbox.enqueue(tx, *note))

    def _waiting(self) -> dict[tuple[str, str], int]:
        """How many messages are open in each room."""
        table = schema.outbox.c
        query = (
            select(table.network, table.room, func.count())
            .where(table.state.in_(("pending", "sending")))
            .group_by(table.network, table.room)
        )
        rows = self.store.read(lambda tx: tx.execute(query).all())
        return {(row[0], row[1]): row[2] for row in rows}

    def _stop_writing(self) -> None:
        self._enough.set()
        self._writer.join()

    def _all_said(self) -> bool:
        return not self.store.read(outbox.depth)

    def _outcome(self, kills: int, seconds: float) -> Outcome:
        outcome = Outcome(kills, self.events.breaking, seconds, self._ways)
        outcome.wrong += self.events.refused
        rows = self.store.read(
            lambda tx: tx.execute(select(schema.outbox).order_by(schema.outbox.c.id)).all()
        )
        notes = {row.dedupe_key for row in rows if row.dedupe_key.startswith("note:")}
        if len(notes) != self._written:
            outcome.wrong.append(f"{self._written} were written and {len(notes)} are stored")
        for place in self.places:
            ledgers = []
            for room in place.rooms:
                there = [row for row in rows if (row.network, row.room) == (place.name, room)]
                names = [_named(row.card) for row in there]
                if room == place.rooms[0]:
                    outcome.wrong += self._untold(names, place.name)
                by_key = place.kind == "slack"
                wanted = [row.dedupe_key for row in there] if by_key else names
                ledgers.append(compare(wanted, place.heard(room), _is_note))
            outcome.ledgers[place.name] = sum(ledgers, Ledger())
        return outcome

    def _untold(self, names: Sequence[str], where: str) -> list[str]:
        """Steps of incidents that are not in the outbox exactly once."""
        steps = [
            f"{ci_name(number)} {word}"
            for number in range(self.events.breaking)
            for word in ("is failing", "recovered")
        ]
        counts = {step: names.count(step) for step in steps}
        return [f"{step} {n} times for {where}" for step, n in counts.items() if n != 1]


def _is_note(what: str) -> bool:
    """Whether the trial wrote a message itself, not the bot."""
    return what.startswith(("[m", "note:"))


def _named(text: str) -> str:
    match = NAMED.search(Card.from_json(text).text())
    return match[0] if match else text


@contextmanager
def trial(
    directory: Path,
    database: str,
    servers: tuple[Ngircd, InspIRCd, SlackServer],
    seed: int,
    **more: Any,
) -> Iterator[Trial]:
    """A trial that is ended whatever happens; ``more`` are the keywords of `Trial`."""
    running = Trial(directory, database, servers, random.Random(seed), **more)
    try:
        yield running
    finally:
        running.close()
