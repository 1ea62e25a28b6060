import gzip
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Response
from werkzeug.test import Client

from cibot.collector.decode import change_from_event, change_from_rest
from cibot.collector.gerrit import BadRequest, Gerrit, NotFound, RequestRefused
from cibot.demo.review_app import ReviewApp
from cibot.demo.review_server import ReviewServer
from cibot.demo.reviews import Reviews
from cibot.errors import UserError
from cibot.model import Account, Vote
from tests.support.collecting import START, Clock
from tests.support.review_logins import ReviewAppWithLogins, with_logins

DEV, ZUUL = 4, 9
GROUPS = {"Third-Party CI": [ZUUL]}


@pytest.fixture
def reviews() -> Reviews:
    """Six changes, a minute apart: cinder 1-4, nova/spec 5 and 6."""
    reviews = Reviews()
    reviews.add_account(DEV, "A Developer", "dev", "dev@example.com")
    reviews.add_account(ZUUL, "Zuul", "zuul", service_user=True)
    for minute in range(6):
        project = "cinder" if minute < 4 else "nova/spec"
        reviews.add_change(project, f"s{minute}", DEV, START + timedelta(minutes=minute))
    reviews.set_status(6, "MERGED", DEV, START + timedelta(minutes=6))
    reviews.set_status(5, "ABANDONED", DEV, START + timedelta(minutes=7))
    return reviews


@pytest.fixture
def clock() -> Clock:
    return Clock(START + timedelta(minutes=10))


@pytest.fixture
def client(reviews) -> Client:
    return Client(ReviewAppWithLogins(reviews, {"bot": "s"}, GROUPS, limit=4))


def rows(client: Client, query: str, **more: object) -> list[int]:
    response = client.get("/changes/", query_string={"q": query, **more})
    assert response.status_code == 200, response.text
    assert response.data.startswith(b")]}'\n")
    return [row["_number"] for row in json.loads(response.data[5:])]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("is:open", [4, 3, 2, 1]),
        ("status:merged", [6]),
        ("status:closed", [5, 6]),
        ('after:"2024-05-17 09:02:00"', [5, 6, 4, 3]),
        ('after:"2024-05-17 09:02:00" before:"2024-05-17 09:03:00"', [4, 3]),
        ('before:"2024-05-17 09:00:00"', [1]),
        ("before:2024-05-17", []),
        ("after:2024-05-17 before:2024-05-18 project:cinder", [4, 3, 2, 1]),
        ('(project:"nova/spec" OR change:1) is:abandoned', [5]),
        ('(project:"nova/spec" OR project:"^cind.*")', [5, 6, 4, 3, 2, 1][:4]),
        ("project:^no.*", [5, 6]),
        ("2", [2]),
    ],
)
def test_it_answers_queries_as_gerrit_does(client, query, numbers):
    assert rows(client, query) == numbers


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("bogus:xyz", "Unsupported operator bogus:xyz"),
        ("after:yesterday", "Invalid after value: yesterday"),
        ("is:lovely", "Unsupported operator is:lovely"),
        ("-is:open", "Unsupported operator"),
        ("((is:open))", "no viable alternative"),
        ("is:open)", "no viable alternative"),
        ("hello", "Unsupported operator default:hello"),
        ("project:^[", "Invalid regular expression: ^["),
    ],
)
def test_what_it_does_not_know_it_refuses_in_plain_text(client, query, says):
    response = client.get("/changes/", query_string={"q": query})
    assert response.status_code == 400
    assert says in response.text
    assert response.mimetype == "text/plain"


@pytest.mark.parametrize(("name", "value"), [("n", "x"), ("S", "-1"), ("o", "EVERYTHING")])
def test_a_wrong_parameter_is_refused(client, name, value):
    response = client.get("/changes/", query_string={"q": "is:open", name: value})
    assert response.status_code == 400
    assert response.text == f'"{value}" is not a valid value for "-{name}"'


