from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.errors import UserError
from cibot.health.seen import Fault
from cibot.health.signal import Evidence, Family
from cibot.incidents.incident import (
    Incident,
    Notified,
    Part,
    Phase,
    acknowledge,
    closed,
    merged,
    step,
    with_people,
)
from cibot.incidents.signal_words import said
from cibot.incidents.stored import (
    columns,
    incident_json,
    incident_values,
    read_incident,
    read_values,
)
from cibot.incidents.symptom import SymptomPhase, family_of, holding
from cibot.model import State
from tests.unit.health.facts import DAY, HOUR, NOW
from tests.unit.incidents.making import (
    BAD,
    BORDER,
    GOOD,
    HALF,
    POLICY,
    SEEN,
    UNKNOWN,
    WORSE,
    cleared,
    incident,
    live,
    names_of,
    of,
    silent,
    symptom,
)


def test_nothing_wrong_opens_nothing():
    assert live(GOOD, BORDER, UNKNOWN) == (None, [])


def test_an_incident_opens_once_and_stays():
    incident, names = live(BAD, BAD, BAD)
    assert names == ["opened"]
    assert (incident.phase, incident.severity, incident.opened_at) == (
        Phase.FIRING,
        State.DEGRADED,
        NOW,
    )
    assert (incident.cause.signal, said(incident.cause.seen)) == ("success", "24 of 40 passed")
    assert (incident.first_evidence, incident.id) == (SEEN, None)


def test_half_way_is_pending_and_leaves_no_trace_when_it_is_dropped():
    incident, names = live(HALF, HALF, BAD)
    assert names == ["pending", "opened"]
    assert (incident.opened_at, incident.began_at) == (NOW + 2 * HOUR, NOW)
    dropped, names = live(HALF, GOOD)
    assert (names, dropped.phase, dropped.open) == (["pending", "dropped"], Phase.DROPPED, False)
    assert dropped.cause.signal == "success"  # by which it can still be shown in a log
    assert live(HALF, GOOD, BAD)[1] == ["pending", "dropped", "opened"]


def test_one_of_two_pending_symptoms_may_go():
    incident, names = live(HALF, of("job", HALF), GOOD, of("job", BAD))
    assert names == ["pending", "opened"]
    assert names_of(incident.symptoms) == ["job"]


def test_worse_is_a_step_of_the_same_incident():
    incident, names = live(BAD, WORSE, WORSE, BAD)
    assert names == ["opened", "escalated"]
    assert (incident.opened_at, incident.began_at) == (NOW, NOW)
    assert incident.severity is State.FAILING  # the worst since it opened
    assert incident.reopened == 0


def test_signals_that_accuse_meanwhile_are_its_symptoms():
    incident, names = live(BAD, of("level", BAD), of("job", WORSE), silent())
    assert names == ["opened", "joined", "escalated", "escalated"]
    assert names_of(incident.symptoms) == ["success", "level", "job", "silent"]
    assert (incident.severity, incident.cause.signal) == (State.SILENT, "silent")
    incident, names = live(WORSE, of("level", BAD), of("level", WORSE))
    assert names == ["opened", "joined", "worsened"]


def test_a_pending_symptom_of_an_open_incident_makes_no_step():
    incident, names = live(BAD, of("job", HALF), of("job", GOOD))
    assert (names, names_of(incident.symptoms)) == (["opened"], ["success"])


def test_it_is_not_over_while_something_is_half_way():
    incident, names = live(BAD, of("job", HALF), GOOD)
    assert (names, incident.phase) == (["opened", "cleared"], Phase.RECOVERING)
    over, taken = step(incident, of("job", GOOD), NOW + 3 * HOUR, POLICY)
    assert (taken.name, over.phase, over.resolved_at) == (
        "resolved", Phase.RESOLVED, NOW + 3 * HOUR,
    )  # fmt: skip
    assert names_of(over.symptoms) == ["success"]
    over, taken = step(incident, of("job", UNKNOWN), NOW + 3 * HOUR, POLICY)
    assert taken.name == "resolved"  # nothing is known that accuses
    incident, taken = step(incident, of("job", BAD), NOW + 3 * HOUR, POLICY)
    assert (taken.name, incident.phase, incident.reopened) == ("joined", Phase.FIRING, 0)


