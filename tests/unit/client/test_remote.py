"""Changes through a server: what is sent, and what is made of the answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer as Fake

from cibot.cli.questions.general import ask_unsilence
from cibot.cli.questions.question import Asked
from cibot.client.remote import Remote
from cibot.client.server import Server
from cibot.client.source import silences
from cibot.errors import Permanent, UserError
from cibot.model import Silence
from cibot.reports.incidents import IncidentLine
from cibot.reports.jobs import Jobs

NOW = datetime(2026, 11, 23, 4, 10, tzinfo=UTC)


def muted(number: int, ci: str, hours: int) -> dict[str, Any]:
    until = (NOW + timedelta(hours=hours)).isoformat()
    return {
        "id": number, "ci": ci, "since": NOW.isoformat(), "until": until, "by": "mika",
        "reason": "new disks", "ended_at": None, "ended_by": None,
    }  # fmt: skip


@pytest.fixture
def remote(httpserver: Fake) -> Iterator[Remote]:
    source = Remote(Server(httpserver.url_for("")))
    yield source
    source.close()


def test_an_incident_is_acknowledged_with_a_note(httpserver: Fake, remote: Remote) -> None:
    incident = {
        "id": 3, "ci": "NetApp CI", "kind": "success", "state": "acknowledged",
        "opened_at": NOW.isoformat(), "resolved_at": None, "said": "", "acknowledged_by": "mika",
        "note": "looking", "page": None,
    }  # fmt: skip
    httpserver.expect_request(
        "/api/v1/incidents/3/acknowledge", method="POST", json={"note": "looking"}
    ).respond_with_json(incident)
    changed = remote.change(IncidentLine, "acknowledge", id=3, note="looking")
    assert (changed.ci, changed.note, changed.opened_at) == ("NetApp CI", "looking", NOW)


def test_a_silence_is_asked_for_in_seconds(httpserver: Fake, remote: Remote) -> None:
    wish = {"ci": "netapp", "length_s": 7200, "reason": "new disks"}
    httpserver.expect_request("/api/v1/silences", method="POST", json=wish).respond_with_json(
        muted(7, "NetApp CI", 2), status=201
    )
    assert remote.change(Silence, "make_silence", **wish).id == 7


def test_all_silences_of_a_pattern_are_ended_and_no_others(
    httpserver: Fake, remote: Remote
) -> None:
    active = [muted(1, "Net*", 5), muted(2, "NetApp CI", 1), muted(3, "net*", 1)]
    httpserver.expect_request(
        "/api/v1/silences", query_string={"state": "active", "limit": "500"}
    ).respond_with_json({"items": active, "next": None})
    for number in (1, 3):
        httpserver.expect_request(f"/api/v1/silences/{number}", method="DELETE").respond_with_json(
            muted(number, "Net*", 1)
        )
    ended = ask_unsilence(remote, Asked(("Net*",))).body.items
    assert len(ended) == 2
    assert [silence.id for silence in silences(remote)] == [2, 3, 1]


def test_an_answer_of_another_version_is_said_to_be_one(httpserver: Fake, remote: Remote) -> None:
    httpserver.expect_request("/api/v1/cis/x/jobs").respond_with_json({"jobs": []})
    with pytest.raises(
        Permanent, match=r"the answer\.ci: Field required: it speaks another version"
    ):
        remote.ask(Jobs, "/cis/<name>/jobs", name="x")


@pytest.mark.parametrize("name", [".", "..", "", " "])
def test_a_name_cannot_change_the_way(remote: Remote, name: str) -> None:
    with pytest.raises(UserError, match="Nothing is called"):
        remote.ask(Jobs, "/cis/<name>/jobs", name=name)


def test_a_name_with_a_slash_is_one_part(httpserver: Fake, remote: Remote) -> None:
    httpserver.expect_request("/api/v1/cis/a/b ?#%/jobs").respond_with_json({}, status=200)
    with pytest.raises(Permanent, match=r"answer\.ci: Field required"):
        remote.ask(Jobs, "/cis/<name>/jobs", name="a/b ?#%")
