import gzip
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from cibot.collector.gerrit import BadRequest, Gerrit, NotFound, RequestRefused
from cibot.errors import ConfigError, Permanent, Transient
from cibot.model import Account

CHANGE = {
    "_number": 7,
    "project": "cinder",
    "branch": "master",
    "subject": "s",
    "status": "NEW",
    "created": "2024-05-17 09:00:00.000000000",
    "updated": "2024-05-17 10:00:00.000000000",
    "messages": [],
}


def guarded(value: object) -> str:
    return ")]}'\n" + json.dumps(value)


@pytest.fixture
def gerrit(httpserver: HTTPServer) -> Iterator[Gerrit]:
    client = Gerrit(httpserver.url_for("/r/"), timeout=(2, 2), retries=2, backoff=0.001)
    yield client
    client.close()


def answer(httpserver: HTTPServer, text: str | bytes, status: int = 200, **kw: object) -> None:
    kw.setdefault("content_type", "application/json")
    httpserver.expect_request("/r/config/server/version").respond_with_data(text, status, **kw)


def asked(httpserver: HTTPServer) -> list[Request]:
    return [request for request, _ in httpserver.log]


def test_the_version_is_read_behind_the_guard(httpserver, gerrit):
    answer(httpserver, guarded("3.13.5"))
    assert gerrit.version() == "3.13.5"
    (request,) = asked(httpserver)
    assert "gzip" in request.headers["Accept-Encoding"]
    assert "Authorization" not in request.headers


def test_a_login_asks_below_a(httpserver):
    httpserver.expect_request("/a/config/server/version").respond_with_data(guarded("3.9"))
    gerrit = Gerrit(httpserver.url_for("/a/"), username="bot", password="gehe\u00efm")
    assert gerrit.version() == "3.9"
    (request,) = asked(httpserver)
    assert (request.authorization.username, request.authorization.password) == (
        "bot",
        "gehe\u00efm",
    )
    gerrit.close()


