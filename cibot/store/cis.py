"""Rows of CIs. What the configuration says of one stays in the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import func, select, tuple_, update

from cibot.store import schema
from cibot.store.engine import Tx, in_this_order
from cibot.store.rows import columns, newest_first, select_reports, upsert

Origin = Literal["configured", "group", "discovered"]


@dataclass(frozen=True, slots=True)
class KnownCi:
    """A CI as stored; its name only changes when a person changes it.

    ``retired_at`` is when a command retired it.
    """

    id: int
    name: str
    origin: str
    created_at: datetime
    retired_at: datetime | None = None


def all_cis(tx: Tx) -> list[KnownCi]:
    """Every CI, by name."""
    query = select(*columns(KnownCi, schema.ci)).order_by(schema.ci.c.name)
    return [KnownCi(*row) for row in tx.execute(query)]


def ensure_ci(tx: Tx, name: str, origin: Origin, now: datetime) -> int:
    """The id of the CI of that name, which is stored if it was not."""
    table = schema.ci
    query = select(table.c.id).where(table.c.name == name)
    ci_id = tx.execute(query).scalar()
    if ci_id is None:
        # Another process may add it at this moment.
        upsert(tx, table, [{"name": name, "origin": origin, "created_at": now}])
        ci_id = tx.execute(query).scalar_one()
    elif origin == "configured":
        tx.execute(update(table).where(table.c.id == ci_id).values(origin=origin))
    return int(ci_id)


def ensure_server(tx: Tx, name: str, url: str) -> int:
    """The id of a Gerrit server, whose URL may have moved."""
    table = schema.server
    query = select(table.c.id, table.c.url).where(table.c.name == name)
    row = tx.execute(query).one_or_none()
    if row is None:
        upsert(tx, table, [{"name": name, "url": url}])  # another process may add it, too
        return int(tx.execute(query).one().id)
    if row.url != url:
        tx.execute(update(table).where(table.c.id == row.id).values(url=url))
    return int(row.id)


def server_urls(tx: Tx) -> dict[int, tuple[str, str]]:
    """Each server's name and URL by its id."""
    return {row.id: (row.name, row.url) for row in tx.execute(select(schema.server))}


class CiName(NamedTuple):
    """The id and the name of a CI."""

    id: int
    name: str


class HeardReport(NamedTuple):
    """A report of a CI with its change, and the ``url`` of its Gerrit; newest first in a list."""

    ci_id: int
    change_id: int
    seq: int
    number: int
    project: str
    subject: str
    patch_set: int | None
    pipeline: str | None
    outcome: str | None
    result: str | None
    posted_at: datetime
    uploaded_at: datetime | None
    url: str | None


def ci_names(tx: Tx) -> list[CiName]:
    """The id and name of every CI."""
    query = select(schema.ci.c.id, schema.ci.c.name)
    return [CiName._make(row) for row in tx.execute(query)]


def last_heard(tx: Tx) -> dict[int, datetime]:
    """When each CI last wrote, by its id: one look into the index for each.

    For a maximum MariaDB would read all of the index.
    """
    report = schema.report.c
    last = (
        select(report.posted_at)
        .where(report.ci_id == schema.ci.c.id)
        .order_by(report.posted_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    return {row[0]: row[1] for row in tx.execute(select(schema.ci.c.id, last)) if row[1]}


_HEARD = in_this_order(select_reports(HeardReport))
ReportKey = tuple[datetime, int, int]
"""Where a report stands in its CI's list: (posted_at, change_id, seq)."""


def latest_reports(
    tx: Tx,
    ci_id: int,
    *,
    since: datetime | None = None,
    before: ReportKey | None = None,
    judging: bool = False,
    limit: int = 1,
    branch: str | None = None,
) -> list[HeardReport]:
    """The newest reports of a CI since then, newest first; on one branch, or any.

    ``before`` begins after that report. ``judging`` leaves out those that judge nothing: started,
    notices, not understood.
    """
    table = schema.report.c
    query = _HEARD.where(table.ci_id == ci_id)
    if since is not None:
        query = query.where(table.posted_at >= since)
    if before is not None:
        key = tuple_(table.posted_at, table.change_id, table.seq)
        # The first condition alone can be read off the index; the second makes it exact.
        query = query.where(table.posted_at <= before[0], key < before)
    if judging:
        query = query.where(table.result.is_not(None), table.patch_set.is_not(None))
    if branch is not None:
        query = query.where(schema.change.c.branch == branch)
    query = query.order_by(*newest_first(table)).limit(limit)
    return [HeardReport(*row) for row in tx.execute(query)]


def account_names(tx: Tx, ci_id: int, limit: int = 10) -> list[str]:
    """What the accounts of a CI are called, by username where they have one."""
    table = schema.account.c
    query = (
        select(func.coalesce(table.username, table.name, table.email, table.identity))
        .where(table.ci_id == ci_id)
        .order_by(table.id)
    )
    return list(tx.execute(query.limit(limit)).scalars())
