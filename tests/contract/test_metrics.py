"""What ``/metrics`` tells of the process itself, and the badges of jobs."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from cibot.collector.ingest import Ingest
from cibot.collector.roster import Roster
from cibot.collector.sink import IngestCounts
from cibot.daemon.app import create_app
from cibot.model import Change
from cibot.store.cis import ensure_server
from cibot.store.engine import Store
from cibot.web.asking import Asking
from cibot.web.faces import face_blueprints
from cibot.web.metrics import NO_ROUTE, Intake, process_registry
from tests.support.canned import CONFIG
from tests.support.faces import client
from tests.support.history import NOW


@pytest.fixture
def canned_history(canned_sqlite: Store) -> Store:
    return canned_sqlite


@pytest.fixture
def api(canned_history: Store) -> FlaskClient:
    return client(canned_history, CONFIG)


def samples(api: FlaskClient, family: str) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(api.get("/metrics").text)
    return {
        (sample.name.removeprefix(family), *sample.labels.values()): sample.value
        for metric in families
        if metric.name == family
        for sample in metric.samples
        if not sample.name.endswith("_created")
    }


def test_answers_are_timed_by_route_and_not_by_address(api: FlaskClient) -> None:
    for path in ("netapp", "pure", "nobody-at-all", "netapp?format=xml"):
        api.get(f"/api/v1/cis/{path}")
    for path in ("/a", "/b", "/c?d=e"):
        api.get(path)
    api.open("/a", method="MADEUP")
    asked = samples(api, "cibot_http_requests")
    route = "/api/v1/cis/<path:name>"
    assert asked["_total", "GET", route, "2xx"] == 2
    assert asked["_total", "GET", route, "4xx"] == 2
    assert asked["_total", *NO_ROUTE, "4xx"] == 4
    times = samples(api, "cibot_http_request_duration_seconds")
    assert times["_count", "GET", route] == times["_bucket", "+Inf", "GET", route] == 4
    assert times["_sum", "GET", route] > 0
    assert {key[2] for key in times if key[0] == "_count"} <= {
        NO_ROUTE[1], *(rule.rule for rule in api.application.url_map.iter_rules()),
    }  # fmt: skip


def test_the_process_tells_of_its_memory_and_its_garbage_collection(api: FlaskClient) -> None:
    assert samples(api, "process_resident_memory_bytes")[("",)] > 1_000_000
    assert samples(api, "process_cpu_seconds")[("_total",)] > 0
    assert ("_total", "0") in samples(api, "python_gc_collections")


def test_openmetrics_is_answered_to_who_asks_for_it(api: FlaskClient) -> None:
    answer = api.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.mimetype == "application/openmetrics-text"
    assert answer.text.endswith("# EOF\n")


def test_what_the_feeds_brought_is_counted(canned_history: Store) -> None:
    registry = process_registry()
    intake = Intake(registry)
    intake.add("review", "poll", IngestCounts(3, 5, 2, 4))
    intake.add("review", "poll", IngestCounts(1, 1, 0, 0))
    intake.add("review", "backfill:2026-01-01", IngestCounts(9, 9, 0, 9))
    api = create_app(
        face_blueprints(Asking(canned_history, CONFIG, lambda: NOW), registry)
    ).test_client()
    assert samples(api, "cibot_ingest_comments") == {
        ("_total", "poll", "review"): 6, ("_total", "backfill", "review"): 9,
    }  # fmt: skip
    assert samples(api, "cibot_ingest_known_comments")["_total", "poll", "review"] == 2
    assert samples(api, "cibot_ingest_reports")["_total", "poll", "review"] == 4


def test_an_ingest_tells_what_it_stored(canned_history: Store) -> None:
    server = canned_history.write(
        lambda tx: ensure_server(tx, "other", "https://other.example.org")
    )
    heard: list[tuple[str, IngestCounts]] = []
    sink = Ingest(
        canned_history,
        server,
        Roster("other"),
        lambda: NOW,
        count=lambda *counted: heard.append(counted),
    )
    change = Change(1, "p", "master", "S", "NEW", NOW, NOW, (), ())
    sink.ingest([change], feed="poll", cursor=None, heard_at=NOW)
    assert heard == [("poll", IngestCounts(1, 0, 0, 0))]


def test_each_signal_says_how_wrong_it_is(api: FlaskClient) -> None:
    values = samples(api, "cibot_ci_signal_wrong")
    assert values["", "NetApp CI", "success"] == 2
    assert values["", "NetApp CI", "silent"] == 0
    assert values["", "Beta Net CI", "infra"] == 1
    assert values["", "Beta Net CI", "passes_everything"] == 0


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/badge/netapp.svg?job=netapp-iscsi", "netapp-iscsi: ■ failed ×20, 20 %"),
        ("/badge/NetApp%20CI.svg?job=nfs", "netapp-nfs: ■ failed, 96 %"),
        ("/badge/pure.svg?job=pure-iscsi", "pure-iscsi: ● passed, 100 %"),
    ],
)
def test_a_job_has_a_badge(api: FlaskClient, address: str, said: str) -> None:
    answer = api.get(address)
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert ET.fromstring(answer.text).attrib["aria-label"] == said
    assert answer.headers["ETag"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/badge/netapp.svg?job=<script>", "<script>: no such job"),
        ("/badge/netapp.svg?job=", "netapp: no such job"),
        ("/badge/nobody-at-all.svg?job=x", "x: no such job"),
        ("/badge/nobody-at-all.svg", "nobody-at-all: no such CI"),
    ],
)
def test_what_is_not_there_is_a_picture_too(api: FlaskClient, address: str, said: str) -> None:
    answer = api.get(address)
    assert (answer.status_code, answer.mimetype) == (404, "image/svg+xml")
    assert ET.fromstring(answer.text).attrib["aria-label"] == said
