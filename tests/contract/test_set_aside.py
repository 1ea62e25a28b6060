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
from cibot.web.asking import Asking
from cibot.web.probes import parts, probes_blueprint
from tests.support.processes import wait_until
from tests.support.scenario import CONFIG, Scenario
from tests.support.stores import store_after

TEXT = "could not be read before"


def live(store: Store) -> None:
    scenario = Scenario(store)
    scenario.change(times=30)
    scenario.change(acme=False, times=30)
    scenario.judge()


@pytest.fixture(params=["sqlite", "mariadb"])
def scenario(request: pytest.FixtureRequest) -> Iterator[Scenario]:
    """Acme fails for long enough that an incident is open."""
    with store_after(request, request.param, live) as store:
        yield Scenario.gone_on(store)


@pytest.fixture
def monitor(scenario: Scenario) -> Iterator[Monitor]:
    monitor = Monitor(scenario.store, CONFIG, lambda: scenario.now)
    monitor.start()
    yield monitor
    monitor.stop(10)


def aside(scenario: Scenario) -> list[tuple[str, str]]:
    return [(row.kind, row.name) for row in rows(scenario)]


def rows(scenario: Scenario) -> tuple[SetAside, ...]:
    return scenario.store.read(lambda tx: set_aside(tx, scenario.now))


def spoil(store: Store, table: str, **values: Any) -> None:
    """What stands in all rows of a table cannot be read any more."""
    store.write(lambda tx: tx.execute(update(schema.metadata.tables[table]).values(**values)))


def assessed(scenario: Scenario, name: str) -> bool:
    """Whether the CI was judged at the present time."""
    query = select(schema.ci.c.id).where(schema.ci.c.name == name)
    ci_id = scenario.store.read(lambda tx: tx.execute(query).scalar_one())
    return any(
        health.assessed_at == scenario.now
        for health in scenario.store.read(lambda tx: health_of(tx, ci_id))
    )


def test_one_ci_that_raises_is_named_on_every_face_and_the_others_are_judged(
    scenario: Scenario, monitor: Monitor, caplog: pytest.LogCaptureFixture
) -> None:
    spoil(scenario.store, "incident", body="{}")
    scenario.restart()
    scenario.change(acme=False)
    with caplog.at_level(logging.ERROR):
        monitor.judge_everybody()
        wait_until(lambda: assessed(scenario, "Zuul") and aside(scenario) == [("CI", "Acme")])
    (row,) = rows(scenario)
    assert "incident #1 cannot be read" in row.reason
    assert "set aside CI=Acme" in caplog.text
    assert "Traceback" in caplog.text
    ready = parts(Asking(scenario.store, CONFIG, lambda: scenario.now), {})["set aside"]()
    assert (ready.ok, ready.detail.partition(":")[0]) == (True, "CI Acme")
    ctx = Context(scenario.now, CONFIG)
    answer = scenario.store.read(lambda tx: feeds.answer(Ask(tx, ctx, (), {}, dict)))
    assert "CI Acme:" in answer.text()


def test_a_ci_that_works_again_is_taken_back(scenario: Scenario, monitor: Monitor) -> None:
    other = Aside(scenario.store, "CI", lambda: scenario.now)  # as another process
    other.put("Acme", RuntimeError("once"))
    scenario.change()
    monitor.judge_all()
    wait_until(lambda: not rows(scenario) and assessed(scenario, "Acme"))


def test_a_broken_incident_of_one_ci_keeps_no_other_from_being_told_of(scenario: Scenario) -> None:
    """Whether many broke at once is asked of everybody's incidents."""
    opened = select(schema.incident)
    (row,) = scenario.store.read(lambda tx: tx.execute(opened).mappings().all())
    broken = dict(row) | {"id": row["id"] + 1, "ci_id": 3 - row["ci_id"], "body": "{"}
    alerts = scenario.alerts()
    scenario.store.write(lambda tx: tx.execute(schema.incident.insert().values(**broken)))
    scenario.change(times=80)
    scenario.monitor.judge(acme_id(scenario))
    scenario.change(acme=False, times=30)
    scenario.monitor.judge(acme_id(scenario))
    assert len(scenario.alerts()) > len(alerts)


def acme_id(scenario: Scenario) -> int:
    query = select(schema.ci.c.id).where(schema.ci.c.name == "Acme")
    return scenario.store.read(lambda tx: tx.execute(query).scalar_one())


