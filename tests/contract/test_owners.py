"""Whose a change is and what a patch set stands on, as ingest stores it, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cibot.model import Account, Change, PatchSet
from cibot.store import schema
from cibot.store.engine import Store
from tests.contract.test_ingest_cis import configured
from tests.support.ingesting import NOON, PERSON, Server, change, posted

COMMIT, PARENT = "c" * 40, "b" * 40
IN_EVENTS = replace(PERSON, gerrit_id=None)


@pytest.fixture
def server(store: Store) -> Server:
    return Server(store, configured())


def owned(
    owner: Account | None = PERSON,
    revision: str | None = COMMIT,
    parent: str | None = PARENT,
    *,
    ago: timedelta = timedelta(minutes=30),
    complete: bool = True,
    number: int = 5,
) -> Change:
    patch_set = PatchSet(1, NOON - ago, revision=revision, parent=parent)
    made = change(posted(message_id=f"m{number}"), complete=complete, number=number)
    return replace(made, owner=owner, patch_sets=(patch_set,))


def stored(server: Server) -> list[tuple[str | None, str | None]]:
    return [(row.revision, row.parent) for row in server.rows(schema.patch_set)]


def owners(server: Server) -> list[str | None]:
    accounts = {row.id: row.username for row in server.rows(schema.account)}
    return [accounts.get(row.owner_id) for row in server.rows(schema.change)]


def test_rest_tells_whose_a_change_is_and_what_it_stands_on(server: Server) -> None:
    server.take(owned())
    assert owners(server) == ["mika"]
    assert stored(server) == [(COMMIT, PARENT)]


def test_an_event_tells_the_same_and_names_the_same_account(server: Server) -> None:
    server.take(owned(IN_EVENTS, complete=False), feed="webhook")
    server.take(owned(), owned(number=6))
    assert owners(server) == ["mika", "mika"]
    (first, second) = [row.owner_id for row in server.rows(schema.change)]
    assert first == second
    assert stored(server) == [(COMMIT, PARENT)] * 2


def test_what_is_known_stays_when_a_later_source_leaves_it_out(server: Server) -> None:
    server.take(owned(), owned(number=6))
    server.take(owned(None, None, None))
    server.take(owned(Account(None, "other"), "d" * 40, number=6, complete=False))
    assert owners(server) == ["mika", "mika"]
    assert stored(server) == [(COMMIT, PARENT)] * 2


def test_rest_puts_right_what_an_event_made_up(server: Server) -> None:
    made_up = owned(Account(None, "mallory"), "d" * 40, "e" * 40, complete=False)
    server.take(made_up, feed="webhook")
    server.take(owned())
    server.take(made_up, feed="webhook")
    assert owners(server) == ["mika"]
    assert stored(server) == [(COMMIT, PARENT)]


def test_in_one_batch_the_one_that_knows_is_heard(server: Server) -> None:
    server.take(owned(complete=False), owned(None, None, None, complete=False))
    assert stored(server) == [(COMMIT, PARENT)]


@pytest.mark.parametrize(("hours", "is_known"), [(1, True), (25, False)])
def test_a_commit_that_becomes_known_late_is_news_for_a_day(
    server: Server, hours: int, is_known: bool
) -> None:
    """Judging rests on what was known: what is taken in later is judged again, so not for ever."""
    ago = timedelta(hours=hours)
    server.take(owned(None, None, None, ago=ago))
    later = NOON + timedelta(minutes=5)
    server.ingest.ingest([owned(ago=ago)], feed="poll", cursor=None, heard_at=later)
    (row,) = server.rows(schema.patch_set)
    assert (row.revision, row.parent) == ((COMMIT, PARENT) if is_known else (None, None))
    assert row.heard_at == (later if is_known else NOON)


def test_a_root_commit_has_no_parent(server: Server) -> None:
    server.take(owned(parent=None))
    server.take(owned(parent=PARENT, complete=False))
    assert stored(server) == [(COMMIT, None)]
