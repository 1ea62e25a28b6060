"""What `status` asks: it is asked most, so nearly everything comes in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Select, and_, bindparam, exists, func, select

from cibot.store import schema
from cibot.store.changes import namesakes
from cibot.store.cis import CiName, HeardReport
from cibot.store.engine import Tx, in_this_order
from cibot.store.incidents import StoredHealth, StoredIncident
from cibot.store.reports import VerdictRow
from cibot.store.rows import columns, newest_first

_NAME: BindParameter[str] = bindparam("name")
_NOW: BindParameter[datetime] = bindparam("now")
_HEALTH = columns(StoredHealth, schema.health)
_INCIDENT = columns(StoredIncident, schema.incident)
_REPORT = columns(HeardReport, schema.report, schema.change, schema.patch_set, schema.server)


@dataclass(frozen=True, slots=True)
class Glance:
    """One CI: its health, its last report, and its main project.

    ``incident`` is the open one. The flags tell what else is worth asking: the silences of any
    CI that hold now, the servers that no live feed has heard, and whether a change's number
    may not be enough to name it.
    """

    ci: CiName
    health: StoredHealth | None
    last: HeardReport | None
    project: str | None
    retired_at: datetime | None
    incident: StoredIncident | None
    silences: bool
    stale: bool
    namesakes: bool


def _flags() -> list[Any]:
    """Silences that hold, servers that were not heard, changes of one number."""
    silence, feed = schema.silence.c, schema.feed
    other = schema.server.alias("other")
    heard = and_(
        feed.c.server_id == other.c.id,
        feed.c.name.not_like("backfill%"),
        feed.c.heard_at >= bindparam("fresh"),
    )
    unheard = select(func.count()).select_from(other.outerjoin(feed, heard))
    return [
        exists().where(silence.until > _NOW, silence.since <= _NOW, silence.ended_at.is_(None)),
        unheard.where(feed.c.server_id.is_(None)).scalar_subquery(),
        namesakes(),
    ]


def _home() -> Any:
    """The CI's main project."""
    record = schema.project_record.c
    main = select(record.project).where(record.ci_id == schema.ci.c.id, record.place == 0).limit(1)
    return main.correlate(schema.ci).scalar_subquery()


def _glance_query() -> Select[Any]:
    """Of the CI each report of its last moment.

    Ordering is left to the reader: with a text among the columns MariaDB would do it on disk.
    """
    ci, health, report, change = schema.ci, schema.health, schema.report, schema.change
    incident = schema.incident
    newest, server = schema.report.alias("newest").c, schema.server
    last = select(newest.posted_at).where(newest.ci_id == ci.c.id)
    last_at = last.order_by(newest.posted_at.desc()).limit(1).scalar_subquery()
    own = (ci.c.id, ci.c.name, *_flags())
    patch_set = schema.patch_set
    own_patch_set = and_(
        patch_set.c.change_id == report.c.change_id, patch_set.c.number == report.c.patch_set
    )
    is_open = and_(incident.c.ci_id == ci.c.id, incident.c.open_slot == 1)
    newest_report = and_(report.c.ci_id == ci.c.id, report.c.posted_at == last_at)
    return in_this_order(
        select(*own, _home(), ci.c.retired_at, *_HEALTH, *_INCIDENT, *_REPORT)
        .select_from(ci)
        .outerjoin(health, health.c.ci_id == ci.c.id)
        .outerjoin(incident, is_open)
        .outerjoin(report, newest_report)
        .outerjoin(change, change.c.id == report.c.change_id)
        .outerjoin(patch_set, own_patch_set)
        .outerjoin(server, server.c.id == change.c.server_id)
        .where(ci.c.name == _NAME)
    )


_GLANCE = _glance_query()
_HEALTH_AT = 7
_INCIDENT_AT = _HEALTH_AT + len(_HEALTH)
_REPORT_AT = _INCIDENT_AT + len(_INCIDENT)


def glance(tx: Tx, name: str, now: datetime, fresh: datetime) -> Glance | None:
    """The CI of exactly that name, or None.

    A server counts as heard when a live feed was heard at ``fresh`` or later.
    """
    rows = tx.execute(_GLANCE, {"name": name, "now": now, "fresh": fresh}).all()
    if not rows:
        return None
    own = max(rows, key=lambda row: (row.change_id or 0, row.seq or 0))
    health, incident = own[_HEALTH_AT:_INCIDENT_AT], own[_INCIDENT_AT:_REPORT_AT]
    last = own[_REPORT_AT:]
    return Glance(
        ci=CiName(own[0], own[1]),
        health=None if health[0] is None else StoredHealth(*health),
        last=None if last[0] is None else HeardReport(*last),
        project=own[5],
        retired_at=own[6],
        incident=None if incident[0] is None else StoredIncident(*incident),
        silences=bool(own[2]),
        stale=own[3] > 0,
        namesakes=bool(own[4]),
    )


_RESULTS = (
    select(*columns(VerdictRow, schema.report))
    .where(schema.report.c.result.is_not(None), schema.report.c.patch_set.is_not(None))
    .order_by(*newest_first(schema.report.c))
)


def results_since(tx: Tx, ci_id: int, since: datetime | None, limit: int) -> list[VerdictRow]:
    """The newest reports of a CI that judge a patch set, newest first; since then, or ever."""
    report = schema.report.c
    query = _RESULTS.where(report.ci_id == ci_id).limit(limit)
    if since is not None:
        query = query.where(report.posted_at >= since)
    return [VerdictRow._make(row) for row in tx.execute(query)]