@pytest.mark.parametrize(
    ("table", "values"), [("checkpoint", {"body": b"no checkpoint"}), ("health", {"signals": "{"})]
)
def test_what_can_be_made_anew_is_made_anew(
    scenario: Scenario, table: str, values: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    before = scenario.judge()
    spoil(scenario.store, table, **values)
    scenario.restart()
    scenario.monitor.judge_all()
    assert scenario.judge() is before
    assert rows(scenario) == ()
    if table == "checkpoint":
        assert "a checkpoint cannot be read" in caplog.text


def unheard(scenario: Scenario, number: int, text: str = "Hello", subject: str = "S") -> Change:
    scenario.change()
    old = Change(
        number, "demo", "master", subject, "NEW", scenario.now, scenario.now, (), (), complete=True
    )
    return replace(old, branch=text)


class GerritOf:
    """A Gerrit that has these changes."""

    url = "https://review.example.org/"

    def __init__(self, *changes: Change) -> None:
        self.changes = {f"{change.project}~{change.number}": change for change in changes}

    def change(self, key: str) -> Change:
        return self.changes[key]


def gathering(scenario: Scenario, *changes: Change) -> Gathering:
    return Gathering(
        GerritOf(*changes),  # type: ignore[arg-type]
        scenario.ingest, "poll", "", 100, lambda: scenario.now,
        aside=Aside(scenario.store, "change", lambda: scenario.now, "review"),
    )  # fmt: skip


def stored(scenario: Scenario) -> set[int]:
    query = select(schema.change.c.number)
    return set(scenario.store.read(lambda tx: tx.execute(query).scalars()))


def test_one_change_that_raises_is_named_and_the_rest_of_its_page_is_stored(
    scenario: Scenario,
) -> None:
    page = [
        unheard(scenario, 901),
        unheard(scenario, 902, subject="\ud800"),
        unheard(scenario, 903),
    ]
    poll = gathering(scenario, *page)
    poll.store(page)
    assert {901, 903} <= stored(scenario)
    assert 902 not in stored(scenario)
    assert aside(scenario) == [("change", "review demo~902")]
    assert [broken.key for broken in poll.broken] == ["demo~902"]
    again = gathering(scenario, page[1])
    again.cursor = poll.cursor
    again.retry_failed()
    assert aside(scenario) == [("change", "review demo~902")]
    assert again.cursor.failed == {"demo~902": 2}
    mended = gathering(scenario, replace(page[1], subject="S"))
    mended.cursor = again.cursor
    mended.retry_failed()
    assert 902 in stored(scenario)
    assert (rows(scenario), mended.cursor.failed, mended.broken) == ((), {}, ())


def test_one_comment_that_raises_is_named_and_read_when_it_can_be(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_comment: object) -> None:
        raise RecursionError(TEXT)

    with monkeypatch.context() as broken:
        broken.setattr(formats, "_families", lambda: (SimpleNamespace(read=breaks),))
        scenario.change(zuul=None)
        assert scenario.changes in stored(scenario)
        ((kind, _name),) = aside(scenario)
        assert kind == "comment"
        assert TEXT in rows(scenario)[0].reason
        Ingest(
            scenario.store, 1, Roster.from_config(CONFIG, "review"), lambda: scenario.now
        ).sync_roster()
    assert reread(scenario.store, lambda: scenario.now).changed == 1
    assert rows(scenario) == ()


def test_no_more_than_a_thousand_are_kept_the_newest_of_them(scenario: Scenario) -> None:
    for minute in range(12):
        names = {f"{minute} {number}": TEXT for number in range(100)}
        at = scenario.now + timedelta(minutes=minute)
        scenario.store.write(lambda tx, names=names, at=at: put_aside(tx, "comment", names, at))  # type: ignore[misc]
    minutes = {row.name.partition(" ")[0] for row in rows(scenario)}
    query = select(func.count()).select_from(schema.set_aside)
    assert scenario.store.read(lambda tx: tx.execute(query).scalar_one()) == 1000
    assert minutes == {str(minute) for minute in range(2, 12)}


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


def test_a_message_that_raises_is_given_up_and_the_next_is_sent(scenario: Scenario) -> None:
    store = scenario.store
    store.write(lambda tx: tx.execute(schema.outbox.delete()))
    for key in ("unreadable", "raises", "fine"):
        text = "{" if key == "unreadable" else card(key).to_json()
        about, to = About(MessageKind.ALERT, key), Channel("net", "#ops")
        store.write(
            lambda tx, about=about, to=to, text=text: outbox.enqueue(  # type: ignore[misc]
                tx, about, to, text, scenario.now
            )
        )
    room = Room()
    sender = Sender(store, {"net": room}, lambda: scenario.now)
    sender.start()
    try:
        wait_until(lambda: "fine" in room.sent)
    finally:
        sender.stop(10)
    asking = Asking(store, CONFIG, lambda: scenario.now)
    detail = parts(asking, {"net": room})["chat net"]().detail
    assert "raises: KeyError" in detail


def test_a_job_that_raises_is_named_and_runs_the_next_time(scenario: Scenario) -> None:
    done: list[int] = []

    def job() -> None:
        done.append(1)
        if len(done) == 1:
            raise ZeroDivisionError
        wait_until(lambda: aside(scenario) == [("job", "often")] or len(done) > 2)

    scheduler = Scheduler(
        [Job("often", timedelta(seconds=0.05), job)],
        lambda: True,
        Aside(scenario.store, "job", lambda: scenario.now),
    )
    scheduler.start()
    try:
        wait_until(lambda: len(done) > 2 and not rows(scenario))
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
