"""The webhook: a token, a durable commit before 2xx, and a reason for every refusal."""

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from cibot.collector.decode import change_from_event
from cibot.collector.sink import IngestCounts
from cibot.daemon.app import create_app
from cibot.errors import CibotError, Permanent, Transient
from cibot.model import Change
from cibot.text.projects import project_filter
from cibot.webhooks.gerrit import LARGEST, MOST_EVENTS, MOUNT, GroupCommit, Hook, gerrit_hook
from tests.support.processes import wait_until

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

    def load_cursor(self, feed: str) -> str | None:
        return None

    def ingest(
        self, changes: Sequence[Change], *, feed: str, cursor: str | None, heard_at: datetime
    ) -> IngestCounts:
        for change in changes:
            if change.number in self.poison:
                raise self.poison[change.number]
        self.changes.extend(changes)
        self.batches += 1
        return IngestCounts(len(changes))

    def rejected(self, feed: str) -> None:
        self.refused += 1


@pytest.fixture
def sink() -> FakeSink:
    return FakeSink()


@pytest.fixture
def client(sink: FakeSink) -> FlaskClient:
    hooks = {"review": Hook(TOKEN, sink)}
    return create_app([], {MOUNT: gerrit_hook(hooks, lambda: NOON)}).test_client()


def event(number: Any = 15, **fields: Any) -> dict[str, Any]:
    return {
        "type": "comment-added",
        "author": {"name": "Zuul", "username": "zuul"},
        "comment": "Patch Set 1: Verified-1\n\nBuild failed.",
        "patchSet": {"number": "1", "createdOn": 1795398588},
        "change": {"project": "demo", "branch": "master", "number": number, "subject": "S"},
        "eventCreatedOn": 1795398590,
    } | fields


def test_an_event_is_stored_before_it_is_acknowledged(client: FlaskClient, sink: FakeSink) -> None:
    answer = client.post(PATH, json=event())
    assert answer.status_code == 200
    assert [change.messages[0].text for change in sink.changes] == [event()["comment"]]


def test_stream_events_shape_and_strings_for_numbers(client: FlaskClient, sink: FakeSink) -> None:
    assert client.post(PATH, json=event("15", project={"name": "demo"})).status_code == 200
    assert client.post(PATH, json=event(project="demo")).status_code == 200
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
def test_a_wrong_token_is_not_found(client: FlaskClient, sink: FakeSink, path: str) -> None:
    answer = client.post(path, json=event())
    assert answer.status_code == 404
    assert TOKEN not in answer.get_data(as_text=True)
    assert sink.changes == []


def test_only_post_is_taken(client: FlaskClient, sink: FakeSink) -> None:
    answer = client.get(PATH)
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
    client: FlaskClient, sink: FakeSink, body: bytes
) -> None:
    answer = client.post(PATH, data=body)
    assert answer.status_code == 400
    assert answer.get_json()["error"]
    assert sink.refused == 1


def test_unknown_types_are_taken_and_say_that_the_feed_lives(
    client: FlaskClient, sink: FakeSink
) -> None:
    assert client.post(PATH, json={"type": "brand-new"}).status_code == 200
    assert (sink.batches, sink.changes) == (1, [])


def test_up_to_a_mebibyte(client: FlaskClient, sink: FakeSink) -> None:
    body = json.dumps(event(comment="x" * (LARGEST - 500)))
    assert client.post(PATH, data=body).status_code == 200
    body = json.dumps(event(comment="x" * LARGEST))
    assert client.post(PATH, data=body).status_code == 413


def test_an_absent_database_asks_for_a_retry(client: FlaskClient, sink: FakeSink) -> None:
    sink.poison[15] = Transient("away")
    assert client.post(PATH, json=event()).status_code == 503
    assert sink.refused == 0


def test_one_bad_event_does_not_spoil_the_others(client: FlaskClient, sink: FakeSink) -> None:
    sink.poison[13] = Permanent("too long")

    def post(number: int) -> int:
        return client.application.test_client().post(PATH, json=event(number)).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = dict(zip(range(10, 30), pool.map(post, range(10, 30)), strict=True))
    assert answers.pop(13) == 400
    assert set(answers.values()) == {200}
    assert sorted(change.number for change in sink.changes) == sorted(answers)


@pytest.mark.parametrize(
    "fields",
    [
        {"eventCreatedOn": int(NOON.timestamp()) + 3700},
        {"eventCreatedOn": 253402300799},
        {"patchSet": {"number": 1, "createdOn": 253402300799}},
    ],
)
def test_an_event_of_the_future_is_refused(
    client: FlaskClient, sink: FakeSink, fields: dict[str, Any]
) -> None:
    answer = client.post(PATH, json=event(**fields))
    assert answer.status_code == 400
    assert "one of the two clocks is wrong" in answer.get_json()["error"]
    assert (sink.changes, sink.refused) == ([], 1)


def test_a_clock_that_is_a_little_ahead_is_no_harm(client: FlaskClient, sink: FakeSink) -> None:
    soon = int(NOON.timestamp()) + 3500
    assert client.post(PATH, json=event(eventCreatedOn=soon)).status_code == 200
    assert len(sink.changes) == 1


