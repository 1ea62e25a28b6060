"""The API's answers as CSV: the same figures, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from flask.testing import FlaskClient

from cibot.store.engine import Store
from cibot.web.api import ENDPOINTS
from cibot.web.api.tables import write_csv
from tests.support.canned import CONFIG
from tests.support.faces import client
from tests.support.history import History, ago

WITH_TABLE = [endpoint for endpoint in ENDPOINTS if endpoint.table]


@pytest.fixture
def api(canned_sqlite: Store) -> FlaskClient:
    return client(canned_sqlite, CONFIG)


def rows(api: FlaskClient, path: str, **headers: str) -> list[dict[str, str]]:
    answer = api.get(f"/api/v1{path}", headers=headers)
    assert (answer.status_code, answer.mimetype) == (200, "text/csv"), answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_what_has_a_table_takes_a_format_and_nothing_else_does(api: FlaskClient) -> None:
    assert all(
        (endpoint.table is not None) == ("format" in endpoint.params.model_fields)
        for endpoint in ENDPOINTS
    )
    assert len(WITH_TABLE) >= 15
    assert api.get("/api/v1/summary?format=csv").status_code == 400
    headers = {"Accept": "text/csv"}
    assert api.get("/api/v1/summary", headers=headers).mimetype == "application/json"


@pytest.mark.parametrize("path", [endpoint.path for endpoint in WITH_TABLE])
def test_every_table_is_written_out(api: FlaskClient, path: str) -> None:
    name = "cinder" if path.startswith("/projects") else "NetApp CI"
    asked = path.replace("<name>", name).replace("<number>", "912345").replace("<id>", "1")
    both = "&first=netapp&second=zuul" if path == "/compare" else ""
    answer = api.get(f"/api/v1{asked}?format=csv{both}")
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["ETag"]
    lines = list(csv.reader(io.StringIO(answer.text)))
    assert len({len(line) for line in lines}) == 1
    assert len(set(lines[0])) == len(lines[0])


def test_the_table_of_incidents_says_when_each_began_as_json_does(api: FlaskClient) -> None:
    asked = "/incidents?state=all"
    body = {str(row["id"]): row for row in api.get(f"/api/v1{asked}").get_json()["items"]}
    table = rows(api, f"{asked}&format=csv")
    assert any(row["began"] for row in table)
    assert all(row["began"] == (body[row["id"]]["began"] or "") for row in table)


def test_a_table_has_the_figures_of_the_answer(api: FlaskClient) -> None:
    body = api.get("/api/v1/cis").get_json()["items"]
    table = rows(api, "/cis?format=csv")
    assert [row["name"] for row in table] == [ci["name"] for ci in body]
    netapp = table[1]
    assert (netapp["state"], netapp["rate_share"], netapp["rate_n"]) == ("failing", "0.2", "25")
    assert (netapp["since"], netapp["projects"]) == ("2026-11-21T14:10:00Z", "openstack/cinder")
    unjudged = next(row for row in table if row["name"] == "Beta Net CI")
    assert unjudged["rate_share"] == unjudged["last_heard_at"] == ""


def test_the_matrix_has_a_column_for_each_ci(api: FlaskClient) -> None:
    first = rows(api, "/projects/cinder?format=csv")[0]
    assert list(first)[:5] == ["number", "patch_set", "subject", "updated_at", "Zuul"]
    assert (first["number"], first["NetApp CI"], first["Pure-Storage CI"]) == (
        "912345", "fail", "started",
    )  # fmt: skip
    assert first["Quobyte CI"] == ""


def test_history_is_a_table_of_what_was_asked_for(api: FlaskClient) -> None:
    assert len(rows(api, "/cis/netapp/history?format=csv&days=3")) == 3
    assert len(rows(api, "/cis/netapp/history?format=csv&days=3&bucket=hour")) == 53


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/csv", "text/csv"),
        ("text/csv, */*;q=0.1", "text/csv"),
        ("*/*", "application/json"),
        ("text/html, application/json;q=0.9, text/csv;q=0.8", "application/json"),
        ("image/png", "application/json"),
    ],
)
def test_the_accept_header_chooses_unless_the_address_does(
    api: FlaskClient, accept: str, kind: str
) -> None:
    headers = {"Accept": accept}
    answer = api.get("/api/v1/cis", headers=headers)
    assert answer.mimetype == kind
    assert "Accept" in answer.headers["Vary"]
    assert api.get("/api/v1/cis?format=csv", headers=headers).mimetype == "text/csv"
    assert api.get("/api/v1/cis?format=json", headers=headers).mimetype == "application/json"


def test_pages_of_a_table_go_on_by_the_link_header(api: FlaskClient) -> None:
    answer = api.get("/api/v1/cis?format=csv&limit=4")
    url = answer.headers["Link"].partition(">")[0].lstrip("<")
    assert "format=csv" in url
    assert len(list(csv.DictReader(io.StringIO(api.get(url).text)))) == 2


@pytest.mark.parametrize(
    "hostile",
    ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", " =1", "x;=1", "a\n=1", "＝1", "＋1"],
)
def test_no_cell_is_a_formula(hostile: str) -> None:
    (line,) = csv.reader(io.StringIO(write_csv([[hostile, [hostile]]]).decode(), newline=""))
    for cell in line:
        assert "'" in cell
        assert cell.replace("'", "") == hostile.replace("\t", " ").replace("\r", " ")
        for part in cell.replace("\n", ";").split(";"):
            assert part.lstrip()[:1] not in set("=+-@＝＋－＠")


@pytest.mark.parametrize(
    ("value", "written"),
    [(-0.5, "-0.5"), (None, ""), (True, "true"), (3, "3"), ('a"b,c', '"a""b,c"'), ("x-y", "x-y")],
)
def test_what_is_harmless_stays(value: Any, written: str) -> None:
    assert write_csv([[value, 1]]).decode() == f"{written},1\r\n"


def test_hostile_names_stay_text_in_a_real_answer(blank_names: FlaskClient) -> None:
    (row,) = rows(blank_names, "/cis?format=csv")
    assert row["name"].startswith("'=")


@pytest.fixture
def blank_names(sqlite_store: Store) -> FlaskClient:
    history = History(sqlite_store).feed(ago(minutes=1))
    history.ci('=HYPERLINK("https://evil.example")')
    history.save()
    return client(sqlite_store, CONFIG)
