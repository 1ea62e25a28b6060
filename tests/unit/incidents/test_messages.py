"""Messages about what people did, and what a merged incident's messages say; the rest is golden."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cibot.health.accused import SeenJobs
from cibot.health.missing import MissingJobs
from cibot.health.seen import Fault, LastHeard, OwnPast
from cibot.health.signal import Evidence
from cibot.incidents.incident import Incident, Transition
from cibot.incidents.messages import (
    Subject,
    acknowledged_card,
    alert_card,
    digest_card,
    quiet_card,
    silence_card,
    unsilence_card,
)
from cibot.incidents.news import News
from cibot.incidents.routing import Silence
from cibot.incidents.symptom import Symptom, SymptomPhase
from cibot.model import State
from cibot.text.card import Button, Card, incident_span, line
from tests.support.history import passed
from tests.unit.health.facts import HOUR, NOW
from tests.unit.incidents.making import SEEN, cleared, incident, symptom


def test_a_silence_says_who_until_when_and_why() -> None:
    silence = Silence(7, "Acme", NOW, NOW + 3 * HOUR, "Mika" + "a" * 99, "r" * 999)
    text = silence_card(silence, NOW).text()
    assert text.startswith("Mikaaa")
    assert " silenced Acme until Mon 23 Nov 15:00 UTC (3 h): rrr" in text
    assert text.endswith("If something is still wrong then, this channel will hear of it.")
    assert len(text) < 400  # what people write is bounded
    assert "Bo" in unsilence_card(silence, "Bo").text()


def test_an_acknowledgement_names_the_first_bad_run_with_its_link() -> None:
    def url(run: Evidence) -> str:
        return f"https://review.example.org/{run.number}"

    step = Transition("acknowledged", NOW, incident().severity, by="Mika", note="new disks")
    trouble = incident(symptom(evidence=SEEN, first_evidence=SEEN))
    card = acknowledged_card(trouble, step, Subject("Acme", None, url), "https://cibot/incidents/5")
    assert "Acme: acknowledged by Mika: new disks; first bad run 1,1" in card.text()
    assert card.link == "https://cibot/incidents/5"
    assert card.incident == trouble.id
    assert any(span.href == "https://review.example.org/1" for each in card.lines for span in each)
    assert all(button.words[0] != "ack" for button in card.buttons)
    late = incident(symptom("silent"))
    assert "first bad run" not in acknowledged_card(late, step, Subject("Acme"), None).text()


def test_a_merged_incident_is_called_by_its_new_number_wherever_it_is_named() -> None:
    buttons = (Button("Ack", ("ack", "5")), Button("Why", ("why", "Acme")))
    card = Card(
        (line("see ", incident_span(5), " and ", incident_span(6)),), incident=5, buttons=buttons
    )
    moved = card.renumbered({5: 3})
    assert (moved.text(), moved.incident) == ("see #3 and #6", 3)
    assert [button.words for button in moved.buttons] == [("ack", "3"), ("why", "Acme")]
    other = replace(card, incident=6).renumbered({5: 3})
    assert (other.text(), other.incident) == ("see #3 and #6", 6)
    assert other.buttons == buttons


def cards(number: int) -> list[Card]:
    return [Card((line(f"alert {place}"),)) for place in range(number)]


def test_a_digest_has_the_newest_first_and_counts_the_rest() -> None:
    text = digest_card(cards(1), 3).text()
    assert text.startswith("1 more alert; this channel takes 3 an hour")
    many = digest_card(cards(40), 3).text().splitlines()
    assert "40 more alerts" in many[0]
    assert "alert 39" in many[1]
    assert many[-1] == f"and {40 - (len(many) - 2)} more"


def test_one_alert_that_waited_is_told_as_it_is() -> None:
    [card] = cards(1)
    assert quiet_card([card]) is card
    assert quiet_card(cards(2)).text().startswith("2 alerts from the quiet hours")


def test_a_drop_ends_with_the_rate_that_it_was_measured_against() -> None:
    """Of 42 results 21 passed: neither the silence's 99 % nor the level's share is the usual."""
    back = replace(symptom(), seen=OwnPast(passed(28, 40), 0.68, 90, 20))
    for holds in (symptom("silent", State.SILENT, figure=0.99), symptom("infra", figure=0.1)):
        text = alert_card(*eased(back, holds), Subject("Acme")).text()
        assert "it is back to its usual 68 %: 28 of 40 passed" in text


def test_who_is_heard_again_is_not_called_silent() -> None:
    heard = symptom("silent", State.SILENT, phase=SymptomPhase.RECOVERING)
    text = alert_card(*eased(symptom(), heard), Subject("Acme")).text()
    assert text.startswith("▲ degraded — Acme: it is back to its usual")
    assert text.endswith("; it is heard again, but not yet as often as usual")
    trouble = incident(symptom(severity=State.FAILING), heard)
    step = Transition("opened", NOW, State.FAILING, "success")
    alert = alert_card(trouble, News(step, trouble.symptoms[0], ()), Subject("Acme")).text()
    assert "silent" not in alert


def test_what_recovers_is_not_said_as_if_it_still_failed() -> None:
    """A job that recovers names none any more, so that an alert of something else says nothing."""
    job = symptom("job", phase=SymptomPhase.RECOVERING)
    trouble = incident(symptom(severity=State.FAILING), job)
    step = Transition("opened", NOW, State.FAILING, "success")
    assert (
        "job is"
        not in alert_card(trouble, News(step, trouble.symptoms[0], ()), Subject("Acme")).text()
    )
    text = alert_card(*eased(symptom(), job), Subject("Acme")).text()
    assert "; not surely well yet: job is bad" in text
    level = symptom("level", State.FAILING, phase=SymptomPhase.RECOVERING)
    text = alert_card(*eased(symptom(), level), Subject("Acme")).text()
    assert text.startswith("▲ degraded — Acme: it is back to its usual")


@pytest.mark.parametrize(
    ("signal", "words"),
    [
        ("job", "tempest recovered: it passes again"),
        ("missing_job", "Acme recovered: tempest is in the reports again"),
        ("too_fast", "Acme recovered: tempest takes as long as usual again"),
        ("branch", "Acme recovered: every branch passes as usual again"),
        ("silent_branch", "Acme recovered: it reports on every branch again"),
        ("branch_coverage", "Acme recovered: it reports on every branch as usual again"),
    ],
)
def test_the_end_of_what_named_a_part_says_what_is_well(signal: str, words: str) -> None:
    job = None if "branch" in signal else "tempest"
    run = Evidence(Fault.FAILED, 1, 1, 1, NOW, job=job)
    trouble = incident(cleared(symptom(signal, first_evidence=(run,)), NOW + HOUR))
    step = Transition("resolved", NOW + HOUR, State.DEGRADED)
    text = alert_card(trouble, News(step, trouble.symptoms[0], ()), Subject("Acme")).text()
    assert words in text


@pytest.mark.parametrize(
    ("adopted", "by", "words"),
    [
        ("tempest", "", "Acme: this is now its usual (after 2 h): tempest has been missing"),
        ("tempest", "iscsi", "Acme recovered: iscsi took the place of tempest"),
        ("other", "", "Acme recovered: tempest is in the reports again"),
    ],
    ids=["for good", "by another", "another one"],
)
def test_a_job_that_is_gone_for_good_is_not_said_to_be_back(
    adopted: str, by: str, words: str
) -> None:
    run = Evidence(Fault.LAST_GOOD, 1, 1, 1, NOW, job="tempest")
    seen = MissingJobs.own(SeenJobs(1, 4, adopted=adopted, by=by, after=28 * 86_400.0))
    missing = symptom("missing_job", first_evidence=(run,))
    trouble = incident(replace(cleared(missing, NOW + HOUR), seen=seen))
    step = Transition("resolved", NOW + HOUR, State.DEGRADED)
    text = alert_card(trouble, News(step, trouble.symptoms[0], ()), Subject("Acme")).text()
    assert words in text


@pytest.mark.parametrize(
    ("takes", "words"), [(0.9, "it reports as usual again"), (None, "it reports again")]
)
def test_the_end_of_a_silence_does_not_say_when_it_was_heard(
    takes: float | None, words: str
) -> None:
    heard = LastHeard(NOW, NOW - NOW, 0, takes=takes)
    silence = replace(cleared(symptom("silent", State.SILENT), NOW + HOUR), seen=heard)
    step = Transition("resolved", NOW + HOUR, State.SILENT)
    text = alert_card(incident(silence), News(step, silence, ()), Subject("Acme")).text()
    assert text == f"● healthy — Acme recovered: {words} (after 2 h)"
    for failed, still in ((NOW + HOUR, "still degraded"),
                          (NOW - HOUR, "it was degraded when it was last heard")):  # fmt: skip
        holds = symptom(evidence=(Evidence(Fault.FAILED, 1, 1, 1, failed),))
        eased = News(replace(step, name="eased"), silence, (), still=holds)
        text = alert_card(incident(silence, holds), eased, Subject("Acme")).text()
        assert f"Acme: {words} (after 2 h); {still}: " in text


def test_what_became_usual_is_not_said_to_be_as_before() -> None:
    late = symptom("latency", adopted=True)
    text = alert_card(*eased(late, symptom(severity=State.FAILING)), Subject("Acme")).text()
    assert "Acme: this is now its usual: latency is bad" in text
    assert "as before" not in text


def test_what_else_is_wrong_is_said_where_there_are_results_of_it_still() -> None:
    silent = symptom("silent", State.SILENT, n=5)
    for n, also in ((8, True), (0, False)):
        trouble = incident(silent, symptom(n=n))
        step = Transition("opened", NOW, State.SILENT, "silent")
        text = alert_card(trouble, News(step, silent, ()), Subject("Acme")).text()
        assert ("; also degraded: success is bad" in text) is also


def eased(drop: Symptom, holds: Symptom) -> tuple[Incident, News]:
    """The end of a drop while another trouble holds."""
    trouble = incident(cleared(drop, NOW + HOUR), holds)
    over = replace(trouble.symptoms[0], seen=drop.seen)
    step = Transition("eased", NOW + HOUR, holds.severity)
    return trouble, News(step, over, (), still=holds, drop=True)
