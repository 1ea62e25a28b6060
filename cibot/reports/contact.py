"""Whose a CI is, and how to retrigger it: what the configuration says."""

from __future__ import annotations

from dataclasses import dataclass

from cibot.reports.ci import find_ci
from cibot.reports.context import Context
from cibot.store.cis import account_names
from cibot.store.engine import Tx


@dataclass(frozen=True, slots=True)
class Contact:
    """The people behind a CI; None where they are not configured.

    ``accounts`` are the Gerrit accounts that it writes with.
    """

    name: str
    configured: bool
    owner: str | None
    contact: str | None
    wiki: str | None
    recheck: str | None
    accounts: tuple[str, ...]
    page: str | None


def contact(tx: Tx, ctx: Context, name: str) -> Contact:
    """Whose the CI is that ``name`` means; UserError when none is."""
    row = find_ci(tx, name)
    entry = ctx.entry(row.name)
    return Contact(
        name=row.name,
        configured=bool(entry.accounts),
        owner=entry.owner,
        contact=entry.contact,
        wiki=str(entry.wiki) if entry.wiki else None,
        recheck=entry.recheck,
        accounts=tuple(account_names(tx, row.id)),
        page=ctx.page("ci", row.name),
    )
