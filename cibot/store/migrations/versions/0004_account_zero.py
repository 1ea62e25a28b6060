"""Takes account 0 away: it is nobody, and many imported authors were one CI by it"""

from __future__ import annotations

from importlib import import_module

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

NOBODY = "SELECT id FROM account WHERE gerrit_id = 0"
WROTE = (
    "EXISTS (SELECT 1 FROM comment WHERE comment.change_id = {table}.change_id"
    " AND comment.seq = {table}.seq AND comment.account_id IN ({nobody}))"
)


def upgrade() -> None:
    link = op.get_bind()
    if not link.execute(sa.text(f"{NOBODY} LIMIT 1")).first():
        return
    cis = link.execute(
        sa.text("SELECT DISTINCT ci_id FROM account WHERE gerrit_id = 0 AND ci_id IS NOT NULL")
    )
    ids = [row[0] for row in cis]
    for table in ("build", "report"):
        op.execute(f"DELETE FROM {table} WHERE {WROTE.format(table=table, nobody=NOBODY)}")
    # MySQL reads no table that the same statement changes, but for this one it may.
    op.execute(f"UPDATE comment SET account_id = NULL WHERE account_id IN ({NOBODY})")
    op.execute("DELETE FROM account WHERE gerrit_id = 0")
    for ci_id in ids:
        _without(link, ci_id)
    tally = import_module("cibot.store.migrations.versions.0002_tally")
    tally.fill(link)


def _without(link: sa.Connection, ci_id: int) -> None:
    """Forgets the CI where account 0 was all of it, else what it was judged by."""
    rest = link.execute(sa.text("SELECT 1 FROM account WHERE ci_id = :ci LIMIT 1"), {"ci": ci_id})
    alone = rest.first() is None
    inspector = sa.inspect(link)
    for table in inspector.get_table_names():
        columns = {column["name"] for column in inspector.get_columns(table)}
        if "ci_id" not in columns or table in {"account", "report", "tally"}:
            continue
        if table == "incident" and alone:
            owned = f"SELECT id FROM incident WHERE ci_id = {ci_id:d}"
            op.execute(f"DELETE FROM transition WHERE incident_id IN ({owned})")
        if alone or "basis" in columns:  # states of the judge
            op.execute(f"DELETE FROM {table} WHERE ci_id = {ci_id:d}")
    if alone:
        op.execute(f"DELETE FROM ci WHERE id = {ci_id:d}")


def downgrade() -> None:
    """There is nothing to bring back."""
