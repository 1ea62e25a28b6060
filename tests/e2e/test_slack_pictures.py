"""Pictures below alerts: drawn by the real library, uploaded as documented, never in the way."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from cibot.chat.slack.backend import SlackBackend
from cibot.chat.slack.pictures import Pictures
from cibot.reports.charts import can_draw, trend_png, trend_words
from cibot.text.card import Card, Trend, card
from tests.support.processes import PATIENCE_S
from tests.support.slack_fixtures import running, slack_config
from tests.support.slack_server import Fault, SlackServer
from tests.support.slack_workspace import CHART_SCOPES

pytestmark = pytest.mark.e2e
ALERTS = "C0ALERTS0"
TREND = Trend("NetApp <CI> $x_1$ \u202e", date(2026, 11, 23), ((9, 1), (0, 0), (3, 7)) * 9)
ALERT = card("NetApp CI is failing", incident=7, trend=TREND)
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        server.scopes |= CHART_SCOPES
        yield server


@pytest.fixture
def backend(slack: SlackServer) -> Iterator[SlackBackend]:
    with running(SlackBackend(slack_config(slack), timeout=5)) as started:
        yield started


def test_a_new_alert_gets_a_picture_in_its_thread(
    slack: SlackServer, backend: SlackBackend
) -> None:
    backend.send(ALERTS, ALERT, key="7:opened")
    root, picture = slack.wait_for(ALERTS, 2)
    assert picture["thread_ts"] == root["ts"]
    (shown,) = picture["files"]
    assert shown["title"] == "NetApp <CI> $x_1$"
    file = slack.files[shown["id"]]
    assert file["bytes"].startswith(PNG)
    assert file["alt_txt"] == "Results a day from 28 Oct to 23 Nov: 108 passed, 72 failed"
    backend.send(ALERTS, ALERT, key="7:reopened")
    *_, again, second = slack.wait_for(ALERTS, 4)
    assert again["thread_ts"] == second["thread_ts"] == root["ts"]
    backend.send(ALERTS, replace(ALERT, trend=None), key="7:resolved")
    assert len(slack.files) == 2


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        ("files.getUploadURLExternal", Fault(status=500)),
        ("files.getUploadURLExternal", Fault(status=429, error="ratelimited", retry_after=60)),
        ("upload", Fault(status=503, body="<html>busy</html>")),
        ("upload", Fault(hang=True)),
        ("files.completeUploadExternal", Fault(error="file_not_found")),
    ],
    ids=str,
)
def test_a_picture_that_fails_is_left_out(
    slack: SlackServer, backend: SlackBackend, method: str, fault: Fault
) -> None:
    slack.fail(method, fault)
    backend.send(ALERTS, ALERT, key="7:opened")
    backend.send(ALERTS, replace(ALERT, incident=8), key="8:opened")
    slack.released.set()
    *_, picture = slack.wait_for(ALERTS, 3)
    assert picture["thread_ts"] == slack.room(ALERTS)[1]["ts"]


def test_without_the_scope_nothing_is_tried(slack: SlackServer) -> None:
    slack.scopes -= CHART_SCOPES
    with running(SlackBackend(slack_config(slack), timeout=5)) as backend:
        backend.check()
        backend.send(ALERTS, ALERT, key="7:opened")
    assert not any(name.startswith("files.") for name, _ in slack.calls)


def test_pictures_can_be_switched_off(slack: SlackServer) -> None:
    with running(SlackBackend(slack_config(slack, charts=False), timeout=5)) as backend:
        backend.send(ALERTS, ALERT, key="7:opened")
    assert not any(name.startswith("files.") for name, _ in slack.calls)


def test_alerts_do_not_wait_for_the_drawing(slack: SlackServer) -> None:
    release, drawn = threading.Event(), threading.Semaphore(0)

    def draw(_trend: Trend) -> bytes:
        drawn.release()
        assert release.wait(30)
        raise ZeroDivisionError

    backend = SlackBackend(slack_config(slack), timeout=5)
    pictures = Pictures("work", backend._api, draw, trend_words)
    backend._pictures = pictures
    with running(backend):
        for incident in range(1, 12):
            backend.send(ALERTS, replace(ALERT, incident=incident), key=f"{incident}:opened")
        assert drawn.acquire(timeout=PATIENCE_S)
        assert len(slack.room(ALERTS)) == 11
        release.set()
    assert len(slack.files) == 0


def test_the_card_keeps_its_trend_and_buttons_in_the_outbox() -> None:
    assert Card.from_json(ALERT.to_json()) == ALERT


def test_days_without_results_can_be_drawn() -> None:
    assert can_draw()
    assert trend_png(replace(TREND, days=((0, 0),) * 28)).startswith(PNG)
    assert trend_png(replace(TREND, days=((10**6, 1),))).startswith(PNG)
