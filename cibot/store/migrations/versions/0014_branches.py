"""How each CI is on each branch; the next judging fills it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cibot.store.columns import LongText

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("health", sa.Column("branches", LongText, nullable=True))


def downgrade() -> None:
    op.drop_column("health", "branches")
