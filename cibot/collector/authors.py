"""Finds or stores the account behind each message, and the CI behind the account."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from cibot.collector.roster import Roster, free_name
from cibot.errors import Permanent
from cibot.model import Account
from cibot.store.accounts import (
    KnownAccount,
    accounts_of,
    add_accounts,
    assign_ci,
    find_accounts,
    identity,
    lock_cis,
    update_account,
)
from cibot.store.cis import Origin, all_cis, ensure_ci
from cibot.store.comments import comments_by
from cibot.store.engine import Tx
from cibot.store.leaving import account_ids_of, exclude_accounts, forget_ci
from cibot.store.reports import drop_reports, withdraw
from cibot.store.tally import counting

Authors = dict[Account, KnownAccount]


def row_id(rows: Authors, account: Account | None) -> int | None:
    """The row of an account, None where there is none."""
    row = rows.get(account) if account else None
    return row.id if row else None


def resolve(
    tx: Tx,
    server_id: int,
    roster: Roster,
    wanted: Collection[Account],
    now: datetime,
    joined: dict[int, int] | None = None,
) -> Authors:
    """Every account of ``wanted`` with its row; unknown ones are stored.

    ``joined`` gets the accounts that belong to a CI from now on, as that is known now
    by their id: what they wrote before is to be read.

    An account that events named by username is the same one when REST adds
    its id; one that was renamed stays itself by its id.
    """
    wanted = {account for account in wanted if identity(account) is not None}
    if not wanted:
        return {}
    stored = find_accounts(tx, server_id, wanted)
    missing = [account for account in wanted if _pick(account, stored) is None]
    if missing:
        rows = [(account, _configured(tx, roster, account, now)) for account in _richest(missing)]
        add_accounts(tx, server_id, rows)
        stored = find_accounts(tx, server_id, wanted)
    # Whoever finds out that one of these is a CI waits for our comments, or we see it.
    cis = lock_cis(tx, [row.id for row in stored if row.ci_id is None])
    resolved: Authors = {}
    for account in sorted(wanted, key=_by_fields):  # who gets a name first is not left to chance
        row = _pick(account, stored)
        if row is None:
            raise Permanent(f"an account cannot be distinguished from others: {identity(account)}")
        row = replace(row, ci_id=cis.get(row.id, row.ci_id))
        resolved[account] = taken = _take_over(tx, roster, row, account, now)
        if joined is not None and row.ci_id is None and taken.ci_id is not None:
            joined[taken.id] = taken.ci_id
    return resolved


def _configured(tx: Tx, roster: Roster, account: Account, now: datetime) -> int | None:
    """The CI that the configuration gives the account to."""
    membership = roster.membership(account)
    if membership is None or membership.origin != "configured":
        return None
    return ensure_ci(tx, membership.ci, "configured", now)


def _ci_of(tx: Tx, roster: Roster, row: KnownAccount, now: datetime) -> int | None:
    """The CI that the account belongs to by the configuration or a group, None for none.

    A group's member is a CI of its own, whatever it is called: names are no identity.
    """
    membership = roster.membership(row.account)
    if membership is None:
        return None
    if membership.origin == "configured":
        return ensure_ci(tx, membership.ci, "configured", now)
    if row.excluded:
        return None
    return row.ci_id or _own_ci(tx, roster, row, "group", now)


def _richest(accounts: Collection[Account]) -> list[Account]:
    """One account of each identity, the one with most fields; those with ids come first."""
    best: dict[str | None, Account] = {}
    for account in sorted(accounts, key=_by_fields, reverse=True):
        best.setdefault(identity(account), account)
    with_id = {account.username for account in best.values() if account.gerrit_id is not None}
    return [
        account
        for account in best.values()
        if account.gerrit_id is not None or account.username not in with_id
    ]


def _by_fields(account: Account) -> tuple[int, str]:
    fields = (account.gerrit_id, account.username, account.name, account.email)
    return sum(field is not None for field in fields), repr(account)


def _pick(account: Account, stored: Collection[KnownAccount]) -> KnownAccount | None:
    for row in stored:
        if account.gerrit_id is not None and row.account.gerrit_id == account.gerrit_id:
            return row
    for row in stored:
        if _may_be(account, row.account):
            return row
    # A name that somebody had before: of two of one identity only one can be stored.
    return next((row for row in stored if row.identity == identity(account)), None)


def _may_be(account: Account, row: Account) -> bool:
    if account.gerrit_id is not None and row.gerrit_id is not None:
        return False
    if account.username and row.username:
        return account.username == row.username
    if account.email and row.email:
        return account.email == row.email
    return False  # display names are no identity: anybody may choose any


def _take_over(
    tx: Tx, roster: Roster, row: KnownAccount, account: Account, now: datetime
) -> KnownAccount:
    merged = Account(
        account.gerrit_id if account.gerrit_id is not None else row.account.gerrit_id,
        account.username or row.account.username,
        account.name or row.account.name,
        account.email or row.account.email,
        account.service_user or row.account.service_user,
    )
    ci_id = row.ci_id
    if ci_id is None:
        ci_id = _ci_of(tx, roster, replace(row, account=merged), now)
        if ci_id is not None:
            assign_ci(tx, [row.id], ci_id)
    if merged != row.account:
        update_account(tx, row.id, merged)
    return replace(row, account=merged, ci_id=ci_id)


def discover(tx: Tx, roster: Roster, row: KnownAccount, now: datetime) -> int:
    """Makes an account that writes like a CI into one, under a name of its own.

    Where another process was quicker, its answer stands.
    """
    return _own_ci(tx, roster, row, "discovered", now)


def _own_ci(tx: Tx, roster: Roster, row: KnownAccount, origin: Origin, now: datetime) -> int:
    if locked := lock_cis(tx, [row.id], change=True):
        return locked[row.id]
    taken = {ci.name for ci in all_cis(tx)} | roster.taken
    ci_id = ensure_ci(tx, free_name(row.account, roster.server, taken), origin, now)
    assign_ci(tx, [row.id], ci_id)
    return ci_id


def reassigned(tx: Tx, server_id: int, roster: Roster, now: datetime) -> Mapping[int, int]:
    """Stored accounts whose CI the configuration or a group now says otherwise: row id → CI.

    A configured CI keeps no account that it does not list, such as one that merely bore
    its name. Writes the new CIs; the caller reads the accounts' comments again.
    """
    moved: dict[int, int] = {}
    excluded: dict[int, list[int]] = {}
    names = {ci.id: ci.name for ci in all_cis(tx)}
    for row in accounts_of(tx, server_id):
        if row.ci_id is not None and roster.excludes(row.account):
            excluded.setdefault(row.ci_id, []).append(row.id)
            continue
        ci_id = _ci_of(tx, roster, row, now)
        membership = roster.membership(row.account)
        listed = membership is not None and membership.origin == "configured"
        if not listed and row.ci_id is not None and names.get(row.ci_id) in roster.taken:
            assign_ci(tx, [row.id], None)
            ci_id = _own_ci(tx, roster, row, "discovered", now)
        if ci_id is not None and ci_id != row.ci_id:
            assign_ci(tx, [row.id], ci_id)
            moved[row.id] = ci_id
    for ci_id, account_ids in excluded.items():
        _exclude(tx, ci_id, account_ids, now)
    return moved


def _exclude(tx: Tx, ci_id: int, account_ids: Collection[int], now: datetime) -> None:
    """Takes accounts from a CI, which goes with its incidents where nothing is left of it."""
    exclude_accounts(tx, account_ids, None)  # for as long as the configuration says so
    if not account_ids_of(tx, ci_id):
        forget_ci(tx, ci_id)
        return
    for comments in comments_by(tx, [*account_ids]):
        keys = {(comment.change_id, comment.seq) for comment in comments}
        with counting(tx) as tally:
            withdraw(tx, drop_reports(tx, keys, tally), now)
