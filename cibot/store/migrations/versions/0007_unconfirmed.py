"""What events told of and REST has not confirmed, and reports that are taken back"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cibot.store.columns import TABLE, Id
from cibot.store.schema import UtcDateTime

revision = "0007"
down_revision = "0006"

# What REST never showed may be private: the next poll asks, and drops what Gerrit does not show.
UNCONFIRMED = """
UPDATE `change` SET unconfirmed_since = updated_at
WHERE EXISTS (SELECT 1 FROM comment
        WHERE comment.change_id = `change`.id AND comment.message_id IS NULL)
    OR NOT EXISTS (SELECT 1 FROM comment
        WHERE comment.change_id = `change`.id AND comment.message_id IS NOT NULL)
"""


def upgrade() -> None:
    op.add_column("change", sa.Column("unconfirmed_since", UtcDateTime(), nullable=True))
    op.create_index(op.f("ix_change_unconfirmed_since"), "change", ["unconfirmed_since"])
    op.add_column("comment", sa.Column("heard_at", UtcDateTime(), nullable=True))
    op.create_table(
        "withdrawal",
        sa.Column("id", Id, primary_key=True),
        sa.Column("ci_id", sa.Integer(), nullable=False),
        sa.Column("posted_at", UtcDateTime(), nullable=False),
        sa.Column("heard_at", UtcDateTime(), nullable=False),
        **TABLE,
    )
    op.create_index(op.f("ix_withdrawal_heard_at"), "withdrawal", ["heard_at"])
    op.execute(UNCONFIRMED)


def downgrade() -> None:
    op.drop_table("withdrawal")
    op.drop_column("comment", "heard_at")
    op.drop_index(op.f("ix_change_unconfirmed_since"), table_name="change")
    op.drop_column("change", "unconfirmed_since")