def test_a_netrc_is_not_used(httpserver, gerrit, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("default login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    answer(httpserver, guarded("3.9"))
    gerrit.version()
    assert "Authorization" not in asked(httpserver)[0].headers


def test_gzip_is_unpacked(httpserver, gerrit):
    packed = gzip.compress(guarded("3.9").encode())
    answer(httpserver, packed, headers={"Content-Encoding": "gzip"})
    assert gerrit.version() == "3.9"


def test_a_page_of_changes(httpserver, gerrit):
    rows = [CHANGE, {**CHANGE, "_number": 6, "_more_changes": True}]
    httpserver.expect_request("/r/changes/").respond_with_data(guarded(rows))
    page = gerrit.changes('after:"2024-05-17 00:00:00"', limit=2, start=4)
    assert [change.number for change in page.changes] == [7, 6]
    assert (page.more, page.keys, page.broken) == (True, ("cinder~7", "cinder~6"), ())
    assert page.last_updated == datetime(2024, 5, 17, 10, tzinfo=UTC)
    (request,) = asked(httpserver)
    assert request.args.to_dict(flat=False) == {
        "q": ['after:"2024-05-17 00:00:00"'],
        "o": ["MESSAGES", "DETAILED_ACCOUNTS", "SKIP_DIFFSTAT"],
        "n": ["2"],
        "S": ["4"],
    }


def test_a_broken_row_does_not_take_its_neighbours_along(httpserver, gerrit):
    broken = {**CHANGE, "_number": 6, "project": 5, "updated": "2024-05-17 08:00:00.000000000"}
    httpserver.expect_request("/r/changes/").respond_with_data(guarded([CHANGE, broken, "x"]))
    page = gerrit.changes("is:open")
    assert [change.number for change in page.changes] == [7]
    assert [(one.key, one.reason) for one in page.broken] == [
        ("6", "change.project: expected a text, got 5"),
        (None, "change: expected an object, got 'x'"),
    ]
    assert (page.keys, page.more) == (("cinder~7", "6", None), False)
    assert page.last_updated == datetime(2024, 5, 17, 8, tzinfo=UTC)


def test_an_older_server_is_asked_again_without_the_option_it_lacks(httpserver, gerrit):
    def serve(request: Request) -> Response:
        if "SKIP_DIFFSTAT" in request.args.getlist("o"):
            return Response('"SKIP_DIFFSTAT" is not a valid value for "-o"', 400)
        return Response(guarded([CHANGE]))

    httpserver.expect_request("/r/changes/").respond_with_handler(serve)
    assert gerrit.changes("a").changes
    assert gerrit.changes("b").changes
    assert len(asked(httpserver)) == 3


def test_one_change_projects_accounts_and_members(httpserver, gerrit):
    many = {f"p{n:03}": {"id": f"p{n:03}"} for n in range(500)}
    httpserver.expect_request("/r/changes/7/detail").respond_with_data(guarded(CHANGE))
    httpserver.expect_request("/r/projects/", query_string="n=500").respond_with_data(guarded(many))
    httpserver.expect_request("/r/projects/", query_string="n=500&S=500").respond_with_data(
        guarded({"last": {"id": "last"}})
    )
    httpserver.expect_request("/r/accounts/a@b.c/detail").respond_with_data(
        guarded({"_account_id": 3, "username": "zuul"})
    )
    httpserver.expect_request(
        "/r/groups/Third-Party CI/members/", query_string="recursive"
    ).respond_with_data(guarded([{"_account_id": 3, "tags": ["SERVICE_USER"]}, {}]))
    assert gerrit.change(7).number == 7
    assert gerrit.projects() == [*many, "last"]
    assert gerrit.account("a@b.c") == Account(gerrit_id=3, username="zuul")
    assert gerrit.group_members("Third-Party CI") == [Account(gerrit_id=3, service_user=True)]


def test_a_change_is_asked_for_by_project_and_number(httpserver, gerrit):
    httpserver.expect_request("/r/changes/c++/lib~7/detail").respond_with_data(guarded(CHANGE))
    assert gerrit.change("c++/lib~7").number == 7
    (request,) = asked(httpserver)
    assert request.environ["REQUEST_URI"].startswith("/r/changes/c%2B%2B%2Flib~7/detail")


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind", "says"),
    [
        (400, "Unsupported operator bogus:x", {}, BadRequest, "(Unsupported operator bogus:x)"),
        (401, "Unauthorized", {}, RequestRefused, "it wants a login; give a username"),
        (
            403,
            "not permitted",
            {},
            RequestRefused,
            "an anonymous reader may not read this (not permitted)",
        ),
        (404, "Not Found", {}, NotFound, "is http://localhost:PORT/r the root of a Gerrit?"),
        (404, "<html><title>nginx</title>", {}, NotFound, "404, not found or not visible; is"),
        (302, "", {"Location": "/login/x?next=1"}, Permanent, "'/login/x'; that is a login page"),
        (
            301,
            "",
            {"Location": "https://u:p@new.example.com/r/?token=abc"},
            Permanent,
            "(301) to 'https://new.example.com/r/'; give the address that it redirects to",
        ),
        (
            302,
            "",
            {"Location": "https://portal.example.com/blocked?u=x"},
            Permanent,
            "'https://portal.example.com/blocked'; a portal or a proxy stands before Gerrit",
        ),
        (
            401,
            "Unauthorized",
            {"WWW-Authenticate": 'Digest realm="Gerrit Code Review", nonce="x"'},
            RequestRefused,
            "401, it wants Digest authentication and cibot speaks Basic",
        ),
        (
            403,
            "<html><head><title>403 Forbidden</title>",
            {},
            RequestRefused,
            "403, a web page titled '403 Forbidden' instead of Gerrit's own refusal; a proxy",
        ),
        (407, "", {}, Permanent, "407, the proxy between cibot and Gerrit wants a login"),
        (410, "gone", {}, Permanent, "410 (gone)"),
        (500, "Internal server error", {}, Transient, "500 (Internal server error)"),
        (503, "", {"Retry-After": "3600"}, Transient, "503"),
    ],
)
def test_each_refusal_says_what_to_do(httpserver, gerrit, status, body, headers, kind, says):
    answer(httpserver, body, status, headers=headers, content_type="text/plain")
    with pytest.raises(kind) as caught:
        gerrit.version()
    assert says.replace("PORT", str(httpserver.port)) in str(caught.value)
    assert str(caught.value).startswith(gerrit.url)
    assert "token" not in str(caught.value)


def test_a_wrong_password_is_named_but_never_shown(httpserver):
    httpserver.expect_request("/a/config/server/version").respond_with_data("Unauthorized", 401)
    gerrit = Gerrit(httpserver.url_for("/"), username="bot", password="s3cret")
    with pytest.raises(RequestRefused, match="check the username and the HTTP password") as caught:
        gerrit.version()
    assert "s3cret" not in f"{caught.value} {caught.value!r} {gerrit!r} {gerrit._transport!r}"
    gerrit.close()


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (
            "<!DOCTYPE html><title>Sign in</title>",
            Permanent,
            "that is a login page",
        ),
        (
            "<html><form><input name=p type=password>",
            Permanent,
            "that is a login page",
        ),
        ("<html><title>Blog in July</title>", Permanent, "a web page titled 'Blog in July'"),
        ("  <html>", Permanent, "a web page instead of JSON"),
        ("hello", Permanent, "the answer is not Gerrit's JSON"),
        (b"\xff\xfe\x00", Permanent, "the answer is not Gerrit's JSON"),
        ("[" * 200_000, Permanent, "it nests too deeply"),
        (')]}\'\n[{"a"', Transient, "cut short or damaged"),
        (guarded(["3.9"]), Permanent, "Its version is not a text"),
    ],
)
def test_what_is_not_the_answer_is_said(httpserver, gerrit, body, kind, says):
    answer(httpserver, body, content_type="text/plain")
    with pytest.raises(kind, match=says):
        gerrit.version()


