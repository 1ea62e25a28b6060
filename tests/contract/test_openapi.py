"""The API keeps what its OpenAPI document promises, whatever it is asked."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from cibot.store.engine import open_store
from tests.support.canned import CONFIG, TOKENS, canned
from tests.support.faces import application
from tests.support.history import make_tables


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
    for operation in (one.ok() for one in document.get_all_operations()):
        has_something_to_get_wrong = {"parameters", "requestBody"} & {
            key for key, value in operation.definition.raw.items() if value
        }
        if mode is GenerationMode.POSITIVE or has_something_to_get_wrong:
            ask_anything(operation, mode)
            asked += 1
    assert asked >= 15


def ask_anything(operation: Any, mode: GenerationMode) -> None:
    headers = {"Accept-Encoding": "identity"}
    if "security" in operation.definition.raw:
        headers["Authorization"] = f"Bearer {TOKENS['admin']}"

    @settings(
        max_examples=15,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def keeps_its_word(case: Any) -> None:
        if mode is GenerationMode.POSITIVE:  # a cursor is ours: no made-up one is right
            case.query.pop("after", None)
        case.call_and_validate(headers=headers)

    keeps_its_word()


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
        one["get"]
        for template, one in document["paths"].items()
        if _fits(template.removeprefix("/api/v1").split("/"), rule)
    ]
    wanted = operation["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema_rs.validate(wanted | {"components": document["components"]}, response.get_json())


def _fits(template: list[str], path: list[str]) -> bool:
    return len(template) == len(path) and all(
        mine.startswith("{") or mine == own for mine, own in zip(template, path, strict=True)
    )