def test_it_is_over_when_its_last_symptom_is():
    incident, names = live(BAD, of("level", BAD), GOOD, of("level", GOOD))
    assert names == ["opened", "joined", "cleared", "resolved"]
    assert (incident.phase, incident.resolved_at) == (Phase.RESOLVED, NOW + 3 * HOUR)
    assert [symptom.cleared_at for symptom in incident.symptoms] == [NOW + 2 * HOUR, NOW + 3 * HOUR]


def test_the_cause_is_the_symptom_that_stands_and_explains_most():
    level = symptom("level")
    both = incident(level, symptom())
    assert both.cause.signal == "success"
    assert incident(replace(level, severity=State.FAILING), symptom()).cause.signal == "level"
    assert incident(level, cleared(symptom(severity=State.FAILING), NOW)).cause.signal == "level"
    assert incident(symptom("of another version")).cause.family is Family.RESULTS
    assert [family_of(name) for name in ("infra", "coverage", "latency")] == [*Family]


def test_the_first_bad_run_is_never_lost():
    runs = [Evidence(Fault.FAILED, n, n, 1, NOW + n * HOUR) for n in range(4)]
    incident, _ = live(
        replace(BAD, evidence=(runs[1], runs[0])), replace(WORSE, evidence=(runs[3],))
    )
    assert incident.cause.first_bad == runs[0]
    assert incident.cause.evidence == (runs[3],)
    assert symptom().first_bad is None


def test_of_an_earlier_state_the_first_bad_run_stays_and_no_other():
    """Else what was heard late would be missing for ever: that state did not know of it."""
    runs = [Evidence(Fault.FAILED, n, n, 1, NOW + n * HOUR) for n in range(9)]
    late = symptom(first_evidence=tuple(runs[8:0:-1]))
    before = symptom(first_evidence=(runs[8], *runs[6::-1]))
    after = with_people(incident(late), replace(incident(before), id=7))
    assert after.symptoms[0].first_evidence == (*runs[8:1:-1], runs[0])


def test_the_first_bad_run_is_none_from_before_the_trouble():
    """A window of days holds bad runs of before as well."""
    runs = [Evidence(Fault.BROKE, n, n, 1, NOW + n * HOUR) for n in range(4)]
    infra = symptom("infra", since=NOW + 2 * HOUR, first_evidence=tuple(runs[::-1]))
    assert infra.first_bad == runs[2]
    assert replace(infra, since=NOW + 9 * HOUR).first_bad == runs[0]


def test_the_border_does_not_flap():
    incident, names = live(BAD, BORDER, BAD, BORDER, BAD)
    assert names == ["opened", "recovering", "relapsed", "recovering", "relapsed"]
    assert incident.phase is Phase.FIRING
    incident, names = live(BAD, of("level", BAD), BORDER, BAD)
    assert names == ["opened", "joined"]  # the other one fires all the time


def test_it_resolves_when_surely_well():
    incident, names = live(BAD, BORDER, GOOD)
    assert names == ["opened", "recovering", "resolved"]
    assert (incident.phase, incident.resolved_at, incident.open) == (
        Phase.RESOLVED,
        NOW + 2 * HOUR,
        False,
    )
    assert live(BAD, GOOD)[1] == ["opened", "resolved"]


def test_unknown_neither_opens_nor_ends():
    incident, names = live(BAD, UNKNOWN, UNKNOWN)
    assert (names, incident.phase) == (["opened"], Phase.FIRING)


def test_back_within_a_day_it_is_the_same_incident():
    first = replace(live(BAD, GOOD)[0], id=5)
    again, taken = step(first, BAD, NOW + DAY, POLICY)
    assert (taken.name, again.id, again.reopened, again.opened_at) == ("reopened", 5, 1, NOW)
    assert (again.open, again.resolved_at, again.cause.spells) == (True, None, 2)
    new, taken = step(first, BAD, NOW + 2 * DAY, POLICY)
    assert (taken.name, new.id, new.opened_at) == ("opened", None, NOW + 2 * DAY)
    assert (again.began_at, new.began_at) == (NOW, NOW + 2 * DAY)


def test_another_signal_brings_it_back_too():
    first = replace(live(BAD, GOOD)[0], id=5)
    again, taken = step(first, silent(), NOW + 2 * HOUR, POLICY)
    assert (taken.name, again.id, again.severity) == ("reopened", 5, State.SILENT)
    assert names_of(again.standing) == ["silent"]


