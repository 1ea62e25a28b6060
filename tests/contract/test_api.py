"""What the JSON API promises, on each database."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cibot.config.models import Config
from cibot.store.engine import Store
from tests.support.canned import CONFIG
from tests.support.faces import client
from tests.support.history import History, ago, make_tables


@pytest.fixture
def api(canned_app: Flask) -> FlaskClient:
    return canned_app.test_client()


def get(api: FlaskClient, path: str) -> Any:
    response = api.get(f"/api/v1{path}")
    assert response.status_code == 200, response.get_data(as_text=True)
    return response.get_json()


def pages(api: FlaskClient, path: str) -> list[list[Any]]:
    parts, url = [], f"/api/v1{path}"
    while url:
        body = api.get(url).get_json()
        parts.append(body["items"])
        url = body["next"]
    return parts


def test_cis_come_worst_first_with_totals(api: FlaskClient) -> None:
    body = get(api, "/cis")
    assert [ci["name"] for ci in body["items"]] == [
        "Quobyte CI", "NetApp CI", "Beta Net CI", "Vexx ARM CI", "Zuul", "Pure-Storage CI",
    ]  # fmt: skip
    assert body["totals"] == {
        "silent": 1, "failing": 1, "degraded": 1, "unknown": 1, "healthy": 2,
    }  # fmt: skip
    netapp = body["items"][1]
    rate = netapp["rate"]
    assert (rate["passes"], rate["n"], rate["share"]) == (5, 25, 0.2)
    assert 0 < rate["low"] < rate["share"] < rate["high"] < 1
    assert (netapp["since"], netapp["owner"]) == ("2026-11-21T14:10:00Z", "NetApp Storage")
    assert (netapp["reference"], netapp["projects"]) == ("Zuul", ["openstack/cinder"])
    assert body["next"] is None


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("state=silent", ["Quobyte CI"]),
        ("q=STORAGE", ["Pure-Storage CI"]),
        ("owner=NetApp Storage", ["NetApp CI"]),
        ("project=cinder&state=failing", ["NetApp CI"]),
        ("sort=name&limit=2", ["Beta Net CI", "NetApp CI"]),
        ("sort=heard&limit=1", ["Pure-Storage CI"]),
    ],
)
def test_cis_are_filtered_and_sorted(api: FlaskClient, query: str, names: list[str]) -> None:
    listed = [ci["name"] for ci in get(api, f"/cis?{query}")["items"]]
    assert listed == names


@pytest.mark.parametrize("path", ["/cis", "/cis/netapp/reports", "/incidents?state=all"])
@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_hold_each_item_once_in_order(api: FlaskClient, path: str, limit: int) -> None:
    mark = "&" if "?" in path else "?"
    whole = get(api, f"{path}{mark}limit=500")["items"]
    parts = pages(api, f"{path}{mark}limit={limit}")
    assert [item for part in parts for item in part] == whole
    assert all(len(part) == limit for part in parts[:-1])


def test_one_ci_tells_why_and_whom_to_ask(api: FlaskClient) -> None:
    body = get(api, "/cis/netapp")
    assert (body["name"], body["state"], body["reference"]) == ("NetApp CI", "failing", "Zuul")
    assert [signal["name"] for signal in body["signals"]] == ["success", "silent"]
    assert body["worst_job"]["job"] == "netapp-iscsi"
    assert body["failures"][0]["page"] == (
        "https://review.example.org/c/openstack/cinder/+/912345/3"
    )
    assert body["contact"] == "storage-ci@netapp.example"


def test_a_change_tells_each_verdict(api: FlaskClient) -> None:
    body = get(api, "/changes/912345")
    assert (body["patch_set"], body["reference_result"]) == (3, "pass")
    verdicts = body["verdicts"]
    assert [(given["ci"]["name"], given["result"], given["builds"]) for given in verdicts] == [
        ("NetApp CI", "fail", 1), ("Pure-Storage CI", None, 0), ("Zuul", "pass", 0),
    ]  # fmt: skip
    (job,) = verdicts[0]["jobs"]
    weight = job["weight"]
    assert (job["name"], job["voting"], weight["verdict"]) == (
        "netapp-iscsi", True, "says_nothing",
    )  # fmt: skip
    assert (weight["streak"], weight["changes_failed"], weight["changes"]) == (19, 10, 10)
    assert weight["passed_at"] == "2026-11-21T12:55:00Z"
    assert {reason["name"] for reason in weight["reasons"]} == {"run_again", "other_changes"}
    assert weight["cis_passed"] == ["Zuul"]
    assert get(api, "/changes/912345?patch_set=2")["patch_set"] == 2


def test_incidents_and_their_steps(api: FlaskClient) -> None:
    assert [incident["ci"] for incident in get(api, "/incidents")["items"]] == [
        "Quobyte CI",
        "NetApp CI",
    ]
    assert len(get(api, "/incidents?state=all")["items"]) == 3
    assert [incident["id"] for incident in get(api, "/incidents?ci=netapp")["items"]] == [1]
    assert get(api, "/incidents/1")["steps"][0]["name"] == "opened"


def test_the_whole(api: FlaskClient) -> None:
    assert get(api, "/summary?day=today")["totals"]["reports"] > 0
    assert get(api, "/feeds")["items"][0]["age_s"] == 60
    assert get(api, "/projects")["items"] == [{"name": "openstack/cinder", "cis": 5}]
    assert get(api, "/version")["version"]


@pytest.mark.parametrize(
    ("path", "status", "parameter"),
    [
        ("/cis?state=bad", 400, "state"),
        ("/cis?state=", 400, "state"),
        ("/cis?limit=0", 400, "limit"),
        ("/cis?limit=many", 400, "limit"),
        ("/cis?stat=failing", 400, "stat"),
        ("/cis?state=silent&state=failing", 400, "state"),
        ("/cis?after=%00", 400, "after"),
        ("/cis?after=WyJhIl0", 400, "after"),
        ("/cis/netapp/reports?after=WzEsMiwzXQ", 400, "after"),
        ("/cis/netapp/reports?after=WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzIzOjAwIiwxLDFd", 400, "after"),
        ("/incidents?after=W10", 400, "after"),
        ("/incidents/0", 400, "id"),
        ("/changes/x", 400, "number"),
        ("/changes/99999999999999999999", 400, "number"),
        ("/cis/nobody-at-all", 404, None),
        ("/cis?project=nowhere-near", 404, None),
        ("/changes/1", 404, None),
        ("/changes/912345?patch_set=9", 404, None),
        ("/incidents/999", 404, None),
        ("/nothing", 404, None),
        ("/silences?state=over", 400, "state"),
        ("/silences/999", 404, None),
        ("/silences?after=WyJhIl0", 400, "after"),
        ("/cis/netapp/builds?result=good", 400, "result"),
        ("/cis/netapp/builds?after=WzEsMiwzXQ", 400, "after"),
        ("/cis/netapp/history?bucket=week", 400, "bucket"),
        ("/cis?format=xml", 400, "format"),
        ("/version?format=csv", 400, "format"),
        ("/cis/%ed%a0%80", 404, None),
    ],
)
def test_mistakes_are_problems_that_name_the_parameter(
    api: FlaskClient, path: str, status: int, parameter: str | None
) -> None:
    response = api.get(f"/api/v1{path}")
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    body = json.loads(response.data)
    assert body.get("parameter") == parameter
    assert body["detail"]


def test_an_answer_that_is_known_is_not_sent_again(api: FlaskClient) -> None:
    first = api.get("/api/v1/cis")
    again = api.get("/api/v1/cis", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert "max-age=" in first.headers["Cache-Control"]


def test_long_answers_are_packed_for_those_who_can_read_it(api: FlaskClient) -> None:
    plain = api.get("/api/v1/cis", headers={"Accept-Encoding": "identity"})
    packed = api.get("/api/v1/cis", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data)
    assert "Accept-Encoding" in plain.headers["Vary"]


def test_other_sites_may_not_read_unless_they_are_configured(api: FlaskClient) -> None:
    for origin in ("https://x.example", "null", "*", ""):
        answer = api.get("/api/v1/cis", headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Origin" in answer.headers["Vary"]
    asked = api.options("/api/v1/cis", headers={"Origin": "https://x.example"})
    assert "Access-Control-Allow-Methods" not in asked.headers


@pytest.mark.parametrize(
    ("origins", "origin", "allowed"),
    [
        (["https://wiki.example.org"], "https://wiki.example.org", "https://wiki.example.org"),
        (["https://wiki.example.org"], "https://wiki.example.org.evil.example", None),
        (["*"], "https://x.example", "*"),
        ([], "https://review.example.org", "https://review.example.org"),
    ],
)
def test_configured_sites_and_gerrits_may_read_and_not_write(
    blank: Store, origins: list[str], origin: str, allowed: str | None
) -> None:
    gerrit = {"name": "review", "url": "https://review.example.org/r"}
    config = Config.model_validate({"web": {"origins": origins}, "gerrit": [gerrit]})
    site = client(blank, config)
    asked = site.options("/api/v1/cis", headers={"Origin": origin})
    assert asked.headers.get("Access-Control-Allow-Origin") == allowed
    if allowed:
        assert "If-None-Match" in asked.headers["Access-Control-Allow-Headers"]
        assert "POST" not in asked.headers["Access-Control-Allow-Methods"]
    refused = site.post("/api/v1/cis")
    assert refused.status_code == 405
    assert set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    written = site.post("/api/v1/silences", headers={"Origin": "https://x.example"})
    assert written.status_code == 403
    assert "Access-Control-Allow-Origin" not in written.headers


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "9999-12-31", "2200-01-01"])
def test_a_day_of_another_age_is_a_mistake_of_who_asks(api: FlaskClient, day: str) -> None:
    answer = api.get(f"/api/v1/summary?day={day}")
    assert (answer.status_code, answer.get_json()["parameter"]) == (400, "day")
    assert "from 2000-01-01 to 2199-12-31" in answer.get_json()["detail"]


def test_nothing_stored_is_an_empty_list(empty_store: Store) -> None:
    api = client(make_tables(empty_store), CONFIG)
    assert get(api, "/cis")["items"] == []
    assert get(api, "/incidents")["items"] == []
    assert get(api, "/summary")["totals"]["reports"] == 0
    assert api.get("/api/v1/cis/any").status_code == 404


def test_builds_come_newest_first_and_can_be_chosen(api: FlaskClient) -> None:
    whole = get(api, "/cis/netapp/builds?limit=500")["items"]
    assert len(whole) == 49
    assert (whole[0]["job"], whole[0]["result"], whole[0]["number"]) == (
        "netapp-iscsi", "fail", 912345,
    )  # fmt: skip
    moments = [build["posted_at"] for build in whole]
    assert moments == sorted(moments, reverse=True)
    for limit in (1, 7, 48, 49):
        parts = pages(api, f"/cis/netapp/builds?limit={limit}")
        assert [build for part in parts for build in part] == whole
    failed = get(api, "/cis/netapp/builds?job=netapp-nfs&result=fail")["items"]
    assert [(build["word"], build["number"]) for build in failed] == [("FAILURE", 912323)]
    assert get(api, "/cis/netapp/builds?job=none-such")["items"] == []


def test_history_by_the_hour_adds_up_to_the_days(api: FlaskClient) -> None:
    body = get(api, "/cis/netapp/history?days=3&bucket=hour")
    assert len(body["hours"]) == 2 * 24 + 5  # the hour of now, 04:10, has begun
    assert body["hours"][0]["at"] == "2026-11-21T00:00:00Z"
    for day in body["days"]:
        of_day = [hour for hour in body["hours"] if hour["at"].startswith(day["day"])]
        for kind in ("passes", "fails", "infra"):
            assert sum(hour[kind] for hour in of_day) == day[kind]
    assert get(api, "/cis/netapp/history")["hours"] == []
    assert len(get(api, "/cis/netapp/history?days=90&bucket=hour")["days"]) == 14


def test_latency_day_by_day(api: FlaskClient) -> None:
    days = get(api, "/cis/zuul/latency?days=7")["days"]
    assert [day["day"][:8] for day in days] == ["2026-11-"] * 7
    with_verdicts = [day for day in days if day["n"]]
    assert with_verdicts
    assert all(0 < day["median_s"] <= day["p95_s"] for day in with_verdicts)
    assert all(day["median_s"] is None for day in days if not day["n"])
    csv = api.get("/api/v1/cis/zuul/latency?days=7&format=csv").get_data(as_text=True)
    head, *lines = csv.splitlines()
    assert head == "day,n,median_s,p95_s"
    assert [line.split(",")[1] for line in lines] == [str(day["n"]) for day in days]


def test_any_day_is_summed_up(api: FlaskClient) -> None:
    day = get(api, "/summary?day=2026-11-21")
    assert day["window"] == {"since": "2026-11-21T00:00:00Z", "until": "2026-11-22T00:00:00Z"}
    assert [incident["ci"] for incident in day["opened"]] == ["NetApp CI", "Pure-Storage CI"]
    assert [incident["ci"] for incident in day["standing"]] == ["NetApp CI", "Pure-Storage CI"]
    assert day["totals"]["reports"] > 0
    assert get(api, "/summary?day=2026-11-23")["window"]["until"] == "2026-11-23T04:10:00Z"
    assert [incident["ci"] for incident in get(api, "/summary?day=yesterday")["resolved"]] == []
    assert [incident["ci"] for incident in get(api, "/summary?day=today")["resolved"]] == [
        "Pure-Storage CI"
    ]
    assert get(api, "/summary?day=2020-01-01")["totals"]["reports"] == 0
    assert api.get("/api/v1/summary?day=2026-11-24").status_code == 404


@pytest.mark.parametrize("day", ["2026-13-01", "1763856000", "tomorrow", ""])
def test_a_day_is_a_word_or_a_date(api: FlaskClient, day: str) -> None:
    answer = api.get(f"/api/v1/summary?day={day}")
    assert (answer.status_code, answer.get_json()["parameter"]) == (400, "day")
    said = answer.get_json()["detail"]
    assert "'today' or 'yesterday', or " in said
    assert "date" in said


def test_what_nobody_understood_comes_by_shape(empty_store: Store) -> None:
    history = History(make_tables(empty_store)).feed(ago(minutes=1))
    for place in range(3):
        history.ci("Odd CI").report(700 + place, outcome=None, at=ago(hours=place))
    history.ci("Odd CI").report(800, outcome=None, at=ago(days=20))
    history.save()
    api = client(empty_store, CONFIG)
    body = get(api, "/unparsed")
    assert [(shape["count"], shape["cis"]) for shape in body["items"]] == [(3, ["Odd CI"])]
    assert body["items"][0]["example"]["number"] == 700
    assert (body["comments"], body["partly"]) == (3, [])
    assert get(api, "/unparsed?days=28&ci=odd")["comments"] == 4
    assert api.get("/api/v1/unparsed?days=29").status_code == 400
