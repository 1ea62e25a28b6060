"""Messages about what people did, and what a merged incident's messages say; the rest is golden."""

from __future__ import annotations

from dataclasses import replace

from cibot.health.signal import Evidence
from cibot.incidents.incident import Transition
from cibot.incidents.messages import (
    Subject,
    acknowledged_card,
    digest_card,
    quiet_card,
    renumbered,
    silence_card,
    unsilence_card,
)
from cibot.incidents.silences import Silence
from cibot.text.card import Button, Card, incident_span, line
from tests.unit.health.facts import HOUR, NOW
from tests.unit.incidents.making import SEEN, incident, symptom


def test_a_silence_says_who_until_when_and_why() -> None:
    silence = Silence(7, "Acme", NOW, NOW + 3 * HOUR, "Mika" + "a" * 99, "r" * 999)
    text = silence_card(silence, NOW).text()
    assert text.startswith("Mikaaa")
    assert " silenced Acme until Mon 23 Nov 15:00 UTC (3 h): rrr" in text
    assert text.endswith("What is still wrong then will be told here.")
    assert len(text) < 400  # what people write is bounded
    assert "Bo" in unsilence_card(silence, "Bo").text()


def test_an_acknowledgement_names_the_first_bad_run_with_its_link() -> None:
    def url(run: Evidence) -> str:
        return f"https://review.example.org/{run.number}"

    step = Transition("acknowledged", NOW, incident().severity, by="Mika", note="new disks")
    found = incident(symptom(evidence=SEEN, first_evidence=SEEN))
    card = acknowledged_card(found, step, Subject("Acme", None, url), "https://cibot/incidents/5")
    assert "Acme: acknowledged by Mika: new disks; first bad run 1,1" in card.text()
    assert card.link == "https://cibot/incidents/5"
    assert card.incident == found.id
    assert any(span.href == "https://review.example.org/1" for each in card.lines for span in each)
    assert all(button.words[0] != "ack" for button in card.buttons)
    late = incident(symptom("silent"))
    assert "first bad run" not in acknowledged_card(late, step, Subject("Acme"), None).text()


def test_a_merged_incident_is_called_by_its_new_number_wherever_it_is_named() -> None:
    buttons = (Button("Ack", ("ack", "5")), Button("Why", ("why", "Acme")))
    card = Card(
        (line("see ", incident_span(5), " and ", incident_span(6)),), incident=5, buttons=buttons
    )
    moved = Card.from_json(renumbered(card.to_json(), 5, 3))
    assert (moved.text(), moved.incident) == ("see #3 and #6", 3)
    assert [button.words for button in moved.buttons] == [("ack", "3"), ("why", "Acme")]
    other = Card.from_json(renumbered(replace(card, incident=6).to_json(), 5, 3))
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