def test_half_way_back_it_can_still_reopen():
    incident, names = live(BAD, GOOD, HALF, HALF, BAD)
    assert names == ["opened", "resolved", "reopened"]
    assert incident.reopened == 1


def test_a_symptom_comes_again_within_its_incident():
    level = of("level", BAD)
    incident, names = live(level, BAD, GOOD, BAD)
    assert names == ["opened", "joined", "cleared", "joined"]
    again = incident.symptom("success")
    assert (again.returns, again.spells, again.came_at) == (1, 2, NOW + 3 * HOUR)
    later, _ = step(live(level, BAD, GOOD)[0], BAD, NOW + 30 * DAY, POLICY)
    assert (later.symptom("success").returns, later.symptom("success").spells) == (0, 2)


def test_one_that_keeps_coming_back_must_stay_well_for_longer():
    assert [holding(POLICY, n) for n in range(8)] == [
        timedelta(hours=h) for h in (0, 1, 2, 4, 8, 16, 24, 24)
    ]
    _, names = live(*[BAD, GOOD] * 24)
    assert names.count("reopened") < 4
    assert names.count("resolved") < 4


def test_acknowledging_covers_all_that_is_in_it():
    incident = live(BAD, of("level", BAD))[0]
    taken, transition = acknowledge(incident, "ann", "disk full", NOW + HOUR)
    assert (taken.phase, taken.acknowledged_by, taken.note) == (
        Phase.ACKNOWLEDGED,
        "ann",
        "disk full",
    )
    assert (transition.by, transition.note) == ("ann", "disk full")
    with pytest.raises(UserError, match="already"):
        acknowledge(taken, "ann", "disk full", NOW)
    with pytest.raises(UserError, match="already"):  # and the note is kept
        acknowledge(taken, "ann", None, NOW)
    worse, names = live(GOOD, of("level", BORDER), of("level", BAD), WORSE, start=taken)
    assert names == ["cleared", "recovering", "relapsed", "escalated"]
    assert worse.phase is Phase.ACKNOWLEDGED
    over, _ = live(GOOD, of("level", GOOD), start=taken)
    again, _ = step(over, BAD, over.resolved_at + HOUR, POLICY)
    assert (again.phase, again.acknowledged_by) == (Phase.FIRING, None)


def test_what_is_over_or_never_opened_cannot_be_acknowledged():
    with pytest.raises(UserError, match="is over"):
        acknowledge(live(BAD, GOOD)[0], "ann", None, NOW)
    with pytest.raises(UserError, match="not opened yet"):
        acknowledge(live(HALF)[0], "ann", None, NOW)
    recovering, _ = live(BAD, BORDER)
    assert acknowledge(recovering, "ann", None, NOW)[0].phase is Phase.RECOVERING


def test_an_incident_that_is_ended_by_hand_has_no_symptom_left():
    incident = closed(live(BAD, of("job", HALF), of("level", BORDER))[0], NOW + DAY)
    assert (incident.phase, incident.resolved_at, incident.standing) == (
        Phase.RESOLVED,
        NOW + DAY,
        (),
    )


def notified_of(*parts, over=False, count=1):
    named_parts = tuple(Part(family, State.DEGRADED) for family in parts)
    return Notified(named_parts, State.DEGRADED, "success", 1, NOW - HOUR, over, count)


def test_what_people_did_stays_when_it_is_judged_again():
    before = replace(
        acknowledge(incident(), "ann", "on it", NOW)[0], notified=notified_of(Family.RESULTS)
    )
    again = with_people(incident(symptom(), symptom("level"), id=None), before)
    assert (again.id, again.phase, again.note) == (5, Phase.ACKNOWLEDGED, "on it")
    assert again.notified == before.notified
    reopened = with_people(incident(reopened=1), before)
    assert (reopened.phase, reopened.acknowledged_by) == (Phase.FIRING, None)
    assert with_people(incident(), incident()).phase is Phase.FIRING


def test_two_incidents_that_were_one_keep_what_people_know_and_did():
    ours = incident(notified=notified_of(Family.RESULTS))
    theirs = incident(
        id=6, notified=notified_of(Family.PRESENCE, count=2), acknowledged_by="bob", note="disks"
    )
    both = merged(ours, theirs)
    assert (both.id, both.acknowledged_by, both.note) == (5, "bob", "disks")
    assert [part.family for part in both.notified.parts] == [Family.RESULTS, Family.PRESENCE]
    assert both.notified.count == 3
    assert merged(theirs, ours).acknowledged_by == "bob"
    assert merged(incident(), theirs).notified == theirs.notified
    assert merged(ours, incident()).notified == ours.notified
    over = incident(notified=notified_of(over=True))
    assert merged(ours, over).notified == ours.notified
    assert merged(over, ours).notified == replace(ours.notified, count=2)  # no key twice


