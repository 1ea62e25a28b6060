"""What a signal is: how it is read at each input, and what is shown of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, ClassVar, NamedTuple

from cibot.config.policy import Thresholds, written
from cibot.config.values import Section
from cibot.health.seen import OwnFigures
from cibot.health.signal import Family, Signal, SignalFigures
from cibot.health.state import Stored
from cibot.health.tally import Count
from cibot.model import State
from cibot.text.card import Words


class Reading(NamedTuple):
    """What a signal says at a moment: its verdict, before anything is made of it to be shown.

    ``clears`` says that it is good enough to end an incident, ``rising`` that it is half way to
    a worse verdict. Where it looks at a window, ``counted`` is what counts there, and ``back``
    since when it is well again after a bad time.
    """

    verdict: State
    clears: bool
    rising: bool = False
    counted: Count = Count(0, 0)
    back: float | None = None

    @property
    def bad(self) -> bool:
        """Whether it accuses."""
        return self.verdict.bad


WELL = Reading(State.HEALTHY, False)
"""Nothing that accuses, and nothing that would end an incident."""
CLEAR = Reading(State.HEALTHY, True)
"""Nothing that accuses, and what would end an incident."""


class Gauge(Stored, ABC):
    """One signal of one CI, in O(1) memory: the same inputs give the same state.

    It is read after each input that may change it, and its figures are asked for where it did
    change, or is shown. Without ``counts`` it is shown only: it makes no state and opens no
    incident.

    ``name`` is what it is called in incidents, routes and answers, and the key of its
    thresholds below ``[judgement]`` where ``section`` names no other (empty: it has none that
    people set). ``about`` says on the page of how it judges what it looks at, and the fields of
    its thresholds that have descriptions follow there. ``compares`` says that it is measured on
    what the reference passed, ``listens`` that it rests on what was not heard, of which a stale
    feed of our own says nothing. ``again`` is what the message of its end says of the CI or,
    with ``{job}``, of the job, where what it sees then would not say that.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    section: ClassVar[str | None] = None
    family: ClassVar[Family] = Family.RESULTS
    counts: ClassVar[bool] = True
    compares: ClassVar[bool] = False
    listens: ClassVar[bool] = False
    again: ClassVar[str] = ""

    @classmethod
    def rules(cls, policy: Section) -> Iterator[tuple[str, str]]:
        """Each threshold: what it is about, and its value as people write it."""
        section = cls.name if cls.section is None else cls.section
        return written(getattr(policy, section)) if section else iter(())

    @abstractmethod
    def standing(self, now: float, ending: bool, /) -> Reading:
        """How it is at ``now``; ``ending``: whether it would end an incident matters."""

    @abstractmethod
    def figures(self, now: float, reading: Reading, /) -> SignalFigures:
        """What is shown beside the verdict of ``reading``, which is the one of ``now``."""

    def signal(self, now: float) -> Signal:
        """How it is at ``now``, with its figures and evidence."""
        reading = self.standing(now, True)
        return Signal(
            self.name,
            reading.verdict,
            clears=reading.clears,
            rising=reading.rising,
            counts=self.counts,
            **self.figures(now, reading),
        )


class SignalKind(Gauge):
    """A signal that one file and one line add: with its thresholds, inputs and words.

    ``takes`` are the types of `cibot.health.inputs` that it is fed with. ``seen`` is a
    dataclass of plain values, which `own` takes and `words` puts into words.
    """

    thresholds: ClassVar[type[Thresholds]]
    takes: ClassVar[tuple[type, ...]]
    seen: ClassVar[type]

    @abstractmethod
    def __init__(self, thresholds: Any) -> None: ...

    @abstractmethod
    def take(self, event: Any, /) -> None:
        """Takes in what happened."""

    @classmethod
    @abstractmethod
    def words(cls, seen: Any, /) -> Words:
        """What it saw, of its ``seen``."""

    @classmethod
    @abstractmethod
    def threshold(cls, seen: Any, /) -> str:
        """Where the verdict turns."""

    @classmethod
    def own(cls, seen: Any) -> OwnFigures:
        """Its ``seen`` as a part of a `Signal`."""
        return OwnFigures(cls.name, asdict(seen))
