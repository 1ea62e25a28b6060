"""Silences say whether they hold a CI's name or a pattern"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

# What has a pattern's characters was taken for one, unless a CI has that name: then for the CI.
PATTERNS = """
UPDATE silence SET is_pattern = :yes
WHERE (pattern LIKE '%*%' OR pattern LIKE '%?%' OR pattern LIKE '%[%')
    AND NOT EXISTS (SELECT 1 FROM ci WHERE LOWER(ci.name) = LOWER(silence.pattern))
"""


def upgrade() -> None:
    op.add_column(
        "silence",
        sa.Column("is_pattern", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.get_bind().execute(sa.text(PATTERNS), {"yes": True})
    with op.batch_alter_table("silence") as table:
        table.alter_column("is_pattern", existing_type=sa.Boolean(), server_default=None)


def downgrade() -> None:
    op.drop_column("silence", "is_pattern")
