"""What judging reads: the reports of a CI and of its references, and what became of changes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import (
    Integer,
    Select,
    String,
    bindparam,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    update,
)

from cibot.store import schema
from cibot.store.engine import Tx, in_this_order
from cibot.store.rows import columns, rows_in, select_reports

LOOK_BACK = timedelta(minutes=15)
"""How far back a row may be dated that becomes visible only now; the hosts' clocks differ, too."""
_LONG = timedelta(minutes=2)  # of a transaction
_ALL = 1 << 62
KNOWN, NEW, LATER = range(3)  # the spans of time in `Arrived`


class Arrived(NamedTuple):
    """What was heard in one second, summed up: the number of rows and the sum of their keys.

    ``span`` is KNOWN, NEW or LATER: in which of the requested spans it happened. Of what is LATER
    ``first_at`` may be None.
    """

    kind: str
    heard_at: datetime
    span: int
    number: int
    keys: int
    first_at: datetime


def arrived(
    tx: Tx,
    ci_ids: Collection[int],
    projects: Collection[str],
    since: datetime,
    spans: tuple[datetime, datetime],
    quiet: tuple[Collection[str], datetime] | None = None,
) -> list[Arrived]:
    """What was heard since then of some CIs, and of the changes of some projects.

    Summed up by the second in which it was heard, so that neither a backfill nor a busy server
    makes many rows. KNOWN happened until the first of ``spans``, NEW until the second, LATER after
    it. ``since`` is a whole second. In the projects of ``quiet`` an upload after its time counts
    only from the first report of these CIs on the change.
    """
    report, change, patch_set = schema.report.c, schema.change.c, schema.patch_set.c
    withdrawal, ids = schema.withdrawal.c, sorted(ci_ids)
    here = change.project.concat("").in_(sorted(projects))  # as a plain column it comes first
    # The sum keeps SQLite from walking all reports in the order of ci_id.
    reports = _heard(report.heard_at, report.change_id + report.seq, report.posted_at, since)
    withdrawn = _heard(withdrawal.heard_at, withdrawal.id, withdrawal.posted_at, since)
    says_at = _says_at(ci_ids, *quiet) if quiet else patch_set.uploaded_at
    key = patch_set.change_id + patch_set.number
    uploads = _heard(patch_set.heard_at, key, says_at, since).select_from(schema.patch_set)
    uploads = uploads.join(schema.change, change.id == patch_set.change_id)
    ends = _heard(
        change.closed_heard_at, change.id * 2 + case((change.status == "NEW", 0), else_=1),
        func.coalesce(change.closed_at, change.created_at), since,
    )  # fmt: skip
    queries = [
        _summed("report", reports.where((report.ci_id + 0).in_(ids)), spans),
        _summed("withdrawal", withdrawn.where(withdrawal.ci_id.in_(ids)), spans),
    ]
    if projects:
        # With a limit it is made first: else each sum would ask again when an upload says it.
        made = in_this_order(uploads.where(here)).limit(_ALL)
        queries.append(_summed("upload", made, spans))
        queries.append(_summed("end", ends.where(here), spans))
    return [_arrived(*row) for query in queries for row in tx.execute(query)]


def _arrived(
    kind: str, heard: str, span: int, number: int, keys: Decimal | int, first: datetime
) -> Arrived:
    heard_at = datetime.fromisoformat(heard).replace(tzinfo=UTC)
    return Arrived(kind, heard_at, span, number, int(keys), first)  # MariaDB's sum is a Decimal


def _says_at(ci_ids: Collection[int], projects: Collection[str], after: datetime) -> Any:
    """From when on an upload counts for these CIs; NULL where it does not."""
    report, uploaded = schema.report.c, schema.patch_set.c.uploaded_at
    first = (
        select(func.min(report.posted_at))
        .where(report.change_id == schema.patch_set.c.change_id)
        .where((report.ci_id + 0).in_(sorted(ci_ids)))
        .scalar_subquery()
    )
    says = or_(uploaded <= after, schema.change.c.project.not_in(sorted(projects)))
    return case((says, uploaded), (first <= uploaded, uploaded), else_=first)


def _heard(heard: Any, key: Any, at: Any, since: datetime) -> Select[Any]:
    """What was heard since then: in which second, the key, and when it happened."""
    second = func.substr(cast(heard, String(26)), 1, 19).label("second")
    return select(second, key.label("key"), at.label("at")).where(heard >= since)


def _summed(kind: str, heard: Select[Any], spans: tuple[datetime, datetime]) -> Select[Any]:
    row = heard.subquery().c
    span = case((row.at <= spans[0], KNOWN), (row.at <= spans[1], NEW), else_=LATER)
    what = (literal(kind), row.second, span, func.count(), func.sum(row.key), func.min(row.at))
    return select(*what).group_by(row.second, span)


