"""The messages of a mass failure are found by its key"""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_index(op.f("ix_outbox_group_key"), "outbox", ["group_key"])


def downgrade() -> None:
    op.drop_index(op.f("ix_outbox_group_key"), table_name="outbox")
