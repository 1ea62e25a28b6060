"""Rows of accounts: who wrote a comment, and which CI that is."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, or_, select, update

from cibot.model import Account
from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.rows import upsert


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account as stored; ``identity`` is the key it was first stored under."""

    id: int
    account: Account
    ci_id: int | None
    identity: str | None = None
    excluded: bool = False  # somebody said that it is no CI


def identity(account: Account) -> str | None:
    """The best key that identifies an account; None for an empty one."""
    if account.gerrit_id is not None:
        return f"id:{account.gerrit_id}"
    for kind, value in (
        ("user", account.username),
        ("mail", account.email),
        ("name", account.name),
    ):
        if value and value.strip():  # MariaDB takes "x" and "x " for one key
            return f"{kind}:{value}"[:300].rstrip()
    return None


def has_identity(account: Account) -> bool:
    """Whether an id, username or e-mail is known: a name alone may be anybody's."""
    return account.gerrit_id is not None or bool(account.username or account.email)


def _account(row: Any) -> KnownAccount:
    account = Account(row.gerrit_id, row.username, row.name, row.email, bool(row.service_user))
    return KnownAccount(
        row.id, account, row.ci_id, row.identity, excluded=row.excluded_at is not None
    )


def find_accounts(tx: Tx, server_id: int, wanted: Collection[Account]) -> list[KnownAccount]:
    """Stored accounts that one of ``wanted`` may be: by identity, Gerrit id or username."""
    table = schema.account.c
    names = [name for name in (identity(account) for account in wanted) if name]
    terms = [table.identity.in_(names)]
    ids = [account.gerrit_id for account in wanted if account.gerrit_id is not None]
    if ids:
        terms.append(table.gerrit_id.in_(ids))
    for column, values in (
        (table.username, [account.username for account in wanted if account.username]),
        (table.email, [account.email for account in wanted if account.email]),
    ):
        if values:
            terms.append(column.in_(values))
    query = select(schema.account).where(and_(table.server_id == server_id, or_(*terms)))
    return [_account(row) for row in tx.execute(query.order_by(table.id))]


def accounts_of(tx: Tx, server_id: int | None = None) -> list[KnownAccount]:
    """Every stored account, of one server or of all."""
    query = select(schema.account).order_by(schema.account.c.id)
    if server_id is not None:
        query = query.where(schema.account.c.server_id == server_id)
    return [_account(row) for row in tx.execute(query)]


def lock_cis(tx: Tx, account_ids: Collection[int], *, change: bool = False) -> dict[int, int]:
    """The CI of each account that has one; locked, so that the answer holds until the commit.

    Several transactions may hold the lock at once; with ``change`` only this one, which may then
    assign another CI.
    """
    table = schema.account.c
    query = select(table.id, table.ci_id).where(table.id.in_(sorted(account_ids)))
    rows = tx.execute(query.order_by(table.id).with_for_update(read=not change))
    return {row.id: row.ci_id for row in rows if row.ci_id is not None}


def add_accounts(tx: Tx, server_id: int, accounts: Iterable[tuple[Account, int | None]]) -> None:
    """Stores accounts with the CI that each belongs to; known identities stay as they are."""
    rows = [
        {
            "server_id": server_id,
            "identity": identity(account),
            "gerrit_id": account.gerrit_id,
            "username": _cut(account.username),
            "name": _cut(account.name),
            "email": _cut(account.email),
            "service_user": account.service_user,
            "ci_id": ci_id,
        }
        for account, ci_id in accounts
    ]
    upsert(tx, schema.account, sorted(rows, key=lambda row: str(row["identity"])))


def update_account(tx: Tx, row_id: int, account: Account) -> None:
    """Updates an account with its id or a new name from a later message."""
    fields = {
        "gerrit_id": account.gerrit_id,
        "username": _cut(account.username),
        "name": _cut(account.name),
        "email": _cut(account.email),
        "service_user": account.service_user or None,
    }
    values = {name: value for name, value in fields.items() if value is not None}
    if values:
        tx.execute(update(schema.account).where(schema.account.c.id == row_id).values(**values))


def assign_ci(tx: Tx, account_ids: Collection[int], ci_id: int | None) -> None:
    """Says which CI some accounts belong to."""
    if account_ids:
        tx.execute(
            update(schema.account).where(schema.account.c.id.in_(account_ids)).values(ci_id=ci_id)
        )


def _cut(text: str | None) -> str | None:
    return text[:255] if text else None


def gerrit_ids(tx: Tx) -> dict[int, int | None]:
    """The Gerrit id of each CI's first account, by the CI's row; None where no feed gave it."""
    table = schema.account.c
    query = select(table.ci_id, table.gerrit_id).where(table.ci_id.is_not(None))
    numbers: dict[int, int | None] = {}
    for ci_id, gerrit_id in tx.execute(query.order_by(table.id)):
        if numbers.get(ci_id) is None:
            numbers[ci_id] = gerrit_id
    return numbers


def accounts_of_cis(tx: Tx) -> dict[int, int]:
    """The CI of each account that has one, both by their row."""
    table = schema.account.c
    query = select(table.id, table.ci_id).where(table.ci_id.is_not(None))
    return {row.id: row.ci_id for row in tx.execute(query)}
