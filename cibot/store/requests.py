"""Rows of requests that a chat network may repeat, at another host of ours too."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select

from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.rows import upsert


def claim_request(tx: Tx, keys: Sequence[str], claim: str, now: datetime) -> bool:
    """Whether this is the first time that a request with one of these keys is seen.

    ``claim`` names the one who asks: true again for the same, as where the answer was lost.
    """
    table = schema.request
    digests = sorted(hashlib.sha256(key.encode()).hexdigest() for key in set(keys))
    upsert(tx, table, [{"digest": digest, "claim": claim, "at": now} for digest in digests])
    query = select(table.c.claim).where(table.c.digest.in_(digests))
    return all(stored == claim for stored in tx.execute(query).scalars())


def forget_requests(tx: Tx, before: datetime) -> int:
    """Forgets requests that are too old to be repeated; returns how many."""
    return tx.execute(delete(schema.request).where(schema.request.c.at < before)).rowcount
