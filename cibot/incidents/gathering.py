"""Which news waits for that of other CIs, and what of it is sent together. Pure.

The bot keeps what waits as rows of the outbox, a room at a time, and a replay in memory. Both
answer what is asked of them here; the rules are these.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from cibot.incidents.incident import Notified
from cibot.incidents.mass import (
    HALF_WAY_STEP,
    HOLD,
    JOINING,
    LEFT,
    Opening,
    common_breakage,
    joined,
    of_member,
    settled,
    suspected,
)
from cibot.incidents.news import BEGINS, ENDS, News

Group = TypeVar("Group")
Which = TypeVar("Which")


@dataclass(frozen=True, slots=True)
class Hold(Generic[Group]):
    """That a message waits for those of other CIs: of which mass failure, and until when.

    Without a ``group`` it waits to see whether there is one. What ``is_known`` by the
    message of that is noted without one of its own.
    """

    group: Group | None
    until: datetime
    is_known: bool = False


class MassHistory(Protocol[Group]):
    """What is asked about the incident of some news, and about those of other CIs."""

    cis: int
    """How many CIs are judged."""

    def group(self) -> Group | None:
        """The mass failure that the incident is of."""

    def waits_until(self) -> datetime | None:
        """Until when a message of the incident waits; None where none does."""

    def openings(self) -> tuple[list[Opening], list[Opening]]:
        """What opened within the last day and lasts, and what is half way to it."""

    def joins(self, opened: Iterable[Opening], /) -> Group | None:
        """The mass failure that an incident which opens is of: it was half way, or it lasts."""

    def begins(self, broken: Sequence[Opening], /) -> Group:
        """Begins a mass failure of these."""

    def lasts(self, group: Group, /) -> bool:
        """Whether a mass failure goes on."""


def hold(
    news: News, before: Notified | None, history: MassHistory[Group], now: datetime
) -> Hold[Group] | None:
    """Whether news is sent together with that of other CIs; None where it is sent alone.

    ``before`` is what people were notified of.
    """
    if news.step.name in BEGINS:
        opened, pending = history.openings()
        group = history.joins(opened)
        if group is None:
            broken = common_breakage(opened, history.cis, now, pending)
            group = None if broken is None else history.begins(broken)
        if group is not None:
            return Hold(group, now + JOINING)
        waits = suspected(opened, history.cis, now, pending)
        return Hold(None, now + HOLD) if waits else None
    group, until = history.group(), history.waits_until()
    if group is None:
        return None if until is None else Hold(None, until)
    going_on = history.lasts(group)
    with_others = of_member(news, before, going_on=going_on, waits=until is not None)
    if with_others is None:
        return None
    wait = LEFT if news.step.name in ENDS else JOINING
    return Hold(group, now + wait, is_known=not with_others)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The news of one incident that waits: its step, and since when."""

    step: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Together(Generic[Which]):
    """What is sent now of a mass failure: that it ``opened``, was ``joined`` or is ``resolved``.

    It is about these incidents; at its end some may be ``left``.
    """

    step: str
    incidents: Sequence[Which]
    left: Sequence[Which] = ()


def together(
    waiting: Mapping[Which, Waiting],
    *,
    announced: bool,
    ever: Collection[Which],
    notified: Collection[Which],
    lasts: Callable[[Which], bool],
    now: datetime,
) -> Iterator[Together[Which]]:
    """What is sent now in a room of the news that waits there.

    ``announced`` says whether the room knows of the mass failure, ``ever`` which incidents of it
    it heard of, and ``notified`` which of them it knows as bad.
    """
    begun = [which for which, news in waiting.items() if news.step not in ENDS]
    opened = [which for which in begun if waiting[which].step != HALF_WAY_STEP]
    said: list[Which] = []
    if opened and (not announced or joined([waiting[which].at for which in opened], now)):
        said = opened if announced else begun
        yield Together("joined" if announced else "opened", said)
    ended = [which for which in waiting if which not in begun]
    bad = [*notified, *(which for which in said if which not in notified)]
    left = [which for which in bad if which not in ended and lasts(which)]
    over = len({*ever, *said}) - len(left)
    if settled([waiting[which].at for which in ended], over, len(left), now):
        yield Together("resolved", ended, left)
