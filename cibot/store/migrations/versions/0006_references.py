"""Reference periods, and where each CI is at home"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cibot.store.columns import TABLE
from cibot.store.schema import UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "project_record",
        sa.Column("ci_id", sa.Integer(), autoincrement=False, primary_key=True),
        sa.Column("project", sa.String(length=255), primary_key=True),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("first_at", UtcDateTime(), nullable=False),
        sa.Index(None, "ci_id", "place"),
        sa.Index(None, "project"),
        **TABLE,
    )
    op.create_table(
        "reference_period",
        sa.Column("project", sa.String(length=255), primary_key=True),
        sa.Column("since", UtcDateTime(), primary_key=True),
        sa.Column("ci_id", sa.Integer(), nullable=True),
        **TABLE,
    )


def downgrade() -> None:
    op.drop_table("reference_period")
    op.drop_table("project_record")
