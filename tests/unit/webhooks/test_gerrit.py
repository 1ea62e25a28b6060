"""The webhook: a token, a durable commit before 2xx, and a reason for every refusal."""

import json
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from cibot.collector.sink import IngestCounts
from cibot.daemon.app import create_app
from cibot.errors import CibotError, Permanent, Transient
from cibot.model import Change
from cibot.text.projects import project_filter
from cibot.web.server import WebServer
from cibot.webhooks.gerrit import LARGEST, MOST_EVENTS, Hook, feeds
from tests.support.hooked import Hooked

TOKEN = "a-token-of-the-tests"
PATH = f"/webhooks/gerrit/review/{TOKEN}"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass
class FakeSink:
    """Keeps what it is given; refuses what it is told to."""

    changes: list[Change] = field(default_factory=list)
    batches: int = 0
    refused: int = 0
    poison: dict[int, CibotError] = field(default_factory=dict)
    begun: threading.Event = field(default_factory=threading.Event)
    commit: threading.Lock = field(default_factory=threading.Lock)

    def load_cursor(self, feed: str) -> str | None:
        return None

    def ingest(
        self, changes: Sequence[Change], *, feed: str, cursor: str | None, heard_at: datetime
    ) -> IngestCounts:
        for change in changes:
            if change.number in self.poison:
                raise self.poison[change.number]
        self.begun.set()
        with self.commit:
            self.changes.extend(changes)
        self.batches += 1
        return IngestCounts(len(changes))

    def rejected(self, feed: str, number: int) -> None:
        self.refused += number


@pytest.fixture
def sink() -> FakeSink:
    return FakeSink()


@pytest.fixture
def hooked(sink: FakeSink) -> Hooked:
    return Hooked({"review": Hook(TOKEN, sink)}, lambda: NOON)


@pytest.fixture
def served(sink: FakeSink) -> Iterator[str]:
    """The address of a server with these webhooks."""
    server = WebServer(
        create_app([]), "127.0.0.1:0", together=feeds({"review": Hook(TOKEN, sink)}, lambda: NOON)
    )
    server.start()
    yield server.url
    server.stop(5)


def event(number: Any = 15, **fields: Any) -> dict[str, Any]:
    return {
        "type": "comment-added",
        "author": {"name": "Zuul", "username": "zuul"},
        "comment": "Patch Set 1: Verified-1\n\nBuild failed.",
        "patchSet": {"number": "1", "createdOn": 1795398588},
        "change": {"project": "demo", "branch": "master", "number": number, "subject": "S"},
        "eventCreatedOn": 1795398590,
    } | fields


def test_an_event_is_stored_before_it_is_acknowledged(hooked: Hooked, sink: FakeSink) -> None:
    answer = hooked.post(PATH, json=event())
    assert answer.status_code == 200
    assert [change.messages[0].text for change in sink.changes] == [event()["comment"]]


def test_stream_events_shape_and_strings_for_numbers(hooked: Hooked, sink: FakeSink) -> None:
    assert hooked.post(PATH, json=event("15", project={"name": "demo"})).status_code == 200
    assert hooked.post(PATH, json=event(project="demo")).status_code == 200
    assert [change.number for change in sink.changes] == [15, 15]


@pytest.mark.parametrize(
    "path",
    [
        f"/webhooks/gerrit/review/{TOKEN}x",
        "/webhooks/gerrit/review/é",
        "/webhooks/gerrit/other/" + TOKEN,
        f"/webhooks/gerrit/review/{TOKEN}/x",
        "/webhooks/gerrit/review/",
        "/webhooks/gerrit/review",
        "/webhooks/gerrit/",
        "/webhooks/gerrit",
    ],
)
def test_a_wrong_token_is_not_found(served: str, sink: FakeSink, path: str) -> None:
    answer = requests.post(served + path, json=event(), timeout=10)
    assert answer.status_code == 404
    assert TOKEN not in answer.text
    assert sink.changes == []


def test_whether_a_server_is_known_is_not_told(served: str) -> None:
    said = [
        requests.post(f"{served}/webhooks/gerrit/{place}", json=event(), timeout=10)
        for place in (f"review/{TOKEN}x", f"other/{TOKEN}")
    ]
    assert len({(answer.status_code, answer.content) for answer in said}) == 1
    assert len({frozenset(answer.headers) for answer in said}) == 1


