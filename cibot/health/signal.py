"""What judging says: a signal, its evidence, and the health that the signals make."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from cibot.health.facts import Proof, moment
from cibot.model import State

MOST_EVIDENCE = 8  # more than this helps nobody who reads a chat line or a page


@dataclass(frozen=True, slots=True)
class Evidence:
    """One result that a signal rests on; ``number`` is the change's in Gerrit."""

    said: str
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
    times; None where nothing was seen. ``threshold`` says in words where the
    verdict turns and ``said`` what was seen. ``clears`` says that this reading
    is good enough to end an incident, which asks for more than not being bad;
    ``rising`` that it is half way to a worse verdict. ``since`` is when the
    verdict began, as far as it can be told. Without ``counts`` it is shown only:
    it makes no state and opens no incident.
    """

    name: str
    verdict: State
    figure: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    threshold: str = ""
    said: str = ""
    evidence: tuple[Evidence, ...] = ()
    clears: bool = False
    rising: bool = False
    since: datetime | None = None
    counts: bool = True


@dataclass(frozen=True, slots=True)
class BranchHealth:
    """How a CI is on one branch: ``passes`` of ``n`` results, with the 95 % interval.

    ``usual`` is the share that is usual for it there, None while too little is known;
    ``since`` when it came to be bad.
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
        return next((one for one in self.signals if one.name == name), None)


class Reading(NamedTuple):
    """What a signal says at a moment, without words: enough to know whether anything changed."""

    verdict: State
    clears: bool
    rising: bool = False

    @property
    def bad(self) -> bool:
        """Whether it accuses."""
        return self.verdict.bad


def evidence(proof: Proof, said: str) -> Evidence:
    """A result as evidence."""
    return Evidence(
        said,
        proof.change_id,
        proof.number,
        proof.patch_set,
        moment(proof.at),
        proof.job,
        proof.url,
    )


def signal_row(signal: Signal) -> dict[str, Any]:
    """A signal as plain JSON values; `signal_from_row` reads it back."""
    return {
        "name": signal.name,
        "verdict": signal.verdict.value,
        "figure": signal.figure,
        "low": signal.low,
        "high": signal.high,
        "n": signal.n,
        "threshold": signal.threshold,
        "said": signal.said,
        "evidence": [evidence_row(one) for one in signal.evidence],
        "clears": signal.clears,
        "rising": signal.rising,
        "since": _text(signal.since),
        "counts": signal.counts,
    }


def signal_from_row(row: dict[str, Any]) -> Signal:
    """Reads what `signal_row` wrote; KeyError, TypeError or ValueError on anything else."""
    return Signal(
        **{
            **row,
            "verdict": State(row["verdict"]),
            "evidence": tuple(evidence_from_row(one) for one in row["evidence"]),
            "since": _moment(row["since"]),
        }
    )


def evidence_row(evidence: Evidence) -> dict[str, Any]:
    """A piece of evidence as plain JSON values."""
    return {
        "said": evidence.said,
        "change_id": evidence.change_id,
        "number": evidence.number,
        "patch_set": evidence.patch_set,
        "at": _text(evidence.at),
        "job": evidence.job,
        "url": evidence.url,
    }


def evidence_from_row(row: dict[str, Any]) -> Evidence:
    """Reads what `evidence_row` wrote."""
    return Evidence(**{**row, "at": datetime.fromisoformat(row["at"])})


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
