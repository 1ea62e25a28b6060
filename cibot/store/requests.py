"""Rows of requests that a chat network may repeat, at another host of ours too."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select

from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.rows import upsert


def claim_request(tx: Tx, keys: Sequence[str], now: datetime) -> bool:
    """Whether this is the first time that a request with one of these keys is seen."""
    table = schema.request
    digests = sorted(hashlib.sha256(key.encode()).hexdigest() for key in set(keys))
    mine = uuid.uuid4().hex
    upsert(tx, table, [{"digest": digest, "claim": mine, "at": now} for digest in digests])
    query = select(table.c.claim).where(table.c.digest.in_(digests))
    return all(claim == mine for claim in tx.execute(query).scalars())


def forget_requests(tx: Tx, before: datetime) -> int:
    """Forgets requests that are too old to be repeated; returns how many."""
    return tx.execute(delete(schema.request).where(schema.request.c.at < before)).rowcount
