"""CIs that leave: retired ones, which keep their history, and accounts that never were one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select, update

from cibot.store import schema
from cibot.store.columns import metadata
from cibot.store.engine import Tx
from cibot.store.reports import drop_reports
from cibot.store.tally import counting

_PAGE = 2000
_OWN = {"account", "report", "tally", "withdrawal"}  # with a CI's id, and not simply deleted


def retirements(tx: Tx) -> dict[int, datetime]:
    """When each CI was retired that was by a command."""
    table = schema.ci.c
    query = select(table.id, table.retired_at).where(table.retired_at.is_not(None))
    return {row.id: row.retired_at for row in tx.execute(query)}


def set_retired(tx: Tx, ci_id: int, at: datetime | None) -> None:
    """Retires a CI from then on, or (None) has it judged again."""
    tx.execute(update(schema.ci).where(schema.ci.c.id == ci_id).values(retired_at=at))


def drop_health(tx: Tx, ci_id: int) -> None:
    """Deletes a CI's health: it is not judged any more."""
    tx.execute(delete(schema.health).where(schema.health.c.ci_id == ci_id))


def exclude_accounts(tx: Tx, account_ids: Collection[int], at: datetime | None) -> None:
    """Takes accounts from their CI; for good where a person said so at ``at``."""
    table = schema.account
    tx.execute(
        update(table).where(table.c.id.in_(sorted(account_ids))).values(ci_id=None, excluded_at=at)
    )


def account_ids_of(tx: Tx, ci_id: int) -> list[int]:
    """A CI's accounts."""
    query = select(schema.account.c.id).where(schema.account.c.ci_id == ci_id)
    return list(tx.execute(query.order_by(schema.account.c.id)).scalars())


def forget_ci(tx: Tx, ci_id: int) -> None:
    """Deletes a CI with its reports, incidents and all else that is kept of it.

    Comments stay: they are people's now. Its accounts must have been taken from it.
    """
    report = schema.report.c
    page = select(report.change_id, report.seq).where(report.ci_id == ci_id).limit(_PAGE)
    with counting(tx) as tally:
        while keys := {(row.change_id, row.seq) for row in tx.execute(page)}:
            drop_reports(tx, keys, tally)
    incident = schema.incident.c
    own = select(incident.id).where(incident.ci_id == ci_id)
    ids = list(tx.execute(own).scalars())
    tx.execute(delete(schema.transition).where(schema.transition.c.incident_id.in_(ids)))
    for table in metadata.sorted_tables:
        if "ci_id" in table.c and table.name not in _OWN:
            tx.execute(delete(table).where(table.c.ci_id == ci_id))
    tx.execute(delete(schema.tally).where(schema.tally.c.ci_id == ci_id))
    tx.execute(delete(schema.ci).where(schema.ci.c.id == ci_id))
