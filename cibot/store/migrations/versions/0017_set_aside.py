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
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(190), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("since", UtcDateTime, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name=op.f("pk_set_aside")),
        **TABLE,
    )


def downgrade() -> None:
    op.drop_table("set_aside")
