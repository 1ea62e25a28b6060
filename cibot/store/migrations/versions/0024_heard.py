"""When a CI was last heard is asked of its reports, and no longer kept beside its health, too"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cibot.store.schema import UtcDateTime

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.drop_column("health", "last_report_at")


def downgrade() -> None:
    op.add_column("health", sa.Column("last_report_at", UtcDateTime(), nullable=True))
