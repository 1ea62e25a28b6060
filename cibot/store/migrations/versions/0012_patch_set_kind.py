"""How a patch set differs from the one before, so that a mere rebase is known as one"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("patch_set", sa.Column("kind", sa.String(40), nullable=True))


def downgrade() -> None:
    op.drop_column("patch_set", "kind")
