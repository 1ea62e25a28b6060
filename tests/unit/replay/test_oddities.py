"""Histories with something odd about them: no crash, and no alert that nothing justifies."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cibot.collector.decode import change_from_rest
from cibot.config.models import Config
from cibot.errors import UserError
from cibot.incidents.tracker import IncidentStep
from cibot.model import State
from cibot.replay import Replayed, replay
from cibot.replay.reading import SERVER, Line
from cibot.replay.written import configured

START = datetime(2026, 3, 2, tzinfo=UTC)
GATE, ACME = 1, 2
Said = tuple[float, int, int, str]  # hours after the change came, account, patch set, word


def change(
    number: int,
    hours: float,
    said: Iterable[Said],
    project: str = "nova",
    uploads: Iterable[float] = (0.0,),
) -> dict[str, Any]:
    """A change as REST gives it, that came so many hours after the start."""
    begun = START + timedelta(hours=hours)
    posts = [(at, 0, place, "") for place, at in enumerate(uploads, 1)] + list(said)
    messages = [
        {
            "id": f"{number:x}-{place:x}",
            "date": _stamp(begun + timedelta(hours=at)),
            "_revision_number": patch_set,
            "author": {"_account_id": account} if account else {},
            "message": _text(account, patch_set, word),
        }
        for place, (at, account, patch_set, word) in enumerate(sorted(posts))
    ]
    return {
        "_number": number,
        "project": project,
        "branch": "master",
        "subject": "Something",
        "status": "NEW",
        "created": _stamp(begun),
        "updated": messages[-1]["date"],
        "messages": messages,
    }


def _text(account: int, patch_set: int, word: str) -> str:
    if not account:
        return f"Uploaded patch set {patch_set}."
    said = "succeeded" if word == "SUCCESS" else "failed"
    job = f"- tempest https://logs.example.org/{account} : {word} in 5m 00s"
    return f"Patch Set {patch_set}:\n\nBuild {said} (check pipeline).\n\n{job}"


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}.000000000"


def both(number: int, hours: float, word: str = "SUCCESS", **fields: Any) -> dict[str, Any]:
    """A change that the gate passed, and what Acme said of it an hour after it came."""
    said = [(0.5, GATE, 1, "SUCCESS"), (1.0, ACME, 1, word)]
    return change(number, hours, said, **fields)


def good(n: int = 120, begin: float = 0.0, first: int = 1) -> list[dict[str, Any]]:
    """A good time of Acme's, a change an hour."""
    return [both(first + i, begin + i) for i in range(n)]


def judged(history: Iterable[dict[str, Any]], reference: str | None = "gate") -> Replayed:
    """What a replay makes of it."""
    config = configured(Config(), [SERVER], {GATE: "gate", ACME: "acme"}, reference, False)
    changes = [change_from_rest(raw) for raw in history]
    return replay([Line(SERVER, change) for change in changes if change is not None], config)


def opened(replayed: Replayed, name: str = "acme") -> list[str]:
    """The signals whose symptoms came."""
    return [signal for ci, step in replayed.steps if ci.name == name and (signal := came(step))]


def came(step: IncidentStep) -> str | None:
    """The signal of the symptom that came with a step, or None."""
    signal, at = step.transition.signal, step.transition.at
    symptom = step.incident.symptom(signal) if signal else None
    return signal if symptom is not None and symptom.came_at == at else None


def state(replayed: Replayed, name: str = "acme") -> State:
    """How the CI is at the end."""
    return next(replayed.health[ci.id].state for ci in replayed.cis.values() if ci.name == name)


def outage(begin: float = 120.0, first: int = 1000, n: int = 12) -> list[dict[str, Any]]:
    """A bad time of Acme's."""
    return [both(first + i, begin + i, "FAILURE") for i in range(n)]


def test_what_is_odd_is_told_beside_what_is_wrong():
    replayed = judged(good(200) + outage(200))
    assert "success" in opened(replayed)
    assert state(replayed) is State.FAILING


def test_a_gap_of_two_months_is_no_silence_and_no_change():
    assert opened(judged(good() + good(100, 60 * 24, 500))) == []


def test_changes_in_any_order_are_the_same_history():
    history = good(200) + outage(200) + good(20, 212, 2000)
    ordered = judged(history)
    random.Random(4).shuffle(history)
    mixed = judged(history)

    def steps(replayed: Replayed) -> list[tuple[str, str, datetime]]:
        return [(ci.name, s.transition.name, s.transition.at) for ci, s in replayed.steps]

    assert steps(mixed) == steps(ordered)
    assert [name for _, name, _ in steps(mixed)].count("opened") >= 1