def test_only_post_is_taken(served: str, sink: FakeSink) -> None:
    answer = requests.get(served + PATH, timeout=10)
    assert answer.status_code == 405
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert sink.changes == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"null",
        b"[" * 100_000,
        json.dumps(event("x")).encode(),
        json.dumps(event(eventCreatedOn="soon")).encode(),
        json.dumps({"no": "type"}).encode(),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(
    hooked: Hooked, sink: FakeSink, body: bytes
) -> None:
    answer = hooked.post(PATH, data=body)
    assert answer.status_code == 400
    assert answer.error
    assert sink.refused == 1


def test_unknown_types_are_taken_and_say_that_the_feed_lives(
    hooked: Hooked, sink: FakeSink
) -> None:
    assert hooked.post(PATH, json={"type": "brand-new"}).status_code == 200
    assert (sink.batches, sink.changes) == (1, [])


def test_up_to_a_mebibyte(hooked: Hooked, sink: FakeSink) -> None:
    body = json.dumps(event(comment="x" * (LARGEST - 500)))
    assert hooked.post(PATH, data=body).status_code == 200
    body = json.dumps(event(comment="x" * LARGEST))
    assert hooked.post(PATH, data=body).status_code == 413


def test_an_absent_database_asks_for_a_retry(hooked: Hooked, sink: FakeSink) -> None:
    sink.poison[15] = Transient("away")
    assert hooked.post(PATH, json=event()).status_code == 503
    assert sink.refused == 0


def test_what_comes_together_is_stored_together(hooked: Hooked, sink: FakeSink) -> None:
    answers = hooked.together(PATH, [json.dumps(event(number)) for number in range(1, 21)])
    assert [answer.status_code for answer in answers] == [200] * 20
    assert [change.number for change in sink.changes] == list(range(1, 21))
    assert sink.batches == 1


def test_one_bad_event_does_not_spoil_the_others(hooked: Hooked, sink: FakeSink) -> None:
    sink.poison[13] = Permanent("too long")
    answers = hooked.together(PATH, [json.dumps(event(number)) for number in range(10, 30)])
    said = dict(zip(range(10, 30), answers, strict=True))
    assert (said[13].status_code, said[13].error) == (400, "the event cannot be stored: too long")
    del said[13]
    assert {answer.status_code for answer in said.values()} == {200}
    assert [change.number for change in sink.changes] == list(said)
    assert sink.refused == 1


def test_what_cannot_be_read_does_not_spoil_the_others(hooked: Hooked, sink: FakeSink) -> None:
    good = json.dumps(event())
    answers = hooked.together(PATH, [good, "{", "{}", json.dumps(event("x")), good])
    assert [answer.status_code for answer in answers] == [200, 400, 400, 400, 200]
    assert (len(sink.changes), sink.batches, sink.refused) == (2, 1, 3)


@pytest.mark.parametrize(
    "fields",
    [
        {"eventCreatedOn": int(NOON.timestamp()) + 3700},
        {"eventCreatedOn": 253402300799},
        {"patchSet": {"number": 1, "createdOn": 253402300799}},
    ],
)
def test_an_event_of_the_future_is_refused(
    hooked: Hooked, sink: FakeSink, fields: dict[str, Any]
) -> None:
    answer = hooked.post(PATH, json=event(**fields))
    assert answer.status_code == 400
    assert "one of the two clocks is wrong" in answer.error
    assert (sink.changes, sink.refused) == ([], 1)


def test_a_clock_that_is_a_little_ahead_is_no_harm(hooked: Hooked, sink: FakeSink) -> None:
    soon = int(NOON.timestamp()) + 3500
    assert hooked.post(PATH, json=event(eventCreatedOn=soon)).status_code == 200
    assert len(sink.changes) == 1


def test_other_projects_are_acknowledged_and_not_stored(sink: FakeSink) -> None:
    hook = Hook(TOKEN, sink, project_filter(["demo/*", "^lib-(a|b)"]))
    hooked = Hooked({"review": hook}, lambda: NOON)
    for project in ("demo/x", "other", "lib-a", "lib-ab", {"name": "demo/y"}):
        change = event()["change"] | {"project": project}
        assert hooked.post(PATH, json=event(change=change)).status_code == 200
    assert [change.project for change in sink.changes] == ["demo/x", "lib-a", "demo/y"]
    assert sink.batches == 5  # each said that the feed lives


