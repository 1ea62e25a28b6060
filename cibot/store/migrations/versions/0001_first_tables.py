"""The first tables"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cibot.store.columns import TABLE, Id, LongText
from cibot.store.schema import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", Id, primary_key=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=190), nullable=True),
        sa.Column("nick", sa.String(length=190), nullable=False),
        sa.Column("room", sa.String(length=200), nullable=False),
        sa.Column("what", sa.String(length=32), nullable=False),
        sa.Column("arguments", sa.String(length=600), nullable=False),
        sa.Column("outcome", sa.String(length=1000), nullable=False),
        **TABLE,
    )
    op.create_table(
        "build",
        sa.Column("change_id", sa.BigInteger(), autoincrement=False, primary_key=True),
        sa.Column("seq", sa.Integer(), autoincrement=False, primary_key=True),
        sa.Column("idx", sa.SmallInteger(), autoincrement=False, primary_key=True),
        sa.Column("job", sa.String(length=255), nullable=False),
        sa.Column("word", sa.String(length=64), nullable=False),
        sa.Column("result", sa.String(length=8), nullable=False),
        sa.Column("voting", sa.Boolean(), nullable=False),
        sa.Column("duration_s", sa.Float(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        **TABLE,
    )
    op.create_table(
        "change",
        sa.Column("id", sa.BigInteger(), autoincrement=False, primary_key=True),
        sa.Column("server_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("project", sa.String(length=255), nullable=False),
        sa.Column("branch", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=500), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Index(None, "number"),
        sa.Index(None, "project", "updated_at"),
        **TABLE,
    )
    op.create_table(
        "ci",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(length=100), nullable=False, unique=True),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        **TABLE,
    )
    op.create_table(
        "comment",
        sa.Column("change_id", sa.BigInteger(), autoincrement=False, primary_key=True),
        sa.Column("seq", sa.Integer(), autoincrement=False, primary_key=True),
        sa.Column("account_id", Id, nullable=True),
        sa.Column("patch_set", sa.Integer(), nullable=True),
        sa.Column("posted_at", UtcDateTime(), nullable=False),
        sa.Column("message_id", sa.String(length=64), nullable=True),
        sa.Column("event_at", UtcDateTime(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("tag", sa.String(length=255), nullable=True),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.Column("text", LongText, nullable=False),
        sa.Column("votes", sa.Text(), nullable=True),
        sa.UniqueConstraint("change_id", "message_id"),
        sa.Index(None, "account_id", "posted_at"),
        **TABLE,
    )
    op.create_table(
        "feed",
        sa.Column("server_id", sa.Integer(), autoincrement=False, primary_key=True),
        sa.Column("name", sa.String(length=190), primary_key=True),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("heard_at", UtcDateTime(), nullable=True),
        sa.Column("failed_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("rejected", sa.BigInteger(), nullable=False),
        **TABLE,
    )
    op.create_table(
        "health",
        sa.Column("ci_id", sa.Integer(), autoincrement=False, primary_key=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=True),
        sa.Column("assessed_at", UtcDateTime(), nullable=False),
        sa.Column("last_report_at", UtcDateTime(), nullable=True),
        sa.Column("signals", LongText, nullable=False),
        **TABLE,
    )
    op.create_table(
        "incident",
        sa.Column("id", Id, primary_key=True),
        sa.Column("ci_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("open_slot", sa.SmallInteger(), nullable=True),
        sa.Column("body", LongText, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("resolved_at", UtcDateTime(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("ci_id", "kind", "open_slot"),
        sa.Index(None, "ci_id", "changed_at"),
        sa.Index(None, "open_slot", "changed_at"),
        sa.Index(None, "opened_at"),
        sa.Index(None, "resolved_at"),
        **TABLE,
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=64), primary_key=True),
        sa.Column("owner", sa.String(length=190), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("writes", sa.BigInteger(), nullable=False),
        **TABLE,
    )
    op.create_table(
        "outbox",
        sa.Column("id", Id, primary_key=True),
        sa.Column("dedupe_key", sa.String(length=190), nullable=False, unique=True),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("room", sa.String(length=200), nullable=False),
        sa.Column("card", LongText, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("not_before", UtcDateTime(), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("remote_id", sa.String(length=255), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Index(None, "network", "room", "created_at"),
        sa.Index(None, "state", "network", "id"),
        **TABLE,
    )
    op.create_table(
        "patch_set",
        sa.Column("change_id", sa.BigInteger(), autoincrement=False, primary_key=True),
        sa.Column("number", sa.Integer(), autoincrement=False, primary_key=True),
        sa.Column("uploaded_at", UtcDateTime(), nullable=False),
        **TABLE,
    )
    op.create_table(
        "report",
        sa.Column("change_id", sa.BigInteger(), autoincrement=False, primary_key=True),
        sa.Column("seq", sa.Integer(), autoincrement=False, primary_key=True),
        sa.Column("ci_id", sa.Integer(), nullable=False),
        sa.Column("patch_set", sa.Integer(), nullable=True),
        sa.Column("posted_at", UtcDateTime(), nullable=False),
        sa.Column("pipeline", sa.String(length=100), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("result", sa.String(length=8), nullable=True),
        sa.Column("format", sa.String(length=32), nullable=True),
        sa.Column("heard_at", UtcDateTime(), nullable=False),
        sa.Index(None, "ci_id", "posted_at"),
        sa.Index(None, "heard_at", "ci_id"),
        **TABLE,
    )
    op.create_table(
        "server",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(length=64), nullable=False, unique=True),
        sa.Column("url", sa.String(length=500), nullable=False),
        **TABLE,
    )
    op.create_table(
        "silence",
        sa.Column("id", Id, primary_key=True),
        sa.Column("pattern", sa.String(length=100), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.String(length=190), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(length=190), nullable=True),
        sa.Index(None, "until"),
        **TABLE,
    )
    op.create_table(
        "transition",
        sa.Column("incident_id", Id, autoincrement=False, primary_key=True),
        sa.Column("seq", sa.Integer(), autoincrement=False, primary_key=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Index(None, "at"),
        **TABLE,
    )
    op.create_table(
        "watch",
        sa.Column("network", sa.String(length=64), primary_key=True),
        sa.Column("account", sa.String(length=190), primary_key=True),
        sa.Column("ci_id", sa.Integer(), autoincrement=False, primary_key=True),
        sa.Column("room", sa.String(length=200), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Index(None, "ci_id"),
        **TABLE,
    )
    op.create_table(
        "account",
        sa.Column("id", Id, primary_key=True),
        sa.Column("server_id", sa.Integer(), sa.ForeignKey("server.id"), nullable=False),
        sa.Column("identity", sa.String(length=300), nullable=False),
        sa.Column("gerrit_id", sa.BigInteger(), nullable=True),
        sa.Column("username", sa.String(length=255), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("service_user", sa.Boolean(), nullable=False),
        sa.Column("ci_id", sa.Integer(), sa.ForeignKey("ci.id"), nullable=True),
        sa.UniqueConstraint("server_id", "identity"),
        sa.Index(None, "ci_id"),
        sa.Index(None, "server_id", "gerrit_id"),
        sa.Index(None, "server_id", "username"),
        **TABLE,
    )


def downgrade() -> None:
    for name in _TABLES:
        op.drop_table(name)


_TABLES = (  # what refers to others stands first; the database may hold tables that are not ours
    "account", "watch", "transition", "silence", "server", "report", "patch_set", "outbox",
    "lease", "incident", "health", "feed", "comment", "ci", "change", "build", "audit",
)  # fmt: skip
