"""Several hosts: where the leader runs, what others stored, which requests were answered"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cibot.store.columns import TABLE
from cibot.store.schema import UtcDateTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("lease", sa.Column("pid", sa.BigInteger(), nullable=True))
    op.add_column("lease", sa.Column("boot", sa.String(64), nullable=True))
    op.add_column("lease", sa.Column("namespace", sa.String(64), nullable=True))
    op.create_table(
        "unjudged",
        sa.Column("ci_id", sa.Integer(), autoincrement=False, primary_key=True),
        **TABLE,
    )
    op.create_table(
        "request",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("claim", sa.String(32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        **TABLE,
    )
    op.create_index(op.f("ix_request_at"), "request", ["at"])


def downgrade() -> None:
    op.drop_table("request")
    op.drop_table("unjudged")
    for name in ("namespace", "boot", "pid"):
        op.drop_column("lease", name)
