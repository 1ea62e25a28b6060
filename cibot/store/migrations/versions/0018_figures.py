"""What signals saw as figures; the sentences of before are kept as an earlier version's words"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

from cibot.store.columns import LongText

revision = "0018"
down_revision = "0017"

FAULTS = {
    "failed": "failed",
    "failed, the reference passed": "failed_alone",
    "failed where the reference passed": "failed_alone",
    "passed where the reference failed": "passed_alone",
    "failed, and passed when run again": "flipped",
    "broke by themselves": "broke",
    "slow": "slow",
    "no report by the deadline": "missed",
}
SAID = {fault: words for words, fault in FAULTS.items()}
BATCH = 500
Part = dict[str, Any]


def upgrade() -> None:
    for column in (
        sa.Column("seen", LongText, nullable=True),
        sa.Column("made_by", sa.String(190), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
    ):
        op.add_column("transition", column)
    # Of the database itself, as there may be many: both know json_object.
    op.execute(
        "UPDATE transition SET seen ="
        " json_object('kind', 'words', 'text', reason, 'threshold', '') WHERE reason <> ''"
    )
    op.drop_column("transition", "reason")
    _rewrite(_with_figures)


def downgrade() -> None:
    op.add_column("transition", sa.Column("reason", sa.Text(), nullable=True))
    read = "json_extract" if op.get_bind().dialect.name == "sqlite" else "json_value"
    op.execute(f"UPDATE transition SET reason = coalesce({read}(seen, '$.text'), '')")
    with op.batch_alter_table("transition") as table:
        table.alter_column("reason", existing_type=sa.Text(), nullable=False)
    for name in ("note", "made_by", "seen"):
        op.drop_column("transition", name)
    _rewrite(_with_sentences)


def _rewrite(change: Callable[[Part], None]) -> None:
    """Changes every signal that was stored, and every symptom of an incident."""
    _each("health", "ci_id", "signals", change)
    _each("incident", "id", "body", change)


def _each(name: str, key: str, column: str, change: Callable[[Part], None]) -> None:
    link, last = op.get_bind(), -1
    table = sa.table(name, sa.column(key, sa.BigInteger), sa.column(column, sa.Text))
    keys, texts = table.c[key], table.c[column]
    newest = sa.select(keys, texts).order_by(keys).limit(BATCH)
    while rows := link.execute(newest.where(keys > last)).all():
        for number, text in rows:
            after = _changed(text, change)
            if after is not None:
                link.execute(sa.update(table).where(keys == number).values({column: after}))
        last = rows[-1][0]


def _changed(text: str, change: Callable[[Part], None]) -> str | None:
    """The JSON with each of its parts changed; None for what is none."""
    try:
        stored = json.loads(text)
        for part in stored["symptoms"] if isinstance(stored, dict) else stored:
            change(part)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return json.dumps(stored, ensure_ascii=False)


def _with_figures(part: Part) -> None:
    text, threshold = part.pop("said", ""), part.pop("threshold", "")
    part["seen"] = {"kind": "words", "text": text, "threshold": threshold} if text else None
    for piece in _evidence(part):
        piece["fault"] = FAULTS.get(piece.pop("said", ""))


def _with_sentences(part: Part) -> None:
    seen = part.pop("seen", None) or {}
    part["said"], threshold = seen.get("text", ""), seen.get("threshold", "")
    if "verdict" in part:  # a signal; a symptom has none
        part["threshold"] = threshold
    for piece in _evidence(part):
        piece["said"] = SAID.get(piece.pop("fault", None), "")


def _evidence(part: Part) -> list[Part]:
    return [*part.get("evidence", ()), *part.get("first_evidence", ())]
