"""Each kind of message as each medium shows it, word for word.

``CIBOT_WRITE_GOLDEN=1`` writes the files again: read them as a user before you commit them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from cibot.chat import console
from cibot.chat.commands.summary import summary_card
from cibot.chat.dispatch import Dispatcher
from cibot.chat.irc import text
from cibot.chat.protocol import Asker, Channel, Question
from cibot.chat.slack import blocks
from cibot.health.seen import EarlierWords, Fault, OwnPast, Period, Seen, Streak, Times
from cibot.health.signal import Evidence
from cibot.incidents.incident import Incident, Phase, Transition
from cibot.incidents.mass import Opening
from cibot.incidents.mass_messages import Mass, ended_card, joined_card, mass_card
from cibot.incidents.messages import (
    Subject,
    acknowledged_card,
    alert_card,
    digest_card,
    quiet_card,
)
from cibot.incidents.news import News
from cibot.incidents.symptom import Symptom, SymptomPhase
from cibot.model import State
from cibot.outbox.sender import REPEAT
from cibot.reports import wording
from cibot.reports.context import Context
from cibot.reports.onset import MergedChange, Onset, OnsetRun
from cibot.reports.summary import summary
from cibot.store.engine import Store, open_store
from cibot.text.card import Card, Trend
from tests.support.canned import CONFIG, canned
from tests.support.history import NOW, heard, make_tables, passed
from tests.support.slack_rules import faults_of_blocks

GOLDEN = Path(__file__).parent / "golden" / "messages"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
PAGE = "https://ci.example.org/ci/NetApp%20CI"
DAYS = ((19, 1),) * 16 + ((0, 0),) * 2 + ((14, 6), (0, 9)) * 5
TREND = Trend("NetApp CI", date(2026, 11, 23), DAYS)
ONSET = Onset(
    "openstack/cinder", "master", None,
    OnsetRun(912300, 1, NOW - 39 * HOUR, "netapp-nfs", None, "https://review.example.org/912300/1"),
    OnsetRun(912322, 3, NOW - 38 * HOUR, "netapp-nfs", "https://logs.example.org/1", None),
    5, tuple(MergedChange(912000 + n, "S", NOW, None) for n in range(5)), 3, 9, ("A", "B"),
)  # fmt: skip
SUBJECT = Subject(
    "NetApp CI", PAGE,
    lambda run: f"https://review.example.org/{run.number}/{run.patch_set}", TREND,
    wording.run_span(ONSET.first_failure), wording.onset(Context(NOW), ONSET),
)  # fmt: skip
EVIDENCE = tuple(
    Evidence(Fault.FAILED_ALONE, number, number, 3, NOW - HOUR, job, url)
    for number, job, url in [
        (912345, "netapp-iscsi", "https://logs.example.org/912345/3/netapp-iscsi"),
        (912323, "netapp-nfs", None),
        (912322, None, None),
    ]
)
FAILED = Symptom(
    "success", SymptomPhase.FIRING, State.FAILING, NOW - 38 * HOUR, NOW,
    seen=passed(5, 25), figure=0.2, n=25,
    first_evidence=EVIDENCE, evidence=EVIDENCE,
)  # fmt: skip
SLOW = Times(70 * MINUTE, 5 * HOUR, 40, Period(timedelta(7)), 2 * HOUR, 90, 20, 2)
FAST = replace(SLOW, median=40 * MINUTE, p95=HOUR)
LATE = Symptom(
    "latency", SymptomPhase.FIRING, State.DEGRADED, NOW - 5 * HOUR, NOW, seen=SLOW, n=120
)
LEVEL = replace(FAILED, signal="level", severity=State.DEGRADED, figure=0.61,
                seen=passed(61, 100))  # fmt: skip


def over(symptom: Symptom, seen: Seen) -> Symptom:
    return replace(symptom, phase=SymptomPhase.CLEARED, cleared_at=NOW + 5 * HOUR, seen=seen)


RECOVERED = replace(passed(25, 27), period=Period(timedelta(7), NOW + 2 * HOUR))
WELL = over(FAILED, RECOVERED)
BACK = over(FAILED, OwnPast(RECOVERED, 0.61, 90, 20))
JOB = over(
    replace(FAILED, signal="job"), Streak(None, 0, 3, 0, 0, Period(timedelta(28)), 0, known=2)
)


def alert(name: str, *symptoms: Symptom, drop: bool = False, by: str | None = None) -> Card:
    """The card of a step of an incident with these symptoms, of which the first speaks."""
    ends = NOW + 5 * HOUR if name == "resolved" else None
    phase = Phase.RESOLVED if ends else Phase.FIRING
    incident = Incident(NOW, phase, NOW, symptoms, NOW, ends, acknowledged_by=by, id=218)
    news = News(Transition(name, NOW, symptoms[0].severity), symptoms[0], (), drop=drop)
    return alert_card(incident, news, SUBJECT)


def acknowledged() -> Card:
    incident = Incident(NOW, Phase.ACKNOWLEDGED, NOW, (FAILED,), NOW, id=218)
    step = Transition("acknowledged", NOW, State.FAILING, by="Mika", note="new disks")
    return acknowledged_card(incident, step, SUBJECT, "https://ci.example.org/incidents/218")


def another(number: int, ci: str) -> Card:
    silent = Symptom(
        "silent", SymptomPhase.FIRING, State.SILENT, came_at=NOW, seen=heard(22, missed=9)
    )
    incident = Incident(NOW, Phase.FIRING, NOW, (silent,), NOW, id=number)
    news = News(Transition("opened", NOW, State.SILENT), silent, ())
    return alert_card(incident, news, Subject(ci))


BROKE = tuple(
    Opening(f"CI {name}", NOW, State.FAILING, jobs=frozenset({"tempest"}), incident=219 + place,
            projects=frozenset({"openstack/cinder"}))
    for place, name in enumerate("ABC")
)  # fmt: skip
HALF_WAY = Opening("CI D", NOW, State.DEGRADED, half_way=True)
MASS = Mass(BROKE, (*BROKE, HALF_WAY), 7, "https://ci.example.org", "mass:20261123T120000")
ALERTS = [alert("opened", FAILED), another(219, "Quobyte CI")]
KINDS: dict[str, Callable[[], Card]] = {
    "opened": lambda: alert("opened", FAILED),
    "opened-of-two": lambda: alert("opened", FAILED, LATE),
    "escalated": lambda: alert("escalated", FAILED),
    "escalated-acknowledged": lambda: alert("escalated", FAILED, by="Mika"),
    "escalated-slow-too": lambda: alert("escalated", LATE, FAILED),
    "escalated-drop": lambda: alert("escalated", FAILED, LEVEL, drop=True),
    "eased": lambda: alert("eased", over(LATE, FAST), FAILED),
    "eased-drop": lambda: alert("eased", BACK, LEVEL, drop=True),
    "reopened": lambda: alert("reopened", replace(FAILED, severity=State.DEGRADED)),
    "acknowledged": acknowledged,
    "resolved": lambda: alert("resolved", WELL),
    "job-resolved": lambda: alert("resolved", JOB),
    "withdrawn": lambda: alert("withdrawn", FAILED),
    "corrected": lambda: alert("corrected", FAILED),
    "silent": lambda: ALERTS[1],
    "together": lambda: mass_card(MASS, replace(SUBJECT, ci="CI A")),
    "together-joined": lambda: joined_card(MASS, MASS.here[2:]),
    "together-left": lambda: ended_card(MASS, MASS.here[:2], MASS.here[2:], NOW + 5 * HOUR),
    "together-over": lambda: ended_card(MASS, MASS.here, (), NOW + 5 * HOUR),
    "flood": lambda: digest_card(ALERTS, 20, "https://ci.example.org"),
    "after-quiet-hours": lambda: quiet_card(ALERTS, "https://ci.example.org"),
    "repeat": lambda: alert("opened", FAILED).with_note(REPEAT),
}  # fmt: skip
ASKED = {
    "status": "status netapp",
    "why": "why netapp",
    "list": "list",
    "change": "change 912345,3",
    "history": "history netapp",
    "refusal": "silence netapp 2h because",
    "mistake": "status nonesuch",
}


def shown_irc(card: Card, *, colour: bool = False) -> str:
    lines = text.render(card, text.Style(colour=colour))
    messages = [message for line in lines for message in line]
    assert all(len(message.encode()) <= text.MOST_BYTES for message in messages)
    return "\n".join(messages).replace("\x03", "␃").replace("\x02", "␂").replace("\x0f", "␏") + "\n"


def shown_slack(card: Card) -> str:
    made = blocks.render(card)
    assert not faults_of_blocks(made.blocks)
    whole = {"text": made.text, "blocks": made.blocks}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


MEDIA: dict[str, Callable[[Card], str]] = {
    "irc.txt": shown_irc,
    "irc-colour.txt": lambda card: shown_irc(card, colour=True),
    "slack.json": shown_slack,
    "console.txt": lambda card: "\n".join(console.render(card, colour=False)) + "\n",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = make_tables(open_store(f"sqlite:///{tmp_path_factory.mktemp('canned') / 'db'}"))
    canned(store)
    yield store
    store.close()


def check(name: str, card: Card, medium: str) -> None:
    text = MEDIA[medium](card)
    path = GOLDEN / f"{name}.{medium}"
    if os.environ.get("CIBOT_WRITE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("name", KINDS)
def test_what_is_told(name: str, medium: str) -> None:
    check(name, KINDS[name](), medium)


@pytest.mark.parametrize("medium", MEDIA)
def test_the_daily_summary(store: Store, medium: str) -> None:
    ctx = Context(NOW, CONFIG)
    check("summary", summary_card(ctx, store.read(lambda tx: summary(tx, ctx))), medium)


@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("name", ASKED)
def test_what_is_answered(store: Store, name: str, medium: str) -> None:
    asker = Asker("bob", "bob")
    question = Question(ASKED[name], asker, Channel("irc", "#ci"), private=False)
    reply = Dispatcher(store, CONFIG, lambda: NOW)(question)
    assert reply is not None
    check(name, reply, medium)


@pytest.mark.parametrize("name", ["opened", "escalated", "reopened", "acknowledged", "resolved"])
@pytest.mark.parametrize(
    "said", ["5 of 25 passed", "a very long reason, " * 40, "ß👩\u200d👧" * 99]
)
@pytest.mark.parametrize("colour", [False, True])
def test_an_alert_in_irc_is_one_or_two_lines(name: str, said: str, colour: bool) -> None:
    log = "https://logs.example.org/" + "a/long/way/" * 20
    evidence = tuple(replace(run, url=log, job=f"job-{'x' * 60}") for run in EVIDENCE)
    symptom = replace(FAILED, evidence=evidence, seen=EarlierWords(said))
    card = acknowledged() if name == "acknowledged" else alert(name, symptom)
    lines = shown_irc(card, colour=colour).splitlines()
    assert len(lines) == (2 if name in {"opened", "escalated", "reopened"} else 1)
    assert lines[0].endswith(f" {card.link}")


def test_no_golden_file_is_left_over() -> None:
    names = {f"{name}.{medium}" for name in (*KINDS, *ASKED, "summary") for medium in MEDIA}
    assert {path.name for path in GOLDEN.iterdir()} == names
