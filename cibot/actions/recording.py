"""Writes into the audit who changed what, in the transaction that changes it."""

from __future__ import annotations

from datetime import datetime

from cibot.actions.roles import Actor
from cibot.store.audit import AuditRow, add_audit
from cibot.store.engine import Tx


def record(tx: Tx, actor: Actor, what: str, arguments: str, outcome: str, now: datetime) -> None:
    """One row: ``what`` is the command's name, ``outcome`` a sentence."""
    row = AuditRow(
        now, actor.network, actor.account, actor.nick, actor.where, what, arguments, outcome
    )
    add_audit(tx, row)
