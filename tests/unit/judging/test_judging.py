"""How a CI is judged by the comments that are stored, and what the rooms are told of it."""

from datetime import timedelta

import pytest

from cibot.config.judgement import Judgement, Policy
from cibot.incidents.stored import read_incident
from cibot.judging import Monitor
from cibot.judging.judging import Judging
from cibot.model import Change, Message, PatchSet, State
from cibot.store.cis import all_cis, ensure_ci
from cibot.store.incidents import health_of, incidents_of
from cibot.store.leaving import set_retired
from tests.support.scenario import ACME, CONFIG, HOUR, Scenario


def test_a_healthy_ci_is_healthy_and_nobody_is_told(scenario: Scenario) -> None:
    scenario.change(times=40)
    assert scenario.judge() is State.HEALTHY
    assert (scenario.alerts(), scenario.steps(), scenario.woken) == ([], [], 0)


@pytest.mark.parametrize("named", [(), ("stable/2026.*",), ("main", "stable/2026.*")])
def test_a_ci_of_one_branch_is_not_silent_while_only_others_are_worked_on(
    scenario: Scenario, named: tuple[str, ...]
) -> None:
    if named:
        acme = CONFIG.ci[1].model_copy(update={"branches": named})
        config = CONFIG.model_copy(update={"ci": [CONFIG.ci[0], acme]})
        scenario.monitor = Monitor(scenario.store, config, lambda: scenario.now)
    for _ in range(30):
        scenario.change(branch="stable/2026.1")
        scenario.change(acme=None)
    scenario.change(acme=None, times=60)
    assert (scenario.judge(), scenario.alerts()) == (State.HEALTHY, [])
    for _ in range(30):  # whom the configuration gives a pattern is expected on all that fit
        scenario.change(acme=None, branch="stable/2026.2")
    assert scenario.judge() is State.HEALTHY  # which may be that branch alone
    scenario.change(acme=None, branch="stable/2026.1")
    scenario.change(acme=None, times=4)
    assert scenario.judge() is (State.SILENT if named else State.HEALTHY)
    scenario.change(acme=None, branch="stable/2026.1", times=30)
    assert scenario.judge() is State.SILENT


def test_changes_with_a_wrong_configuration_are_no_failures_of_the_ci(scenario: Scenario) -> None:
    config = CONFIG.model_copy(update={"reference": ()})
    scenario.monitor = Monitor(scenario.store, config, lambda: scenario.now)
    scenario.change(acme=None)
    error = "Patch Set 1: Verified-1\n\nZuul encountered a syntax error while parsing its"
    scenario.change(zuul=None, times=200)
    scenario.change(zuul=None, acme=f"{error} configuration in the\nrepo demo", times=12)
    assert (scenario.judge(), scenario.alerts()) == (State.HEALTHY, [])
    scenario.change(zuul=None, acme=False, times=12)
    assert scenario.judge() is State.FAILING


def test_a_job_that_breaks_is_one_message_and_its_mending_another(scenario: Scenario) -> None:
    """Jobs, disagreement and success see the same failures."""
    scenario.change(times=60)
    for _ in range(9):
        scenario.change(acme=False)
        scenario.judge()
    for _ in range(40):
        scenario.change()
        scenario.judge()
    assert scenario.judge() is State.HEALTHY
    broken, mended = scenario.alerts()
    assert broken.startswith("■ failing — Acme is failing since 61,1 (tempest): tempest failed ")
    assert "changes in a row that the reference passed; 0 of 60 failed before" in broken
    assert mended.startswith("● healthy — Acme: tempest recovered: it passes again")


def test_a_ci_is_in_trouble_since_its_incident_began_however_long_ago(scenario: Scenario) -> None:
    """A signal looks at days, and what it sees there begins with them."""
    for _ in range(120):
        scenario.change()
    for place in range(24 * 14):
        scenario.change(acme=True if place % 3 == 0 else None)
    scenario.judge()
    acme = {ci.name: ci.id for ci in scenario.store.read(all_cis)}["Acme"]
    (health,) = scenario.store.read(lambda tx: health_of(tx, acme))
    (incident,) = scenario.store.read(lambda tx: incidents_of(tx, acme))
    began = read_incident(incident.body, incident.id).cause.began
    assert State(health.state).bad
    assert health.since == began
    assert began < scenario.now - timedelta(days=13)


def judged_by_acme(scenario: Scenario, broken: str | None) -> None:
    """A change that Zuul passes and on which one of Acme's two jobs, or none, fails."""
    scenario.change(acme=None)
    uploaded = scenario.now - HOUR
    jobs = "\n".join(
        f"- {job} https://logs.example.org/1 : {'FAILURE' if job == broken else 'SUCCESS'} in 3m"
        for job in ("iscsi", "nvme")
    )
    verb = "failed" if broken else "succeeded"
    text = f"Patch Set 1:\n\nBuild {verb} (check pipeline).\n\n{jobs}"
    said = Message(uploaded + HOUR / 3, text, ACME, 1, message_id=f"turns-{scenario.changes}")
    patch_sets = (PatchSet(1, uploaded),)
    scenario.poll([
        Change(scenario.changes, "demo", "master", "S", "NEW", uploaded, scenario.now,
               (said,), patch_sets)
    ])  # fmt: skip


