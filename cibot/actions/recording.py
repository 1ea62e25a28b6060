"""Writes into the audit who changed what, in the transaction that changes it."""

from __future__ import annotations

import logging
from datetime import datetime

from cibot.actions.roles import Actor, Refused
from cibot.errors import CibotError
from cibot.store.audit import AuditRow, add_audit
from cibot.store.engine import Store, Tx

log = logging.getLogger(__name__)


def record(tx: Tx, actor: Actor, what: str, arguments: str, outcome: str, now: datetime) -> None:
    """One row: ``what`` is the command's name, ``outcome`` a sentence."""
    row = AuditRow(
        now, actor.network, actor.account, actor.nick, actor.where, what, arguments, outcome
    )
    add_audit(tx, row)


def record_refusal(
    store: Store, actor: Actor, what: str, arguments: str, error: Refused, now: datetime
) -> None:
    """Keeps the try of somebody known, in a transaction of its own; a bare nick is anybody's."""
    log.warning("refused command=%s network=%s account=%r", what, actor.network, actor.account)
    if not actor.account:
        return
    try:
        store.write(lambda tx: record(tx, actor, what, arguments, f"refused: {error}", now))
    except CibotError as failure:
        log.warning("refusal not kept command=%s cause=%s", what, failure)
