"""What judging says: a signal, its evidence, and the health that the signals make."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import TypedDict

from pydantic import TypeAdapter, ValidationError

from cibot.health.chart import Drop
from cibot.health.facts import Proof, moment
from cibot.health.intervals import wilson
from cibot.health.seen import Fault, Seen
from cibot.model import State

MOST_EVIDENCE = 8  # as many as a chat line or a page can show


class Family(StrEnum):
    """What a signal speaks of. Bad signals of one family are usually of one cause."""

    RESULTS = "results"
    PRESENCE = "presence"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One result that a signal rests on; ``number`` is the change's in Gerrit.

    ``fault`` is None where an earlier version did not store it.
    """

    fault: Fault | None
    change_id: int
    number: int
    patch_set: int
    at: datetime
    job: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """One figure about a CI with its 95 % interval, and what it means.

    ``figure``, ``low`` and ``high`` are shares in 0..1 for rates and hours for
    times; None where nothing was seen. ``seen`` has what else was seen, and where the
    verdict turns. ``evidence`` lies within what was looked at. ``clears`` says that this
    reading is good enough to end an incident, which asks for more than not being bad;
    ``rising`` that it is half way to a worse verdict. ``since`` is when the
    verdict began, as far as it is known, and ``adopted`` when a bad time last became
    what is usual for the CI. Without ``counts`` it is shown only: it makes no state and
    opens no incident.
    """

    name: str
    verdict: State
    figure: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    seen: Seen | None = None
    evidence: tuple[Evidence, ...] = ()
    clears: bool = False
    rising: bool = False
    since: datetime | None = None
    adopted: datetime | None = None
    counts: bool = True


@dataclass(frozen=True, slots=True)
class BranchHealth:
    """How a CI is on one branch: ``passes`` of ``n`` results, with the 95 % interval.

    ``usual`` is the share that is usual for it there, None while too little is known;
    ``since`` when it came to be bad, and ``drop`` what passed since, where it dropped.
    """

    branch: str
    state: State
    passes: int
    n: int
    low: float | None
    high: float | None
    usual: float | None
    since: datetime | None
    heard_at: datetime
    drop: Drop | None = None

    @property
    def share(self) -> float:
        """The share passed in 0..1; 0 where there is no result."""
        return self.passes / self.n if self.n else 0.0


@dataclass(frozen=True, slots=True)
class Health:
    """How a CI is, the signals that make it so, and since when; how it is on each branch."""

    state: State
    signals: tuple[Signal, ...]
    since: datetime | None = None
    branches: tuple[BranchHealth, ...] = ()

    def signal(self, name: str) -> Signal | None:
        """The signal of that name, or None when it was not looked at."""
        return next((signal for signal in self.signals if signal.name == name), None)


class SignalFigures(TypedDict, total=False):
    """What a `Signal` shows beside the verdict, in the words of its fields."""

    figure: float | None
    low: float | None
    high: float | None
    n: int
    seen: Seen
    evidence: tuple[Evidence, ...]
    since: datetime | None
    adopted: datetime | None


def share_of(k: int, n: int) -> SignalFigures:
    """The figure of a signal that saw ``k`` of ``n``, with its interval; none where n is 0."""
    if not n:
        return {"n": n}
    low, high = wilson(k, n)
    return {"figure": k / n, "low": low, "high": high, "n": n}


def evidence(proof: Proof, fault: Fault) -> Evidence:
    """A result as evidence."""
    return Evidence(
        fault,
        proof.change_id,
        proof.number,
        proof.patch_set,
        moment(proof.at),
        proof.job,
        proof.url,
    )


READ_AGAIN = 128  # texts of CIs that are remembered: most questions read the same ones
_SIGNAL = TypeAdapter(Signal)
_SIGNALS = TypeAdapter(tuple[Signal, ...])


def signals_json(signals: tuple[Signal, ...]) -> str:
    """Signals as JSON text."""
    return _SIGNALS.dump_json(signals).decode()


def parse_signals(text: str) -> tuple[Signal, ...]:
    """Reads what `signals_json` wrote; what another version wrote otherwise is left out."""
    try:
        return _SIGNALS.validate_json(text)
    except ValidationError:
        return tuple(_readable(text))


@lru_cache(READ_AGAIN)
def read_signals(text: str) -> tuple[Signal, ...]:
    """The same for faces, which are asked for the same text again and again; it stays in memory."""
    return parse_signals(text)


def _readable(text: str) -> Iterator[Signal]:
    try:
        rows = json.loads(text)
    except ValueError:
        return
    for row in rows if isinstance(rows, list) else ():
        try:
            yield _SIGNAL.validate_python(row)
        except ValidationError:
            continue
