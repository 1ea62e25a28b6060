"""Silences: which alerts are muted, by whom, until when and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cibot.errors import UserError
from cibot.incidents.silences import Silence, silenced
from cibot.reports.context import Context
from cibot.store.engine import Tx
from cibot.store.silences import StoredSilence, silence_by_id, silences_at, silences_before


@dataclass(frozen=True, slots=True)
class Muted:
    """A silence. ``ci`` is a CI's name or, with ``is_pattern``, a pattern; times are UTC.

    ``ended_at`` and ``ended_by`` are set when somebody ended it before ``until``.
    """

    id: int
    ci: str
    since: datetime
    until: datetime
    by: str
    reason: str
    ended_at: datetime | None = None
    ended_by: str | None = None
    is_pattern: bool = False

    def active(self, at: datetime) -> bool:
        """Whether it mutes anything then."""
        return self.ended_at is None and self.since <= at < self.until


def silences(tx: Tx, ctx: Context) -> tuple[Muted, ...]:
    """Every silence that is active now, the one that ends first first."""
    return tuple(map(read, silences_at(tx, ctx.now)))


def silence_on(tx: Tx, ctx: Context, ci: str) -> Muted | None:
    """The silence that mutes a CI now, the one that lasts longest; None when none does."""
    return covering(silences(tx, ctx), ci, ctx.now)


def covering(found: Iterable[Muted], ci: str, at: datetime) -> Muted | None:
    """Of these silences the one that mutes a CI then and lasts longest."""
    by_rule = {
        Silence(one.ci, one.since, one.until, one.by, one.reason, one.is_pattern): one
        for one in found
    }
    rule = silenced(by_rule, ci, at)
    return by_rule[rule] if rule else None


def silence(tx: Tx, silence_id: int) -> Muted:
    """One silence, over or not; UserError when there is none."""
    stored = silence_by_id(tx, silence_id)
    if stored is None:
        raise UserError(f"There is no silence #{silence_id}; silences lists the active ones.")
    return read(stored)


def past_silences(
    tx: Tx, *, before: int | None = None, limit: int = 50, active_at: datetime | None = None
) -> tuple[Muted, ...]:
    """Silences, over or not, newest first, from the one that follows the id ``before``.

    With ``active_at`` those only that mute something then.
    """
    return tuple(map(read, silences_before(tx, before, limit, active_at)))


def read(one: StoredSilence) -> Muted:
    """A stored silence as faces show it."""
    return Muted(
        one.id, one.pattern, one.since, one.until, one.made_by, one.reason, one.ended_at,
        one.ended_by, one.is_pattern,
    )  # fmt: skip