def test_a_passing_failure_is_tried_again(httpserver, gerrit):
    replies = iter([Response("busy", 503), Response("slow down", 429), Response(guarded("3.9"))])
    httpserver.expect_request("/r/config/server/version").respond_with_handler(
        lambda request: next(replies)
    )
    assert gerrit.version() == "3.9"
    assert len(asked(httpserver)) == 3


def test_it_gives_up_after_the_last_try(httpserver, gerrit):
    answer(httpserver, "busy", 503)
    with pytest.raises(Transient):
        gerrit.version()
    assert len(asked(httpserver)) == 3


@pytest.mark.parametrize(
    ("written", "waits"),
    [("7200", 7200), ("Fri, 17 May 2099 10:00:00 GMT", None), ("soon", None), ("-3", None)],
)
def test_a_long_retry_after_is_left_to_the_caller(httpserver, gerrit, written, waits):
    answer(httpserver, "", 503, headers={"Retry-After": written})
    with pytest.raises(Transient) as caught:
        gerrit.version()
    if waits:
        assert caught.value.retry_after == waits
        assert len(asked(httpserver)) == 1
    elif "2099" in written:
        assert caught.value.retry_after > 10**6
    else:
        assert caught.value.retry_after is None


class Waits(threading.Event):
    """An event that notes how long it was waited for and waits no time."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout or 0.0)
        return self.is_set()


def test_retry_after_and_rate_are_obeyed(httpserver):
    replies = iter([Response("", 503, headers={"Retry-After": "9"}), Response(guarded("3.9"))])
    httpserver.expect_request("/config/server/version").respond_with_handler(
        lambda request: next(replies)
    )
    stop = Waits()
    gerrit = Gerrit(httpserver.url_for("/"), rate=0.01, stop=stop)
    assert gerrit.version() == "3.9"
    assert stop.pauses[0] == 9
    assert 90 < stop.pauses[1] <= 100
    gerrit.close()


def test_a_stop_ends_the_waiting(httpserver, gerrit):
    stop = threading.Event()
    stop.set()
    gerrit = Gerrit(httpserver.url_for("/"), stop=stop)
    with pytest.raises(Transient, match="cibot is stopping"):
        gerrit.version()
    assert asked(httpserver) == []


# -- below HTTP -----------------------------------------------------------


@contextmanager
def raw_server(reply: bytes | None, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A port that answers each connection with ``reply``; None leaves it hanging."""
    listener = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            with plain:
                try:
                    taken = tls.wrap_socket(plain, server_side=True) if tls else plain
                    taken.recv(65536)
                    if reply is not None:
                        taken.sendall(reply)
                    else:
                        held.append(taken.dup())
                    taken.close()
                except OSError:
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for one in held:
            one.close()


