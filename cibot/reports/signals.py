"""Reads the signals that the monitor stored beside a CI's state. Pure.

What the monitor of another version wrote must not silence an answer: a field
that is absent or odd is left out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cibot.model import State

_SUCCESS = "success"
_SILENT = "silent"
_FEW = 3  # chances: fewer say nothing of what is usual


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """One result that a signal rests on. ``said`` is its own words, where it has any."""

    said: str = ""
    change_id: int | None = None
    number: int | None = None
    patch_set: int | None = None
    job: str | None = None
    at: datetime | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class SignalView:
    """One signal of a CI: ``figure`` with its 95 % interval over ``n`` results.

    ``threshold`` says in words where it fires. Rates are shares of 0..1;
    ``said`` is a sentence. Without ``counts`` it is shown only and makes no state.
    """

    name: str
    verdict: State
    figure: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    threshold: str = ""
    said: str = ""
    evidence: tuple[EvidenceView, ...] = ()
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of ``n`` results that passed, with its 95 % interval."""

    passes: int
    n: int
    low: float | None
    high: float | None

    @property
    def share(self) -> float:
        """0..1."""
        return self.passes / self.n


def read_signals(text: str, *, evidence: bool = True) -> tuple[SignalView, ...]:
    """The signals of a health row's JSON, in the order they were written.

    Without ``evidence``, which is most of it, where nobody will look at that.
    """
    return tuple(_signal(one, evidence=evidence) for one in _stored(text))


def _stored(text: str) -> list[dict[str, Any]]:
    try:
        raw = json.loads(text)
    except ValueError:
        return []
    if isinstance(raw, dict):
        raw = raw.get("signals", [])
    if not isinstance(raw, list):
        return []
    return [one for one in raw if isinstance(one, dict) and one.get("name")]


def read_evidence(raw: Any) -> tuple[EvidenceView, ...]:
    """The evidence in a part of a stored JSON; what is no list holds none."""
    return tuple(_evidence(one) for one in (raw if isinstance(raw, list) else []))


def success_rate(signals: tuple[SignalView, ...]) -> Rate | None:
    """How much a CI passed, from its success signal; None without results."""
    for one in signals:
        if one.name == _SUCCESS and one.n > 0 and one.figure is not None:
            return Rate(round(one.figure * one.n), one.n, one.low, one.high)
    return None


def usual_coverage(signals: tuple[SignalView, ...]) -> float | None:
    """The share of its chances on which a CI usually reports; None where too few are known.

    Chances that went by while it was silent do not count.
    """
    for signal in signals:
        if signal.name == _SILENT and signal.n >= _FEW:
            return signal.figure
    return None


def worst_signal(signals: tuple[SignalView, ...]) -> SignalView | None:
    """The signal that makes the state; None when nothing is known to be wrong."""
    bad = [one for one in signals if one.counts and one.verdict.rank < State.UNKNOWN.rank]
    return min(bad, key=lambda one: one.verdict.rank) if bad else None


def _signal(raw: Mapping[str, Any], *, evidence: bool) -> SignalView:
    return SignalView(
        name=str(raw["name"]),
        verdict=_state(raw.get("verdict")),
        figure=_number(raw.get("figure")),
        low=_number(raw.get("low")),
        high=_number(raw.get("high")),
        n=int(_number(raw.get("n")) or 0),
        threshold=_words(raw.get("threshold")),
        said=_words(raw.get("said")),
        evidence=read_evidence(raw.get("evidence")) if evidence else (),
        counts=raw.get("counts") is not False,
    )


def _evidence(raw: Any) -> EvidenceView:
    if not isinstance(raw, dict):
        return EvidenceView(said=_words(raw))
    change = _number(raw.get("change_id"))
    number = _number(raw.get("number", raw.get("change")))
    patch_set = _number(raw.get("patch_set"))
    return EvidenceView(
        said=_words(raw.get("said", raw.get("text"))),
        change_id=int(change) if change is not None else None,
        number=int(number) if number is not None else None,
        patch_set=int(patch_set) if patch_set is not None else None,
        job=_words(raw.get("job")) or None,
        at=_moment(raw.get("at", raw.get("posted_at"))),
        url=_words(raw.get("url")) or None,
    )


def _state(raw: Any) -> State:
    try:
        return State(raw)
    except ValueError:
        return State.UNKNOWN


def _number(raw: Any) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    return float(raw) if math.isfinite(raw) and abs(raw) < 1 << 53 else None


def _words(raw: Any) -> str:
    return "" if raw is None or isinstance(raw, dict | list) else str(raw)


def _moment(raw: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(raw) if isinstance(raw, str) else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)
