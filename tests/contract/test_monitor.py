"""From stored comments to what the rooms are told, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from cibot.incidents.stored import read_incident
from cibot.judging import Monitor
from cibot.model import Change, Message, PatchSet, State
from cibot.store import checkpoints, schema
from cibot.store.cis import all_cis
from cibot.store.engine import Store
from cibot.store.histories import verdicts_by_week
from cibot.store.incidents import incidents_of
from cibot.store.silences import add_silence
from cibot.store.unjudged import put_unjudged, unjudged
from cibot.store.watches import StoredWatch, put_watch
from tests.support.processes import wait_until
from tests.support.told_life import ACME, CONFIG, HOUR, ZUUL, Life, comment


@pytest.fixture
def life(store: Store) -> Life:
    return Life(store)


def test_a_healthy_ci_is_healthy_and_nobody_is_told(life: Life) -> None:
    for _ in range(40):
        life.change()
    assert life.judge() is State.HEALTHY
    assert (life.told(), life.steps(), life.woken) == ([], [], 0)


@pytest.mark.parametrize("named", [(), ("stable/2026.*",), ("main", "stable/2026.*")])
def test_a_ci_of_one_branch_is_not_silent_while_only_others_are_worked_on(
    life: Life, named: tuple[str, ...]
) -> None:
    if named:
        acme = CONFIG.ci[1].model_copy(update={"branches": named})
        config = CONFIG.model_copy(update={"ci": [CONFIG.ci[0], acme]})
        life.monitor = Monitor(life.store, config, lambda: life.now)
    for _ in range(30):
        life.change(branch="stable/2026.1")
        life.change(acme=None)
    for _ in range(60):
        life.change(acme=None)
    assert (life.judge(), life.told()) == (State.HEALTHY, [])
    for _ in range(30):  # whom the configuration gives a pattern is expected on all that fit
        life.change(acme=None, branch="stable/2026.2")
    assert life.judge() is (State.SILENT if named else State.HEALTHY)
    for _ in range(30):
        life.change(acme=None, branch="stable/2026.1")
    assert life.judge() is State.SILENT


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


def test_a_job_that_breaks_is_one_message_and_its_mending_another(life: Life) -> None:
    """Jobs, disagreement and success see the same failures."""
    for _ in range(60):
        life.change()
    for _ in range(9):
        life.change(acme=False)
        life.judge()
    for _ in range(40):
        life.change()
        life.judge()
    assert life.judge() is State.HEALTHY
    broken, mended = life.told()
    assert broken.startswith("■ failing — Acme is failing since 61,1 (tempest): tempest failed ")
    assert "changes in a row that the reference passed; 0 of 60 failed before" in broken
    assert mended.startswith("● healthy — Acme: tempest recovered: no voting job fails")


def judged_by_acme(life: Life, broken: str | None) -> None:
    """A change that Zuul passes and on which one of Acme's two jobs, or none, fails."""
    life.change(acme=None)
    uploaded = life.now - HOUR
    jobs = "\n".join(
        f"- {job} https://logs.example.org/1 : {'FAILURE' if job == broken else 'SUCCESS'} in 3m"
        for job in ("iscsi", "nvme")
    )
    verb = "failed" if broken else "succeeded"
    text = f"Patch Set 1:\n\nBuild {verb} (check pipeline).\n\n{jobs}"
    said = Message(uploaded + HOUR / 3, text, ACME, 1, message_id=f"turns-{life.changes}")
    patch_sets = (PatchSet(1, uploaded),)
    life.hear([
        Change(life.changes, "demo", "master", "S", "NEW", uploaded, life.now, (said,), patch_sets)
    ])  # fmt: skip
    life.judge()


def test_one_that_fails_by_turns_in_its_jobs_is_told_as_failing(life: Life) -> None:
    """The first job's streak is over soon; nothing passes all the same."""
    for broken, times in ((None, 70), ("iscsi", 4)):
        for _ in range(times):
            judged_by_acme(life, broken)
    for turn in range(80):
        judged_by_acme(life, ("nvme", "nvme", "iscsi", "iscsi")[turn % 4])
    [told] = life.told()
    assert told.startswith("■ failing — Acme is failing since 71,1 (iscsi): iscsi failed ")
    assert life.judge() is State.FAILING


def test_one_that_fails_with_the_reference_is_not_accused(life: Life) -> None:
    for _ in range(40):
        life.change()
    for _ in range(60):
        life.change(zuul=False, acme=False)
    assert life.judge() in {State.HEALTHY, State.UNKNOWN}
    assert life.told() == []


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


def test_a_stale_feed_accuses_nobody(life: Life) -> None:
    for _ in range(60):
        life.change()
    life.now += timedelta(days=3)
    assert life.judge() is not State.SILENT
    assert life.told() == []


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


def test_nothing_known_is_unknown(life: Life) -> None:
    life.change()
    assert life.judge() is State.UNKNOWN


