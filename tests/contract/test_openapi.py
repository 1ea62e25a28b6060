"""The API keeps what its OpenAPI document promises, whatever it is asked."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from cibot.store.engine import Store, open_store
from tests.support.canned import CONFIG, TOKENS, canned
from tests.support.faces import application
from tests.support.history import make_tables

ADMIN = {"Authorization": f"Bearer {TOKENS['admin']}"}


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The application over the canned history, on each database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('openapi') / 'cibot.db'}"
    else:
        url = request.getfixturevalue("mariadb").create_database()
    store = make_tables(open_store(url))
    canned(store)
    yield application(store, CONFIG)
    store.close()


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_any_question_is_answered_as_promised(app: Flask, mode: GenerationMode) -> None:
    document = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    asked = 0
    for operation in (result.ok() for result in document.get_all_operations()):
        has_something_to_get_wrong = {"parameters", "requestBody"} & {
            key for key, value in operation.definition.raw.items() if value
        }
        if mode is GenerationMode.POSITIVE or has_something_to_get_wrong:
            statuses = ask_anything(operation, mode)
            assert mode is GenerationMode.NEGATIVE or 200 in statuses or 201 in statuses
            asked += 1
    assert asked >= 20


def test_private_reading_keeps_its_word_too(sqlite_store: Store) -> None:
    canned(sqlite_store)
    private = CONFIG.model_copy(update={"web": CONFIG.web.model_copy(update={"private": True})})
    document = schemathesis.openapi.from_wsgi(
        "/api/v1/openapi.json", application(sqlite_store, private), headers=ADMIN
    )
    for operation in (result.ok() for result in document.get_all_operations()):
        assert 401 not in ask_anything(operation, GenerationMode.POSITIVE, examples=5)


def ask_anything(operation: Any, mode: GenerationMode, examples: int = 15) -> set[int]:
    """Asks an operation in many ways; the statuses that came."""
    headers = {"Accept-Encoding": "identity"}
    if "security" in operation.definition.raw:
        headers |= ADMIN
    statuses = set()

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), place=st.integers(0, 2))
    def keeps_its_word(case: Any, place: int) -> None:
        if mode is GenerationMode.POSITIVE:
            case.query.pop("after", None)  # a cursor is ours: no made-up one is right
            if place:
                aim(case, place)
        statuses.add(case.call_and_validate(headers=headers).status_code)

    keeps_its_word()
    return statuses


def aim(case: Any, place: int) -> None:
    """At something that is there, which nobody would guess."""
    names = {"name": "NetApp CI", "first": "NetApp CI", "second": "Zuul", "number": 912345}
    if "/projects/" in case.path:
        names["name"] = "openstack/cinder"
    if case.path.endswith("/exclude"):
        names["name"] = "Vexx ARM CI"  # which no configuration names
    there = names | {"id": place}
    for given_in in (case.path_parameters, case.query):
        given_in.update({key: there[key] for key in given_in if key in there})
    for optional in ("project", "ci", "patch_set", "server", "day", "from", "to", "branch"):
        case.query.pop(optional, None)
    if isinstance(case.body, dict) and "ci" in case.body:
        case.body["ci"] = "NetApp CI"


@pytest.mark.parametrize(
    "path",
    [
        "/cis", "/cis/NetApp CI", "/cis/NetApp CI/reports", "/cis/NetApp CI/jobs",
        "/cis/NetApp CI/history", "/cis/Quobyte CI/missed", "/cis/NetApp CI/contact",
        "/compare?first=netapp&second=pure", "/changes/912345", "/incidents?state=all",
        "/incidents/1", "/projects", "/projects/cinder", "/summary", "/feeds", "/version",
        "/summary?day=2026-11-21", "/cis/NetApp CI/builds", "/unparsed", "/silences?state=all",
        "/cis/NetApp CI/history?bucket=hour",
    ],
)  # fmt: skip
def test_full_answers_fit_their_schema(app: Flask, path: str) -> None:
    client = app.test_client()
    document = client.get("/api/v1/openapi.json").get_json()
    response = client.get(f"/api/v1{path}")
    assert response.status_code == 200
    rule = path.partition("?")[0].split("/")
    (operation,) = [
        methods["get"]
        for template, methods in document["paths"].items()
        if _fits(template.removeprefix("/api/v1").split("/"), rule)
    ]
    wanted = operation["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema_rs.validate(wanted | {"components": document["components"]}, response.get_json())


def _fits(template: list[str], path: list[str]) -> bool:
    return len(template) == len(path) and all(
        mine.startswith("{") or mine == own for mine, own in zip(template, path, strict=True)
    )
