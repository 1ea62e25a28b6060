"""A token that may only read cannot fill the audit with its refusals."""

from __future__ import annotations

from datetime import timedelta

from cibot.actions.recording import MOST_REFUSALS, record_refusal
from cibot.actions.roles import API, Actor, Refused
from cibot.store.audit import last_audit
from cibot.store.engine import Store
from tests.support.history import NOW

READER = Actor(API, "grafana", "grafana")
OTHER = Actor(API, "dashboard", "dashboard")


def test_refusals_of_an_account_are_kept_up_to_a_number_an_hour(sqlite_store: Store) -> None:
    def refuse(actor: Actor, minutes: int) -> None:
        at = NOW + timedelta(minutes=minutes)
        record_refusal(sqlite_store, actor, "silence", "x" * 10_000, Refused("no"), at)

    def recorded(actor: Actor) -> int:
        rows = sqlite_store.read(lambda tx: last_audit(tx, limit=500))
        return sum(row.account == actor.account for row in rows)

    for _ in range(3 * MOST_REFUSALS):
        refuse(READER, 0)
    refuse(OTHER, 1)
    assert (recorded(READER), recorded(OTHER)) == (MOST_REFUSALS, 1)
    newest = sqlite_store.read(lambda tx: last_audit(tx, limit=2))[1]
    assert newest.outcome.endswith("(further refusals of this hour are in the log only)")
    refuse(READER, 61)
    assert recorded(READER) == MOST_REFUSALS + 1
