"""Who may read: everybody, or those who have a token; over every route that there is."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cibot.config.models import Config
from cibot.daemon.app import create_app
from cibot.store.engine import Store
from cibot.web.asking import Asking
from cibot.web.faces import face_blueprints
from cibot.web.gate import Gate
from cibot.web.probes import PartState, probes_blueprint
from tests.support.canned import CONFIG, TOKENS
from tests.support.history import NOW

_WEB = {"private": True, "origins": ("https://x.example",)}
PRIVATE = CONFIG.model_copy(update={"web": CONFIG.web.model_copy(update=_WEB)})
FOR_ALL = {"/healthz", "/readyz", "/static/<name>"}
PATHS = {
    "name": "NetApp CI", "id": "1", "number": "912345", "project": "cinder", "job": "netapp-nfs",
}  # fmt: skip


def app_of(store: Store, config: Config) -> Flask:
    probes = {"database": lambda: PartState(ok=True, detail="answers")}
    asking = Asking(store, config, lambda: NOW)
    return create_app([probes_blueprint(probes, Gate(config).admits), *face_blueprints(asking)])


@pytest.fixture
def app(canned_sqlite: Store) -> Flask:
    return app_of(canned_sqlite, PRIVATE)


@pytest.fixture
def api(app: Flask) -> FlaskClient:
    return app.test_client()


def readable(app: Flask) -> Iterator[str]:
    """An address of every rule that can be read, and is not for all."""
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.rule not in FOR_ALL:
            with app.test_request_context():
                _domain, url = rule.build({name: PATHS[name] for name in rule.arguments}) or (
                    "",
                    "",
                )
            yield url


def test_nothing_is_read_without_a_token(app: Flask, api: FlaskClient) -> None:
    paths = list(readable(app))
    assert len(paths) > 30
    for path in paths:
        answer = api.get(path)
        assert answer.status_code == 401, path
        wanted = "Bearer" if path.startswith("/api/v1/") else "Basic"
        assert answer.headers["WWW-Authenticate"].startswith(f'{wanted} realm="cibot"')
        assert b"Zuul" not in answer.data
        assert answer.headers["Cache-Control"] == "no-store"


def test_any_role_reads_all_by_bearer_and_by_basic(app: Flask, api: FlaskClient) -> None:
    for path in readable(app):
        by_bearer = api.get(path, headers={"Authorization": f"Bearer {TOKENS['reader']}"})
        by_basic = api.get(path, auth=("anybody", TOKENS["reader"]))
        assert by_bearer.status_code == by_basic.status_code, path
        assert by_bearer.status_code in {200, 302, 400, 404}, path
        assert "public" not in by_bearer.headers.get("Cache-Control", "")
        assert "Authorization" in by_bearer.headers["Vary"]


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic",
        "Basic !!!",
        "Basic é",
        "Basic " + base64.b64encode(TOKENS["reader"].encode()).decode(),
        "Basic " + base64.b64encode(f"{TOKENS['reader']}:".encode()).decode(),
        "Basic " + base64.b64encode(b"x:\xff\xfe").decode(),
        "Bearer",
        "Bearer x",
        "Digest username=x",
        "",
    ],
)
def test_what_is_no_token_opens_nothing(api: FlaskClient, authorization: str) -> None:
    for path in ("/", "/api/v1/cis"):
        assert api.get(path, headers={"Authorization": authorization}).status_code == 401


def test_whether_it_lives_is_told_to_all_and_no_more(api: FlaskClient) -> None:
    assert api.get("/healthz").status_code == 200
    assert api.get("/readyz").get_json() == {"ready": True}
    assert "parts" in api.get("/readyz", auth=("x", TOKENS["reader"])).get_json()
    assert api.get("/static/style.css").status_code == 200


def test_a_browser_may_ask_whether_it_may_ask(api: FlaskClient) -> None:
    asked = api.options("/api/v1/cis", headers={"Origin": "https://x.example"})
    assert asked.status_code == 200
    assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
    assert asked.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"


def test_the_document_says_how_to_come_in(api: FlaskClient) -> None:
    document = api.get("/api/v1/openapi.json", auth=("x", TOKENS["reader"])).get_json()
    assert set(document["components"]["securitySchemes"]) == {"bearer", "basic"}
    assert document["paths"]["/api/v1/cis"]["get"]["security"] == [{"bearer": []}, {"basic": []}]


def test_where_all_may_read_a_wrong_token_is_told_and_a_proxy_s_password_is_not_ours(
    canned_sqlite: Store,
) -> None:
    api = app_of(canned_sqlite, CONFIG).test_client()
    assert api.get("/api/v1/cis").status_code == 200
    assert api.get("/api/v1/cis", auth=("staging", "secret")).status_code == 200
    wrong = api.get("/api/v1/cis", headers={"Authorization": "Bearer nobody"})
    assert wrong.status_code == 401
    assert 'error="invalid_token"' in wrong.headers["WWW-Authenticate"]
