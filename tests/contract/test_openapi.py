"""The API keeps what its OpenAPI document promises, whatever it is asked."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, Response
from schemathesis.schemas import APIOperation

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


@pytest.fixture(scope="module")
def asked() -> dict[GenerationMode, tuple[Any, list[list[Case]]]]:
    """By mode: the API's document, and the cases made from it for each operation.

    Making them takes three times as long as asking, and they are the same for both databases.
    """
    return {}


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_any_question_is_answered_as_promised(
    app: Flask, mode: GenerationMode, asked: dict[GenerationMode, tuple[Any, list[list[Case]]]]
) -> None:
    document = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    if mode not in asked:
        operations = (result.ok() for result in document.get_all_operations())
        asked[mode] = (
            document.raw_schema,
            [
                cases(operation, mode)
                for operation in operations
                if mode is GenerationMode.POSITIVE or has_something_to_get_wrong(operation)
            ],
        )
    assert asked[mode][0] == document.raw_schema
    for of_one in asked[mode][1]:
        statuses = {answer_to(case, app).status_code for case in of_one}
        assert mode is GenerationMode.NEGATIVE or 200 in statuses or 201 in statuses
    assert len(asked[mode][1]) >= 20


def has_something_to_get_wrong(operation: APIOperation) -> bool:
    """Whether it takes anything."""
    return any(operation.definition.raw.get(key) for key in ("parameters", "requestBody"))


def test_private_reading_keeps_its_word_too(sqlite_store: Store) -> None:
    canned(sqlite_store)
    private = CONFIG.model_copy(update={"web": CONFIG.web.model_copy(update={"private": True})})
    app = application(sqlite_store, private)
    document = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app, headers=ADMIN)
    for operation in (result.ok() for result in document.get_all_operations()):
        for case in cases(operation, GenerationMode.POSITIVE, examples=5):
            assert answer_to(case, app).status_code != 401


def cases(operation: APIOperation, mode: GenerationMode, examples: int = 15) -> list[Case]:
    """Many ways to ask an operation, the same in each run."""
    made: list[Case] = []

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), place=st.integers(0, 2))
    def make(case: Case, place: int) -> None:
        if mode is GenerationMode.POSITIVE:
            case.query.pop("after", None)  # a cursor is ours: no made-up one is right
            a_period(case)
            if place:
                aim(case, place)
        made.append(case)

    make()
    return made


def a_period(case: Case) -> None:
    """Two days and a length make one only if they fit together, which no schema can say."""
    days = {"from": "2026-11-01", "to": "2026-11-20"}
    given = days.keys() & case.query.keys()
    case.query.update({key: days[key] for key in given})
    if len(given) == len(days):
        case.query.pop("days", None)


def answer_to(case: Case, app: Flask) -> Response:
    """The application's answer, which is as the document promises."""
    headers = {"Accept-Encoding": "identity"}
    if "security" in case.operation.definition.raw:
        headers |= ADMIN
    return case.call_and_validate(headers=headers, app=app)


def aim(case: Case, place: int) -> None:
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
