"""What each CI had to report on, and what of it it missed"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from cibot.store.columns import LongText

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLE: dict[str, Any] = {
    f"{dialect}_{name}": value
    for dialect in ("mysql", "mariadb")
    for name, value in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}


def upgrade() -> None:
    op.create_table(
        "chances",
        sa.Column("ci_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("due", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("in_a_row", sa.Integer(), nullable=False),
        sa.Column("allowed_s", sa.Float(), nullable=False),
        sa.Column("patch_sets", LongText, nullable=False),
        sa.PrimaryKeyConstraint("ci_id", name=op.f("pk_chances")),
        **TABLE,
    )


def downgrade() -> None:
    op.drop_table("chances")
