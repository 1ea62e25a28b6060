"""What each CI had to report on, and what of it it missed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cibot.store.columns import TABLE, LongText

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "chances",
        sa.Column("ci_id", sa.Integer(), autoincrement=False, primary_key=True),
        sa.Column("due", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("in_a_row", sa.Integer(), nullable=False),
        sa.Column("allowed_s", sa.Float(), nullable=False),
        sa.Column("patch_sets", LongText, nullable=False),
        **TABLE,
    )


def downgrade() -> None:
    op.drop_table("chances")
