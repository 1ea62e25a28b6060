"""Comments that only events told: what Gerrit does not hold is taken back."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from cibot.collector.complaints import NotFound
from cibot.collector.forgetting import forget_events
from cibot.collector.rereading import reread
from cibot.model import Change
from cibot.store import schema
from cibot.store.cis import all_cis, ensure_server
from cibot.store.feeds import feed_states
from tests.support.confirming import FAILED, PASSED, ZUUL, World


def test_a_forged_comment_is_taken_back(world: World) -> None:
    number = world.change()
    true = world.comment(number)
    world.tell(true)
    world.poll()
    counts = world.counts()
    world.clock.forward(30)
    at = int(world.clock().timestamp())
    world.tell(true | {"comment": f"Patch Set 1: Verified-1\n\n{FAILED}", "eventCreatedOn": at})
    assert world.counts()[2] == counts[2] + 1
    world.confirmer.confirm()
    assert world.counts()[2] == counts[2] + 1  # the poll has a minute to bring it
    world.clock.forward(90)
    world.heard.clear()
    world.confirmer.confirm()
    assert world.counts() == counts
    assert world.tallied() == 1
    assert world.heard
    assert world.confirmer.confirm() == 0


def test_a_change_that_vanished_is_dropped_with_what_events_said_of_it(world: World) -> None:
    number = world.change()
    world.poll()
    world.tell(world.comment(number))
    world.reviews.remove(number)
    world.clock.forward(90)
    world.confirmer.confirm()
    assert world.counts() == (0, 0, 0, 0, 0)


def test_a_proxy_that_says_404_takes_nothing_away(world: World) -> None:
    number = world.change()
    world.poll()
    world.tell(world.comment(number))
    counts = world.counts()

    def refuse(_key: str) -> Change:
        raise NotFound("404", by_gerrit=False)

    world.gerrit.change = refuse  # type: ignore[method-assign,assignment]
    world.clock.forward(90)
    world.confirmer.confirm()
    assert world.counts() == counts


@pytest.mark.parametrize("first", ["events", "rest"])
def test_a_burst_is_stored_once(world: World, first: str) -> None:
    number = world.change()
    world.poll()
    before = world.count(schema.comment)
    events = []
    for place in range(40):
        world.clock.forward(1)
        event = world.comment(number, PASSED.replace("3s", f"{place % 4}s"))
        events.append(event | {"eventCreatedOn": event["eventCreatedOn"] + place % 11})
    if first == "rest":
        world.poll()
    for event in events:
        world.tell(event)
    world.clock.forward(100)
    world.poll()
    world.confirmer.confirm()
    assert world.count(schema.comment) == before + 40
    assert world.count(schema.report) == 40
    assert world.tallied() == 40


def test_an_account_that_was_deleted_between_event_and_poll_is_the_same(world: World) -> None:
    number = world.change()
    world.poll()
    world.tell(world.comment(number))
    world.reviews.accounts[ZUUL] = {"_account_id": ZUUL, "deleted": True}
    world.clock.forward(90)
    world.poll()
    world.poll()
    assert world.count(schema.report) == 1
    (row,) = world.store.read(
        lambda tx: tx.execute(
            select(schema.comment).where(schema.comment.c.text.contains("Build succeeded"))
        ).all()
    )
    assert row.message_id is not None


def test_rebuild_heals_what_an_older_cibot_stored_twice(world: World) -> None:
    number = world.change()
    event = world.comment(number)
    world.poll()
    counts = world.counts()
    at = event["eventCreatedOn"] + 9
    world.tell(event | {"eventCreatedOn": at + 1000})  # too far to be taken for the same now
    assert world.counts() != counts
    world.store.write(
        lambda tx: tx.execute(
            schema.comment.update()
            .where(schema.comment.c.message_id.is_(None))
            .values(event_at=world.clock(), posted_at=world.clock(), heard_at=None)
        )
    )
    assert reread(world.store, world.clock).healed == 1
    assert world.counts() == counts


def test_an_account_becomes_a_ci_when_rest_has_shown_it(world: World) -> None:
    """Whoever has the webhook's token can make up accounts, eighty of them a second."""
    roster = world.ingest._roster
    roster.cis, roster.by_events = [], False
    numbers = [world.change() for _ in range(5)]
    world.poll()
    for number in numbers:
        world.clock.forward(30)
        true = world.comment(number)
        world.tell(true)
        world.tell(true | {"author": {"name": "Made up", "username": "made-up"}})
    assert world.store.read(all_cis) == []
    world.clock.forward(60)
    world.poll()
    assert [ci.name for ci in world.store.read(all_cis)] == ["Zuul"]
    assert world.count(schema.report) == 5


def test_what_was_forged_is_said_with_the_feed(world: World) -> None:
    number = world.change()
    true = world.comment(number)
    world.poll()
    world.clock.forward(30)
    at = int(world.clock().timestamp())
    world.tell(true | {"comment": f"Patch Set 1: Verified-1\n\n{FAILED}", "eventCreatedOn": at})
    world.clock.forward(90)
    world.confirmer.confirm()
    (feed,) = [state for state in world.store.read(feed_states) if state.name == "webhook"]
    assert feed.rejected == 1
    assert "Gerrit does not hold them" in (feed.error or "")


def test_what_a_feed_brought_since_a_time_is_forgotten(world: World) -> None:
    number = world.change()
    true = world.comment(number)
    world.tell(true)
    world.poll()
    world.clock.forward(3600)
    world.tell(world.comment(number, FAILED))  # before the token leaked, not yet confirmed
    counts = world.counts()
    world.clock.forward(60)
    leaked = world.clock()
    for place in range(3):
        at = int(world.clock().timestamp())
        text = f"Patch Set 1: Verified-1\n\n{FAILED}{place}"
        world.tell(true | {"comment": text, "eventCreatedOn": at})
        world.clock.forward(5)
    assert world.counts()[2] == counts[2] + 3
    other = world.store.write(lambda tx: ensure_server(tx, "other", "https://other"))
    assert forget_events(world.store, other, leaked, world.clock).comments == 0
    gone = forget_events(world.store, world.server, leaked, world.clock)
    assert (gone.comments, gone.cis) == (3, ())
    assert world.counts() == counts
    assert world.tallied() == 2