def test_pages_say_that_there_is_more(client):
    first = json.loads(client.get("/changes/?q=is:open&n=3").data[5:])
    assert ["_more_changes" in row for row in first] == [False, False, True]
    assert rows(client, "is:open", n=3, S=3) == [1]
    assert len(rows(client, 'after:"2024-01-01"', n=100)) == 4  # the server's limit


def test_several_queries_give_a_list_of_lists(client):
    lists = json.loads(client.get("/changes/?q=change:1&q=change:2").data[5:])
    assert [[row["_number"] for row in rows] for rows in lists] == [[1], [2]]


def test_options_say_how_much_is_shown(client):
    (bare,) = json.loads(client.get("/changes/?q=2").data[5:])
    assert "messages" not in bare
    assert bare["owner"] == {"_account_id": DEV}
    (full,) = json.loads(client.get("/changes/?q=2&o=MESSAGES&o=DETAILED_ACCOUNTS").data[5:])
    assert full["owner"]["username"] == "dev"
    assert full["messages"][0]["author"]["name"] == "A Developer"
    assert change_from_rest(full).patch_sets[0].uploaded_at == START + timedelta(minutes=1)


# -- over HTTP ------------------------------------------------------------


@pytest.fixture
def server(reviews, clock) -> Iterator[ReviewServer]:
    make_app = with_logins({"bot": "s3cret"}, GROUPS)
    with ReviewServer(reviews, make_app=make_app, clock=clock, tries=1) as server:
        yield server


def test_the_client_and_the_server_agree(server, clock):
    anonymous = Gerrit(server.url, retries=0)
    bot = Gerrit(server.url, username="bot", password="s3cret", retries=0)
    assert anonymous.version() == bot.version() == "3.13.5"
    assert anonymous.projects() == ["cinder", "nova/spec"]
    assert bot.group_members("Third-Party CI") == [
        Account(ZUUL, "zuul", "Zuul", None, service_user=True)
    ]
    assert bot.account() == Account(None, "bot")
    assert anonymous.account("zuul").gerrit_id == ZUUL
    page = anonymous.changes("is:open", limit=2)
    assert [change.number for change in page.changes] == [4, 3]
    assert page.more
    assert page.served_at == clock.now
    assert anonymous.change(4).complete
    for wrong, kind in (
        (anonymous.account, RequestRefused),
        (lambda: anonymous.group_members("Third-Party CI"), NotFound),
        (lambda: anonymous.change(99), NotFound),
        (lambda: anonymous.changes("bogus:1"), BadRequest),
        (lambda: Gerrit(server.url, username="bot", password="guess").version(), RequestRefused),
    ):
        with pytest.raises(kind):
            wrong()
    anonymous.close()
    bot.close()


def test_gzip_is_used_where_it_is_wanted(server):
    with requests.get(
        server.url + "/changes/?q=is:open", headers={"Accept-Encoding": "gzip"}, stream=True
    ) as response:
        assert gzip.decompress(response.raw.read()).startswith(b")]}'")
    plain = requests.get(
        server.url + "/changes/?q=is:open", headers={"Accept-Encoding": "identity"}
    )
    assert plain.text.startswith(")]}'")
    assert requests.post(server.url + "/changes/").status_code == 405


def test_comments_are_headed_as_gerrit_does(reviews, clock):
    heard: list[dict] = []
    reviews.listeners.append(heard.append)
    for votes, text in (
        ({}, "Starting check jobs."),
        ({"Verified": -1}, "Build failed.  \n"),
        ({"Verified": -1}, "Build failed again."),
        ({"Verified": 0}, ""),
    ):
        reviews.comment(1, ZUUL, text, clock.now, votes=votes, tag="autogenerated:zuul:check")
    texts = [message["message"] for message in reviews.change(1)["messages"][1:]]
    assert texts == [
        "Patch Set 1:\n\nStarting check jobs.",
        "Patch Set 1: Verified-1\n\nBuild failed.",
        "Patch Set 1:\n\nBuild failed again.",
        "Patch Set 1: -Verified",
    ]
    read = [change_from_event(event) for event in heard]
    assert [change.messages[0].text for change in read if change] == texts
    assert [change.messages[0].votes for change in read if change] == [
        (),
        (Vote("Verified", -1),),
        (),
        (Vote("Verified", None),),
    ]
    assert read[0].messages[0].author == Account(username="zuul", name="Zuul")
    assert change_from_rest(reviews.change(1)).updated == clock.now