def test_other_projects_are_acknowledged_and_not_stored(sink: FakeSink) -> None:
    hook = Hook(TOKEN, sink, project_filter(["demo/*", "^lib-(a|b)"]))
    client = create_app([], {MOUNT: gerrit_hook({"review": hook}, lambda: NOON)}).test_client()
    for project in ("demo/x", "other", "lib-a", "lib-ab", {"name": "demo/y"}):
        change = event()["change"] | {"project": project}
        assert client.post(PATH, json=event(change=change)).status_code == 200
    assert [change.project for change in sink.changes] == ["demo/x", "lib-a", "demo/y"]
    assert sink.batches == 5  # each said that the feed lives


def test_events_that_wait_for_an_absent_database_are_refused_together() -> None:
    class Away(FakeSink):
        def ingest(self, changes: Sequence[Change], **_: Any) -> IngestCounts:
            self.batches += 1
            begun.set()
            gate.wait(5)
            raise Transient("the database is away")

    begun, gate = threading.Event(), threading.Event()
    sink = Away()
    commit = GroupCommit(sink, lambda: NOON)
    change = change_from_event(event())
    with ThreadPoolExecutor(9) as pool:
        waiting = [pool.submit(commit.store, [change], 10)]
        begun.wait(5)
        waiting += [pool.submit(commit.store, [change], 10) for _ in range(8)]
        wait_until(lambda: commit.waiting == 8, what="eight waiting events")
        gate.set()
        failures = [future.exception(10) for future in waiting]
    assert [str(failure) for failure in failures] == ["the database is away"] * 9
    assert sink.batches == 2  # the first alone, then all that waited meanwhile


def test_events_that_come_soon_after_each_other_share_a_transaction(sink: FakeSink) -> None:
    rests: list[float] = []

    def rest(seconds: float) -> None:
        rests.append(seconds)
        if len(rests) == 2:
            wait_until(lambda: commit.waiting == 3, what="three more events")

    commit = GroupCommit(sink, lambda: NOON, rest)
    changes = [change_from_event(event(number)) for number in range(1, 6)]
    commit.store(changes[:1], 10)
    with ThreadPoolExecutor(4) as pool:
        for stored in [pool.submit(commit.store, [change], 10) for change in changes[1:]]:
            stored.result(10)
    assert rests[0] == 0.0
    assert 0.0 <= rests[1] <= 0.1
    assert sink.batches == 2


def test_an_event_that_nobody_waits_for_any_more_is_not_stored_late() -> None:
    class Slow(FakeSink):
        def ingest(self, changes: Sequence[Change], **rest: Any) -> IngestCounts:
            begun.set()
            gate.wait(5)
            return super().ingest(changes, **rest)

    begun, gate = threading.Event(), threading.Event()
    sink = Slow()
    commit = GroupCommit(sink, lambda: NOON)
    first, second = (change_from_event(event(number)) for number in (1, 2))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(commit.store, [first], 10)
        begun.wait(5)
        with pytest.raises(Transient):
            commit.store([second], 0)
        gate.set()
        waiting.result(10)
    commit.stop(5)
    assert [change.number for change in sink.changes] == [1]


def test_several_events_in_one_body_are_stored_each(client: FlaskClient, sink: FakeSink) -> None:
    lines = [event(15), {"type": "dropped-output"}, event(16)]
    body = "\n".join(map(json.dumps, lines)) + "\n"
    assert client.post(PATH, data=body).status_code == 200
    assert [change.number for change in sink.changes] == [15, 16]


def test_one_of_several_that_cannot_be_read_keeps_none_of_the_others(
    client: FlaskClient, sink: FakeSink
) -> None:
    body = "\n".join([json.dumps(event(15)), '{"type": "comm', json.dumps(event(16))])
    answer = client.post(PATH, data=body)
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

    hooks = {"review": Hook(TOKEN, Alone())}
    client = create_app([], {MOUNT: gerrit_hook(hooks, lambda: NOON)}).test_client()
    lines = [event(number) for number in range(20, 30)]
    assert client.post(PATH, data="\n".join(map(json.dumps, lines))).status_code == 200
    assert len(sink.changes) == len(lines)
    assert "not together" in caplog.text


def test_several_events_in_one_body_share_transactions_and_the_allowance(
    client: FlaskClient, sink: FakeSink
) -> None:
    body = "\n".join(json.dumps({"type": "ref-updated"}) for _ in range(MOST_EVENTS))
    assert client.post(PATH, data=body).status_code == 200
    assert sink.batches < MOST_EVENTS / 10
    refused = client.post(PATH, data=body + '\n{"type": "ref-updated"}')
    assert refused.status_code == 400
    assert "500 lines" in refused.text
    statuses = [client.post(PATH, data="{}\n" * MOST_EVENTS).status_code for _ in range(60)]
    assert statuses == [400] * 59 + [429]  # 30,000 in a burst, 501 of them before
    assert sink.refused == 60  # one of each body


@pytest.mark.parametrize("private", [True, "true", "True", "TRUE", 1, "1", "yes", {}])
def test_a_change_is_private_in_whatever_type_that_is_written(
    client: FlaskClient, sink: FakeSink, private: object
) -> None:
    sent = event()
    sent["change"] |= {"private": private}
    assert client.post(PATH, json=sent).status_code == 200
    assert [change.private for change in sink.changes] == [True]
