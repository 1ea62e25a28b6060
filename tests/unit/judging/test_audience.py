"""Who hears of a CI: once each, not too much at a time, and in private who watches it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from cibot.config.models import Config
from cibot.judging.audience import DIGEST, home, silence_before
from cibot.store import schema
from cibot.store.engine import Store
from cibot.store.silences import add_silence
from cibot.store.watches import StoredWatch, put_watch
from cibot.text.card import Card
from tests.support.nights import BODY, EVENING, HOUR, Nights


def flooded(store: Store, alerts: int, *, most: int = 2) -> Nights:
    """A room that takes so many alerts an hour, and was told of more CIs within a minute."""
    nights = Nights(store, Config.model_validate(BODY | {"flood": {"alerts_per_hour": most}}))
    for place in range(alerts):
        nights.tell(nights.ci(f"CI {place}"), "opened", f"CI {place}")
    return nights


def rows(store: Store, **fields: object) -> list[Any]:
    """The messages with these columns, in their order."""
    table = schema.outbox
    query = select(table).filter_by(**fields).order_by(table.c.id)
    return list(store.read(lambda tx: tx.execute(query).all()))


def test_what_is_more_than_a_room_takes_is_told_in_one_digest(store: Store) -> None:
    flooded(store, 5)
    said = rows(store, room="#ops", state="pending")
    assert [row.kind for row in said] == ["alert", "alert", "digest"]
    digest = Card.from_json(said[-1].card).text().splitlines()
    assert digest[0].startswith("3 more alerts; this channel takes 2 an hour")
    assert [name for line in digest[1:] for name in ("CI 2", "CI 3", "CI 4") if name in line] == [
        "CI 4", "CI 3", "CI 2",
    ]  # fmt: skip
    assert said[-1].not_before == EVENING + DIGEST
    assert len(rows(store, room="#ops", state="folded")) == 3


def test_what_comes_after_the_digest_went_out_is_in_the_next(store: Store) -> None:
    nights = flooded(store, 3)
    sent = update(schema.outbox).where(schema.outbox.c.kind == "digest").values(state="sent")
    store.write(lambda tx: tx.execute(sent))
    nights.tell(nights.ci("Late"), "opened", "Late")
    [digest] = rows(store, room="#ops", kind="digest", state="pending")
    assert digest.not_before == EVENING + 2 * DIGEST
    assert "Late" in Card.from_json(digest.card).text()


def test_a_room_that_heard_enough_an_hour_ago_hears_again(store: Store) -> None:
    nights = flooded(store, 2)
    nights.now += HOUR + timedelta(seconds=1)
    nights.tell(nights.ci("Later"), "opened", "Later")
    assert len(rows(store, room="#ops", kind="alert", state="pending")) == 3


def test_the_same_message_is_told_once(nights: Nights) -> None:
    number = nights.ci("Acme")
    for _ in range(2):
        nights.tell(number, "opened")
    assert len(nights.messages("#ops")) == len(nights.messages("#day")) == 1


def test_an_account_of_any_length_has_a_message_of_its_own(nights: Nights) -> None:
    number = nights.ci("Acme")
    for last in "abc":
        account = "x" * 180 + last
        watch = StoredWatch("net", account, 1, f"dm-{last}", EVENING)
        nights.store.write(lambda tx, watch=watch: put_watch(tx, watch))  # type: ignore[misc]
    nights.tell(number, "opened")
    private = [row for row in rows(nights.store) if row.account is not None]
    assert {row.room for row in private} == {"dm-a", "dm-b", "dm-c"}
    assert all(len(row.dedupe_key) <= 190 for row in private)


@pytest.mark.parametrize(
    ("network", "room", "private"),
    [
        ("net", "mika", 1),
        ("net", "#ops", 0),  # a route tells it there already
        ("gone", "mika", 0),  # nobody speaks there any more
    ],
)
def test_who_watches_is_told_in_private_where_somebody_speaks(
    nights: Nights, network: str, room: str, private: int
) -> None:
    number = nights.ci("Acme")
    watch = StoredWatch(network, "mika", 1, room, EVENING)
    nights.store.write(lambda tx: put_watch(tx, watch))
    nights.tell(number, "opened")
    messages = rows(nights.store, account="mika")
    assert len(messages) == private
    assert all(row.dedupe_key.startswith("watch:net:mika:incident:") for row in messages)


@pytest.mark.parametrize(
    ("ended", "name", "is_spoken_of"),
    [(1, "Acme", True), (24 * 8, "Acme", False), (1, "Other", False)],
)
def test_a_silence_that_ended_lately_is_spoken_of(
    nights: Nights, ended: int, name: str, is_spoken_of: bool
) -> None:
    nights.ci("Acme")
    end = nights.now - ended * HOUR
    nights.store.write(lambda tx: add_silence(tx, name, end - HOUR, end, "Mika", "new disks"))
    silence = nights.store.read(lambda tx: silence_before(tx, 1, "Acme", nights.now))
    assert (silence is not None) is is_spoken_of


def test_of_several_silences_the_last_is_spoken_of_and_only_once(nights: Nights) -> None:
    number = nights.ci("Acme")
    for reason, ended in (("first", 3), ("last", 1), ("second", 2)):
        end = nights.now - ended * HOUR
        nights.store.write(
            lambda tx, end=end, reason=reason: add_silence(  # type: ignore[misc]
                tx, "Acme", end - HOUR, end, "Mika", reason
            )
        )

    def before() -> str | None:
        silence = nights.store.read(lambda tx: silence_before(tx, 1, "Acme", nights.now))
        return silence.reason if silence else None

    assert before() == "last"
    nights.tell(number, "opened")
    assert before() is None


def test_the_page_over_all_cis_is_where_the_configuration_says() -> None:
    assert home(Config()) is None
    web = {"public_url": "https://cibot.example.org/ci/"}
    assert home(Config.model_validate({"web": web})) == "https://cibot.example.org/ci"
