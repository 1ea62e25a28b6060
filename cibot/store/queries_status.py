"""What `status` asks: it is asked most, so nearly everything comes in one statement."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Select, and_, bindparam, func, or_, select

from cibot.store import schema
from cibot.store.engine import Tx, in_this_order
from cibot.store.incidents import StoredHealth
from cibot.store.queries_ci import HeardReport

_CI: BindParameter[int] = bindparam("ci")
_NOW: BindParameter[datetime] = bindparam("now")
_HEALTH = [schema.health.c[name] for name in StoredHealth.__slots__]


@dataclass(frozen=True, slots=True)
class Glance:
    """One CI: its health, its last report with the server's name and URL, and the health of others.

    The numbers tell what else is worth asking: its open incidents, the silences of any
    CI that hold now, and the servers that no live feed has heard.
    """

    health: StoredHealth | None
    last: HeardReport | None
    server: tuple[str, str] | None
    incidents: int
    silences: int
    stale: int
    others: dict[int, StoredHealth]


class ResultRow(NamedTuple):
    """What a report counts as; enough to count, without its change."""

    change_id: int
    seq: int
    patch_set: int | None
    pipeline: str | None
    result: str


def _numbers() -> list[Any]:
    """Open incidents of the CI, silences that hold, servers that were not heard."""
    incident, silence, feed = schema.incident.c, schema.silence.c, schema.feed.c
    other = schema.server.alias("other")
    heard = select(feed.name).where(
        feed.server_id == other.c.id,
        feed.name.not_like("backfill%"),
        feed.heard_at >= bindparam("fresh"),
    )
    queries = (
        select(func.count()).where(incident.ci_id == _CI, incident.open_slot == 1),
        select(func.count()).where(
            silence.until > _NOW, silence.since <= _NOW, silence.ended_at.is_(None)
        ),
        select(func.count()).select_from(other).where(~heard.exists()),
    )
    return [one.scalar_subquery() for one in queries]


def _glance_query() -> Select[Any]:
    """Of the CI each report of its last moment, the last first; of others their health only."""
    ci, health, report, change = schema.ci, schema.health, schema.report, schema.change
    patch_set, server = schema.patch_set, schema.server
    newest = schema.report.alias("newest").c
    last = select(func.max(newest.posted_at)).where(newest.ci_id == _CI).scalar_subquery()
    told = [
        report.c.ci_id, report.c.change_id, report.c.seq, change.c.number, change.c.project,
        change.c.subject, report.c.patch_set, report.c.pipeline, report.c.outcome, report.c.result,
        report.c.posted_at, patch_set.c.uploaded_at,
    ]  # fmt: skip
    uploaded = and_(
        patch_set.c.change_id == report.c.change_id, patch_set.c.number == report.c.patch_set
    )
    return in_this_order(
        select(ci.c.id, *_numbers(), server.c.name, server.c.url, *_HEALTH, *told)
        .select_from(ci)
        .outerjoin(health, health.c.ci_id == ci.c.id)
        .outerjoin(
            report, and_(ci.c.id == _CI, report.c.ci_id == ci.c.id, report.c.posted_at == last)
        )
        .outerjoin(change, change.c.id == report.c.change_id)
        .outerjoin(patch_set, uploaded)
        .outerjoin(server, server.c.id == change.c.server_id)
        .where(or_(ci.c.id == _CI, ci.c.id.in_(bindparam("others", expanding=True))))
        .order_by(report.c.change_id.desc(), report.c.seq.desc())
    )


_GLANCE = _glance_query()


def _health(row: Any) -> StoredHealth | None:
    values = row[6 : 6 + len(_HEALTH)]
    return None if values[0] is None else StoredHealth(*values)


def glance(tx: Tx, ci_id: int, others: Collection[int], now: datetime, fresh: datetime) -> Glance:
    """How a CI is; ``others`` are CIs of which only the health is wanted.

    A server counts as heard when a live feed was heard at ``fresh`` or later.
    """
    given = {"ci": ci_id, "others": sorted(others), "now": now, "fresh": fresh}
    rows = tx.execute(_GLANCE, given).all()
    own = next(row for row in rows if row[0] == ci_id)
    heard = HeardReport._make(own[-len(HeardReport._fields) :])
    health = {row[0]: _health(row) for row in rows}
    return Glance(
        health=health.pop(ci_id),
        last=heard if own.change_id is not None else None,
        server=(own[4], own[5]) if own[4] is not None else None,
        incidents=own[1],
        silences=own[2],
        stale=own[3],
        others={ci: one for ci, one in health.items() if one is not None},
    )


def results_since(tx: Tx, ci_id: int, since: datetime | None, limit: int) -> list[ResultRow]:
    """The newest reports of a CI that judge a patch set, newest first; since then, or ever."""
    table = schema.report.c
    query = (
        select(*(table[name] for name in ResultRow._fields))
        .where(table.ci_id == ci_id, table.result.is_not(None), table.patch_set.is_not(None))
        .order_by(table.posted_at.desc(), table.change_id.desc(), table.seq.desc())
        .limit(limit)
    )
    if since is not None:
        query = query.where(table.posted_at >= since)
    return [ResultRow._make(row) for row in tx.execute(query)]
