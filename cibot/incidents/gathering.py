"""What of the news that waits for that of other CIs is sent together. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cibot.incidents.mass import HALF_WAY_STEP, joined, settled
from cibot.incidents.news import ENDS


@dataclass(frozen=True, slots=True)
class Hold:
    """That a message waits for those of other CIs: of which mass failure, and until when.

    Without a ``group`` it waits to see whether there is one. What ``is_known`` by the
    message of that is noted without one of its own.
    """

    group: str | None
    until: datetime
    is_known: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """The news of one incident that waits: its step, and since when."""

    step: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Together:
    """What is sent now of a mass failure: that it ``opened``, was ``joined`` or is ``resolved``.

    It is about these incidents; at its end some may be ``left``.
    """

    step: str
    incidents: Sequence[int]
    left: Sequence[int] = ()


def together(
    waiting: Mapping[int, Waiting],
    *,
    announced: bool,
    ever: Collection[int],
    notified: Collection[int],
    lasts: Callable[[int], bool],
    now: datetime,
) -> Iterator[Together]:
    """What is sent now in a room of the news that waits there.

    ``announced`` says whether the room knows of the mass failure, ``ever`` which incidents of it
    it heard of, and ``notified`` which of them it knows as bad.
    """
    begun = [which for which, news in waiting.items() if news.step not in ENDS]
    opened = [which for which in begun if waiting[which].step != HALF_WAY_STEP]
    said: list[int] = []
    if opened and (not announced or joined([waiting[which].at for which in opened], now)):
        said = opened if announced else begun
        yield Together("joined" if announced else "opened", said)
    ended = [which for which in waiting if which not in begun]
    bad = [*notified, *(which for which in said if which not in notified)]
    left = [which for which in bad if which not in ended and lasts(which)]
    over = len({*ever, *said}) - len(left)
    if settled([waiting[which].at for which in ended], over, len(left), now):
        yield Together("resolved", ended, left)
