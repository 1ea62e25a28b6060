"""What a message of the outbox is about, in columns; read once from the keys of old rows"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from cibot.store.schema import UtcDateTime

revision = "0005"
down_revision = "0004"

OUTBOX = sa.table(
    "outbox",
    sa.column("id", sa.BigInteger),
    sa.column("dedupe_key", sa.String),
    sa.column("kind", sa.String),
    sa.column("incident_id", sa.BigInteger),
    sa.column("step", sa.String),
    sa.column("group_key", sa.String),
    sa.column("account", sa.String),
    sa.column("digest_id", sa.BigInteger),
    sa.column("network", sa.String),
    sa.column("room", sa.String),
    sa.column("state", sa.String),
    sa.column("attempts", sa.Integer),
    sa.column("created_at", UtcDateTime),
)
COLUMNS = (
    sa.Column("kind", sa.String(16), nullable=False, server_default="alert"),
    sa.Column("incident_id", sa.BigInteger(), nullable=True),
    sa.Column("step", sa.String(32), nullable=True),
    sa.Column("group_key", sa.String(64), nullable=True),
    sa.Column("account", sa.String(190), nullable=True),
    sa.Column("digest_id", sa.BigInteger(), nullable=True),
)
KINDS = {
    "incident": "alert", "together": "together", "summary": "summary", "digest": "digest",
    "quiet": "quiet", "late": "expired", "dead": "loss",
}  # fmt: skip
PRIVATE = re.compile(r"watch:[^:]*:(?P<account>.*?):(?P<rest>(?:incident|together):.*)", re.DOTALL)
STEP = re.compile(r"incident:(?P<incident>[0-9]{1,18}):[0-9]+:(?P<step>[a-z]{1,32})(?::|$)")
SUMMARY = re.compile(r"summary:[0-9-]{10}:(?P<hour>[0-9]{4})(?::|$)")
BATCH = 1000


def upgrade() -> None:
    for column in COLUMNS:
        op.add_column("outbox", column)
    op.create_index(op.f("ix_outbox_incident_id"), "outbox", ["incident_id"])
    op.create_index(op.f("ix_outbox_digest_id"), "outbox", ["digest_id"])
    link = op.get_bind()
    last = 0
    while rows := link.execute(
        sa.select(OUTBOX.c.id, OUTBOX.c.dedupe_key)
        .where(OUTBOX.c.id > last)
        .order_by(OUTBOX.c.id)
        .limit(BATCH)
    ).all():
        last = rows[-1].id
        values = [{"row": row.id, **about(row.dedupe_key)} for row in rows]
        names = ("kind", "incident_id", "step", "group_key", "account")
        link.execute(
            sa.update(OUTBOX)
            .where(OUTBOX.c.id == sa.bindparam("row"))
            .values({name: sa.bindparam(f"new_{name}") for name in names}),
            values,
        )
    _link_digests(link)


def about(key: str) -> dict[str, Any]:
    """What the key of an old row says."""
    private = PRIVATE.match(key)
    rest = private["rest"] if private else key
    step, summary = STEP.match(rest), SUMMARY.match(rest)
    return {
        "new_kind": KINDS.get(rest.partition(":")[0], "alert"),
        "new_incident_id": int(step["incident"]) if step else None,
        "new_step": step["step"] if step else None,
        "new_group_key": summary["hour"] if summary else None,
        "new_account": private["account"] if private else _account(key),
    }


def _account(key: str) -> str | None:
    """Of a private message whose key was too long to be kept whole."""
    return key.split(":")[2] if key.startswith("watch:") and key.count(":") > 1 else None


def _link_digests(link: sa.Connection) -> None:
    """Digests that are not out yet know what they tell of."""
    table = OUTBOX.c
    waiting = link.execute(
        sa.select(OUTBOX)
        .where(table.state == "pending", table.attempts == 0)
        .where(table.kind.in_(("digest", "expired")))
        .order_by(table.id)
    ).all()
    for digest in waiting:
        part = digest.dedupe_key.split(":")[1]
        if digest.kind == "expired":
            covered = (table.state == "late", table.id >= int(part))
        else:
            start = datetime.strptime(part, "%Y%m%dT%H%M").replace(tzinfo=UTC)
            covered = (table.state == "folded", table.created_at >= start)
        here = (table.network == digest.network, table.room == digest.room)
        link.execute(
            sa.update(OUTBOX)
            .where(*here, *covered, table.digest_id.is_(None))
            .values(digest_id=digest.id)
        )


def downgrade() -> None:
    op.drop_index(op.f("ix_outbox_digest_id"), table_name="outbox")
    op.drop_index(op.f("ix_outbox_incident_id"), table_name="outbox")
    for column in reversed(COLUMNS):
        op.drop_column("outbox", column.name)
