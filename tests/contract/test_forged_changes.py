"""Merges, uploads and moves that only events told: put right where Gerrit knows otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from cibot.demo.reviews import Info
from cibot.model import Change
from cibot.store import schema
from tests.support.confirming import FAILED, World


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
    messages = tuple(
        replace(message, message_id=f"x{message.message_id}") for message in own.messages
    )
    other = replace(own, project="old/demo", messages=messages)
    world.ingest.ingest([other], feed="poll", cursor=None, heard_at=world.clock())
    assert world.counts()[0] == 2
