"""Writes into the audit who changed what, in the transaction that changes it."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from cibot.actions.roles import Actor, Refused
from cibot.errors import CibotError
from cibot.store.audit import REFUSED, AuditRow, add_audit, refusals_since
from cibot.store.engine import Store, Tx

log = logging.getLogger(__name__)
MOST_REFUSALS = 20  # of one account in an hour
_AN_HOUR = timedelta(hours=1)


def record(tx: Tx, actor: Actor, what: str, arguments: str, outcome: str, now: datetime) -> None:
    """One row: ``what`` is the command's name, ``outcome`` a sentence."""
    row = AuditRow(
        now, actor.network, actor.account, actor.nick, actor.where, what, arguments, outcome
    )
    add_audit(tx, row)


def record_refusal(
    store: Store, actor: Actor, what: str, arguments: str, error: Refused, now: datetime
) -> None:
    """Keeps the try of somebody known, in a transaction of its own; a bare nick is anybody's.

    Only so many of one account in an hour: a token that may only read must not fill the disk.
    """
    log.warning("refused command=%s network=%s account=%r", what, actor.network, actor.account)
    account = actor.account
    if not account:
        return

    def keep(tx: Tx) -> None:
        refusals = refusals_since(tx, actor.network, account, now - _AN_HOUR)
        if refusals < MOST_REFUSALS:
            last = refusals == MOST_REFUSALS - 1
            more = " (further refusals of this hour are in the log only)" if last else ""
            record(tx, actor, what, arguments, f"{REFUSED}{error}{more}", now)

    try:
        store.write(keep)
    except CibotError as failure:
        log.warning("refusal not kept command=%s cause=%s", what, failure)
