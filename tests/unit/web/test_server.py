"""The server before the application: where it listens, what gets through, how it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests
from flask import Blueprint, request
from waitress import wasyncore

from cibot.config.models import WebConfig
from cibot.daemon.app import create_app
from cibot.errors import ConfigError
from cibot.web.proxy import behind_proxies
from cibot.web.server import WebServer


@contextmanager
def serving(web: WebConfig) -> Iterator[str]:
    blueprint = Blueprint("b", __name__)

    @blueprint.get("/where")
    def where() -> str:
        return f"{request.remote_addr} {request.url_root}"

    app = behind_proxies(create_app([blueprint]), web)
    server = WebServer(app, "127.0.0.1:0", proxies=web.proxies)
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
        text = requests.get(f"{url}/where", headers=said, timeout=5).text
    assert text.startswith(answer)


@pytest.fixture
def slow_select(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Holds the server's thread between the choice of its sockets and the wait for them."""
    real, held = wasyncore.select.poll, threading.Event()

    class Poll:
        def __init__(self) -> None:
            self._real = real()
            self.register = self._real.register

        def poll(self, timeout: int) -> object:
            held.set()
            time.sleep(0.1)
            return self._real.poll(timeout)

    monkeypatch.setattr(wasyncore.select, "poll", Poll)
    return held


def test_no_socket_is_closed_under_the_thread_that_waits_for_it(
    slow_select: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    died: list[threading.ExceptHookArgs] = []
    others = set(threading.enumerate())
    monkeypatch.setattr(threading, "excepthook", died.append)
    with serving(WebConfig()) as url, requests.Session() as kept_alive:
        assert kept_alive.get(f"{url}/where", timeout=5).ok
        slow_select.clear()
        assert slow_select.wait(5)
    assert died == []
    assert not [thread for thread in set(threading.enumerate()) - others if thread.name == "web"]


def test_an_answer_under_way_arrives_whole_and_then_nothing_listens() -> None:
    blueprint, asked = Blueprint("b", __name__), threading.Event()

    @blueprint.get("/long")
    def long() -> str:
        asked.set()
        time.sleep(0.3)
        return "x" * 20_000_000

    server = WebServer(create_app([blueprint]), "127.0.0.1:0")
    server.start()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(requests.get, f"{server.url}/long", timeout=20)
        assert asked.wait(5)
        where = server.url
        server.stop(10)
        assert len(answer.result().content) == 20_000_000
    with pytest.raises(requests.ConnectionError):
        requests.get(where, timeout=5)


def test_one_that_never_began_ends() -> None:
    server = WebServer(create_app([]), "127.0.0.1:0")
    where = server.url
    server.stop(1)
    with pytest.raises(requests.ConnectionError):
        requests.get(where, timeout=5)


def test_all_addresses_of_a_machine_can_be_listened_on() -> None:
    server = WebServer(create_app([]), "*:0")
    server.start()
    try:
        port = server.url.rpartition(":")[2]
        assert requests.get(f"http://127.0.0.1:{port}", timeout=5).status_code == 404
    finally:
        server.stop(2)


@pytest.mark.parametrize("listen", ["no-such-host.invalid:8080", "203.0.113.7:8080"])
def test_an_address_that_is_not_here_is_said(listen: str) -> None:
    with pytest.raises(ConfigError, match=f"web.listen: {listen} cannot be listened on: .*;"):
        WebServer(create_app([]), listen)