def date_again(tx: Tx, heard_at: datetime, took: timedelta) -> None:
    """Moves ``heard_at`` later by the duration of the transaction, where that is long.

    Judging may have looked past that time by the time it commits.
    """
    if took < _LONG:
        return
    report, withdrawal, patch_set = schema.report, schema.withdrawal, schema.patch_set
    for column in (
        report.c.heard_at, withdrawal.c.heard_at, patch_set.c.heard_at,
        schema.change.c.closed_heard_at,
    ):  # fmt: skip
        tx.execute(update(column.table).where(column == heard_at).values({column: heard_at + took}))


_BUILT = ("pass", "fail", "infra")  # results of reports that builds made


class ReportRow(NamedTuple):
    """A report as judging needs it. Times are UTC."""

    ci_id: int
    change_id: int
    seq: int
    position: int | None
    patch_set: int | None
    posted_at: datetime
    pipeline: str | None
    outcome: str | None
    result: str | None
    format: str | None


class BuildRow(NamedTuple):
    """A build as judging needs it: ``word`` is its result as written, ``seconds`` what it took."""

    job: str
    result: str
    url: str | None
    word: str
    voting: bool
    seconds: float | None


class ChangeEnds(NamedTuple):
    """What became of a change; ``closed_at`` is None while it is open."""

    id: int
    number: int
    project: str
    branch: str
    subject: str
    closed_at: datetime | None


_REPORTS = select_reports(ReportRow)


def first_report_of(tx: Tx, ci_id: int) -> datetime | None:
    """When a CI first wrote anything."""
    table = schema.report.c
    query = select(func.min(table.posted_at)).where(table.ci_id == ci_id)
    return tx.execute(query).scalar()


def full_at(tx: Tx, ci_ids: Collection[int], after: datetime, number: int) -> datetime | None:
    """When the first of some CIs has written ``number`` times since ``after``; None if none has."""
    table = schema.report.c
    query = (
        select(table.posted_at)
        .where(table.ci_id == bindparam("ci"), table.posted_at > after)
        .order_by(table.posted_at)
        .limit(1)
        .offset(number - 1)
    )
    times = [tx.execute(query, {"ci": ci_id}).scalar() for ci_id in sorted(ci_ids)]
    return min((time for time in times if time is not None), default=None)


def reports_between(
    tx: Tx, ci_id: int, after: datetime, until: datetime, projects: Collection[str] | None = None
) -> list[ReportRow]:
    """What a CI wrote in ``after < t <= until``, understood or not; in ``projects`` only."""
    table = schema.report.c
    query = _REPORTS.where(table.ci_id == ci_id, table.posted_at > after, table.posted_at <= until)
    if projects is not None:
        change = schema.change.c
        query = query.join(schema.change, change.id == table.change_id).where(
            change.project.in_(sorted(projects)), table.result.in_(("pass", "fail"))
        )
    return [ReportRow(*row) for row in tx.execute(query)]


def uploaded_between(
    tx: Tx, projects: Collection[str], after: datetime, until: datetime
) -> set[int]:
    """The changes of some projects that got a patch set in ``after < t <= until``."""
    if not projects:
        return set()
    change, patch_set = schema.change.c, schema.patch_set.c
    query = (
        select(patch_set.change_id)
        .join(schema.change, change.id == patch_set.change_id)
        .where(
            patch_set.uploaded_at > after,
            patch_set.uploaded_at <= until,
            change.project.in_(sorted(projects)),
        )
        .distinct()
    )
    return set(tx.execute(query).scalars())


def reports_before(
    tx: Tx, ci_ids: Collection[int], change_ids: Collection[int], until: datetime
) -> list[ReportRow]:
    """What some CIs wrote on some changes until then, ``until`` included."""
    table = schema.report.c
    query = _REPORTS.where(table.ci_id.in_(sorted(ci_ids)), table.posted_at <= until)
    return [ReportRow(*row) for row in rows_in(tx, query, table.change_id, change_ids)]


def builds_until(
    tx: Tx, ci_id: int, change_ids: Collection[int], until: datetime
) -> dict[tuple[int, int], list[BuildRow]]:
    """The builds of a CI's reports on some changes until then.

    By (change, seq), in the order written; only of reports that judge something.
    """
    report, build = schema.report.c, schema.build.c
    builds: dict[tuple[int, int], list[BuildRow]] = {}
    query = in_this_order(
        select(
            build.change_id, build.seq, build.job, build.result, build.url, build.word,
            build.voting, build.duration_s,
        )
        .select_from(schema.report)
        .join(schema.build, (build.change_id == report.change_id) & (build.seq == report.seq))
        .where(report.ci_id == ci_id, report.posted_at <= until, report.result.in_(_BUILT))
        .order_by(report.change_id, report.seq, build.idx)
    )  # fmt: skip
    for change_id, seq, *values in rows_in(tx, query, report.change_id, change_ids):
        builds.setdefault((change_id, seq), []).append(BuildRow(*values))
    return builds


