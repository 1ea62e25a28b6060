"""Silences: which alerts are muted, by whom, until when and why."""

from __future__ import annotations

from cibot.errors import UserError
from cibot.incidents.routing import silenced
from cibot.model import Silence
from cibot.reports.context import Context
from cibot.store.engine import Tx
from cibot.store.silences import silence_by_id, silences_at


def silences(tx: Tx, ctx: Context) -> tuple[Silence, ...]:
    """Every silence that is active now, ordered by end time."""
    return tuple(silences_at(tx, ctx.now))


def silence_on(tx: Tx, ctx: Context, ci: str) -> Silence | None:
    """The silence that mutes a CI now, the one that lasts longest; None when none does."""
    return silenced(silences(tx, ctx), ci, ctx.now)


def silence(tx: Tx, silence_id: int) -> Silence:
    """One silence, over or not; UserError when there is none."""
    stored = silence_by_id(tx, silence_id)
    if stored is None:
        raise UserError(f"There is no silence #{silence_id}; silences lists the active ones.")
    return stored