def test_it_is_json_and_back():
    incident = replace(live(BAD, of("level", BAD))[0], id=7, notified=notified_of(Family.RESULTS))
    assert read_incident(incident_json(incident), 7) == incident
    assert read_values(incident_values(incident)) == incident
    assert columns(incident)["notified"] is True
    assert columns(replace(incident, notified=notified_of(count=0)))["notified"] is False
    with pytest.raises(ValueError, match="began_at"):
        read_incident("{}", 7)


SIGNALS = [
    of(name, reading)
    for name in ("success", "level", "latency")
    for reading in (GOOD, BORDER, HALF, BAD, WORSE, UNKNOWN)
] + [silent(), silent(GOOD)]


@given(st.lists(st.sampled_from(SIGNALS), max_size=40))
def test_any_history_makes_sense(signals):
    incident: Incident | None = None
    for i, signal in enumerate(signals):
        incident, taken = step(incident, signal, NOW + i * HOUR, POLICY)
        if incident is None:
            continue
        assert (incident.resolved_at is None) == incident.open
        assert len({symptom.signal for symptom in incident.symptoms}) == len(incident.symptoms)
        assert (incident.phase in (Phase.FIRING, Phase.ACKNOWLEDGED)) == (
            incident.open and incident.fires
        )
        if incident.open and incident.opened_at is not None:
            assert incident.standing or incident.pending
            if incident.standing:
                assert incident.severity == min(
                    (symptom.severity for symptom in incident.standing), key=_rank
                )
        if incident.phase is Phase.RESOLVED:
            assert all(symptom.phase is SymptomPhase.CLEARED for symptom in incident.symptoms)
        if taken and taken.name not in ("pending", "dropped"):
            assert incident.opened_at is not None
        assert read_incident(incident_json(incident), incident.id) == incident
        if signal.verdict.bad:
            assert incident.symptom(signal.name).fires
            assert incident.severity.rank <= signal.verdict.rank
        again, second = step(incident, signal, NOW + i * HOUR, POLICY)
        assert second is None or second.name in ("recovering", "pending")
        assert again is None or again.began_at == incident.began_at or second is not None


def _rank(state: State) -> int:
    return state.rank


def test_a_silence_after_the_ci_was_heard_again_has_a_beginning_of_its_own() -> None:
    """It was silent in June of one year and in December of the next, and never quite well."""
    june = replace(silent(), since=NOW - HOUR)
    heard = replace(silent(GOOD), clears=False)
    other = (Evidence(Fault.MISSED, 2, 2, 1, NOW + 99 * HOUR),)
    december = replace(silent(), since=NOW + 99 * HOUR, evidence=other)
    incident, _ = live(june, heard)
    assert incident is not None
    incident, _ = live(december, start=incident, since=NOW + 100 * HOUR)
    assert incident is not None
    [silence] = incident.symptoms
    assert (silence.since, silence.first_evidence, silence.spells) == (december.since, other, 2)


def test_a_silence_that_was_there_before_the_late_word_goes_on() -> None:
    june = replace(silent(), since=NOW - HOUR)
    incident, _ = live(june, replace(silent(GOOD), clears=False), june)
    assert incident is not None
    [silence] = incident.symptoms
    assert (silence.since, silence.spells) == (june.since, 1)


def test_what_comes_to_nothing_does_not_make_the_usual_forgotten():
    """A level of what became usual belongs to the incident that ended so."""
    adopted = replace(GOOD, adopted=NOW + HOUR)
    over, _names = live(BAD, adopted)
    assert over.symptom("success").adopted
    later = NOW + timedelta(days=4)
    half, names = live(HALF, BORDER, start=over, since=later)
    assert (half, names) == (over, [])
    again, names = live(of("disagreement", BAD), start=half, since=later + HOUR)
    assert names == ["reopened"]
    assert again.is_usual("disagreement")
    new, names = live(HALF, start=over, since=NOW + timedelta(days=30))
    assert names == ["pending"]
    assert new is not over
