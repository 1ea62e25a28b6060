"""Jobs that are not there, jobs that cannot be true: from comments to what people read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from cibot.chat.dispatch import Dispatcher
from cibot.chat.protocol import Asker, Channel, Question
from cibot.model import State
from cibot.reports.context import Context
from cibot.reports.status import why
from cibot.store.engine import Store
from cibot.web.api.plain import plain
from tests.support.scenario import CONFIG, Scenario
from tests.support.stores import store_after


def passes(**jobs: str) -> str:
    """A comment of jobs that passed, each with how long it took."""
    lines = "\n".join(
        f"- {job} https://logs.example.org/{job} : SUCCESS in {took}" for job, took in jobs.items()
    )
    return f"Patch Set 1: Verified+1\n\nBuild succeeded (check pipeline).\n\n{lines}"


BOTH = passes(nvme="31m 00s", iscsi="51m 10s")


def live(store: Store) -> None:
    scenario = Scenario(store)
    scenario.change(acme=BOTH, times=60)
    assert scenario.judge() is State.HEALTHY


@pytest.fixture(params=["sqlite", "mariadb"])
def scenario(request: pytest.FixtureRequest) -> Iterator[Scenario]:
    """Acme passes sixty changes with both jobs; what follows is judged by a new process."""
    with store_after(request, request.param, live) as store:
        yield Scenario.gone_on(store)


def asked(scenario: Scenario, text: str) -> str:
    answer = Dispatcher(scenario.store, CONFIG, lambda: scenario.now)
    reply = answer(Question(text, Asker("mika", "mika"), Channel("net", "#ops"), private=False))
    assert reply is not None
    return reply.text()


def test_a_job_that_is_gone_is_told_once_and_its_return(scenario: Scenario) -> None:
    for _ in range(7):
        scenario.change(acme=passes(nvme="31m 00s"))
        scenario.judge()
    (alert,) = scenario.alerts()
    head, details = alert.split("\n")
    assert head.startswith(
        "▲ degraded — Acme is degraded: reports as usual, but iscsi is missing from the last 4"
        " changes since Thu 26 Nov 00:20 UTC; it was in 100 % of 60 before"
    )
    assert "see 64,1, 61,1, the last good one 60,1 (iscsi)" in details
    assert scenario.judge() is State.DEGRADED
    for question in ("status acme", "why acme"):
        assert "iscsi is missing from the last 7 changes since" in asked(scenario, question)
    for _ in range(2):
        scenario.change(acme=BOTH)
        scenario.judge()
    assert scenario.judge() is State.HEALTHY
    assert scenario.alerts()[1:] == [
        "● healthy — Acme recovered: iscsi is in the reports again (after 8 h)"
    ]


def test_the_api_gives_its_words_figures_and_evidence(scenario: Scenario) -> None:
    for _ in range(5):
        scenario.change(acme=passes(nvme="31m 00s"))
    scenario.judge()
    answer = scenario.store.read(lambda tx: why(tx, Context(scenario.now, CONFIG), "acme"))
    shown = plain(next(signal for signal in answer.signals if signal.name == "missing_job"))
    assert shown["verdict"] == "degraded"
    assert shown["said"].startswith("reports as usual, but iscsi is missing from the last 5")
    assert shown["threshold"] == "iscsi: degraded after 4 changes in a row without it"
    assert [run["number"] for run in shown["evidence"]] == [65, 61, 60]


def test_a_job_that_passes_in_no_time_is_told_since_when(scenario: Scenario) -> None:
    for _ in range(5):
        scenario.change(acme=passes(nvme="31m 00s", iscsi="40s"))
        scenario.judge()
    (alert,) = scenario.alerts()
    assert alert.startswith(
        "▲ degraded — Acme is degraded: iscsi passes in 40 s since Thu 26 Nov 00:20 UTC,"
        " 51 min before"
    )
    assert "too fast: iscsi passes in 40 s since" in asked(scenario, "why acme")
    scenario.change(acme=BOTH, times=2)
    assert scenario.judge() is State.HEALTHY


def test_a_job_with_a_successor_is_told_nobody(scenario: Scenario) -> None:
    for _ in range(12):
        scenario.change(acme=passes(nvme="31m 00s", fc="50m 00s"))
        scenario.judge()
    assert (scenario.judge(), scenario.alerts()) == (State.HEALTHY, [])
    assert "fc took the place of iscsi" in asked(scenario, "why acme")


def test_where_the_reference_changes_its_jobs_too_nothing_is_sent(scenario: Scenario) -> None:
    for _ in range(12):
        scenario.change(zuul=passes(unit="3m 00s"), acme=passes(nvme="31m 00s"))
        scenario.judge()
    assert (scenario.judge(), scenario.alerts()) == (State.DEGRADED, [])
    for _ in range(6):  # on another branch it changes nothing
        scenario.change(acme=passes(nvme="31m 00s"), branch="stable/2026.1")
    scenario.judge()
    assert scenario.alerts() == []


def test_after_28_days_it_is_how_the_ci_is(scenario: Scenario) -> None:
    for _ in range(29 * 4):
        scenario.change(acme=passes(nvme="31m 00s"))
        scenario.now += timedelta(hours=5)
        if scenario.changes % 20 == 0:
            scenario.poll()
            scenario.judge()
    scenario.poll()
    assert scenario.judge() is State.HEALTHY
    begun, over = scenario.alerts()
    assert "but iscsi is missing" in begun
    assert "iscsi has been missing for 28 days: this is how it is now" in over
