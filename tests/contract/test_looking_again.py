"""Changes that polls alone know, and that Gerrit shows no more."""

from __future__ import annotations

import logging

import pytest

from cibot.collector.complaints import ServerFault
from tests.support.confirming import MIKA, World


def seen(world: World, count: int = 1) -> list[int]:
    """So many open changes with a comment, polled."""
    numbers = [world.change() for _ in range(count)]
    for number in numbers:
        world.comment(number)
    world.poll()
    return numbers


def test_a_change_that_is_not_shown_any_more_is_hidden(world: World) -> None:
    gone, stays = seen(world, 2)
    world.reviews.remove(gone)
    world.poll()
    assert world.counts()[0] == 2  # polls do not tell
    world.confirmer.look_again()
    assert world.counts()[0] == 1
    assert world.ingest.open_changes(None, 9)[0] == [("demo", stays)]


def test_what_was_merged_is_not_looked_at(world: World) -> None:
    (number,) = seen(world)
    world.reviews.set_status(number, "MERGED", MIKA, world.clock())
    world.poll()
    requests = world.gerrit.app.requests
    world.confirmer.look_again()
    assert world.gerrit.app.requests == requests


def test_each_change_has_its_turn(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cibot.collector.confirming._LOOKED_AT", 2)
    numbers = seen(world, 5)
    world.reviews.remove(numbers[0])
    for left in (5, 5, 4):
        world.confirmer.look_again()
        assert world.counts()[0] == left


def test_where_most_are_gone_nothing_is_hidden(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Rather may this account not read any more, for a while."""
    numbers = seen(world, 12)
    for number in numbers[:7]:
        world.reviews.remove(number)
    with caplog.at_level(logging.WARNING):
        world.confirmer.look_again()
    assert world.counts()[0] == 12
    assert "shows 7 of 12 open changes no more" in caplog.text


def test_a_gerrit_that_fails_hides_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (number,) = seen(world)
    world.reviews.remove(number)

    def fails(*_args: object, **_more: object) -> None:
        raise ServerFault("502")

    monkeypatch.setattr(world.gerrit, "changes", fails)
    world.confirmer.look_again()
    assert world.counts()[0] == 1


def test_a_change_whose_project_was_renamed_is_moved_with_all_it_has(world: World) -> None:
    number, _other = seen(world, 2)
    info = world.reviews.change(number)
    assert info is not None
    info["project"], info["id"] = "better/name", f"better%2Fname~{number}"
    counts = world.counts()
    world.confirmer.look_again()
    assert world.counts() == counts
    assert ("better/name", number) in world.ingest.open_changes(None, 9)[0]


def test_the_last_few_are_not_hidden_either_where_all_are_gone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cibot.collector.confirming._LOOKED_AT", 10)
    for number in seen(world, 13):
        world.reviews.remove(number)
    for _ in range(3):
        world.confirmer.look_again()
    assert world.counts()[0] == 13


def test_merged_changes_show_that_the_account_may_still_read(world: World) -> None:
    *merged, gone = seen(world, 10)
    for number in merged:
        world.reviews.set_status(number, "MERGED", MIKA, world.clock())
    world.poll()
    world.reviews.remove(gone)
    world.confirmer.look_again()
    assert world.counts()[0] == 9