def test_times_in_the_future_are_of_the_moment_they_were_heard_and_hide_nothing():
    def ahead(word: str) -> list[dict[str, Any]]:
        return [both(3000 + i, 24 * 365 * 70 + i, word) for i in range(3)]

    assert opened(judged(good(200) + ahead("SUCCESS"))) == []
    replayed = judged(good(200) + outage(200) + ahead("FAILURE"))
    assert "success" in opened(replayed)
    assert all(step.transition.at < START + timedelta(days=30) for _, step in replayed.steps)


def test_a_history_that_lies_in_the_future_as_a_whole_is_judged_on_its_own_clock():
    later = 24 * 365 * 50.0
    replayed = judged([both(i, later + i) for i in range(1, 201)] + outage(later + 201))
    assert "success" in opened(replayed)


def test_a_ci_that_never_had_a_reference_is_judged_by_all_its_results():
    def alone(number: int, hours: float, word: str) -> dict[str, Any]:
        return change(number, hours, [(1.0, ACME, 1, word)])

    history = [alone(i, i, "SUCCESS") for i in range(1, 201)]
    assert opened(judged(history, None)) == []
    bad = [alone(i, i, "FAILURE") for i in range(201, 221)]
    replayed = judged(history + bad, None)
    assert "success" in opened(replayed)
    assert "disagreement" not in opened(replayed)


def test_a_project_without_a_reference_spoils_nothing_beside_one_with_it():
    elsewhere = [
        change(5000 + i, i + 0.3, [(1.0, ACME, 1, "SUCCESS")], "other") for i in range(120)
    ]
    assert opened(judged(good() + elsewhere)) == []


def test_zero_results_are_unknown():
    replayed = judged([change(i, i, [(0.5, GATE, 1, "SUCCESS")]) for i in range(1, 60)])
    assert opened(replayed) == []
    assert [ci.name for ci in replayed.cis.values()] == ["gate"]
    with pytest.raises(UserError, match="no change"):
        judged([])
    bare = judged([change(1, 0, [])])
    assert bare.steps == []


@pytest.mark.parametrize("word", ["SUCCESS", "FAILURE"])
def test_one_result_says_nothing(word):
    replayed = judged([both(1, 0, word)])
    assert replayed.steps == []
    assert state(replayed) is State.UNKNOWN


def test_fifty_rechecks_of_a_patch_set_are_one_failure():
    said = [(0.5, GATE, 1, "SUCCESS")] + [(1 + i / 10, ACME, 1, "FAILURE") for i in range(50)]
    replayed = judged([*good(), change(900, 120, said), *good(5, 130, 1200)])
    assert opened(replayed) == []
    assert state(replayed) is State.HEALTHY


def test_two_thousand_results_in_an_hour_are_only_results():
    rng = random.Random(3)

    def burst(number: int) -> dict[str, Any]:
        said: list[Said] = [(0.01, GATE, 1, "SUCCESS")]
        words = ["SUCCESS" if rng.random() < 0.95 else "FAILURE" for _ in range(100)]
        said += [(0.02 + i / 110, ACME, 1, word) for i, word in enumerate(words)]
        return change(number, 200, said)

    replayed = judged(good(200) + [burst(4000 + i) for i in range(20)])
    assert replayed.messages > 2_000
    assert opened(replayed) == []
    assert state(replayed) is State.HEALTHY


def test_patch_sets_that_nobody_saw_come_do_no_harm():
    said = [(0.5, GATE, 7, "SUCCESS"), (1.0, ACME, 7, "FAILURE"), (2.0, ACME, 3, "FAILURE")]
    assert opened(judged([*good(), change(900, 120, said)])) == []


def test_a_reference_that_speaks_weeks_later_is_the_pair_all_the_same():
    late = [
        change(900 + i, 120 + i, [(1.0, ACME, 1, "FAILURE"), (400.0, GATE, 1, "SUCCESS")])
        for i in range(12)
    ]
    replayed = judged(good(120) + late + good(500, 132, 2000))
    (success,) = [step for _, step in replayed.steps if came(step) == "success"]
    assert success.transition.at >= START + timedelta(hours=520)
