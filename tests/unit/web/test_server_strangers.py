"""What strangers at the port cannot do: take others' threads, or keep the server waiting."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests
from flask import Blueprint, request

from cibot.daemon.app import create_app
from cibot.web.server import SMALL_BODY, Deadlines, WebServer
from cibot.web.server.lanes import Answer, Post, lanes_of, network_of
from tests.support.processes import PATIENCE_S, wait_until

_SHORT = Deadlines(header=1, body=1, idle=2, stalled=0.5, answer=60)  # none is met by chance


class Site:
    """A site whose pages take until ``go`` is set."""

    def __init__(self, patience: Deadlines | None = None, **more: int) -> None:
        self.go, self.begun = threading.Event(), threading.Semaphore(0)
        blueprint = Blueprint("b", __name__)
        for rule in ("/healthz", "/readyz", "/static/<name>"):
            blueprint.add_url_rule(rule, rule, lambda **_: "quick")
        slack = "/webhooks/slack/<path:rest>"
        view = lambda **_: str(len(request.get_data()))  # noqa: E731
        blueprint.add_url_rule(slack, slack, view, methods=["POST"])
        blueprint.add_url_rule("/large", "large", lambda: "x" * 20_000_000)
        blueprint.add_url_rule("/", "page", self._page, methods=["GET", "POST"])
        self.server = WebServer(
            create_app([blueprint]),
            "127.0.0.1:0",
            together={"/webhooks/gerrit/": _sizes},
            pages=2,
            patience=patience,
            **more,
        )
        self.url = self.server.url
        self.port = int(self.url.rpartition(":")[2])

    def _page(self) -> str:
        self.begun.release()
        self.go.wait(30)
        return "a page"

    def connect(self) -> socket.socket:
        """A raw connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)


def _sizes(posts: Sequence[Post]) -> list[Answer]:
    return [Answer("200 OK", [], str(len(post.body())).encode()) for post in posts]


@contextmanager
def site(patience: Deadlines | None = None, **more: int) -> Iterator[Site]:
    here = Site(patience, **more)
    here.server.start()
    try:
        yield here
    finally:
        here.go.set()
        here.server.stop(5)


@contextmanager
def readers(site: Site, number: int, **headers: str) -> Iterator[list[Future[requests.Response]]]:
    """So many who ask for a page at the same time."""
    with ThreadPoolExecutor(number) as pool:

        def ask(_: int) -> requests.Response:
            return requests.get(site.url, headers=headers, timeout=30)

        yield [pool.submit(ask, place) for place in range(number)]


@pytest.mark.parametrize("address", [b"http://[x", b"//[::1/", b"http://x:y]/"])
def test_an_address_that_is_none_is_answered_and_is_no_error_of_ours(
    address: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with site() as here, here.connect() as link:
        link.sendall(b"GET " + address + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        assert link.recv(1000).split(b"\r\n")[0][9:12] in {b"400", b"404"}
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_pages_take_no_thread_of_webhooks_and_probes() -> None:
    with site() as here, readers(here, 8) as asked:
        for _ in range(2):
            assert here.begun.acquire(timeout=PATIENCE_S)
        for path in ("healthz", "readyz", "static/style.css"):
            assert requests.get(f"{here.url}/{path}", timeout=10).text == "quick"
        for path in ("gerrit/review/token", "slack/work/events"):
            answer = requests.post(f"{here.url}/webhooks/{path}", data=b"123", timeout=10)
            assert answer.text == "3"
        here.go.set()
        assert [future.result().status_code for future in asked] == [200] * 8


def test_webhooks_take_no_thread_of_pages_behind_a_prefix() -> None:
    go, begun, rest = threading.Event(), threading.Event(), list[str]()

    def take(posts: Sequence[Post]) -> list[Answer]:
        rest.extend(post.rest for post in posts)
        begun.set()
        go.wait(30)
        return _sizes(posts)

    taken = {"/webhooks/gerrit/x/": take}
    server = WebServer(create_app([]), "127.0.0.1:0", together=taken, pages=1, prefix="/ci")
    server.start()
    url = f"{server.url}/ci/webhooks/gerrit/x/y"
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(requests.post, url, timeout=30)
        assert begun.wait(PATIENCE_S)
        assert requests.get(f"{server.url}/ci/else", timeout=10).status_code == 404
        go.set()
        assert held.result().status_code == 200
    assert rest == ["y"]
    server.stop(5)


def test_who_comes_when_too_many_wait_is_told_when_to_come_again() -> None:
    each = next(lane.each for lane in lanes_of(2, {}) if lane.name == "pages")
    with site() as here, readers(here, each + 3) as asked:
        refused = [future.result() for future in _first_done(asked, 3)]
        here.go.set()
        assert {response.status_code for response in refused} == {503}
        assert all(int(response.headers["Retry-After"]) >= 1 for response in refused)
        assert sorted(future.result().status_code for future in asked) == [200] * each + [503] * 3
        assert requests.get(here.url, timeout=10).status_code == 200  # they have let go


def test_one_address_behind_a_proxy_does_not_take_the_places_of_others() -> None:
    each = next(lane.each for lane in lanes_of(2, {}) if lane.name == "pages")
    with site(proxies=1) as here, readers(here, each + 1, **_from("203.0.113.7")) as asked:
        (refused,) = _first_done(asked, 1)
        assert refused.result().status_code == 503
        with readers(here, 1, **_from("198.51.100.1, 203.0.113.8")) as others:
            here.go.set()
            assert others[0].result().status_code == 200


def _answer(link: socket.socket) -> bytes:
    """A small answer with its body."""
    got = b""
    while b"\r\n\r\n" not in got or got.endswith(b"\r\n\r\n"):
        piece = link.recv(1000)
        assert piece, got
        got += piece
    return got


def _from(addresses: str) -> dict[str, str]:
    return {"X-Forwarded-For": addresses}


def _first_done(
    asked: list[Future[requests.Response]], number: int
) -> list[Future[requests.Response]]:
    wait_until(lambda: sum(future.done() for future in asked) >= number, what="refusals")
    return [future for future in asked if future.done()]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nX-",
        b"POST /webhooks/gerrit/a/b HTTP/1.1\r\nContent-Length: 9\r\n\r\n1",
    ],
    ids=["nothing", "header", "body"],
)
def test_who_does_not_finish_a_request_is_hung_up_on(sent: bytes) -> None:
    with site(_SHORT) as here, here.connect() as link:
        link.sendall(sent)
        assert link.recv(100) == b""


