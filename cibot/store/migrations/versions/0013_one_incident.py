"""One incident a CI: those of one time become one, with a symptom for each signal"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

from cibot.store.columns import TABLE, LongText
from cibot.store.schema import UtcDateTime

revision = "0013"
down_revision = "0012"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OLD = sa.table("incident", *map(sa.column, ("id", "ci_id", "body")))
NEW = sa.table(
    "incident_new",
    *map(sa.column, ("id", "ci_id", "open_slot", "body", "state", "severity")),
    sa.column("opened_at", UtcDateTime),
    sa.column("resolved_at", UtcDateTime),
    sa.column("changed_at", UtcDateTime),
    sa.column("notified", sa.Boolean),
)
STEPS = sa.table(
    "transition",
    *map(sa.column, ("incident_id", "seq", "name", "reason", "signal")),
    sa.column("at", UtcDateTime),
)
OUTBOX = sa.table("outbox", sa.column("incident_id"))
INDEXES = (("open_slot", "changed_at"), ("ci_id", "changed_at"), ("opened_at",), ("resolved_at",))
RANKS = ("silent", "failing", "degraded", "unknown", "healthy")
FAMILIES = {"silent": "presence", "coverage": "presence", "latency": "time"}
TOGETHER = timedelta(days=1)  # what began again within this is one incident
NEVER = datetime.max.replace(tzinfo=UTC)


def upgrade() -> None:
    link = op.get_bind()
    _create("incident_new", sa.Column("severity", sa.String(16), nullable=False), "notified")
    op.add_column("transition", sa.Column("signal", sa.String(32), nullable=True))
    rows = link.execute(sa.select(OLD).order_by(OLD.c.ci_id, OLD.c.id)).all()
    for ci_id, of_ci in groupby(rows, lambda row: row.ci_id):
        read = [(row.id, body) for row in of_ci if (body := _body(row.body)) is not None]
        groups = list(_grouped(read))
        for group in groups:
            _move(link, ci_id, group)
        moved = {number for group in groups for number, _body in group}
        gone = [number for number, _body in read if number not in moved]
        for number in gone:
            link.execute(sa.delete(STEPS).where(STEPS.c.incident_id == number))
    _take_place()


def _create(name: str, severity: sa.Column[Any], flag: str) -> None:
    op.execute(f"DROP TABLE IF EXISTS {name}")
    unique = ("ci_id", severity.name, "open_slot") if flag == "told" else ("ci_id", "open_slot")
    op.create_table(
        name,
        sa.Column("id", ID, nullable=False),
        sa.Column("ci_id", sa.Integer(), nullable=False),
        severity,
        sa.Column("open_slot", sa.SmallInteger(), nullable=True),
        sa.Column("body", LongText, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("resolved_at", UtcDateTime(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column(flag, sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        sa.UniqueConstraint(*unique, name=op.f(f"uq_incident_{'_'.join(unique)}")),
        **TABLE,
    )


def _take_place() -> None:
    """The new table in the place of the old one."""
    op.drop_table("incident")
    op.rename_table("incident_new", "incident")
    for columns in INDEXES:
        op.create_index(op.f(f"ix_incident_{'_'.join(columns)}"), "incident", list(columns))


def _body(text: str) -> dict[str, Any] | None:
    """What was stored of an incident, with its times read; None for what is none."""
    try:
        body = json.loads(text)
        for name in ("began_at", "opened_at", "resolved_at", "changed_at", "acknowledged_at"):
            body[name] = datetime.fromisoformat(body[name]) if body.get(name) else None
        body["began_at"] = body["began_at"] or body["opened_at"] or body["changed_at"]
        return body if body["changed_at"] and body["kind"] and body["severity"] else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


Group = list[tuple[int, dict[str, Any]]]


def _grouped(rows: Group) -> Iterator[Group]:
    """Incidents of one time together, oldest first; without those that never opened and ended."""
    wanted = [
        (number, body) for number, body in rows if body["opened_at"] or not body["resolved_at"]
    ]
    group: Group = []
    until: datetime | None = None
    for number, body in sorted(wanted, key=lambda row: (row[1]["began_at"], row[0])):
        if until is not None and body["began_at"] > min(until, NEVER - TOGETHER) + TOGETHER:
            yield group
            group, until = [], None
        group.append((number, body))
        end = body["resolved_at"] or NEVER
        until = end if until is None else max(until, end)
    if group:
        yield group


def _move(link: sa.Connection, ci_id: int, group: Group) -> None:
    """Writes the incident that a group becomes, and gives it what hung on the others."""
    bodies = [body for _number, body in group]
    number = min(each for each, _body in group)
    incident = _incident(bodies)
    link.execute(
        sa.insert(NEW).values(
            id=number,
            ci_id=ci_id,
            open_slot=None if incident["resolved_at"] else 1,
            body=json.dumps(incident, default=datetime.isoformat, ensure_ascii=False),
            state=incident["phase"],
            severity=min((body["severity"] for body in bodies), key=RANKS.index),
            opened_at=incident["opened_at"],
            resolved_at=incident["resolved_at"],
            changed_at=incident["changed_at"],
            notified=bool(incident["notified"] and incident["notified"]["count"]),
        )
    )
    _move_steps(link, number, {each: body["kind"] for each, body in group})
    for each, _body in group:
        if each != number:
            moved = sa.update(OUTBOX).where(OUTBOX.c.incident_id == each)
            link.execute(moved.values(incident_id=number))


def _move_steps(link: sa.Connection, number: int, kinds: dict[int, str]) -> None:
    mine = STEPS.c.incident_id.in_(sorted(kinds))
    order = (STEPS.c.at, STEPS.c.incident_id, STEPS.c.seq)
    steps = link.execute(sa.select(STEPS).where(mine).order_by(*order)).all()
    link.execute(sa.delete(STEPS).where(mine))
    for seq, row in enumerate(steps, 1):
        signal = None if row.name == "acknowledged" else kinds[row.incident_id]
        values = {"incident_id": number, "seq": seq, "at": row.at, "name": row.name}
        link.execute(sa.insert(STEPS).values(**values, reason=row.reason, signal=signal))


def _incident(bodies: list[dict[str, Any]]) -> dict[str, Any]:
    """The one incident that several were, as JSON with its times."""
    lasting = [body for body in bodies if body["resolved_at"] is None]
    taken = [body for body in lasting or bodies if body["acknowledged_by"]]
    taken.sort(key=lambda body: body["acknowledged_at"] or body["changed_at"])
    seen = taken[-1] if taken else {}
    newest: dict[str, dict[str, Any]] = {}
    for body in bodies:
        newest[body["kind"]] = body
    return {
        "began_at": bodies[0]["began_at"],
        "phase": _phase(lasting or bodies, bool(seen)),
        "changed_at": max(body["changed_at"] for body in bodies),
        "symptoms": [_symptom(body) for body in newest.values()],
        "opened_at": min((body["opened_at"] for body in bodies if body["opened_at"]), default=None),
        "resolved_at": None if lasting else max(body["resolved_at"] for body in bodies),
        "reopened": max(body["reopened"] for body in bodies),
        "acknowledged_by": seen.get("acknowledged_by"),
        "acknowledged_at": seen.get("acknowledged_at"),
        "note": seen.get("note"),
        "notified": _notified([body for body in bodies if body.get("told")]),
    }


def _phase(bodies: Iterable[dict[str, Any]], acknowledged: bool) -> str:
    phases = {body["phase"] for body in bodies}
    if phases & {"firing", "acknowledged"}:
        return "acknowledged" if acknowledged else "firing"
    order = ("recovering", "pending", "resolved", "withdrawn")
    return next(phase for phase in order if phase in phases)


def _symptom(body: dict[str, Any]) -> dict[str, Any]:
    phases = {"acknowledged": "firing", "resolved": "cleared", "withdrawn": "cleared"}
    same = (
        "severity",
        "since",
        "recovering_at",
        "said",
        "figure",
        "n",
        "first_evidence",
        "evidence",
    )
    return {
        "signal": body["kind"],
        "phase": phases.get(body["phase"], body["phase"]),
        "came_at": body["opened_at"],
        "cleared_at": body["resolved_at"],
        "returns": body["reopened"],
        **{name: body[name] for name in same},
    }


def _notified(bodies: list[dict[str, Any]]) -> dict[str, Any] | None:
    """What people know of it: [severity, over, since, count] of each that they heard of."""
    if not bodies:
        return None
    parts: dict[str, str] = {}
    for body in bodies:
        severity, over, _since, _count = body["told"]
        family = FAMILIES.get(body["kind"], "results")
        if not over:
            parts[family] = min(parts.get(family, severity), severity, key=RANKS.index)
    first = bodies[0]
    return {
        "parts": [{"family": name, "severity": severity} for name, severity in parts.items()],
        "worst": min((body["told"][0] for body in bodies), key=RANKS.index),
        "signal": first["kind"],
        "spell": 1,
        "since": first["told"][2],
        "over": not parts,
        "count": sum(body["told"][3] for body in bodies),
    }


def downgrade() -> None:
    """The incidents are lost: the older cibot finds them again when it judges."""
    _create("incident_new", sa.Column("kind", sa.String(32), nullable=False), "told")
    op.execute(sa.delete(STEPS))
    op.drop_column("transition", "signal")
    _take_place()