def change_rows(tx: Tx, change_ids: Collection[int]) -> dict[int, ChangeEnds]:
    """What became of some changes, by their row's id."""
    table = schema.change.c
    query = select(*columns(ChangeEnds, schema.change), table.status)
    changes = {}
    for *values, status in rows_in(tx, query, table.id, change_ids):
        ends = ChangeEnds._make(values)
        changes[ends.id] = ends._replace(closed_at=None) if status == "NEW" else ends
    return changes


def uploads_of(tx: Tx, change_ids: Collection[int]) -> dict[int, dict[int, datetime]]:
    """When each patch set of some changes came, by change and number."""
    table = schema.patch_set.c
    taken: dict[int, dict[int, datetime]] = {}
    query = select(table.change_id, table.number, table.uploaded_at)
    for change_id, number, at in rows_in(tx, query, table.change_id, change_ids):
        taken.setdefault(change_id, {})[number] = at
    return taken


class VerdictsOfWeek(NamedTuple):
    """How many verdicts a CI gave on a branch in one week, counted from the epoch's Monday.

    ``first_at`` and ``last_at`` are of any report that judges, also one of a broken run.
    """

    project: str
    ci_id: int
    week: int
    verdicts: int
    first_at: datetime
    last_at: datetime
    branch: str


def verdict_projects(tx: Tx, ci_id: int, since: datetime) -> set[str]:
    """The projects in which a CI gave verdicts since then."""
    report, change = schema.report.c, schema.change.c
    query = in_this_order(
        select(change.project)
        .select_from(schema.report)
        .join(schema.change, change.id == report.change_id)
        .where(report.ci_id == ci_id, report.posted_at >= since)
        .where(report.result.in_(("pass", "fail")))
    )
    return set(tx.execute(query).scalars())


def verdicts_by_week(
    tx: Tx, ci_ids: Collection[int], since: datetime | None = None
) -> list[VerdictsOfWeek]:
    """How much some CIs judged where, week by week; of all time, or since then."""
    report, change = schema.report, schema.change
    week = _week(tx.dialect.name).label("week")
    query = (
        select(
            change.c.project,
            report.c.ci_id,
            week,
            func.sum(case((report.c.result.in_(("pass", "fail")), 1), else_=0)),
            func.min(report.c.posted_at),
            func.max(report.c.posted_at),
            change.c.branch,
        )
        .join(change, change.c.id == report.c.change_id)
        .where(report.c.ci_id.in_(sorted(ci_ids)), report.c.result.is_not(None))
        .group_by(change.c.project, change.c.branch, report.c.ci_id, week)
        .order_by(change.c.project, change.c.branch, week, report.c.ci_id)
    )
    if since is not None:
        query = query.where(report.c.posted_at >= since)
    return [VerdictsOfWeek(*row) for row in tx.execute(query)]


def _week(dialect: str) -> Any:
    posted = schema.report.c.posted_at
    if dialect == "sqlite":
        seconds = cast(func.strftime("%s", posted), Integer)
        return (seconds - 345_600) // 604_800
    days: Any = func.to_days(posted)
    return func.floor((days - 719_532) / 7)


def main_pipeline(tx: Tx, ci_id: int) -> str | None:
    """The pipeline that most of a CI's newest thousand verdicts are from."""
    table = schema.report.c
    newest = (
        select(table.pipeline)
        .where(table.ci_id == ci_id, table.result.is_not(None))
        .order_by(table.posted_at.desc())
        .limit(1000)
        .subquery()
    )
    query = select(newest.c.pipeline).group_by(newest.c.pipeline)
    query = query.order_by(func.count().desc(), newest.c.pipeline)
    return tx.execute(query.limit(1)).scalar()


def last_heard(tx: Tx, ci_id: int) -> datetime | None:
    """When a CI last wrote anything."""
    table = schema.report.c
    return tx.execute(select(func.max(table.posted_at)).where(table.ci_id == ci_id)).scalar()


def servers_of(tx: Tx, ci_id: int) -> set[int]:
    """The servers on which a CI has accounts."""
    query = select(schema.account.c.server_id).where(schema.account.c.ci_id == ci_id)
    return set(tx.execute(query.distinct()).scalars())


def heard_at(tx: Tx) -> dict[int, datetime]:
    """When each server was last heard over any of its live feeds."""
    table = schema.feed.c
    query = (
        select(table.server_id, func.max(table.heard_at))
        .where(table.name.in_(("poll", "webhook")), table.heard_at.is_not(None))
        .group_by(table.server_id)
    )
    return {row[0]: row[1] for row in tx.execute(query)}