def test_a_byte_now_and_then_does_not_make_a_header_last() -> None:
    with site(_SHORT) as here, here.connect() as link, pytest.raises(OSError):  # noqa: PT011, PT012
        link.sendall(b"GET / HTTP/1.1\r\nX-")
        link.settimeout(0.02)
        for _ in range(1000):
            try:
                if link.recv(100) == b"":
                    raise ConnectionError("hung up")
            except TimeoutError:
                link.sendall(b"a")


def test_a_connection_is_kept_between_requests_but_not_for_ever() -> None:
    with site(_SHORT) as here, here.connect() as link:
        for _ in range(2):
            link.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert _answer(link).endswith(b"quick")
        assert link.recv(100) == b""


def test_who_does_not_read_the_answer_is_hung_up_on() -> None:
    with site(_SHORT) as here, here.connect() as link:
        link.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        assert link.recv(1) == b"H"
        wait_until(lambda: here.server.connections == 0, what="the end of the connection")


def test_a_page_that_takes_long_is_waited_for() -> None:
    with site(_SHORT) as here, here.connect() as link:
        link.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert here.begun.acquire(timeout=PATIENCE_S)
        with here.connect() as idle:
            assert idle.recv(1) == b""  # so the deadlines are over
        here.go.set()
        assert _answer(link).endswith(b"a page")


def test_a_new_connection_takes_the_place_of_one_that_waits() -> None:
    with site(Deadlines(connections=5)) as here:
        answered = here.connect()
        answered.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert _answer(answered).endswith(b"quick")
        waiting = [here.connect() for _ in range(7)]
        assert requests.get(f"{here.url}/healthz", timeout=10).ok
        ended = [connection for connection in waiting if _ended(connection)]
        assert 1 <= len(ended) < len(waiting)
        answered.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert _answer(answered).endswith(b"quick")
        for connection in [answered, *waiting]:
            connection.close()


def _ended(link: socket.socket) -> bool:
    link.settimeout(0.2)
    try:
        return link.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


@pytest.mark.parametrize(
    ("path", "length", "status"),
    [
        ("/", SMALL_BODY + 1, 413),
        ("/webhooks/gerrit/a/b", SMALL_BODY + 1, 200),
        ("/webhooks/gerrit/a/b", 1_200_000, 413),
    ],
)
def test_only_a_webhook_may_be_large(path: str, length: int, status: int) -> None:
    with site() as here, here.connect() as link:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
        link.sendall(head.encode() + (b"x" * length if status == 200 else b""))
        assert link.recv(1000).startswith(f"HTTP/1.1 {status} ".encode())


@pytest.mark.parametrize(
    "head",
    [
        "HTTP/1.1\r\nHost: x\r\nContent-Length: 35\r\nTransfer-Encoding: chunked",
        "HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
        "HTTP/1.1\r\nHost: x\r\nHost: y\r\nContent-Length: 5",
    ],
)
def test_a_request_that_a_proxy_may_read_as_two_is_refused(head: str) -> None:
    with site() as here, here.connect() as link:
        hidden = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        link.sendall(f"POST /webhooks/gerrit/a {head}\r\n\r\n0\r\n\r\n{hidden}".encode())
        answered = b"".join(iter(lambda: link.recv(1000), b""))
        assert b" 400 " in answered.partition(b"\r\n")[0]
        assert answered.count(b"HTTP/1.") == 1  # and hangs up


@pytest.mark.parametrize("slow", [b"GET /large HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nX-"])
def test_slow_clients_do_not_keep_it_from_ending(slow: bytes) -> None:
    others = set(threading.enumerate())
    with site() as here, here.connect() as link:
        link.sendall(slow)
        wait_until(lambda: here.server.connections == 1, what="the connection")
        here.server.stop(0.5)
        wait_until(lambda: not _web_threads(others), what="the end of the threads")


def _web_threads(others: set[threading.Thread]) -> list[str]:
    return [
        thread.name
        for thread in set(threading.enumerate()) - others
        if thread.name.startswith("web")
    ]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_an_ipv6_network_counts_as_one_address(address: str, network: str) -> None:
    assert network_of(address) == network
