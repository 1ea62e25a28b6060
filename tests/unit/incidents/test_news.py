"""What people should hear of an incident: each news once, however late it is looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.health.signal import Family, Signal
from cibot.incidents.incident import Incident, Notified, Part, Phase, step
from cibot.incidents.messages import Subject, alert_card
from cibot.incidents.news import BEGINS, Surroundings, news_of, notified
from cibot.incidents.symptom import Symptom, SymptomPhase
from cibot.model import State
from tests.unit.health.facts import DAY, HOUR, NOW
from tests.unit.incidents.making import POLICY, cleared, incident, symptom
from tests.unit.incidents.test_incident import SIGNALS

LATER = NOW + 5 * HOUR
ALL_WELL = Surroundings()
SILENT = symptom("silent", State.SILENT)
SLOW = symptom("latency", State.FAILING)
FAILING = symptom(severity=State.FAILING)


def as_heard(trouble: Incident, *, around: Surroundings = ALL_WELL, loud: bool = True) -> Incident:
    """The incident when people know all that is news of it."""
    for _ in range(5):
        news = news_of(trouble, around, LATER)
        if news is None or news.inhibited:
            return trouble
        trouble = notified(trouble, news, loud=loud)
    raise AssertionError("there is no end of news")


def name(trouble: Incident, around: Surroundings = ALL_WELL) -> str | None:
    """The name of the news of an incident, and that it is news only once."""
    news = news_of(trouble, around, LATER)
    if news is not None and news.inhibited is None:
        assert news_of(notified(trouble, news), around, LATER) is None
    return news.step.name if news else None


def now(before: Incident, *symptoms: Symptom) -> Incident:
    """The incident that people know, with these symptoms now."""
    return replace(incident(*symptoms), notified=before.notified)


KNOWN = as_heard(incident())


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        (incident(), "opened"),
        (replace(incident(), phase=Phase.ACKNOWLEDGED), "opened"),
        (incident(replace(symptom(), phase=SymptomPhase.PENDING), opened_at=None), None),
        (incident(replace(symptom(), phase=SymptomPhase.RECOVERING)), None),
        (incident(cleared(symptom(), LATER)), None),  # nobody knew of it
        (KNOWN, None),
        (now(KNOWN, FAILING), "escalated"),
        (now(as_heard(incident(FAILING)), symptom()), None),  # easier is no news
        (now(KNOWN, replace(symptom(), phase=SymptomPhase.RECOVERING)), None),
        (now(KNOWN, cleared(symptom(), LATER)), "resolved"),
        (as_heard(now(KNOWN, cleared(symptom(), LATER))), None),
        (now(as_heard(now(KNOWN, cleared(symptom(), LATER))), symptom()), "reopened"),
        (replace(KNOWN, phase=Phase.WITHDRAWN), "withdrawn"),
        (as_heard(replace(KNOWN, phase=Phase.WITHDRAWN)), None),
        (now(KNOWN, symptom(since=NOW - 3 * HOUR)), "corrected"),
        (now(KNOWN, symptom(since=NOW - HOUR - timedelta(minutes=9))), None),
        (now(as_heard(incident(), loud=False), symptom(since=NOW - 3 * HOUR)), None),
        (now(KNOWN, symptom(since=NOW + HOUR, spells=2)), None),  # it came again
        (now(KNOWN, symptom(), symptom("level")), None),  # of the same family, no worse
        (now(KNOWN, symptom(), SLOW), "escalated"),
        (now(KNOWN, symptom(), symptom("latency")), "escalated"),  # of another family
        (now(KNOWN, symptom(), SILENT), "escalated"),
        (now(KNOWN, cleared(symptom(), LATER), symptom("level")), None),  # of one family
    ],
)
def test_the_news_of_an_incident(trouble, expected):
    assert name(trouble) == expected


def test_what_is_over_and_what_still_holds():
    both = as_heard(incident(SLOW, symptom()))
    over = now(both, cleared(SLOW, LATER), symptom())
    news = news_of(over, ALL_WELL, LATER)
    assert (news.step.name, news.symptom.signal, news.step.severity) == (
        "eased",
        "latency",
        State.DEGRADED,
    )
    assert name(over) == "eased"
    after = as_heard(over)
    assert [part.family for part in after.notified.parts] == [Family.RESULTS]
    assert name(now(after, SLOW, symptom())) == "escalated"  # and it is news again
    assert name(now(after, cleared(SLOW, LATER), cleared(symptom(), LATER))) == "resolved"


def test_of_several_ends_the_last_speaks():
    trouble = now(
        KNOWN, cleared(symptom(), LATER), cleared(symptom("job"), LATER - HOUR),
        cleared(symptom("level"), LATER),
    )  # fmt: skip
    assert news_of(trouble, ALL_WELL, LATER).symptom.signal == "success"


def test_after_a_silence_it_says_what_is_still_bad():
    silent = as_heard(now(as_heard(incident(FAILING)), FAILING, SILENT))
    again = news_of(now(silent, FAILING, cleared(SILENT, LATER)), ALL_WELL, LATER)
    assert (again.step.name, again.step.severity) == ("eased", State.FAILING)
    meanwhile = now(as_heard(incident(SILENT)), cleared(SILENT, LATER), FAILING)
    assert name(meanwhile) == "eased"  # one message says both


LEVEL = symptom("level", came_at=NOW - 60 * DAY, since=NOW - 60 * DAY)
DROP = symptom(since=NOW - HOUR)


def test_a_drop_within_a_level_is_news_and_so_is_its_end():
    standing = as_heard(incident(LEVEL))
    dropped = now(standing, LEVEL, DROP)
    news = news_of(dropped, ALL_WELL, LATER)
    assert (news.step.name, news.symptom.signal, news.drop) == ("escalated", "success", True)
    dropped = as_heard(dropped)
    assert name(now(dropped, LEVEL, DROP, symptom("job"))) is None
    back = now(dropped, LEVEL, cleared(DROP, LATER))
    news = news_of(back, ALL_WELL, LATER)
    assert (news.step.name, news.symptom.signal, news.drop) == ("eased", "success", True)
    assert [part.drop for part in as_heard(back).notified.parts] == [False]
    assert name(now(dropped, cleared(LEVEL, LATER), DROP)) is None  # it drops still
    assert name(now(dropped, cleared(LEVEL, LATER), cleared(DROP, LATER))) == "resolved"


def test_a_drop_with_its_level_is_one_trouble():
    level = symptom("level", came_at=NOW - 3 * DAY, since=NOW - 3 * DAY)
    assert name(now(as_heard(incident(level)), level, DROP)) is None
    unknown = symptom(since=None, came_at=None)
    assert name(now(as_heard(incident(LEVEL)), LEVEL, unknown)) is None


def test_it_counts_how_often_people_were_told():
    once = notified(incident(), news_of(incident(), ALL_WELL, LATER))
    parts = (Part(Family.RESULTS, State.DEGRADED),)
    assert once.notified == Notified(parts, State.DEGRADED, "success", 1, NOW - HOUR, count=1)
    assert as_heard(incident(), loud=False).notified.count == 0
    worse = as_heard(now(once, FAILING))
    assert (worse.notified.worst, worse.notified.count) == (State.FAILING, 2)
    over = as_heard(now(worse, cleared(FAILING, LATER)))
    assert (over.notified.over, over.notified.count, over.notified.worst) == (
        True, 3, State.FAILING,
    )  # fmt: skip
    again = as_heard(now(over, symptom(spells=2)))
    assert (again.notified.over, again.notified.worst) == (False, State.DEGRADED)


def test_a_correction_is_told_once():
    moved = now(KNOWN, symptom(since=NOW - 3 * HOUR))
    assert as_heard(moved).notified.since == NOW - 3 * HOUR
    quiet = as_heard(incident(), loud=False)
    assert news_of(now(quiet, cleared(symptom(), LATER)), ALL_WELL, LATER).quiet


def test_a_greater_trouble_keeps_news_back_but_no_end():
    stale = Surroundings(feed_fresh=False)
    assert news_of(incident(), stale, LATER).inhibited == "our own feed is stale"
    over = news_of(now(KNOWN, cleared(symptom(), LATER)), stale, LATER)
    assert (over.step.name, over.inhibited) == ("resolved", None)
    silent = incident(SILENT, FAILING)
    assert as_heard(silent).notified.parts == (Part(Family.PRESENCE, State.SILENT),)
    assert name(as_heard(silent)) is not None  # kept back: it fails, too
    assert news_of(as_heard(silent), ALL_WELL, LATER).inhibited == "the CI is silent"
    broken = Surroundings(reference_broken=True)
    slow = news_of(incident(FAILING, symptom("latency")), broken, LATER)
    assert (slow.symptom.signal, slow.inhibited) == ("latency", None)


@given(
    st.lists(st.sampled_from(SIGNALS), max_size=40),
    st.lists(st.booleans(), min_size=40, max_size=40),
)
def test_every_history_is_told_to_its_end(signals: list[Signal], looks: list[bool]):
    trouble: Incident | None = None
    sent: list[str] = []
    for i, (signal, looked) in enumerate(zip(signals, looks, strict=False)):
        at = NOW + i * HOUR
        trouble, _ = step(trouble, signal, at, POLICY)
        news = news_of(trouble, ALL_WELL, at) if trouble and looked else None
        if trouble is None or news is None or news.inhibited:
            continue
        if trouble.notified is None:
            sent = []
        trouble = notified(trouble, news)
        assert news_of(trouble, ALL_WELL, at) is None or news_of(trouble, ALL_WELL, at).inhibited
        begins = news.step.name in BEGINS
        assert begins == (not sent or sent[-1] == "resolved")
        sent.append(news.step.name)
        assert trouble.notified.over == (news.step.name == "resolved")
        assert bool(trouble.notified.parts) != trouble.notified.over


ADOPTED = replace(cleared(symptom(), LATER), adopted=True)


def test_a_trouble_that_became_its_usual_did_not_recover():
    over = now(KNOWN, ADOPTED)
    news = news_of(over, ALL_WELL, LATER)
    assert news.step.name == "resolved"
    text = alert_card(over, news, Subject("Acme")).text()
    assert text.startswith("● healthy — Acme: this is now its usual (after 6 h): ")
    assert "recovered" not in text


def test_a_level_of_what_became_its_usual_is_known():
    over = as_heard(now(KNOWN, ADOPTED))
    level = symptom("level", came_at=LATER + 20 * DAY, since=LATER + 15 * DAY)
    again = now(over, ADOPTED, level)
    news = news_of(again, ALL_WELL, LATER + 20 * DAY)
    assert (news.step.name, news.quiet) == ("reopened", True)
    worse = now(over, ADOPTED, replace(level, severity=State.FAILING))
    assert not news_of(worse, ALL_WELL, LATER + 20 * DAY).quiet
    other = now(over, ADOPTED, symptom(came_at=LATER + 20 * DAY))  # the chart sees a new drop
    assert not news_of(other, ALL_WELL, LATER + 20 * DAY).quiet


def test_the_end_of_what_is_milder_waits_for_the_end_of_all():
    both = as_heard(incident(SLOW, symptom()))
    assert name(now(both, SLOW, cleared(symptom(), LATER))) is None
    assert name(now(both, cleared(SLOW, LATER), cleared(symptom(), LATER))) == "resolved"


def test_one_that_is_heard_again_and_slow_reports_again():
    silent = as_heard(incident(SILENT))
    heard = replace(SILENT, phase=SymptomPhase.RECOVERING)
    trouble = now(silent, heard, SLOW)
    news = news_of(trouble, ALL_WELL, LATER)
    assert (news.step.name, news.symptom.signal, news.still.signal) == (
        "eased",
        "silent",
        "latency",
    )
    after = as_heard(trouble)
    assert [part.family for part in after.notified.parts] == [Family.TIME]
    assert name(now(after, cleared(SILENT, LATER), SLOW)) is None
    assert name(now(after, SILENT, SLOW)) == "escalated"  # it fell silent once more


def test_nothing_is_said_to_be_over_while_something_is_half_way():
    half = replace(symptom("latency"), phase=SymptomPhase.PENDING)
    both = as_heard(now(as_heard(incident(FAILING)), FAILING, SILENT))
    assert name(now(both, FAILING, cleared(SILENT, LATER), half)) is None
    assert name(now(both, FAILING, cleared(SILENT, LATER))) == "eased"
    meanwhile = as_heard(incident(SILENT))
    assert name(now(meanwhile, FAILING, cleared(SILENT, LATER), half)) == "eased"
