"""What judging counted by day, and when each signal accused; judging fills both"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cibot.store.columns import TABLE, LongText
from cibot.store.schema import UtcDateTime

revision = "0015"
down_revision = "0014"

COUNTS = (
    "due", "missed", "unheard", "paired", "false_failures", "refused", "false_passes", "runs",
)  # fmt: skip
ROLLUP = ("ci_id", "day", "project", "branch", "noted")
SPELL = ("ci_id", "signal", "since")


def upgrade() -> None:
    op.create_table(
        "rollup",
        sa.Column("ci_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("project", sa.String(255), nullable=False),
        sa.Column("branch", sa.String(255), nullable=False),
        sa.Column("noted", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
        sa.Column("within", sa.Text(), nullable=False),
        sa.Column("took", sa.Text(), nullable=False),
        sa.Column("jobs", LongText, nullable=False),
        sa.PrimaryKeyConstraint(*ROLLUP, name=op.f("pk_rollup")),
        **TABLE,
    )
    op.create_index(op.f("ix_rollup_ci_id_noted"), "rollup", ["ci_id", "noted"])
    op.create_table(
        "spell",
        sa.Column("ci_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("signal", sa.String(32), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint(*SPELL, name=op.f("pk_spell")),
        **TABLE,
    )
    op.create_index(op.f("ix_spell_ci_id_until"), "spell", ["ci_id", "until"])


def downgrade() -> None:
    op.drop_table("spell")
    op.drop_table("rollup")
