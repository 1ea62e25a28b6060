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
from tests.support.told_life import ACME, CONFIG, HOUR, ZUUL, Life, comment


def test_one_that_fails_what_the_reference_passes_is_told_of_once(life: Life) -> None:
    for _ in range(30):
        life.change()
    for number in range(100):
        life.change(acme=False)
        if number % 10 == 0:
            life.judge()
    assert life.judge() is State.FAILING
    [told] = life.told()  # as bad as it is from the first word on
    assert told.startswith("■ failing — Acme is failing since 31,1 (tempest): tempest failed ")
    assert life.woken == 1


def test_silence_is_told_and_its_end(life: Life) -> None:
    for _ in range(60):
        life.change()
    life.judge()
    for _ in range(30):
        life.change(acme=None)
    assert life.judge() is State.SILENT
    assert life.told()[0].startswith("○ silent — Acme is silent")
    for _ in range(5):
        life.change()
        life.judge()
    assert life.judge() is State.HEALTHY
    assert [text.splitlines()[0].split(" — ")[0] for text in life.told()] == [
        "○ silent",
        "● healthy",
    ]


def test_judging_again_changes_nothing(life: Life) -> None:
    for _ in range(30):
        life.change()
    for _ in range(100):
        life.change(acme=False)
    life.judge()
    before = (life.told(), life.steps())
    for _ in range(3):
        life.judge()
    assert (life.told(), life.steps()) == before


def test_a_silence_mutes_and_what_is_still_wrong_after_it_is_told(life: Life) -> None:
    life.well()
    life.silence(200)
    life.breaks(100)
    assert life.judge() is State.FAILING
    assert life.told() == []
    assert "opened" in life.steps()  # kept all the same
    life.now += 101 * HOUR
    life.hear()
    life.judge()
    life.judge()
    (told,) = life.told()
    assert told.startswith("■ failing — Acme is failing since ")
    said = told.splitlines()[-1]
    assert said.startswith("The silence by Mika ended ")
    assert said.endswith(" UTC: new disks")


def test_who_watches_is_told_in_private(life: Life) -> None:
    life.well()
    acme = next(one.id for one in life.store.read(all_cis) if one.name == "Acme")
    watch = StoredWatch("net", "bob", acme, "bob_", life.now)
    life.store.write(lambda tx: put_watch(tx, watch))
    life.breaks(100)
    life.judge()
    rows = life.store.read(lambda tx: tx.execute(select(schema.outbox)).all())
    assert [row.room for row in rows] == ["#ops", "bob_"]
    assert rows[1].dedupe_key.startswith("watch:net:bob:incident:")
    assert rows[0].card == rows[1].card


def test_verdicts_are_counted_by_week_on_every_database(life: Life) -> None:
    """The week that begins on Monday 00:00 UTC, as the references are learnt from."""
    life.now = datetime(2026, 11, 22, 22, tzinfo=UTC)  # a Sunday
    for _ in range(6):
        life.change()
    ids = {one.name: one.id for one in life.store.read(all_cis)}
    found = life.store.read(lambda tx: verdicts_by_week(tx, [ids["Acme"]]))
    weeks = [(int(one.week), int(one.verdicts)) for one in found]
    monday = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp() - 345_600) // 604_800
    assert weeks == [(monday - 1, 2), (monday, 4)]
    assert found[1].first_at == datetime(2026, 11, 23, 0, 20, tzinfo=UTC)


def test_what_late_comments_take_back_is_corrected_once(life: Life) -> None:
    """The reference failed with it, as its comments show that come after the alert."""
    for _ in range(60):
        life.change()
    life.judge()
    begun = life.now
    for _ in range(12):
        life.change(zuul=None, acme=False)
    # What the gate said of them is heard late; what was heard instead is that it passed.
    passed = [_gate(life, number, True, begun) for number in range(61, 73)]
    life.hear(passed)
    life.judge()
    assert any("failing" in told for told in life.told())
    before = len(life.told())
    removed = [
        replace(one, messages=(*one.messages[:-1], replace(one.messages[-1], text=comment(False))))
        for one in passed
    ]
    life.now += timedelta(minutes=5)
    life.hear(removed)
    life.judge()
    life.judge()
    told = life.told()[before:]
    assert len(told) == 1
    assert "Acme: taken back, the" in told[0]


def _gate(life: Life, number: int, passed: bool, begun: datetime) -> Change:
    uploaded = begun + (number - 61) * HOUR
    said = [(ACME, False, 20), (ZUUL, passed, 10)]
    return Change(
        number, "demo", "master", "S", "NEW", uploaded, life.now,
        tuple(
            Message(uploaded + timedelta(minutes=minutes), comment(good), who, 1,
                    message_id=f"{who.username}-{number}")
            for who, good, minutes in said
        ),
        (PatchSet(1, uploaded),), complete=True,
    )  # fmt: skip


def test_the_first_bad_run_is_known_though_a_signal_saw_many_more(life: Life) -> None:
    """Also when all is judged again; the alert says what came before it."""
    for _ in range(60):
        life.change()
    life.judge()
    life.change(acme=False)
    first = life.changes
    for place in range(79):
        life.change(acme=place % 4 == 0)
    life.judge()
    known = _first_bad_runs(life)
    assert known["disagreement"] == first
    assert f" since {first},1 (tempest): " in life.told()[0]
    assert f"; last pass {first - 1},1 (tempest) " in life.told()[0]
    assert (
        ", then nothing merged on demo master; 1 of 2 CIs there broke then: look at the CI; see "
        in life.told()[0]
    )
    life.store.write(checkpoints.forget_checkpoints)
    life.monitor = Monitor(life.store, CONFIG, lambda: life.now)
    life.judge()
    assert _first_bad_runs(life) == known


def _first_bad_runs(life: Life) -> dict[str, int]:
    """The change on which each symptom of the open incident began."""
    stored = life.store.read(incidents_of)[0]
    symptoms = read_incident(stored.body, stored.id).symptoms
    return {one.signal: one.first_bad.number for one in symptoms if one.first_bad}
