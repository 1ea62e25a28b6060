"""A question to a server, and every way in which it can fail, in one line with a remedy."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer as Fake
from werkzeug import Request, Response

from cibot.client.server import Server, checked
from cibot.errors import ConfigError, Permanent, Transient, Unconfirmed, UserError
from tests.support.certificates import make_certificates
from tests.support.processes import free_port

TOKEN = "cibot_a-token-that-nobody-may-see-1234567890"
PATH = "/api/v1/cis"


@pytest.fixture
def server(httpserver: Fake) -> Iterator[Server]:
    made = Server(httpserver.url_for(""), TOKEN, timeout=(1, 1))
    yield made
    made.close()


def problem(status: int, title: str, detail: str) -> Response:
    body = f'{{"title": "{title}", "detail": "{detail}", "status": {status}}}'
    return Response(body, status, content_type="application/problem+json")


def test_an_answer_is_asked_for_with_our_token(httpserver: Fake, server: Server) -> None:
    httpserver.expect_request(
        PATH, query_string={"state": "failing"}, headers={"Authorization": f"Bearer {TOKEN}"}
    ).respond_with_json({"items": []})
    assert server.get("/cis", {"state": "failing"}) == {"items": []}


def test_without_a_token_none_is_sent_whatever_netrc_says(
    httpserver: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    def look(request: Request) -> Response:
        assert "Authorization" not in request.headers
        return Response("{}", content_type="application/json")

    httpserver.expect_request(PATH).respond_with_handler(look)
    assert Server(httpserver.url_for("")).get("/cis", {}) == {}


def test_an_unchanged_answer_is_not_sent_twice(httpserver: Fake, server: Server) -> None:
    httpserver.expect_oneshot_request(PATH).respond_with_json({"n": 1}, headers={"ETag": '"x"'})
    assert server.get("/cis", {}) == {"n": 1}
    httpserver.expect_oneshot_request(PATH, headers={"If-None-Match": '"x"'}).respond_with_data(
        "", 304
    )
    assert server.get("/cis", {}) == {"n": 1}
    httpserver.check_assertions()


PAGE = Response("<!doctype html><title>Log in</title>", content_type="text/html")


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (PAGE, Permanent, "answers 200 with a web page instead of cibot's JSON"),
        (Response("hello", content_type="text/plain"), Permanent, "with something instead"),
        (Response("nginx", 502, content_type="text/html"), Transient, "a proxy stands before it"),
        (Response("{", content_type="application/json"), Permanent, "is not JSON"),
        (Response("", 302, headers={"Location": "https://login.example.org/"}), Permanent,
         "sends us on to 'https://login.example.org/'; give that server's address as --url"),
        (problem(401, "Who are you?", "no"), Permanent, "it does not take our token"),
        (problem(403, "Not allowed", "Only an owner may."), UserError, "^Only an owner may.$"),
        (problem(404, "Not found", "No CI is called x: did you mean y?"), UserError,
         "^No CI is called x: did you mean y\\?$"),
        (problem(404, "Not Found", "The requested URL was not found"), Permanent,
         "another version of cibot"),
        (problem(409, "Not as things are", "It is over."), UserError, "^It is over.$"),
        (problem(503, "Not now", "The database does not answer."), Transient, "does not answer"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_told_with_its_remedy(
    httpserver: Fake, server: Server, answer: Response, kind: type[Exception], said: str
) -> None:
    httpserver.expect_request(PATH).respond_with_response(answer)
    with pytest.raises(kind, match=said) as caught:
        server.get("/cis", {})
    assert "\n" not in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_who_has_no_token_is_told_how_to_give_one(httpserver: Fake) -> None:
    httpserver.expect_request(PATH).respond_with_response(problem(401, "Who are you?", "no"))
    with pytest.raises(Permanent, match="give one with --token-file or CIBOT_TOKEN"):
        Server(httpserver.url_for("")).get("/cis", {})


def test_a_change_whose_answer_is_lost_is_not_sent_again(httpserver: Fake, server: Server) -> None:
    seen, free = [], threading.Event()

    def slow(request: Request) -> Response:
        seen.append(request.get_json())
        free.wait(10)
        return Response("{}", content_type="application/json")

    httpserver.expect_request("/api/v1/silences", method="POST").respond_with_handler(slow)
    with pytest.raises(Unconfirmed, match="look before you repeat it"):
        server.change("POST", "/silences", {"ci": "x"})
    free.set()
    assert seen == [{"ci": "x"}]


def test_nobody_there_names_what_to_do() -> None:
    with pytest.raises(Transient, match=r"connection refused; is `cibot run` running there\?"):
        Server(f"http://127.0.0.1:{free_port()}").get("/cis", {})


class _Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_args: object) -> None:
        """Not on the tests' output."""


def test_a_certificate_is_checked_against_the_ca_that_was_given(tmp_path: Path) -> None:
    files = make_certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    with HTTPServer(("127.0.0.1", 0), _Hello) as there:
        there.socket = context.wrap_socket(there.socket, server_side=True)
        thread = threading.Thread(target=there.serve_forever, daemon=True)
        thread.start()
        url = f"https://127.0.0.1:{there.server_port}"
        with pytest.raises(Permanent, match=r"its certificate is not trusted .*--ca-file"):
            Server(url).get("/cis", {})
        trusting = Server(url, ca_file=str(files.ca))
        assert trusting.get("/cis", {}) == {}
        trusting.close()
        there.shutdown()
        thread.join(5)


def test_the_token_is_in_no_log_and_no_repr(
    httpserver: Fake, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    httpserver.expect_request(PATH).respond_with_json({})
    with caplog.at_level(logging.DEBUG):
        server.get("/cis", {})
    assert TOKEN not in caplog.text + repr(server)


@pytest.mark.parametrize(
    "url", ["", "localhost:8080", "ftp://x", "http://", "http://x:99999", "http://x/?a=1"]
)
def test_what_is_no_address_says_how_to_write_one(url: str) -> None:
    with pytest.raises(ConfigError, match="write it as http://localhost:8080"):
        checked(url)


def test_addresses_lose_what_is_ours_to_add() -> None:
    assert checked("http://x:1/") == "http://x:1"
    assert checked("https://x/ci/api/v1") == "https://x/ci"
    with pytest.raises(ConfigError, match="leave name and password out"):
        checked("https://me:secret@x")
