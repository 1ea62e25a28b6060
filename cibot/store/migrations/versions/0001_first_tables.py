"""The first tables, which the later migrations change; a new database has the newest at once"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Nothing: `cibot.store.migrate` makes the tables of an empty database."""


def downgrade() -> None:
    for name in _TABLES:
        op.drop_table(name)


_TABLES = (  # what refers to others stands first; the database may hold tables that are not ours
    "account", "watch", "transition", "silence", "server", "report", "patch_set", "outbox",
    "lease", "incident", "health", "feed", "comment", "ci", "change", "build", "audit",
)  # fmt: skip
