"""What the rows promise on both databases: one winner, nothing lost, no old news over new."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from cibot.model import Account, Change, Channel, PatchSet
from cibot.store import feeds, outbox, schema
from cibot.store.accounts import add_accounts, find_accounts
from cibot.store.changes import change_id, change_server, put_changes
from cibot.store.engine import Store, StoreRefused, Tx
from cibot.store.outbox import About, MessageKind
from cibot.store.patch_sets import put_patch_sets

NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
K = About(MessageKind.ALERT, "k")
MINUTE = timedelta(minutes=1)


def change(number: int = 7, *, minutes: int = 0, **fields: object) -> Change:
    usual = {"project": "demo", "branch": "master", "subject": "Sübject 🚀", "status": "NEW"}
    return Change(number, created=NOON, updated=NOON + minutes * MINUTE, **(usual | fields))  # type: ignore[arg-type]


def stored_status(store: Store) -> str:
    query = select(schema.change.c.status)
    return str(store.read(lambda tx: tx.execute(query).scalar_one()))


def test_old_news_does_not_overwrite_newer(store: Store) -> None:
    for version in (change(minutes=0), change(minutes=5, status="MERGED"), change(minutes=3)):
        store.write(lambda tx, version=version: put_changes(tx, 1, [version]))  # type: ignore[misc]
    assert stored_status(store) == "MERGED"


def test_times_keep_their_microseconds_and_their_zone(store: Store) -> None:
    store.write(lambda tx: put_changes(tx, 1, [change()]))
    row = store.read(lambda tx: tx.execute(select(schema.change)).one())
    assert row.updated_at == NOON
    assert row.updated_at.tzinfo is UTC
    assert row.subject == "Sübject 🚀"


def test_the_first_time_of_a_patch_set_stays(store: Store) -> None:
    for minutes in (5, 1, 9):
        version = Change(
            **{  # type: ignore[arg-type]
                **{name: getattr(change(), name) for name in Change.__slots__},
                "patch_sets": (PatchSet(1, NOON + minutes * MINUTE),),
            }
        )
        store.write(
            lambda tx, version=version: put_patch_sets(
                tx, [(7, patch_set) for patch_set in version.patch_sets]
            )
        )  # type: ignore[misc]
    at = store.read(lambda tx: tx.execute(select(schema.patch_set.c.uploaded_at)).scalar_one())
    assert at == NOON + MINUTE


def test_names_that_differ_in_case_or_accent_are_different(store: Store) -> None:
    store.write(_server)
    names = ("CI", "ci", "cí")
    store.write(lambda tx: add_accounts(tx, 1, [(Account(username=name), None) for name in names]))
    accounts = store.read(lambda tx: find_accounts(tx, 1, [Account(username="ci")]))
    assert [account.account.username for account in accounts] == ["ci"]


def _server(tx: Tx) -> None:
    tx.execute(schema.server.insert(), [{"id": 1, "name": "review", "url": "https://r"}])


def test_a_change_id_holds_server_and_number() -> None:
    assert change_server(change_id(3, 912345)) == 3
    assert change_server(change_id(3, 912345, place=2)) == 3
    assert len({change_id(3, number) for number in (1, 912345, 2**31)}) == 3
    assert change_id(3, 912345) != change_id(4, 912345)


def test_one_sender_wins_a_message(store: Store) -> None:
    store.write(lambda tx: outbox.enqueue(tx, K, Channel("net", "#a"), "{}", NOON))
    store.write(lambda tx: outbox.enqueue(tx, K, Channel("net", "#a"), "{}", NOON))

    def claim(_: int) -> object:
        return store.write(lambda tx: outbox.claim(tx, "net", NOON, NOON + MINUTE))

    with ThreadPoolExecutor(4) as pool:
        claims = [won for won in pool.map(claim, range(8)) if won]
    assert len(claims) == 1


def test_rejected_events_are_counted_beside_the_cursor(store: Store) -> None:
    for number in (1, 2):
        store.write(lambda tx, number=number: feeds.feed_rejected(tx, 1, "webhook", number))
    store.write(lambda tx: feeds.feed_heard(tx, 1, "webhook", "here", NOON))
    store.write(lambda tx: feeds.feed_failed(tx, 1, "webhook", "away", NOON + MINUTE))
    store.write(lambda tx: feeds.feed_heard(tx, 1, "webhook", None, NOON + 2 * MINUTE))
    (state,) = store.read(feeds.feed_states)
    assert (state.rejected, state.error) == (3, None)
    assert (state.heard_at, state.failed_at) == (NOON + 2 * MINUTE, NOON + MINUTE)
    assert store.read(lambda tx: feeds.load_cursor(tx, 1, "webhook")) == "here"


def test_what_the_database_can_never_take_is_refused_once(store: Store) -> None:
    row = {"id": 1, "name": "review", "url": None}
    with pytest.raises(StoreRefused):
        store.write(lambda tx: tx.execute(schema.server.insert(), [row]))
