"""Facts that two sentences say of one trouble are the same, and none is of another's."""

from __future__ import annotations

from cibot.chat.dispatch import Dispatcher
from cibot.chat.protocol import Asker, Channel, Question
from cibot.reports.context import Context
from cibot.reports.incidents import incidents
from cibot.store.engine import Store
from tests.support.faces import application
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


def test_what_was_before_a_drop_is_the_same_on_its_branch(store: Store) -> None:
    scenario = Scenario(store)
    scenario.change(times=150)
    for good in (False, True) * 20:
        scenario.change(acme=good)
    scenario.judge()
    assert "since then where Zuul did, 99.6 % before" in asked(scenario, "status acme")
    assert "n=168), 99.6 % before" in asked(scenario, "status acme master")


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
