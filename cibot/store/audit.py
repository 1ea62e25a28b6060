"""Rows of the audit: every change that a person made or was refused, in its transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.rows import columns, fitting, values_of


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who did what, when and where, with which words, and what came of it.

    ``account`` is None where the network confirmed none for the nick.
    """

    at: datetime
    network: str
    account: str | None
    nick: str
    room: str
    what: str
    arguments: str
    outcome: str
    id: int = 0


REFUSED = "refused: "  # how the outcome of a refused try begins
_NEWEST = 1000


def add_audit(tx: Tx, row: AuditRow) -> None:
    """Stores a row; long texts are cut, and ``id`` is ignored."""
    values = fitting(schema.audit, values_of(row))
    del values["id"]
    tx.execute(insert(schema.audit).values(values))


def refusals_since(tx: Tx, network: str, account: str, since: datetime) -> int:
    """How many of the newest thousand rows are refusals of an account since then."""
    table = schema.audit.c
    newest = select(table.network, table.account, table.at, table.outcome)
    newest = newest.order_by(table.id.desc()).limit(_NEWEST)
    rows = tx.execute(newest)
    return sum(
        (row.network, row.account) == (network, account)
        and row.at >= since
        and row.outcome.startswith(REFUSED)
        for row in rows
    )


def last_audit(tx: Tx, limit: int = 50) -> list[AuditRow]:
    """The newest rows, newest first."""
    table = schema.audit.c
    query = select(*columns(AuditRow, schema.audit)).order_by(table.id.desc()).limit(limit)
    return [AuditRow(*row) for row in tx.execute(query)]
