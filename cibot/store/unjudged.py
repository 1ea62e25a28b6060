"""CIs whose reports were stored by a process that does not judge, for the leader to judge."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, select

from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.rows import upsert


def put_unjudged(tx: Tx, ci_ids: Collection[int]) -> None:
    """Says that CIs have reports that the leader does not know of."""
    upsert(tx, schema.unjudged, [{"ci_id": ci_id} for ci_id in sorted(ci_ids)])


def unjudged(tx: Tx) -> set[int]:
    """The CIs with reports that the leader does not know of."""
    return set(tx.execute(select(schema.unjudged.c.ci_id)).scalars())


def forget_unjudged(tx: Tx, ci_ids: Collection[int]) -> None:
    """Takes CIs off the list.

    Waits for a transaction that is about to name one of them: what is judged
    after this one is judged with its reports.
    """
    table = schema.unjudged
    tx.execute(delete(table).where(table.c.ci_id.in_(sorted(ci_ids))))