def test_one_that_fails_by_turns_in_its_jobs_is_told_as_failing(scenario: Scenario) -> None:
    """The first job's streak is over soon; nothing passes all the same."""
    for _ in range(70):
        judged_by_acme(scenario, None)
    for _ in range(4):
        judged_by_acme(scenario, "iscsi")
        scenario.judge()
    for turn in range(80):
        judged_by_acme(scenario, ("nvme", "nvme", "iscsi", "iscsi")[turn % 4])
        if turn % 2:
            scenario.judge()
    [alert] = scenario.alerts()
    assert alert.startswith("■ failing — Acme is failing since 71,1 (iscsi): iscsi failed ")
    assert scenario.judge() is State.FAILING


def test_one_that_fails_with_the_reference_is_not_accused(scenario: Scenario) -> None:
    scenario.change(times=40)
    scenario.change(zuul=False, acme=False, times=60)
    assert scenario.judge() in {State.HEALTHY, State.UNKNOWN}
    assert scenario.alerts() == []


def test_a_stale_feed_accuses_nobody(scenario: Scenario) -> None:
    scenario.change(times=60)
    scenario.now += timedelta(days=3)
    assert scenario.judge() is not State.SILENT
    assert scenario.alerts() == []


def test_nothing_known_is_unknown(scenario: Scenario) -> None:
    scenario.change()
    assert scenario.judge() is State.UNKNOWN


def test_the_first_verdicts_in_a_new_project_are_judged_at_once(scenario: Scenario) -> None:
    scenario.change(times=30)
    scenario.judge()
    before = scenario.now
    for i in range(5):  # within the ten minutes for which references are not learnt again
        scenario.now = before + i * timedelta(minutes=2)  # as no series of an author comes
        scenario.change(acme=False, project="fresh")
        scenario.now = before + timedelta(minutes=9)
    scenario.poll()
    assert scenario.judge() is not State.HEALTHY


def test_who_is_not_there_or_has_retired_is_not_judged(scenario: Scenario) -> None:
    scenario.change()
    gone = CONFIG.ci[1].model_copy(update={"retired": True})
    config = CONFIG.model_copy(update={"ci": [CONFIG.ci[0], gone]})
    ids = {ci.name: ci.id for ci in scenario.store.read(all_cis)}
    judging = Judging(scenario.store, config, lambda: scenario.now)
    assert judging.judge(ids["Acme"]) == (None, 0)
    assert judging.judge(99) == (None, 0)
    health, _sent = judging.judge(ids["Zuul"])
    assert health is not None
    scenario.store.write(lambda tx: set_retired(tx, ids["Zuul"], scenario.now))
    assert judging.judge(ids["Zuul"]) == (None, 0)


def test_who_never_reported_is_unknown(scenario: Scenario) -> None:
    scenario.poll()
    number = scenario.store.write(lambda tx: ensure_ci(tx, "New", "configured", scenario.now))
    health, sent = Judging(scenario.store, CONFIG, lambda: scenario.now).judge(number)
    assert health is not None
    assert (health.state, sent) == (State.UNKNOWN, 0)


@pytest.mark.parametrize(
    ("override", "least"),
    [
        ({"cis": ["Acme"]}, 7),
        ({"cis": ["Other"]}, None),
        ({"pipelines": ["check"]}, 7),
        ({"pipelines": ["gate"]}, None),
        ({"projects": ["demo"]}, 7),
        ({"projects": ["elsewhere"]}, None),
    ],
    ids=str,
)
def test_a_ci_is_judged_by_the_policy_that_is_written_for_it(
    scenario: Scenario, override: dict[str, list[str]], least: int | None
) -> None:
    scenario.change(times=5)
    body = {"override": [override | {"coverage": {"minimum": 7}}]}
    config = CONFIG.model_copy(update={"judgement": Judgement.model_validate(body)})
    seen: dict[str, Policy] = {}
    judging = Judging(
        scenario.store,
        config,
        lambda: scenario.now,
        watch=lambda ci, advanced: seen.update({ci.name: advanced.tracker.judge.policy}),
    )
    for ci in scenario.store.read(all_cis):
        judging.judge(ci.id)
    assert seen["Acme"].coverage.minimum == (least or Policy().coverage.minimum)
    assert judging.references().main_project(ci.id) == "demo"


def test_nobody_is_told_where_judging_does_not_tell(scenario: Scenario) -> None:
    scenario.well()
    scenario.breaks(60)
    ids = [ci.id for ci in scenario.store.read(all_cis)]
    judging = Judging(scenario.store, CONFIG, lambda: scenario.now, tells=False)
    assert [judging.judge(ci_id)[1] for ci_id in ids] == [0, 0]
    assert scenario.alerts() == []
    assert "opened" in scenario.steps()
