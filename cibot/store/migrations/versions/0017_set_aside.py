"""What raised and was set aside"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cibot.store.columns import TABLE, UtcDateTime

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "set_aside",
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("name", sa.String(190), primary_key=True),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("since", UtcDateTime, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        **TABLE,
    )


def downgrade() -> None:
    op.drop_table("set_aside")
