"""What only events told: nobody sees it, and what Gerrit does not hold is taken back."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from cibot.collector.complaints import NotFound
from cibot.collector.confirming import Confirmer
from cibot.collector.decode import change_from_event
from cibot.collector.forgetting import forget_events
from cibot.collector.ingest import Ingest
from cibot.collector.poller import Poller
from cibot.collector.rereading import reread
from cibot.collector.roster import Roster
from cibot.config.models import CiConfig
from cibot.demo.reviews import Info, Reviews
from cibot.model import Change
from cibot.store import schema
from cibot.store.arrivals import KNOWN, arrived
from cibot.store.cis import all_cis, ensure_server
from cibot.store.engine import Store
from cibot.store.feeds import feed_states
from cibot.webhooks.gerrit import Hook, gerrit_hook
from tests.support.collecting import Clock, LocalGerrit

ZUUL, MIKA = 11, 12
PASSED = "Build succeeded (check pipeline).\n\n- unit https://logs.example.org/1 : SUCCESS in 3s"
FAILED = "Build failed (check pipeline).\n\n- unit https://logs.example.org/1 : FAILURE in 3s"


class World:
    """A simulated Gerrit, and what cibot has of it."""

    def __init__(self, store: Store) -> None:
        self.store, self.clock, self.reviews = store, Clock(), Reviews()
        self.reviews.add_account(ZUUL, "Zuul", "zuul")
        self.reviews.add_account(MIKA, "Mika", "mika")
        self.events: list[Info] = []
        self.reviews.listeners.append(self.events.append)
        self.gerrit = LocalGerrit(self.reviews, clock=self.clock)
        self.server = store.write(lambda tx: ensure_server(tx, "review", "https://review"))
        named = CiConfig(name="Zuul", accounts=["zuul"])
        self.heard: list[set[int]] = []
        roster = Roster("review", [named])
        self.ingest = Ingest(store, self.server, roster, self.clock, self.heard.append)
        self.confirmer = Confirmer(self.gerrit, self.ingest, self.clock)  # type: ignore[arg-type]

    def poll(self) -> None:
        Poller(
            self.gerrit,  # type: ignore[arg-type]
            self.ingest,
            overlap=timedelta(minutes=2),
            page_size=50,
            projects=[],
            clock=self.clock,
        ).poll()

    def change(self) -> int:
        number = self.reviews.add_change("demo", "Secret subject", MIKA, self.clock())
        self.clock.forward(60)
        return number

    def comment(self, number: int, text: str = PASSED) -> Info:
        """Zuul comments; the event is returned and not yet told."""
        self.reviews.comment(number, ZUUL, text, self.clock())
        return self.events[-1]

    def tell(self, event: Info) -> None:
        change = change_from_event(event, self.clock())
        assert change is not None
        self.ingest.ingest([change], feed="webhook", cursor=None, heard_at=self.clock())

    def count(self, table: Any) -> int:
        query = select(func.count()).select_from(table)
        return int(self.store.read(lambda tx: tx.execute(query).scalar_one()))

    def counts(self) -> tuple[int, ...]:
        tables = (schema.change, schema.comment, schema.report, schema.build, schema.patch_set)
        return tuple(map(self.count, tables))

    def tallied(self) -> int:
        query = select(func.sum(schema.tally.c.passes + schema.tally.c.fails)).where(
            schema.tally.c.hours == 1
        )
        return int(self.store.read(lambda tx: tx.execute(query).scalar_one()) or 0)


@pytest.fixture
def world(store: Store) -> World:
    return World(store)


def private(event: Info) -> Info:
    return event | {"change": event["change"] | {"private": True}}


def test_private_events_are_dropped(world: World) -> None:
    event = world.comment(world.change())
    world.tell(private(event))
    assert world.counts() == (0, 0, 0, 0, 0)


def test_a_change_made_private_is_gone_at_once_and_stays_so(world: World) -> None:
    number = world.change()
    world.tell(world.comment(number))
    world.poll()
    assert world.counts() == (1, 3, 1, 1, 1) or world.counts()[2:] == (1, 1, 1)
    asked_before = world.gerrit.change(f"demo~{number}")
    (zuul,) = world.store.read(all_cis)
    world.heard.clear()
    world.clock.forward(5)
    world.tell(private(world.events[0]) | {"type": "private-state-changed"})
    assert world.counts() == (0, 0, 0, 0, 0)
    assert world.tallied() == 0
    assert world.heard == [{zuul.id}]  # judged again, without it
    known = world.store.read(
        lambda tx: arrived(tx, {zuul.id}, (), world.clock(), (world.clock(), world.clock()))
    )
    assert [(one.kind, one.span, one.number) for one in known] == [("withdrawal", KNOWN, 1)]
    # An answer that was on its way does not bring it back; a later one does.
    late = Change(
        **{name: getattr(asked_before, name) for name in Change.__slots__}
        | {"asked_at": world.clock() - timedelta(seconds=9)}
    )
    world.ingest.ingest([late], feed="poll", cursor=None, heard_at=world.clock())
    assert world.counts() == (0, 0, 0, 0, 0)
    world.clock.forward(5)
    world.poll()
    assert world.counts()[2:] == (1, 1, 1)


def test_rest_of_a_private_change_is_dropped_too(world: World) -> None:
    number = world.change()
    world.comment(number)
    info = world.reviews.change(number)
    assert info is not None
    info["is_private"] = True  # cibot's account is a reviewer, or an administrator
    world.poll()
    assert world.counts() == (0, 0, 0, 0, 0)


def post(world: World, event: Info) -> int:
    """The event, by the webhook."""
    body = json.dumps(event).encode()
    hook = Hook("t", world.ingest, knows=world.ingest.knows, ask=world.confirmer.ask)
    said: list[str] = []
    environ = {
        "PATH_INFO": "/review/t", "REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }  # fmt: skip
    application = gerrit_hook({"review": hook}, world.clock)
    list(application(environ, lambda status, _headers: said.append(status)))  # type: ignore[arg-type,return-value]
    return int(said[0][:3])


def asked(world: World) -> None:
    """Waits for what the confirmer asks."""
    world.confirmer.settle(30)


def test_a_change_is_stored_when_rest_has_shown_it(world: World) -> None:
    event = world.comment(world.change())
    assert post(world, event) == 200
    asked(world)
    assert world.counts()[2:] == (1, 1, 1)
    world.clock.forward(60)
    requests = world.gerrit.app.requests
    assert post(world, world.comment(1, FAILED)) == 200
    asked(world)
    assert world.gerrit.app.requests == requests  # it is known now
    assert world.counts()[2:] == (2, 2, 1)


def test_what_this_account_may_not_see_is_not_stored(world: World) -> None:
    number = world.change()
    event = world.comment(number)
    world.reviews.remove(number)
    assert post(world, event) == 200
    asked(world)
    assert world.counts() == (0, 0, 0, 0, 0)


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
    told = []
    for place in range(40):
        world.clock.forward(1)
        event = world.comment(number, PASSED.replace("3s", f"{place % 4}s"))
        told.append(event | {"eventCreatedOn": event["eventCreatedOn"] + place % 11})
    if first == "rest":
        world.poll()
    for event in told:
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
    assert reread(world.store, world.clock()).healed == 1
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
    (feed,) = [one for one in world.store.read(feed_states) if one.name == "webhook"]
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
    assert forget_events(world.store, other, leaked, world.clock()).comments == 0
    gone = forget_events(world.store, world.server, leaked, world.clock())
    assert (gone.comments, gone.cis) == (3, ())
    assert world.counts() == counts
    assert world.tallied() == 2


def stored_change(world: World) -> Any:
    return world.store.read(lambda tx: tx.execute(select(schema.change)).one())


def forged(world: World, number: int, kind: str) -> Info:
    """An event that a stranger made up."""
    true = world.comment(number)
    at = int(world.clock().timestamp())
    if kind == "change-merged":
        return true | {"type": kind, "change": true["change"] | {"status": "MERGED"},
                       "eventCreatedOn": at}  # fmt: skip
    upload = true["patchSet"] | {"number": 7, "createdOn": at}
    return true | {"type": kind, "patchSet": upload, "eventCreatedOn": at}


@pytest.mark.parametrize("kind", ["change-merged", "patchset-created"])
@pytest.mark.parametrize("way", ["confirmed", "polled"])
def test_a_forged_merge_or_upload_is_put_right(world: World, kind: str, way: str) -> None:
    number = world.change()
    event = forged(world, number, kind)
    world.poll()
    before, counts = stored_change(world), world.counts()
    world.clock.forward(30)
    at = int(world.clock().timestamp())
    event |= {"eventCreatedOn": at}
    if kind == "patchset-created":
        event["patchSet"]["createdOn"] = at
    world.tell(event)
    assert (stored_change(world).status, world.counts()) != ("NEW", counts)
    world.clock.forward(90)
    if way == "confirmed":
        world.confirmer.confirm()
    else:
        world.comment(number, "Hello")
        world.poll()
    after = stored_change(world)
    assert (after.status, after.closed_at, after.unconfirmed_since) == ("NEW", None, None)
    assert world.counts()[4] == counts[4]
    if way == "confirmed":
        assert after.updated_at == before.updated_at
    query = select(schema.patch_set.c.heard_at)
    heard = world.store.read(lambda tx: tx.execute(query).scalars().all())
    late = after.closed_heard_at if kind == "change-merged" else max(heard)
    assert late == world.clock()  # by that judging knows


def test_a_true_merge_that_rest_does_not_know_yet_stays(world: World) -> None:
    number = world.change()
    true = world.comment(number)
    world.poll()
    lagging = world.gerrit.change(f"demo~{number}")
    world.clock.forward(30)
    at = int(world.clock().timestamp())
    world.tell(true | {"type": "change-merged", "eventCreatedOn": at,
                       "change": true["change"] | {"status": "MERGED"}})  # fmt: skip
    world.clock.forward(3)
    lagging = Change(**{name: getattr(lagging, name) for name in Change.__slots__}
                     | {"asked_at": world.clock()})  # fmt: skip
    world.ingest.ingest([lagging], feed="poll", cursor=None, heard_at=world.clock())
    assert stored_change(world).status == "MERGED"
    assert stored_change(world).unconfirmed_since is not None  # it is asked for again


def test_a_renamed_project_is_the_same_one(world: World) -> None:
    number = world.change()
    world.tell(world.comment(number))
    world.poll()
    counts = world.counts()
    info = world.reviews.change(number)
    assert info is not None
    info["project"] = "better/name"
    info["id"] = f"better%2Fname~{number}"
    world.clock.forward(30)
    world.comment(number, FAILED)
    world.poll()
    assert stored_change(world).project == "better/name"
    assert world.counts()[:3] == (counts[0], counts[1] + 1, counts[2] + 1)


def test_an_imported_change_of_the_same_number_is_another_one(world: World) -> None:
    number = world.change()
    world.comment(number)
    world.poll()
    own = world.gerrit.change(f"demo~{number}")
    told = tuple(replace(one, message_id=f"x{one.message_id}") for one in own.messages)
    other = replace(own, project="old/demo", messages=told)
    world.ingest.ingest([other], feed="poll", cursor=None, heard_at=world.clock())
    assert world.counts()[0] == 2
