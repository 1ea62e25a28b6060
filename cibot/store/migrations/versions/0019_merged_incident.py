"""The number of an incident that was merged into another answers for that one"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("incident", sa.Column("merged_into", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.execute("DELETE FROM incident WHERE merged_into IS NOT NULL")
    op.drop_column("incident", "merged_into")
