"""What raises is set aside and named, on both databases; everything else goes on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select, update

from cibot.chat.command import Ask
from cibot.chat.commands import feeds
from cibot.chat.protocol import Answer, Channel, Leads, Link
from cibot.collector import formats
from cibot.collector.gathering import Gathering
from cibot.collector.ingest import Ingest
from cibot.collector.rereading import reread
from cibot.collector.roster import Roster
from cibot.daemon.app import create_app
from cibot.daemon.scheduler import Job, Scheduler
from cibot.judging import Monitor
from cibot.logs import died, set_up
from cibot.model import Change
from cibot.outbox.sender import Sender
from cibot.reports.context import Context
from cibot.store import outbox, schema
from cibot.store.engine import Store
from cibot.store.incidents import health_of
from cibot.store.outbox import About, MessageKind
from cibot.store.set_aside import Aside, SetAside, put_aside, set_aside
from cibot.text.card import Card, card
from cibot.web.probes import parts, probes_blueprint
from tests.support.processes import wait_until
from tests.support.told_life import CONFIG, Life

TEXT = "could not be read before"


@pytest.fixture
def life(store: Store) -> Life:
    """Acme fails for long enough that an incident is open."""
    life = Life(store)
    for _ in range(30):
        life.change()
    for _ in range(30):
        life.change(acme=False)
    life.judge()
    return life


@pytest.fixture
def monitor(life: Life) -> Iterator[Monitor]:
    monitor = Monitor(life.store, CONFIG, lambda: life.now)
    monitor.start()
    yield monitor
    monitor.stop(10)


def aside(life: Life) -> list[tuple[str, str]]:
    return [(one.kind, one.name) for one in rows(life)]


def rows(life: Life) -> tuple[SetAside, ...]:
    return life.store.read(lambda tx: set_aside(tx, life.now))


def spoil(store: Store, table: str, **values: Any) -> None:
    """What stands in all rows of a table cannot be read any more."""
    store.write(lambda tx: tx.execute(update(schema.metadata.tables[table]).values(**values)))


def assessed(life: Life, name: str) -> bool:
    """Whether the CI was judged at the present time."""
    query = select(schema.ci.c.id).where(schema.ci.c.name == name)
    ci_id = life.store.read(lambda tx: tx.execute(query).scalar_one())
    return any(
        one.assessed_at == life.now for one in life.store.read(lambda tx: health_of(tx, ci_id))
    )


def test_one_ci_that_raises_is_named_on_every_face_and_the_others_are_judged(
    life: Life, monitor: Monitor, caplog: pytest.LogCaptureFixture
) -> None:
    spoil(life.store, "incident", body="{}")
    life.restart()
    life.change(acme=False)
    with caplog.at_level(logging.ERROR):
        monitor.judge_everybody()
        wait_until(lambda: assessed(life, "Zuul") and aside(life) == [("CI", "Acme")])
    (row,) = rows(life)
    assert "incident #1 cannot be read" in row.reason
    assert "set aside CI=Acme" in caplog.text
    assert "Traceback" in caplog.text
    ready = parts(life.store, lambda: life.now, {})["set aside"]()
    assert (ready.ok, ready.detail.partition(":")[0]) == (True, "CI Acme")
    ctx = Context(life.now, CONFIG)
    answer = life.store.read(lambda tx: feeds.answer(Ask(tx, ctx, (), {}, dict)))
    assert "CI Acme:" in answer.text()


def test_a_ci_that_works_again_is_taken_back(life: Life, monitor: Monitor) -> None:
    other = Aside(life.store, "CI", lambda: life.now)  # as another process
    other.put("Acme", RuntimeError("once"))
    life.change()
    monitor.judge_all()
    wait_until(lambda: not rows(life) and assessed(life, "Acme"))


def test_a_broken_incident_of_one_ci_keeps_no_other_from_being_told_of(life: Life) -> None:
    """Whether many broke at once is asked of everybody's incidents."""
    opened = select(schema.incident)
    (row,) = life.store.read(lambda tx: tx.execute(opened).mappings().all())
    broken = dict(row) | {"id": row["id"] + 1, "ci_id": 3 - row["ci_id"], "body": "{"}
    told = life.told()
    life.store.write(lambda tx: tx.execute(schema.incident.insert().values(**broken)))
    for _ in range(80):
        life.change()
    life.monitor.judge(acme_id(life))
    for _ in range(30):
        life.change(acme=False)
    life.monitor.judge(acme_id(life))
    assert len(life.told()) > len(told)


def acme_id(life: Life) -> int:
    query = select(schema.ci.c.id).where(schema.ci.c.name == "Acme")
    return life.store.read(lambda tx: tx.execute(query).scalar_one())


