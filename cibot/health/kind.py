"""A signal in a file of its own: what `cibot.config.signals` needs to know of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Any, ClassVar

from cibot.config.policy import Thresholds
from cibot.health.seen import OwnFigures
from cibot.health.signal import Family, Reading, Signal
from cibot.health.state import Stored
from cibot.text import figures
from cibot.text.card import Words


class SignalKind(Stored, ABC):
    """One signal of one CI, in O(1) memory: the same inputs give the same state.

    ``name`` is its section below ``[judgement]`` too, and the kind of its alerts. The fields
    of its ``thresholds`` have descriptions, with which the page of how it judges shows them
    below ``about``. ``takes`` are the types of `cibot.health.inputs` that it is fed with.
    ``seen`` is a dataclass of plain values, which `signal` gives and `words` puts into words.
    Without ``counts`` it is shown only. ``again`` is what the message of its end says of the CI or
    the job, where what it sees then would not name that.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    thresholds: ClassVar[type[Thresholds]]
    takes: ClassVar[tuple[type, ...]]
    seen: ClassVar[type]
    family: ClassVar[Family] = Family.RESULTS
    counts: ClassVar[bool] = True
    again: ClassVar[str] = ""

    @abstractmethod
    def __init__(self, thresholds: Any) -> None: ...

    @abstractmethod
    def take(self, event: Any, /) -> None:
        """Takes in what happened."""

    @abstractmethod
    def standing(self, now: float, ending: bool, /) -> Reading:
        """The verdict at ``now``; ``ending``: whether it would end an incident matters."""

    @abstractmethod
    def signal(self, now: float, /) -> Signal:
        """The same with its figures and evidence."""

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

    @classmethod
    def rules(cls, thresholds: Thresholds) -> Iterator[tuple[str, str]]:
        """Each threshold: what it is about, and its value as people write it."""
        for key, field in cls.thresholds.model_fields.items():
            value = getattr(thresholds, key)
            yield field.description or key, _written(value)


def _written(value: object) -> str:
    if isinstance(value, timedelta):
        return figures.span(value)
    if isinstance(value, float):
        share = 0 < value < 0.01
        return f"1 in {figures.number(round(1 / value))}" if share else figures.percent(value)
    return str(value)
