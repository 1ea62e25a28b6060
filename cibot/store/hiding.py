"""Takes away changes that cibot's account may not see (any more), and what is kept of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.outbox import UNSENT, WAITING
from cibot.store.reports import withdraw_comments
from cibot.store.rows import in_chunks, rows_in
from cibot.store.tally import Tally


def hide_changes(tx: Tx, ids: Collection[int], tally: Tally, now: datetime) -> set[int]:
    """Deletes changes with all that was said on them; returns the CIs that lost a report.

    Incidents and health keep no evidence of them, of missed chances neither, and a project
    without other changes is nobody's any more.
    """
    cis: set[int] = set()
    change, comment, record = schema.change.c, schema.comment.c, schema.project_record.c
    projects: set[str] = set()
    for some in in_chunks(ids):
        projects |= set(tx.execute(select(change.project).where(change.id.in_(some))).scalars())
    at_home = set(rows_in(tx, select(record.ci_id), record.project, projects))
    for row_id in sorted(ids):
        seqs = tx.execute(select(comment.seq).where(comment.change_id == row_id)).scalars().all()
        cis |= withdraw_comments(tx, {(row_id, seq) for seq in seqs}, tally, now)
        tx.execute(delete(schema.patch_set).where(schema.patch_set.c.change_id == row_id))
        tx.execute(delete(schema.change).where(change.id == row_id))
    concerned = cis | {row.ci_id for row in at_home}
    _forget_evidence(tx, concerned, frozenset(ids))
    for project in sorted(projects):
        _forget_empty(tx, project, concerned)
    return cis


_NAMED = re.compile(r'"change_id":(\d+)')


def _forget_evidence(tx: Tx, cis: Collection[int], ids: frozenset[int]) -> None:
    """Deletes evidence of these changes from what is stored of some CIs' health and incidents."""
    incident, health = schema.incident, schema.health
    for column, key in ((incident.c.body, incident.c.id), (health.c.signals, health.c.ci_id)):
        table = column.table
        for ci_id in sorted(cis):
            rows = tx.execute(select(key, column).where(table.c.ci_id == ci_id)).all()
            for number, text in rows:
                if not ids.isdisjoint(map(int, _NAMED.findall(text))):
                    new = json.dumps(_without(json.loads(text), ids), separators=(",", ":"))
                    tx.execute(update(table).where(key == number).values({column: new}))


def _without(value: Any, ids: frozenset[int]) -> Any:
    """JSON without the members of lists that are of one of these changes."""
    if isinstance(value, dict):
        return {name: _without(part, ids) for name, part in value.items()}
    if isinstance(value, list):
        return [
            _without(part, ids)
            for part in value
            if not (isinstance(part, dict) and part.get("change_id") in ids)
        ]
    return value


_ANY = select(schema.change.c.id).limit(1)


def _forget_empty(tx: Tx, project: str, cis: Collection[int]) -> None:
    """Deletes what is known of who reports on a project that has no change any more."""
    if tx.execute(_ANY.where(schema.change.c.project == project)).first():
        return
    rollup = schema.rollup.c
    tx.execute(
        delete(schema.rollup).where(rollup.ci_id.in_(sorted(cis)), rollup.project == project)
    )
    for table in (schema.project_record, schema.reference_period):
        tx.execute(delete(table).where(table.c.project == project))


def rewrite_cards(tx: Tx, rewritten: Callable[[str], str]) -> None:
    """Gives the messages that are not out the cards that ``rewritten`` makes of theirs.

    Those too of which a digest is made again as long as it is not out.
    """
    table = schema.outbox.c
    cards = select(table.id, table.card)
    waiting = tx.execute(cards.where(table.state.in_((*UNSENT, *WAITING)))).all()
    in_digests = rows_in(tx, cards, table.digest_id, [row.id for row in waiting])
    for row in (*waiting, *in_digests):
        if (card := rewritten(row.card)) != row.card:
            tx.execute(update(schema.outbox).where(table.id == row.id).values(card=card))
