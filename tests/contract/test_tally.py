"""The counts of hours and days are those of the reports, whatever happened in whatever order."""

import random
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from cibot.collector.ingest import Ingest
from cibot.collector.match import REMOVED
from cibot.collector.roster import Roster
from cibot.config.models import CiConfig
from cibot.model import Account, Change, Message, PatchSet
from cibot.store import migrate, schema
from cibot.store.cis import all_cis, ensure_server
from cibot.store.engine import Store, Tx, open_store
from cibot.store.reports import drop_reports, put_reports
from cibot.store.tally import DAY, HOUR, Counts, buckets, counting, counts_between, drift, recount
from tests.support.history import NOW, History, ago
from tests.support.old_tables import make_tables

BEGIN = datetime(2026, 11, 20, 22, 58, 30, tzinfo=UTC)  # so that days and hours turn early
ACCOUNTS = [Account(n, f"ci{n}", f"CI {n}") for n in range(1, 6)]
TEXTS = [
    "Build succeeded (check pipeline).\n\n- unit https://l.example.org/1 : SUCCESS in 58s",
    "Build failed (check pipeline).\n\n- unit https://l.example.org/1 : FAILURE in 58s",
    "Build failed (check pipeline).\n\n- unit https://l.example.org/1 : NODE_FAILURE in 58s",
    "Starting check jobs.",
    "This is what nobody understands",
    f"{REMOVED} Mika; reason: noise",
]


class World:
    """A few changes on a server that lives: what happens is told by one feed or another."""

    def __init__(self, store: Store, seed: int) -> None:
        self.dice, self.store = random.Random(seed), store
        self.server = store.write(lambda tx: ensure_server(tx, "review", "https://review"))
        self.messages: dict[int, list[Message]] = {number: [] for number in range(1, 5)}
        self.names = 0
        self.roster = Roster("review", [self._named("One", 1)])
        self.ingest = Ingest(store, self.server, self.roster, lambda: NOW)

    def live(self) -> None:
        """One thing happens."""
        happen = [self.say, self.say, self.say, self.edit, self.rename, self.retell, self.move]
        self.dice.choice(happen)()

    def say(self) -> None:
        number = self.dice.choice(list(self.messages))
        message = self._message()
        self.messages[number].append(message)
        self.messages[number].sort(key=lambda message: message.posted_at)
        if self.dice.random() < 0.5:
            self._take(number, (replace(message, message_id=None),), complete=False)
        if self.dice.random() < 0.7:
            self._take(number, tuple(self.messages[number]))

    def edit(self) -> None:
        """A text, an author or a time is told otherwise."""
        number, place = self._any()
        if place is not None:
            old = self.messages[number][place]
            other = self._message()
            change = self.dice.choice(
                [{"text": other.text}, {"author": other.author}, {"posted_at": other.posted_at}]
            )
            self.messages[number][place] = replace(old, **change)
            self._take(number, tuple(self.messages[number]))

    def rename(self) -> None:
        """A message was deleted: it and all later ones have new ids."""
        number, place = self._any()
        if place is not None:
            said = self.messages[number]
            said[place] = replace(said[place], text=TEXTS[-1])
            for later in range(place, len(said)):
                said[later] = replace(said[later], message_id=self._name())
            self._take(number, tuple(said))

    def retell(self) -> None:
        """Everything once more, in one batch, some changes twice."""
        numbers = self.dice.choices(list(self.messages), k=6)
        changes = [self._change(number, tuple(self.messages[number])) for number in numbers]
        self.ingest.ingest(changes, feed="poll", cursor=None, heard_at=NOW)

    def move(self) -> None:
        """The configuration says that an account is another CI's."""
        self.roster.cis = [self._named("One", 1), self._named("Two", self.dice.randint(2, 5))]
        self.ingest.sync_roster()

    @staticmethod
    def _named(name: str, number: int) -> CiConfig:
        return CiConfig.model_validate({"name": name, "accounts": [f"ci{number}"]})

    def _name(self) -> str:
        self.names += 1
        return f"m{self.names}"

    def _message(self) -> Message:
        after = timedelta(seconds=self.dice.choice([0, 30, 90, 3600, 86400]))
        at = BEGIN + self.dice.randint(0, 3) * after
        author, text = self.dice.choice(ACCOUNTS), self.dice.choice(TEXTS)
        return Message(at, f"Patch Set 1:\n\n{text}", author, 1, message_id=self._name())

    def _any(self) -> tuple[int, int | None]:
        number = self.dice.choice(list(self.messages))
        said = self.messages[number]
        return number, self.dice.randrange(len(said)) if said else None

    def _change(
        self, number: int, messages: tuple[Message, ...], *, complete: bool = True
    ) -> Change:
        messages = tuple(
            replace(message, position=place if complete else None)
            for place, message in enumerate(messages)
        )
        sets = (PatchSet(1, BEGIN),)
        return Change(
            number, "demo", "master", "S", "NEW", BEGIN, BEGIN, messages, sets, complete=complete
        )

    def _take(self, number: int, messages: tuple[Message, ...], *, complete: bool = True) -> None:
        change = self._change(number, messages, complete=complete)
        feed = "poll" if complete else "webhook"
        self.ingest.ingest([change], feed=feed, cursor=None, heard_at=NOW)