def failure(url: str, **kw: object) -> Exception:
    gerrit = Gerrit(url, retries=0, **kw)
    try:
        with pytest.raises((Transient, Permanent)) as caught:
            gerrit.version()
    finally:
        gerrit.close()
    return caught.value


def test_a_cut_body_is_transient():
    with raw_server(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n)]}\'\n"3.9"') as port:
        error = failure(f"http://127.0.0.1:{port}")
    assert isinstance(error, Transient)
    assert "the connection broke before the answer was whole" in str(error)


def test_a_cut_chunked_body_is_transient():
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n500\r\n)]}'\n\"3"
    with raw_server(reply) as port:
        error = failure(f"http://127.0.0.1:{port}")
    assert isinstance(error, Transient)


def test_an_answer_that_is_no_http_is_transient():
    with raw_server(b"SSH-2.0-GerritCodeReview\r\n") as port:
        assert isinstance(failure(f"http://127.0.0.1:{port}"), Transient)


def test_damaged_gzip_is_transient():
    reply = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"
    with raw_server(reply) as port:
        assert isinstance(failure(f"http://127.0.0.1:{port}"), Transient)


def test_a_silent_server_times_out():
    with raw_server(None) as port:
        error = failure(f"http://127.0.0.1:{port}", timeout=(1, 0.05))
    assert isinstance(error, Transient)
    assert "no answer within 0.05 s" in str(error)


def test_a_refused_connection_is_named():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = failure(f"http://127.0.0.1:{port}")
    assert isinstance(error, Transient)
    assert "connection refused; is Gerrit running" in str(error)


def test_a_name_that_does_not_resolve_is_named():
    error = failure("http://gerrit.invalid")
    assert isinstance(error, Transient)
    assert "'gerrit.invalid' does not resolve" in str(error)


def test_plain_http_behind_https_is_named():
    with raw_server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        error = failure(f"https://127.0.0.1:{port}")
    assert isinstance(error, Permanent)
    assert "should the url begin with http:?" in str(error)


@pytest.mark.parametrize(
    ("written", "reads"),
    [
        (b"Date: Fri, 17 May 2024 12:00:05 +0200\r\n", datetime(2024, 5, 17, 10, 0, 5, tzinfo=UTC)),
        (b"Date: today\r\n", None),
        (b"", None),
    ],
)
def test_the_servers_own_clock_is_read(written, reads):
    with raw_server(b"HTTP/1.0 200 OK\r\n" + written + b"\r\n)]}'\n[]") as port:
        gerrit = Gerrit(f"http://127.0.0.1:{port}")
        assert gerrit.changes("is:open").served_at == reads
        gerrit.close()


@pytest.fixture
def certificate(tmp_path):
    """A self-signed certificate for localhost, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    pem = serialization.Encoding.PEM
    path.write_bytes(
        signed.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


def test_an_untrusted_certificate_is_named_and_a_bundle_mends_it(certificate):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with raw_server(b'HTTP/1.0 200 OK\r\n\r\n)]}\'\n"3.9"', tls) as port:
        error = failure(f"https://localhost:{port}")
        assert isinstance(error, Permanent)
        assert "certificate is not trusted (self-signed certificate)" in str(error)
        gerrit = Gerrit(f"https://localhost:{port}", verify=str(certificate))
        assert gerrit.version() == "3.9"
        gerrit.close()
        error = failure(f"https://127.0.0.1:{port}", verify=str(certificate))
        assert "certificate is not trusted" in str(error)
        assert "or correct the host name" in str(error)


def test_a_missing_bundle_is_named():
    error = failure("https://127.0.0.1:1", verify="/nowhere/ca.pem")
    assert isinstance(error, Permanent)
    assert "CA bundle" in str(error)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("review.example.com", "must look like https://review.example.com"),
        ("ftp://x", "must look like"),
        ("http://", "must look like"),
        ("http://x:99999", "not a URL"),
        ("http://x:0", "must look like"),
        ("https://u:hush@x", "holds a username or password"),
        ("https://x/?q=1", "without [?] and #"),
    ],
)
def test_a_url_that_cannot_be_is_refused_at_once(url, says):
    with pytest.raises(ConfigError, match=says) as caught:
        Gerrit(url)
    assert "hush" not in str(caught.value)
