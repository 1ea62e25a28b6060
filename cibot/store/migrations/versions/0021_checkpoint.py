"""The table of checkpoints is called what it holds"""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.rename_table("life", "checkpoint")


def downgrade() -> None:
    op.rename_table("checkpoint", "life")