def rows(store: Store) -> list[Any]:
    return list(store.read(lambda tx: tx.execute(select(schema.report)).all()))


def counted(reports: list[Any]) -> Counts:
    """What they count as, counted by hand."""
    return Counts(
        sum(report.result == "pass" for report in reports),
        sum(report.result == "fail" for report in reports),
        sum(report.result == "infra" for report in reports),
        sum(report.result is None and report.outcome is not None for report in reports),
        sum(report.outcome is None for report in reports),
    )


def by_hand(store: Store, hours: int) -> dict[tuple[int, datetime], Counts]:
    by_bucket: dict[tuple[int, datetime], list[Any]] = defaultdict(list)
    for report in rows(store):
        begin = report.posted_at.replace(minute=0, second=0, microsecond=0)
        by_bucket[report.ci_id, begin.replace(hour=0) if hours == DAY else begin].append(report)
    return {key: counted(reports) for key, reports in by_bucket.items()}


def check(store: Store, dice: random.Random) -> None:
    """Every bucket, and a few windows that begin and end anywhere."""
    ids = [ci.id for ci in store.read(all_cis)]
    long_ago, far_off = BEGIN - timedelta(99), BEGIN + timedelta(99)
    for hours in (HOUR, DAY):
        stored = store.read(lambda tx, h=hours: buckets(tx, ids, h, long_ago, far_off))  # type: ignore[misc]
        assert {(bucket.ci_id, bucket.start): bucket.counts for bucket in stored} == by_hand(
            store, hours
        )
    for _ in range(5):
        since = BEGIN + timedelta(seconds=dice.choice([-30, 0, 30, 90, 5400]))
        until = since + timedelta(seconds=dice.choice([0, 30, 3600, 90000, 86400 * 3 + 1]))
        window = store.read(lambda tx, w=(since, until): counts_between(tx, ids, *w))  # type: ignore[misc]
        inside = [report for report in rows(store) if since <= report.posted_at < until]
        expected = {ci: counted([report for report in inside if report.ci_id == ci]) for ci in ids}
        assert window == {ci: counts for ci, counts in expected.items() if any(counts)}
    assert [store.read(lambda tx, ci=ci: drift(tx, ci)) for ci in ids] == [{}] * len(ids)  # type: ignore[misc]


@pytest.mark.parametrize("seed", range(8))
def test_counts_are_those_of_the_reports(store: Store, seed: int) -> None:
    world = World(store, seed)
    for _ in range(6):
        for _ in range(6):
            world.live()
        check(store, world.dice)
    assert len(rows(store)) > 5


@pytest.fixture
def processes(store: Store) -> Iterator[list[Store]]:
    url = store.engine.url.render_as_string(hide_password=False)
    with ExitStack() as stack:
        opened = [open_store(url) for _ in range(4)]
        for opened_store in opened:
            stack.callback(opened_store.close)
        yield opened


