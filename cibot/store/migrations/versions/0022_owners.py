"""Whose a change is, and what a patch set stands on: failures of one author belong together"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cibot.store.columns import Id

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("change", sa.Column("owner_id", Id, nullable=True))
    for name in ("revision", "parent"):
        op.add_column("patch_set", sa.Column(name, sa.String(40), nullable=True))
    op.create_index(op.f("ix_patch_set_revision"), "patch_set", ["revision"])


def downgrade() -> None:
    op.drop_index(op.f("ix_patch_set_revision"), "patch_set")
    for name in ("parent", "revision"):
        op.drop_column("patch_set", name)
    op.drop_column("change", "owner_id")
