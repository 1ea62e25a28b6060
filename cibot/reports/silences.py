"""Silences: which alerts are muted, by whom, until when and why."""

from __future__ import annotations

from datetime import datetime

from cibot.errors import UserError
from cibot.incidents.silences import silenced
from cibot.model import Silence
from cibot.reports.context import Context
from cibot.store.engine import Tx
from cibot.store.silences import silence_by_id, silences_at, silences_before


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


def past_silences(
    tx: Tx, *, before: int | None = None, limit: int = 50, active_at: datetime | None = None
) -> tuple[Silence, ...]:
    """Silences, over or not, newest first, from the one that follows the id ``before``.

    With ``active_at`` those only that mute something then.
    """
    return tuple(silences_before(tx, before, limit, active_at))