def test_several_processes_lose_no_count(store: Store, processes: list[Store]) -> None:
    """Four tell the same and other things at once, with rosters that disagree, beside a recount."""

    def run(place: int) -> None:
        # The same dice: the same comments, claimed by all of them.
        world = World(processes[place], place // 2)
        for number in range(15):
            world.live()
            if number % 5 == place:
                for ci in processes[place].read(all_cis):
                    processes[place].write(lambda tx, ci=ci: recount(tx, ci.id))  # type: ignore[misc]

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(run, place) for place in range(4)]:
            future.result(120)
    check(store, random.Random(1))


def test_two_who_read_a_comment_anew_count_out_what_is_there(
    store: Store, processes: list[Store]
) -> None:
    history = History(store)
    history.ci("One").report(1, at=ago(days=1))
    history.save()
    (row,) = rows(store)
    entered = Event()

    def reread(process: Store, result: str, *, first: bool) -> None:
        def work(tx: Tx) -> None:
            with counting(tx) as tally:
                drop_reports(tx, [(row.change_id, row.seq)], tally)
                entered.set()
                if first:
                    time.sleep(0.3)  # the other comes meanwhile; where it is late, it is easy
                put_reports(tx, [dict(row._mapping) | {"result": result}], [], tally)

        process.write(work)

    with ThreadPoolExecutor(2) as pool:
        rereading = pool.submit(reread, processes[0], "fail", first=True)
        assert entered.wait(30)
        other = pool.submit(reread, processes[1], "infra", first=False)
        rereading.result(60)
        other.result(60)
    check(store, random.Random(1))


def test_a_recount_mends_what_somebody_broke(store: Store) -> None:
    world = World(store, 3)
    for _ in range(30):
        world.live()
    tally, (broken, robbed, *_) = schema.tally, [ci.id for ci in store.read(all_cis)]
    store.write(lambda tx: tx.execute(update(tally).values(passes=7)))
    store.write(lambda tx: tx.execute(delete(tally).where(tally.c.ci_id == robbed)))
    assert store.write(lambda tx: recount(tx, broken)) > 0
    for ci in store.read(all_cis):
        store.write(lambda tx, ci=ci: recount(tx, ci.id))  # type: ignore[misc]
    check(store, world.dice)
    assert store.write(lambda tx: recount(tx, broken)) == 0


def test_the_migration_counts_what_is_there(empty_store: Store) -> None:
    make_tables(empty_store, "0001")
    report = schema.report
    times = [
        datetime(2026, 11, 20, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 11, 21, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 30, tzinfo=UTC),
    ]
    results = [("success", "pass"), ("failure", "fail"), ("failure", "infra"), ("started", None)]
    rows = [
        {"change_id": n, "seq": 1, "ci_id": n % 3, "patch_set": 1, "posted_at": times[n % 3],
         "pipeline": None, "outcome": outcome, "result": result, "format": None, "heard_at": NOW}
        for n, (outcome, result) in enumerate([*results, (None, None)] * 6)
    ]  # fmt: skip
    empty_store.write(lambda tx: tx.execute(report.insert(), rows))
    migrate.upgrade(empty_store)
    stored = empty_store.read(lambda tx: tx.execute(select(schema.tally.c.passes)).all())
    assert stored
    for ci in range(3):
        assert empty_store.read(lambda tx, ci=ci: drift(tx, ci)) == {}  # type: ignore[misc]


def test_a_day_is_read_without_its_reports(store: Store) -> None:
    """What is shown comes from the counts: without the reports it is still there."""
    history = History(store)
    for number in range(1, 6):
        history.ci("One").report(number, at=ago(days=number), outcome="failure")
    history.save()
    store.write(lambda tx: tx.execute(delete(schema.report)))
    days = store.read(lambda tx: buckets(tx, [1], DAY, NOW - ago(30), NOW))
    assert [day.counts.fails for day in days] == [1] * 5
