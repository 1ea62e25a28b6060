"""A branch of a project may have a reference of its own"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cibot.store.columns import TABLE, UtcDateTime

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    _make_anew("branch")


def downgrade() -> None:
    _make_anew()


def _make_anew(*places: str) -> None:
    """Without rows: the first judging learns them from what is stored and writes them."""
    op.drop_table("reference_period")
    op.create_table(
        "reference_period",
        *(sa.Column(name, sa.String(length=255), nullable=False) for name in ("project", *places)),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("ci_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("project", *places, "since", name=op.f("pk_reference_period")),
        **TABLE,
    )
