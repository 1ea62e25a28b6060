"""CIs that are retired, and accounts that are none"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cibot.store.schema import UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("ci", sa.Column("retired_at", UtcDateTime(), nullable=True))
    op.add_column("account", sa.Column("excluded_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("account", "excluded_at")
    op.drop_column("ci", "retired_at")
