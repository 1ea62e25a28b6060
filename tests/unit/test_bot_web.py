"""The server before the application: which of a proxy's words get through to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from flask import Blueprint, request

from cibot.app import create_app
from cibot.bot import WebServer
from cibot.config import WebConfig
from cibot.web.proxy import behind_proxies


@contextmanager
def serving(web: WebConfig) -> Iterator[str]:
    blueprint = Blueprint("b", __name__)

    @blueprint.get("/where")
    def where() -> str:
        return f"{request.remote_addr} {request.url_root}"

    app = behind_proxies(create_app([blueprint]), web)
    server = WebServer(app, "127.0.0.1:0", 2, proxied=web.proxies > 0)
    server.start()
    try:
        yield server.url
    finally:
        server.stop(2)


@pytest.mark.parametrize(
    ("proxies", "answer"), [(0, "127.0.0.1 http://"), (1, "203.0.113.7 https://ci.example.org/x/")]
)
def test_only_as_many_proxies_as_configured_are_believed(proxies: int, answer: str) -> None:
    said = {
        "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "ci.example.org",
        "X-Forwarded-Prefix": "/x",
    }
    with serving(WebConfig(proxies=proxies)) as url:
        found = requests.get(f"{url}/where", headers=said, timeout=5).text
    assert found.startswith(answer)