def test_an_absent_database_is_asked_once_for_all_that_came(
    hooked: Hooked, sink: FakeSink, caplog: pytest.LogCaptureFixture
) -> None:
    class Away(FakeSink):
        def ingest(self, changes: Sequence[Change], **_: Any) -> IngestCounts:
            self.batches += 1
            raise Transient("the database is away")

    away = Away()
    hooked = Hooked({"review": Hook(TOKEN, away)}, lambda: NOON)
    many = "\n".join(json.dumps(event(number)) for number in range(1, MOST_EVENTS + 1))
    answers = hooked.together(PATH, [many, json.dumps(event())])
    assert [answer.status_code for answer in answers] == [503, 503]
    assert (away.batches, away.refused) == (1, 0)
    assert "the database is away" in caplog.text


def test_an_event_that_nobody_waits_for_any_more_is_not_stored_late(
    hooked: Hooked, sink: FakeSink
) -> None:
    (late,) = hooked.together(PATH, [json.dumps(event())], waited=4.5)
    assert late.status_code == 503
    assert sink.changes == []


def test_an_event_is_answered_after_its_transaction(served: str, sink: FakeSink) -> None:
    def post(number: int) -> int:
        return requests.post(served + PATH, json=event(number), timeout=10).status_code

    with ThreadPoolExecutor(8) as pool, sink.commit:
        posted = [pool.submit(post, number) for number in range(1, 9)]
        assert sink.begun.wait(10)
        assert not any(answer.done() for answer in posted)
    assert [answer.result() for answer in posted] == [200] * 8
    assert sorted(change.number for change in sink.changes) == list(range(1, 9))


def test_several_events_in_one_body_are_stored_each(hooked: Hooked, sink: FakeSink) -> None:
    lines = [event(15), {"type": "dropped-output"}, event(16)]
    body = "\n".join(map(json.dumps, lines)) + "\n"
    assert hooked.post(PATH, data=body).status_code == 200
    assert [change.number for change in sink.changes] == [15, 16]


def test_one_of_several_that_cannot_be_read_keeps_none_of_the_others(
    hooked: Hooked, sink: FakeSink
) -> None:
    body = "\n".join([json.dumps(event(15)), '{"type": "comm', json.dumps(event(16))])
    answer = hooked.post(PATH, data=body)
    assert answer.status_code == 400
    assert [change.number for change in sink.changes] == [15, 16]
    assert sink.refused == 1


def test_what_raises_only_for_several_events_is_in_the_log(
    sink: FakeSink, caplog: pytest.LogCaptureFixture
) -> None:
    class Alone(FakeSink):
        def ingest(self, changes: Sequence[Change], **rest: Any) -> IngestCounts:
            if len(changes) > 1:
                raise RuntimeError("not together")
            return sink.ingest(changes, **rest)

    hooked = Hooked({"review": Hook(TOKEN, Alone())}, lambda: NOON)
    lines = [event(number) for number in range(20, 30)]
    assert hooked.post(PATH, data="\n".join(map(json.dumps, lines))).status_code == 200
    assert len(sink.changes) == len(lines)
    assert "not together" in caplog.text


def test_several_events_in_one_body_share_transactions_and_the_allowance(
    hooked: Hooked, sink: FakeSink
) -> None:
    body = "\n".join(json.dumps({"type": "ref-updated"}) for _ in range(MOST_EVENTS))
    assert hooked.post(PATH, data=body).status_code == 200
    assert sink.batches < MOST_EVENTS / 10
    refused = hooked.post(PATH, data=body + '\n{"type": "ref-updated"}')
    assert refused.status_code == 400
    assert "500 lines" in refused.text
    statuses = [hooked.post(PATH, data="{}\n" * MOST_EVENTS).status_code for _ in range(60)]
    assert statuses == [400] * 59 + [429]  # 30,000 in a burst, 501 of them before
    assert sink.refused == 60  # one of each body


@pytest.mark.parametrize("private", [True, "true", "True", "TRUE", 1, "1", "yes", {}])
def test_a_change_is_private_in_whatever_type_that_is_written(
    hooked: Hooked, sink: FakeSink, private: object
) -> None:
    sent = event()
    sent["change"] |= {"private": private}
    assert hooked.post(PATH, json=sent).status_code == 200
    assert [change.private for change in sink.changes] == [True]
