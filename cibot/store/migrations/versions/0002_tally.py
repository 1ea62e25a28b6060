"""Counts of reports by hour and day, filled from the reports that are there"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cibot.store.columns import TABLE

revision = "0002"
down_revision = "0001"

COUNTS = ("passes", "fails", "infra", "unjudged", "unparsed")
# Rounded down, also before 1970.
HOUR = {
    "sqlite": (
        "(strftime('%s', posted_at) - (strftime('%s', posted_at) % 3600 + 3600) % 3600) / 3600"
    ),
    "mysql": (
        "TIMESTAMPDIFF(HOUR, '1000-01-01', posted_at)"
        " - TIMESTAMPDIFF(HOUR, '1000-01-01', '1970-01-01')"
    ),
}
HOURS = """
INSERT INTO tally (ci_id, hours, start, lane, passes, fails, infra, unjudged, unparsed)
SELECT ci_id, 1, {hour} AS starts, 0, SUM({passes}), SUM({fails}), SUM({infra}),
    SUM({understood} - {passes} - {fails} - {infra}), SUM(1 - {understood})
FROM report GROUP BY ci_id, starts
"""
DAYS = """
INSERT INTO tally (ci_id, hours, start, lane, passes, fails, infra, unjudged, unparsed)
SELECT ci_id, 24, start - (start % 24 + 24) % 24 AS starts, 0,
    SUM(passes), SUM(fails), SUM(infra), SUM(unjudged), SUM(unparsed)
FROM tally WHERE hours = 1 GROUP BY ci_id, starts
"""


def upgrade() -> None:
    op.create_table(
        "tally",
        sa.Column("ci_id", sa.Integer(), autoincrement=False, primary_key=True),
        sa.Column("hours", sa.SmallInteger(), autoincrement=False, primary_key=True),
        sa.Column("start", sa.Integer(), autoincrement=False, primary_key=True),
        sa.Column("lane", sa.SmallInteger(), autoincrement=False, primary_key=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
        **TABLE,
    )
    fill(op.get_bind())


def fill(link: sa.Connection) -> None:
    """Counts all reports that are there; the table may hold older counts."""
    link.execute(sa.text("DELETE FROM tally"))
    counts = {name: f"(COALESCE(result, '') = '{word}')" for name, word in (
        ("passes", "pass"), ("fails", "fail"), ("infra", "infra"),
    )}  # fmt: skip
    counts["understood"] = "(outcome IS NOT NULL OR result IS NOT NULL)"
    counts["hour"] = HOUR["sqlite" if link.dialect.name == "sqlite" else "mysql"]
    for statement in (HOURS.format(**counts), DAYS):
        # As literal text: the driver would take % for a parameter.
        link.execution_options(no_parameters=True).exec_driver_sql(statement)


def downgrade() -> None:
    op.drop_table("tally")
