import gzip
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from cibot.collector.gerrit import OPTIONS, BadRequest, Gerrit, NotFound, RequestRefused
from cibot.demo.review_server import ReviewServer
from cibot.errors import Permanent, Transient
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
        "o": list(OPTIONS),
        "n": ["2"],
        "S": ["4"],
    }


def test_a_change_whose_commit_is_lost_is_read_without_it():
    with ReviewServer() as server:
        lost = server.reviews.add_change("cinder", "s", 4, datetime.now(UTC))
        server.reviews.lost_commits.add(lost)
        gerrit = Gerrit(server.url, retries=0)
        alone = gerrit.change(f"cinder~{lost}")
        gerrit.close()
    assert (alone.number, len(alone.messages), alone.patch_sets[0].parent) == (lost, 1, None)


def test_a_page_whose_commits_gerrit_fails_over_is_read_without_them(httpserver, gerrit):
    def serve(request: Request) -> Response:
        if "CURRENT_COMMIT" in request.args.getlist("o"):
            return Response("Internal server error", 500)
        return Response(guarded([CHANGE]))

    httpserver.expect_request("/r/changes/").respond_with_handler(serve)
    assert [change.number for change in gerrit.changes("a").changes] == [7]


def test_a_broken_row_does_not_take_its_neighbours_along(httpserver, gerrit):
    broken = {**CHANGE, "_number": 6, "project": 5, "updated": "2024-05-17 08:00:00.000000000"}
    httpserver.expect_request("/r/changes/").respond_with_data(guarded([CHANGE, broken, "x"]))
    page = gerrit.changes("is:open")
    assert [change.number for change in page.changes] == [7]
    assert [(broken.key, broken.reason) for broken in page.broken] == [
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


def test_a_fault_of_an_older_server_over_one_change_is_no_refusal(httpserver):
    def serve(request: Request) -> Response:
        if "SKIP_DIFFSTAT" in request.args.getlist("o"):
            return Response('"SKIP_DIFFSTAT" is not a valid value for "-o"', 400)
        return Response("Internal server error", 500)

    httpserver.expect_request("/changes/7/detail").respond_with_handler(serve)
    gerrit = Gerrit(httpserver.url_for("/"), retries=0)
    with pytest.raises(Transient):
        gerrit.change(7)
    gerrit.close()


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
    assert "s3cret" not in f"{caught.value} {caught.value!r} {gerrit!r}"
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