def test_judge_all_finds_what_is_due(life: Life) -> None:
    for _ in range(3):
        life.change()
    heard: list[Any] = []
    life.monitor.heard = lambda ids, **_: heard.append(ids)  # type: ignore[method-assign]
    life.monitor.judge_all()
    assert heard == [{1, 2}]
    life.judge()
    life.now += timedelta(minutes=4)
    life.monitor.judge_all()
    assert heard[1] == set()
    life.now += timedelta(minutes=2)
    life.monitor.judge_all()
    assert heard[2] == {1, 2}


def test_one_that_is_half_way_to_silence_is_judged_at_every_tick(life: Life) -> None:
    """Silence comes without a report: nobody would wake the monitor when the deadline passes."""
    for _ in range(40):
        life.change()
    for _ in range(3):
        life.change(acme=None)
    assert life.judge() is State.HEALTHY
    life.change(acme=None)
    life.now += timedelta(minutes=1)
    life.hear()
    life.monitor.start()
    try:
        life.monitor.judge_all()
        wait_until(life.told, what="the alert")
    finally:
        life.monitor.stop(5)
    assert "silent" in life.told()[0]


def _silence(life: Life, hours: int, pattern: str = "Acme") -> int:
    until = life.now + hours * HOUR
    return life.store.write(
        lambda tx: add_silence(
            tx, pattern, life.now, until, "Mika", "new disks", is_pattern="*" in pattern
        )
    )


def _well(life: Life) -> None:
    for _ in range(30):
        life.change()
    life.judge()


def _breaks(life: Life, changes: int = 15) -> None:
    for _ in range(changes):
        life.change(acme=False)


def test_a_silence_mutes_and_what_is_still_wrong_after_it_is_told(life: Life) -> None:
    _well(life)
    _silence(life, 200)
    _breaks(life, 100)
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


def test_only_the_first_alert_after_a_silence_says_that_it_ended(life: Life) -> None:
    _well(life)
    _silence(life, 1)
    life.now += 2 * HOUR
    _breaks(life, 100)
    life.judge()
    for _ in range(200):
        life.change()
    life.judge()
    assert "resolved" in life.steps()
    first, *rest = life.told()
    assert "The silence by Mika ended" in first
    assert rest
    assert not any("The silence" in text for text in rest)


def test_what_opens_and_ends_in_a_silence_makes_no_noise(life: Life) -> None:
    _well(life)
    _silence(life, 24 * 60, "A*")
    _breaks(life, 100)
    life.judge()
    for _ in range(200):
        life.change()
    assert life.judge() is State.HEALTHY
    life.now += 24 * 60 * HOUR
    life.hear()
    life.judge()
    assert "resolved" in life.steps()
    assert life.told() == []


def test_what_got_worse_in_a_silence_is_told_after_each(life: Life) -> None:
    """Twice kept back and twice told: the second time is no repeat of the first."""
    for _ in range(150):
        life.change()
    for number in range(100):  # up to the first alert
        life.change(acme=number % 2 == 0)
        if number % 5 == 0:
            life.judge()
        if life.told():
            break
    assert len(life.told()) == 1
    _silence(life, 100)
    _breaks(life, 99)
    assert life.judge() is State.FAILING
    assert len(life.told()) == 1
    life.now += 2 * HOUR
    life.hear()
    life.judge()
    assert len(life.told()) == 2
    assert "Acme got worse: failing" in life.told()[1]


def test_who_watches_is_told_in_private(life: Life) -> None:
    _well(life)
    acme = next(one.id for one in life.store.read(all_cis) if one.name == "Acme")
    watch = StoredWatch("net", "bob", acme, "bob_", life.now)
    life.store.write(lambda tx: put_watch(tx, watch))
    _breaks(life, 100)
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


def test_the_first_verdicts_in_a_new_project_are_judged_at_once(life: Life) -> None:
    for _ in range(30):
        life.change()
    life.judge()
    before = life.now
    for i in range(8):  # within the ten minutes for which references are not learnt again
        life.now = before + i * timedelta(seconds=70)  # as no stack of changes comes
        life.change(acme=False, project="fresh")
        life.now = before + timedelta(minutes=9)
    life.hear()
    assert life.judge() is not State.HEALTHY


def test_what_another_process_stored_is_judged_once_it_is_looked_for(life: Life) -> None:
    _well(life)
    ids = {one.id for one in life.store.read(all_cis)}
    life.store.write(lambda tx: put_unjudged(tx, ids))
    life.monitor.judge_unjudged()
    assert life.store.read(unjudged) == set()
    taken = {life.monitor._next() for _ in ids}
    assert taken == {(ci_id, True) for ci_id in ids}
    life.monitor.judge_unjudged()
    assert life.monitor._next() is None
    life.monitor.judge_everybody()
    assert {life.monitor._next() for _ in ids} == {(ci_id, False) for ci_id in ids}


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