@pytest.mark.parametrize(
    ("table", "values"), [("checkpoint", {"body": b"no checkpoint"}), ("health", {"signals": "{"})]
)
def test_what_can_be_made_anew_is_made_anew(
    life: Life, table: str, values: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    before = life.judge()
    spoil(life.store, table, **values)
    life.restart()
    life.monitor.judge_all()
    assert life.judge() is before
    assert rows(life) == ()
    if table == "checkpoint":
        assert "a checkpoint cannot be read" in caplog.text


def unheard(life: Life, number: int, text: str = "Hello", subject: str = "S") -> Change:
    life.change()
    old = Change(
        number, "demo", "master", subject, "NEW", life.now, life.now, (), (), complete=True
    )
    return replace(old, branch=text)


class GerritOf:
    """A Gerrit that has these changes."""

    url = "https://review.example.org/"

    def __init__(self, *changes: Change) -> None:
        self.changes = {f"{one.project}~{one.number}": one for one in changes}

    def change(self, key: str) -> Change:
        return self.changes[key]


def gathering(life: Life, *changes: Change) -> Gathering:
    return Gathering(
        GerritOf(*changes),  # type: ignore[arg-type]
        life.ingest, "poll", "", 100, lambda: life.now,
        aside=Aside(life.store, "change", lambda: life.now, "review"),
    )  # fmt: skip


def stored(life: Life) -> set[int]:
    query = select(schema.change.c.number)
    return set(life.store.read(lambda tx: tx.execute(query).scalars()))


def test_one_change_that_raises_is_named_and_the_rest_of_its_page_is_stored(life: Life) -> None:
    page = [unheard(life, 901), unheard(life, 902, subject="\ud800"), unheard(life, 903)]
    poll = gathering(life, *page)
    poll.store(page)
    assert {901, 903} <= stored(life)
    assert 902 not in stored(life)
    assert aside(life) == [("change", "review demo~902")]
    assert [one.key for one in poll.broken] == ["demo~902"]
    again = gathering(life, page[1])
    again.cursor = poll.cursor
    again.retry_failed()
    assert aside(life) == [("change", "review demo~902")]
    assert again.cursor.failed == {"demo~902": 2}
    mended = gathering(life, replace(page[1], subject="S"))
    mended.cursor = again.cursor
    mended.retry_failed()
    assert 902 in stored(life)
    assert (rows(life), mended.cursor.failed, mended.broken) == ((), {}, ())


def test_one_comment_that_raises_is_named_and_read_when_it_can_be(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_comment: object) -> None:
        raise RecursionError(TEXT)

    with monkeypatch.context() as broken:
        broken.setattr(formats, "_families", lambda: (SimpleNamespace(read=breaks),))
        life.change(zuul=None)
        assert life.changes in stored(life)
        ((kind, _name),) = aside(life)
        assert kind == "comment"
        assert TEXT in rows(life)[0].reason
        Ingest(life.store, 1, Roster.from_config(CONFIG, "review"), lambda: life.now).sync_roster()
    assert reread(life.store, lambda: life.now).changed == 1
    assert rows(life) == ()


def test_no_more_than_a_thousand_are_kept_the_newest_of_them(life: Life) -> None:
    for minute in range(12):
        names = {f"{minute} {number}": TEXT for number in range(100)}
        at = life.now + timedelta(minutes=minute)
        life.store.write(lambda tx, names=names, at=at: put_aside(tx, "comment", names, at))  # type: ignore[misc]
    kept = {row.name.partition(" ")[0] for row in rows(life)}
    query = select(func.count()).select_from(schema.set_aside)
    assert life.store.read(lambda tx: tx.execute(query).scalar_one()) == 1000
    assert kept == {str(minute) for minute in range(2, 12)}


class Room:
    """A backend that takes everything."""

    network = "net"

    def __init__(self) -> None:
        self.sent: list[str] = []

    def start(self, answer: Answer, leads: Leads) -> None: ...

    def stop(self, timeout: float) -> None: ...

    def link(self) -> Link:
        return Link(True, None)

    def send(self, room: str, message: Card, *, key: str) -> str:
        if key == "raises":
            raise KeyError(key)
        self.sent.append(key)
        return key

    def find(self, room: str, key: str) -> str | None:
        raise LookupError(key)


def test_a_message_that_raises_is_given_up_and_the_next_is_sent(store: Store, life: Life) -> None:
    store.write(lambda tx: tx.execute(schema.outbox.delete()))
    for key in ("unreadable", "raises", "fine"):
        text = "{" if key == "unreadable" else card(key).to_json()
        about, to = About(MessageKind.ALERT, key), Channel("net", "#ops")
        store.write(
            lambda tx, about=about, to=to, text=text: outbox.enqueue(  # type: ignore[misc]
                tx, about, to, text, life.now
            )
        )
    room = Room()
    sender = Sender(store, {"net": room}, lambda: life.now)
    sender.start()
    try:
        wait_until(lambda: "fine" in room.sent)
    finally:
        sender.stop(10)
    detail = parts(store, lambda: life.now, {"net": room})["chat net"]().detail
    assert "raises: KeyError" in detail


def test_a_job_that_raises_is_named_and_runs_the_next_time(life: Life) -> None:
    done: list[int] = []

    def job() -> None:
        done.append(1)
        if len(done) == 1:
            raise ZeroDivisionError
        wait_until(lambda: aside(life) == [("job", "often")] or len(done) > 2)

    scheduler = Scheduler(
        [Job("often", timedelta(seconds=0.05), job)],
        lambda: True,
        Aside(life.store, "job", lambda: life.now),
    )
    scheduler.start()
    try:
        wait_until(lambda: len(done) > 2 and not rows(life))
    finally:
        scheduler.stop()


def test_a_dead_thread_makes_healthz_fail() -> None:
    set_up(stream=None)
    app = create_app([probes_blueprint({}, died=died)])
    assert app.test_client().get("/healthz").status_code == 200
    thread = threading.Thread(target=_dies, name="monitor")
    thread.start()
    thread.join()
    answer = app.test_client().get("/healthz")
    assert (answer.status_code, answer.get_json()["status"]) == (503, "dead threads: monitor")


def _dies(_nothing: Sequence[int] = ()) -> None:
    raise MemoryError
