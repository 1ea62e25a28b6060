"""Lives of CIs: the judges' states, and when changes closed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cibot.store.columns import TABLE, Packed
from cibot.store.schema import UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "life",
        sa.Column("ci_id", sa.Integer(), autoincrement=False, primary_key=True),
        sa.Column("at", UtcDateTime(), primary_key=True),
        sa.Column("marked_at", UtcDateTime(), nullable=False),
        sa.Column("basis", sa.String(length=64), nullable=False),
        sa.Column("body", Packed, nullable=False),
        **TABLE,
    )
    op.add_column("patch_set", sa.Column("heard_at", UtcDateTime(), nullable=True))
    op.create_index(op.f("ix_patch_set_heard_at"), "patch_set", ["heard_at"])
    op.create_index(op.f("ix_patch_set_uploaded_at"), "patch_set", ["uploaded_at"])
    op.add_column("change", sa.Column("closed_at", UtcDateTime(), nullable=True))
    op.add_column("change", sa.Column("closed_heard_at", UtcDateTime(), nullable=True))
    op.create_index(op.f("ix_change_closed_heard_at"), "change", ["closed_heard_at"])
    # Of what closed before, its last update is all that is known.
    op.execute("UPDATE `change` SET closed_at = updated_at WHERE status <> 'NEW'")


def downgrade() -> None:
    op.drop_index(op.f("ix_change_closed_heard_at"), table_name="change")
    op.drop_column("change", "closed_heard_at")
    op.drop_column("change", "closed_at")
    op.drop_index(op.f("ix_patch_set_uploaded_at"), table_name="patch_set")
    op.drop_index(op.f("ix_patch_set_heard_at"), table_name="patch_set")
    op.drop_column("patch_set", "heard_at")
    op.drop_table("life")
