"""What was merged on a branch, and what moved there, is found by an index"""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"

INDEXES = (
    ("project", "branch", "updated_at"),
    ("project", "branch", "status", "closed_at"),
)


def upgrade() -> None:
    for columns in INDEXES:
        op.create_index(op.f(f"ix_change_{'_'.join(columns)}"), "change", list(columns))


def downgrade() -> None:
    for columns in INDEXES:
        op.drop_index(op.f(f"ix_change_{'_'.join(columns)}"), "change")
