"""Writes what a tracker counted by day, and when its signals accused, over what was before."""

from __future__ import annotations

from cibot.health.days import DAY
from cibot.health.facts import moment
from cibot.health.rollup import NUMBERS, TABLES
from cibot.judging.trackers import Advanced
from cibot.store.engine import Tx
from cibot.store.rollup import RollUpRow, SpellRow, put_rollup, put_spells


def keep_rollup(tx: Tx, ci_id: int, advanced: Advanced) -> None:
    """Stores what was counted since the tracker went on, or went back."""
    tracker, since = advanced.tracker, advanced.since
    rows = (
        RollUpRow(ci_id, *key, *(getattr(counts, name) for name in (*NUMBERS, *TABLES)))
        for key, counts in tracker.judge.rollup.since(since).items()
    )
    put_rollup(tx, ci_id, int(since // DAY), rows)
    spells = (*tracker.spells.ended, *tracker.spells.open.values())
    put_spells(
        tx,
        ci_id,
        moment(since),
        [
            SpellRow(
                ci_id,
                each.signal,
                moment(each.since),
                each.state.value,
                None if each.until is None else moment(each.until),
            )
            for each in spells
        ],
    )
