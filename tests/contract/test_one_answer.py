"""Facts that two sentences say of one trouble are the same, and none is of another's."""

from __future__ import annotations

from cibot.chat.dispatch import Dispatcher
from cibot.chat.protocol import Asker, Channel, Question
from cibot.config.models import Config
from cibot.health.seen import LastHeard
from cibot.health.signal import Signal
from cibot.model import State
from cibot.reports.context import Context
from cibot.reports.incidents import incidents
from cibot.reports.summary import summary
from cibot.store.engine import Store
from tests.support.faces import application
from tests.support.history import NOW, History, ago
from tests.support.scenario import CONFIG, Scenario


def asked(scenario: Scenario, text: str) -> str:
    answer = Dispatcher(scenario.store, CONFIG, lambda: scenario.now)
    reply = answer(Question(text, Asker("mika", "mika"), Channel("net", "#ops"), private=False))
    assert reply is not None
    return reply.text()


def broke(*jobs: str) -> str:
    lines = "\n".join(f"- {job} https://logs.example.org/{job} : NODE_FAILURE" for job in jobs)
    return f"Patch Set 1:\n\nBuild failed (check pipeline).\n\n{lines}"


def test_a_branch_that_is_well_has_no_bad_run_of_another(store: Store) -> None:
    scenario = Scenario(store)
    for _ in range(60):
        scenario.change()
        scenario.change(branch="stable/1")
    for _ in range(15):
        scenario.change()
        scenario.change(acme=False, branch="stable/1")
    scenario.judge()
    assert "First bad run 122,1" in asked(scenario, "status acme")
    assert "First bad run 122,1" in asked(scenario, "status acme stable/1")
    assert "First bad run" not in asked(scenario, "status acme master")


def test_what_passed_since_a_drop_and_before_is_the_same_on_its_branch(store: Store) -> None:
    scenario = Scenario(store)
    scenario.change(times=150)
    for good in (False, True) * 20:
        scenario.change(acme=good)
    scenario.judge()
    since = "15 of 30 passed since then where Zuul did, 99.6 % before"
    assert since in asked(scenario, "status acme")
    assert since in asked(scenario, "status acme master")


def test_a_silence_is_as_long_as_it_is_now_on_every_face(sqlite_store: Store) -> None:
    history = History(sqlite_store).feed(ago(minutes=1))
    history.change(5, "p", "S", uploads=[ago(days=2)])
    heard = LastHeard(NOW - ago(hours=22), ago(hours=20), 9, patience=3, takes=0.99)
    ci = history.ci("Acme").report(5, at=ago(hours=22))
    ci.is_(State.SILENT, ago(hours=22), Signal("silent", State.SILENT, 0.0, 9, seen=heard))
    ci.incident("silent", ago(hours=20), seen=heard)
    history.save()
    dispatcher = Dispatcher(sqlite_store, Config(), clock=lambda: history.now)
    for typed in ("status acme", "list silent", "incidents", "summary", "why acme"):
        said = dispatcher(Question(typed, Asker("m"), Channel("irc", "#c"), private=True))
        assert said is not None
        assert "last heard 22 h ago" in said.text(), typed


def test_a_silence_that_was_taken_back_does_not_get_longer(sqlite_store: Store) -> None:
    history = History(sqlite_store)
    heard = LastHeard(NOW - ago(hours=22), ago(hours=2), 9, patience=3, takes=0.99)
    history.ci("Acme").incident(
        "silent", ago(hours=20), ago(hours=10), "withdrawn", cleared_at=None, seen=heard
    )
    history.save()
    (line,) = sqlite_store.read(lambda tx: incidents(tx, Context(history.now), ended=True))
    assert isinstance(line.seen, LastHeard)
    assert line.seen.quiet == ago(hours=12)


def test_a_ci_whose_history_was_read_today_is_not_new(sqlite_store: Store) -> None:
    history = History(sqlite_store)
    history.change(5, "p", "S", uploads=[ago(days=9)])
    for name, days in (("Old", 9), ("Young", 0)):
        history.ci(name, since=ago(hours=1)).report(5, at=ago(days=days, hours=1))
    history.save()
    digest = sqlite_store.read(lambda tx: summary(tx, Context(history.now)))
    assert [ci.name for ci in digest.new] == ["Young"]


def test_no_job_stands_out_where_all_break(store: Store) -> None:
    scenario = Scenario(store)
    scenario.well()
    for _ in range(10):
        scenario.change(acme=broke("nvme", "iscsi"))
        scenario.judge()
    said = asked(scenario, "status acme")
    assert "10 of 10 attempts broke by themselves since then" in said
    assert "Job " not in said
    (incident,) = scenario.store.read(lambda tx: incidents(tx, Context(scenario.now, CONFIG)))
    assert incident.first_bad is not None
    assert incident.first_bad.job == "nvme"
    feed = application(store, CONFIG).test_client().get("/incidents.atom").get_data(as_text=True)
    assert "<title>Acme: failing (infra), not acknowledged</title>" in feed


def test_the_first_bad_run_has_its_job_and_log_also_where_its_signal_came_late(
    store: Store,
) -> None:
    scenario = Scenario(store)
    for number in range(40):
        scenario.change(acme=number % 3 == 0)
        scenario.judge()
    (incident,) = scenario.store.read(lambda tx: incidents(tx, Context(scenario.now, CONFIG)))
    assert incident.first_bad is not None
    run = incident.first_bad
    assert (run.number, run.job, run.url) == (2, "tempest", "https://logs.example.org/1")
