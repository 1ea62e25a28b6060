"""What may be changed over HTTP, by whom, and what is kept of it; on each database."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cibot.store import outbox
from cibot.store.audit import AuditRow, last_audit
from cibot.store.engine import Store, open_store
from tests.support.canned import CONFIG, TOKENS, canned, merged_away
from tests.support.faces import client
from tests.support.history import make_tables

SILENCE = {"ci": "netapp", "length_s": 7200, "reason": "new disks"}


@pytest.fixture
def canned_history(canned_store: Store) -> Store:
    return canned_store


@pytest.fixture
def api(canned_history: Store) -> FlaskClient:
    return client(canned_history, CONFIG)


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def quiet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A history for all tests that must change nothing."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('writes') / 'cibot.db'}"
    else:
        url = request.getfixturevalue("mariadb").create_database()
    store = make_tables(open_store(url))
    canned(store)
    yield store
    assert audited(store) == []
    store.close()


def send(
    api: FlaskClient,
    path: str,
    body: Any = None,
    *,
    role: str | None = "admin",
    method: str = "POST",
    **headers: str,
) -> TestResponse:
    sent = {"Authorization": f"Bearer {TOKENS[role]}"} if role else {}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return api.open(f"/api/v1{path}", method=method, json=body, headers=sent)


def audited(store: Store) -> list[AuditRow]:
    return store.read(last_audit)


def test_an_incident_is_acknowledged_and_the_channels_hear_of_it(
    api: FlaskClient, canned_history: Store
) -> None:
    answer = send(api, "/incidents/1/acknowledge", {"note": "on it"}, role="owner")
    assert answer.status_code == 200
    body = answer.get_json()
    assert (body["state"], body["acknowledged_by"]) == ("acknowledged", "netapp-tools")
    assert api.get("/api/v1/incidents/1").get_json()["steps"][-1]["reason"] == (
        "acknowledged by netapp-tools: on it"
    )
    (row,) = audited(canned_history)
    assert (row.network, row.account, row.room, row.what) == (
        "api", "netapp-tools", "127.0.0.1", "ack",
    )  # fmt: skip
    assert row.arguments == "1 on it"
    (waiting,) = canned_history.read(lambda tx: outbox.listed(tx, limit=10))
    assert "netapp-tools" in waiting.card
    again = send(api, "/incidents/1/acknowledge", {"note": "on it"}, role="owner")
    assert (again.status_code, again.mimetype) == (409, "application/problem+json")


def test_the_number_of_a_merged_incident_answers_for_the_one_that_is_left(
    api: FlaskClient, canned_history: Store
) -> None:
    number = merged_away(canned_history)
    answer = send(api, f"/incidents/{number}/acknowledge", {"note": "on it"})
    assert (answer.status_code, answer.get_json()["id"]) == (200, 1)
    for path in (f"/api/v1/incidents/{number}", f"/incidents/{number}"):
        assert api.get(path).data == api.get(path.replace(str(number), "1")).data
    everything = api.get("/api/v1/incidents?state=all").get_json()["items"]
    assert number not in {incident["id"] for incident in everything}
    assert api.get(f"/api/v1/incidents/{number + 1}").status_code == 404


def test_a_silence_is_made_found_and_ended(api: FlaskClient, canned_history: Store) -> None:
    made = send(api, "/silences", SILENCE)
    assert made.status_code == 201
    body = made.get_json()
    assert (body["ci"], body["by"], body["until"]) == ("NetApp CI", "ops", "2026-11-23T06:10:00Z")
    assert made.headers["Location"] == f"/api/v1/silences/{body['id']}"
    assert api.get(made.headers["Location"]).get_json() == body
    assert [silence["id"] for silence in api.get("/api/v1/silences").get_json()["items"]] == [
        body["id"]
    ]
    ended = send(api, f"/silences/{body['id']}", method="DELETE", role="owner")
    assert (ended.status_code, ended.get_json()["ended_by"]) == (200, "netapp-tools")
    assert send(api, f"/silences/{body['id']}", method="DELETE").status_code == 409
    assert api.get("/api/v1/silences").get_json()["items"] == []
    assert len(api.get("/api/v1/silences?state=all").get_json()["items"]) == 1
    assert [row.what for row in audited(canned_history)] == ["unsilence", "silence"]


@pytest.mark.parametrize(
    ("role", "path", "body"),
    [
        ("reader", "/silences", SILENCE),
        ("reader", "/incidents/1/acknowledge", {}),
        ("owner", "/silences", SILENCE | {"ci": "quobyte"}),
        ("owner", "/silences", SILENCE | {"ci": "*"}),
        ("owner", "/incidents/2/acknowledge", {"note": "x"}),
    ],
)
def test_a_role_that_does_not_do_is_told_so_and_kept(
    api: FlaskClient, canned_history: Store, role: str, path: str, body: Any
) -> None:
    answer = send(api, path, body, role=role)
    assert (answer.status_code, answer.mimetype) == (403, "application/problem+json")
    assert "[[token]]" in answer.get_json()["detail"]
    (row,) = audited(canned_history)
    assert row.outcome.startswith("refused: ")
    assert TOKENS[role] not in repr(row)
    assert api.get("/api/v1/silences?state=all").get_json()["items"] == []


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Bearer",
        "Bearer ",
        "Bearer cibot_wrong",
        f"Bearer {TOKENS['admin']}x",
        f"Bearer {TOKENS['admin'][:-1]}",
        f"Token {TOKENS['admin']}",
        f"bearer \x00{TOKENS['admin']}",
        "Bearer caf\xe9",
    ],
)
def test_without_a_token_that_is_known_nothing_changes(
    quiet: Store, authorization: str | None
) -> None:
    headers = {"Authorization": authorization} if authorization is not None else {}
    answer = client(quiet, CONFIG).post("/api/v1/silences", json=SILENCE, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="cibot"')
    assert audited(quiet) == []


def test_a_password_that_the_browser_sends_by_itself_changes_nothing(quiet: Store) -> None:
    answer = client(quiet, CONFIG).post(
        "/api/v1/silences", json=SILENCE, auth=("x", TOKENS["admin"])
    )
    assert (answer.status_code, audited(quiet)) == (401, [])


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://ci.example.org.evil.example"},
        {"Origin": "http://ci.example.org"},
        {"Origin": "https://ci.example.org:8443"},
        {"Origin": "https://[bad"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": "https://ci.example.org", "Sec_Fetch_Site": "cross-site"},
    ],
)
def test_pages_of_other_sites_change_nothing(quiet: Store, headers: dict[str, str]) -> None:
    assert send(client(quiet, CONFIG), "/silences", SILENCE, **headers).status_code == 403
    assert audited(quiet) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://ci.example.org"},
        {"Origin": "https://ci.example.org:443", "Sec_Fetch_Site": "same-origin"},
        {"Origin": "http://localhost"},
        {"Sec_Fetch_Site": "none"},
    ],
)
def test_our_own_pages_may(api: FlaskClient, headers: dict[str, str]) -> None:
    assert send(api, "/silences", SILENCE, **headers).status_code == 201


def test_only_json_is_taken(quiet: Store) -> None:
    headers = {"Authorization": f"Bearer {TOKENS['admin']}"}
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = client(quiet, CONFIG).post(
            "/api/v1/silences", data="{}", headers=headers, content_type=kind
        )
        assert (answer.status_code, answer.mimetype) == (415, "application/problem+json")


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        (b"", "body"),
        (b"[]", "body"),
        (b"{", "body"),
        (b"\xff", "body"),
        (b"[" * 10_000, "body"),
        (b'{"ci": "\\ud800", "length_s": 60, "reason": "x"}', "body"),
        (b'{"ci": "a\\u0000b", "length_s": 60, "reason": "x"}', "ci"),
        (b'{"ci": "netapp", "length_s": "60", "reason": "x"}', "length_s"),
        (b'{"ci": "netapp", "length_s": 59, "reason": "x"}', "length_s"),
        (b'{"ci": "netapp", "length_s": NaN, "reason": "x"}', "length_s"),
        (b'{"ci": "netapp", "length_s": 7776001, "reason": "x"}', "length_s"),
        (b'{"ci": "netapp", "length_s": 60, "reason": "  "}', "reason"),
        (b'{"ci": "netapp", "length_s": 60}', "reason"),
        (b'{"ci": "netapp", "length_s": 60, "reason": "x", "by": "me"}', "by"),
    ],
)
def test_a_body_that_is_wrong_is_a_problem_that_names_the_place(
    quiet: Store, body: bytes, parameter: str
) -> None:
    headers = {"Authorization": f"Bearer {TOKENS['admin']}", "Content-Type": "application/json"}
    answer = client(quiet, CONFIG).post("/api/v1/silences", data=body, headers=headers)
    assert (answer.status_code, answer.get_json()["parameter"]) == (400, parameter)
    assert audited(quiet) == []


def test_a_body_that_is_too_large_is_not_read(quiet: Store) -> None:
    answer = send(client(quiet, CONFIG), "/silences", SILENCE | {"reason": "x" * 70_000})
    assert (answer.status_code, answer.mimetype) == (413, "application/problem+json")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/silences", SILENCE | {"ci": "nobody-at-all"}),
        ("POST", "/incidents/999/acknowledge", {}),
        ("DELETE", "/silences/999", None),
    ],
)
def test_what_is_not_there_is_not_found(quiet: Store, method: str, path: str, body: Any) -> None:
    assert send(client(quiet, CONFIG), path, body, method=method).status_code == 404
