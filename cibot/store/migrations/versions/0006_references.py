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
        sa.Column("ci_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("project", sa.String(length=255), nullable=False),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("first_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("ci_id", "project", name=op.f("pk_project_record")),
        **TABLE,
    )
    op.create_index(op.f("ix_project_record_ci_id_place"), "project_record", ["ci_id", "place"])
    op.create_index(op.f("ix_project_record_project"), "project_record", ["project"])
    op.create_table(
        "reference_period",
        sa.Column("project", sa.String(length=255), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("ci_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("project", "since", name=op.f("pk_reference_period")),
        **TABLE,
    )


def downgrade() -> None:
    op.drop_table("reference_period")
    op.drop_index(op.f("ix_project_record_project"), table_name="project_record")
    op.drop_index(op.f("ix_project_record_ci_id_place"), table_name="project_record")
    op.drop_table("project_record")
