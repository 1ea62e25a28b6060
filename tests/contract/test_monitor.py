"""From stored comments to what the rooms are told, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from cibot.incidents.stored import read_incident
from cibot.judging import Monitor
from cibot.model import Change, Message, PatchSet, State
from cibot.store import checkpoints, schema
from cibot.store.cis import all_cis
from cibot.store.histories import verdicts_by_week
from cibot.store.incidents import incidents_of
from cibot.store.watches import StoredWatch, put_watch
from tests.support.scenario import ACME, CONFIG, HOUR, ZUUL, Scenario, comment


def test_one_that_fails_what_the_reference_passes_is_told_of_once(scenario: Scenario) -> None:
    scenario.change(times=30)
    for number in range(100):
        scenario.change(acme=False)
        if number % 10 == 0:
            scenario.judge()
    assert scenario.judge() is State.FAILING
    [alert] = scenario.alerts()  # as bad as it is from the first word on
    assert alert.startswith("■ failing — Acme is failing since 31,1 (tempest): tempest failed ")
    assert scenario.woken == 1


def test_silence_is_told_and_its_end(scenario: Scenario) -> None:
    scenario.change(times=60)
    scenario.judge()
    scenario.change(acme=None, times=30)
    assert scenario.judge() is State.SILENT
    assert scenario.alerts()[0].startswith("○ silent — Acme is silent")
    for _ in range(5):
        scenario.change()
        scenario.judge()
    assert scenario.judge() is State.HEALTHY
    assert [text.splitlines()[0].split(" — ")[0] for text in scenario.alerts()] == [
        "○ silent",
        "● healthy",
    ]


def test_judging_again_changes_nothing(scenario: Scenario) -> None:
    scenario.change(times=30)
    scenario.change(acme=False, times=100)
    scenario.judge()
    before = (scenario.alerts(), scenario.steps())
    for _ in range(3):
        scenario.judge()
    assert (scenario.alerts(), scenario.steps()) == before


def test_a_silence_mutes_and_what_is_still_wrong_after_it_is_told(scenario: Scenario) -> None:
    scenario.well()
    scenario.silence(200)
    scenario.breaks(100)
    assert scenario.judge() is State.FAILING
    assert scenario.alerts() == []
    assert "opened" in scenario.steps()  # kept all the same
    scenario.now += 101 * HOUR
    scenario.poll()
    scenario.judge()
    scenario.judge()
    (alert,) = scenario.alerts()
    assert alert.startswith("■ failing — Acme is failing since ")
    said = alert.splitlines()[-1]
    assert said.startswith("The silence by Mika ended ")
    assert said.endswith(" UTC: new disks")


def test_who_watches_is_told_in_private(scenario: Scenario) -> None:
    scenario.well()
    acme = next(ci.id for ci in scenario.store.read(all_cis) if ci.name == "Acme")
    watch = StoredWatch("net", "bob", acme, "bob_", scenario.now)
    scenario.store.write(lambda tx: put_watch(tx, watch))
    scenario.breaks(100)
    scenario.judge()
    rows = scenario.store.read(lambda tx: tx.execute(select(schema.outbox)).all())
    assert [row.room for row in rows] == ["#ops", "bob_"]
    assert rows[1].dedupe_key.startswith("watch:net:bob:incident:")
    assert rows[0].card == rows[1].card


def test_verdicts_are_counted_by_week_on_every_database(scenario: Scenario) -> None:
    """The week that begins on Monday 00:00 UTC, as the references are learnt from."""
    scenario.now = datetime(2026, 11, 22, 22, tzinfo=UTC)  # a Sunday
    scenario.change(times=6)
    ids = {ci.name: ci.id for ci in scenario.store.read(all_cis)}
    rows = scenario.store.read(lambda tx: verdicts_by_week(tx, [ids["Acme"]]))
    weeks = [(int(row.week), int(row.verdicts)) for row in rows]
    monday = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp() - 345_600) // 604_800
    assert weeks == [(monday - 1, 2), (monday, 4)]
    assert rows[1].first_at == datetime(2026, 11, 23, 0, 20, tzinfo=UTC)


def test_what_late_comments_take_back_is_corrected_once(scenario: Scenario) -> None:
    """The reference failed with it, as its comments show that come after the alert."""
    scenario.change(times=60)
    scenario.judge()
    begun = scenario.now
    scenario.change(zuul=None, acme=False, times=12)
    # What the gate said of them is heard late; what was heard instead is that it passed.
    passed = [_gate(scenario, number, True, begun) for number in range(61, 73)]
    scenario.poll(passed)
    scenario.judge()
    assert any("failing" in alert for alert in scenario.alerts())
    before = len(scenario.alerts())
    removed = [
        replace(
            change,
            messages=(*change.messages[:-1], replace(change.messages[-1], text=comment(False))),
        )
        for change in passed
    ]
    scenario.now += timedelta(minutes=5)
    scenario.poll(removed)
    scenario.judge()
    scenario.judge()
    alerts = scenario.alerts()[before:]
    assert len(alerts) == 1
    assert "Acme: taken back, the" in alerts[0]


def _gate(scenario: Scenario, number: int, passed: bool, begun: datetime) -> Change:
    uploaded = begun + (number - 61) * HOUR
    said = [(ACME, False, 20), (ZUUL, passed, 10)]
    return Change(
        number, "demo", "master", "S", "NEW", uploaded, scenario.now,
        tuple(
            Message(uploaded + timedelta(minutes=minutes), comment(good), who, 1,
                    message_id=f"{who.username}-{number}")
            for who, good, minutes in said
        ),
        (PatchSet(1, uploaded),), complete=True,
    )  # fmt: skip


def test_the_first_bad_run_is_known_though_a_signal_saw_many_more(scenario: Scenario) -> None:
    """Also when all is judged again; the alert says what came before it."""
    scenario.change(times=60)
    scenario.judge()
    scenario.change(acme=False)
    first = scenario.changes
    for place in range(79):
        scenario.change(acme=place % 4 == 0)
    scenario.judge()
    bad_runs = _first_bad_runs(scenario)
    assert bad_runs["disagreement"] == first
    assert f" since {first},1 (tempest): " in scenario.alerts()[0]
    assert f"; last pass {first - 1},1 (tempest) " in scenario.alerts()[0]
    assert (
        ", then nothing merged on demo master; 1 of 2 CIs there broke then: look at the CI; see "
        in scenario.alerts()[0]
    )
    scenario.store.write(checkpoints.forget_checkpoints)
    scenario.monitor = Monitor(scenario.store, CONFIG, lambda: scenario.now)
    scenario.judge()
    assert _first_bad_runs(scenario) == bad_runs


def _first_bad_runs(scenario: Scenario) -> dict[str, int]:
    """The change on which each symptom of the open incident began."""
    stored = scenario.store.read(incidents_of)[0]
    symptoms = read_incident(stored.body, stored.id).symptoms
    return {symptom.signal: symptom.first_bad.number for symptom in symptoms if symptom.first_bad}
