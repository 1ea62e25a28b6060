"""The tables of 0.1.0, as `cibot.store.schema` had them then: where migrations begin"""

from __future__ import annotations

from alembic import op

from cibot.store.columns import metadata

revision = "0023"
down_revision = None


def upgrade() -> None:
    """Nothing: a new database is made with the newest tables at once."""


def downgrade() -> None:
    metadata.drop_all(op.get_bind())