def test_events_are_posted_as_the_webhooks_plugin_does(server, httpserver: HTTPServer, clock):
    httpserver.expect_request("/hook", method="POST").respond_with_data("", 204)
    server.webhooks.urls.append(httpserver.url_for("/hook"))
    number = server.reviews.add_change("cinder", "new", DEV, clock.now)
    server.reviews.comment(number, ZUUL, "Build succeeded.", clock.now, votes={"Verified": 1})
    server.reviews.add_patch_set(number, DEV, clock.now)
    server.webhooks.flush()
    posted = [request for request, _ in httpserver.log]
    assert [request.json["type"] for request in posted] == [
        "patchset-created",
        "comment-added",
        "patchset-created",
    ]
    assert posted[0].headers["X-Origin-Url"] == server.url + "/"
    assert posted[0].headers["Content-Type"] == "application/json; charset=utf-8"
    comment = posted[1].json
    assert comment["project"] == {"name": "cinder"}
    assert comment["changeKey"].keys() == {"key"}
    assert "_account_id" not in json.dumps(comment)
    assert change_from_event(posted[2].json).patch_sets[0].number == 2


def test_an_event_that_nobody_accepts_is_lost(server, httpserver: HTTPServer, clock):
    httpserver.expect_request("/hook").respond_with_handler(lambda _: Response("", 500))
    server.webhooks.urls += [httpserver.url_for("/hook"), "http://127.0.0.1:1/"]
    server.reviews.comment(1, ZUUL, "x", clock.now)
    server.webhooks.flush()
    assert server.webhooks.lost == 2


def test_what_is_not_there_cannot_be_touched(reviews, clock):
    for wrong in (
        lambda: reviews.comment(99, ZUUL, "x", clock.now),
        lambda: reviews.remove(99),
        lambda: reviews.add_change("cinder", "s", DEV, clock.now, number=1),
    ):
        with pytest.raises(UserError):
            wrong()


def test_a_large_history_is_loaded_and_paged(clock):
    reviews = Reviews()
    loaded = reviews.load(
        {
            "_number": number,
            "project": "p",
            "branch": "b",
            "subject": "s",
            "status": "NEW",
            "created": "2024-01-01 00:00:00.000000000",
            "updated": f"2024-01-{1 + number % 28:02} 00:00:{number % 60:02}.000000000",
            "messages": [],
        }
        for number in range(1, 25_001)
    )
    assert loaded == len(reviews) == 25_000
    client = Client(ReviewApp(reviews))
    for _ in range(20):
        assert len(rows(client, 'before:"2024-01-14 00:00:00"', n=100)) == 100
    reviews.load([{**reviews.change(7), "updated": "2025-01-01 00:00:00.000000000"}])
    assert rows(client, "is:open", n=1) == [7]
    assert len(reviews) == 25_000


@pytest.mark.parametrize("path", ["/3", "/3/1", "/c/cinder/+/3/1", "/c/nova/spec/+/3"])
def test_a_change_has_a_page_for_people(client, reviews, path):
    reviews.comment(3, ZUUL, "Build <failed> & so on", START, votes={"Verified": -1})
    response = client.get(path)
    assert response.status_code == 200
    assert response.content_type.startswith("text/html")
    assert "Build &lt;failed&gt; &amp; so on" in response.text
    assert "Zuul" in response.text
    assert "simulated" in response.text


@pytest.mark.parametrize("path", ["/99", "/c/cinder/+/99", "/c/+/", "/3/x"])
def test_other_pages_are_not_there(client, path):
    assert client.get(path).status_code == 404
