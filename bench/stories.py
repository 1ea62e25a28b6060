"""Figures of one trouble after the other: incidents opened and messages sent for each."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from bench.simulated import Effort, replayed
from bench.world import CI, DAY, START, Mood, Nature, Traffic, always, tracked, world
from cibot.replay.timeline import ReplayedMessage, Timeline

_BEGIN, _BACK = 40.0, 25.0  # days of health before a trouble and after it
_OPENS = frozenset({"opened", "reopened"})
_LATE = 8 * DAY  # a message of a trouble comes within this time after its end


_WELL = Mood(0.95)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that goes wrong for some days, by what the CI is like at a share of them.

    ``number`` says how many troubles it is.
    """

    name: str
    days: float
    during: Nature
    usually: Mood = _WELL
    number: int = 1


def _steady(name: str, days: float, *, passes: float = 0.95, **fields: object) -> Trouble:
    mood = Mood(passes, **fields)  # type: ignore[arg-type]
    return Trouble(name, days, lambda _share: mood)


TROUBLES = (
    _steady("passes nothing", 3, passes=0.0),
    _steady("passes half", 6, passes=0.5),
    _steady("one of three jobs breaks", 4, broken_job="tempest"),
    _steady("half breaks by itself", 5, infra=0.5),
    _steady("silent", 4, covers=0.0),
    _steady("reports on half", 10, covers=0.5),
    _steady("ten times as slow", 10, hours=10.0),
    _steady("a job vanishes", 6, gone="tempest"),
    _steady("a job passes in half a minute", 6, fast="tempest"),
    Trouble("half, then nothing", 8, lambda share: Mood(0.5 if share < 0.6 else 0.0)),
    Trouble(
        "nothing, then silent", 6, lambda share: Mood(0.0, covers=float(share < 0.5)), number=2
    ),
    Trouble("a drop within a long level", 5, always(passes=0.1), Mood(0.6)),
)
LASTING = (
    _steady("passes 85 %", 45, passes=0.85),
    _steady("passes 75 %", 45, passes=0.75),
    _steady("passes half", 45, passes=0.5),
    _steady("half breaks by itself", 45, infra=0.5),
    _steady("reports on half", 45, covers=0.5),
    _steady("ten times as slow", 45, hours=10.0),
)
"""Troubles that outlast the weeks in which a CI's usual is learnt."""


@dataclass(slots=True)
class Sums:
    """What was seen of one trouble, or of several."""

    troubles: int = 0
    incidents: int = 0
    messages: int = 0
    bad: int = 0  # of the messages
    lost: int = 0
    false: int = 0  # openings outside of the trouble
    over: int = 0  # reported as recovered while it went on
    again: int = 0  # reported as new after it had become the usual

    def add(
        self, trouble: Trouble, said: list[ReplayedMessage], opened: int, begin: float, end: float
    ) -> None:
        """Takes in the messages around a trouble and how many incidents opened in it."""
        during = [message for message in said if begin <= message.at.timestamp() < end + _LATE]
        self.troubles += trouble.number
        self.incidents += opened
        self.messages += len(during)
        self.bad += sum(message.news.worse for message in during)
        self.lost += not any(
            message.news.step.name in _OPENS | {"escalated", "worse"}
            and message.at.timestamp() < end
            for message in during
        )
        self.false += trouble.usually is _WELL and sum(
            message.news.step.name in _OPENS and not begin <= message.at.timestamp() < end
            for message in said
        )
        adopted = False
        for message in during:
            if message.at.timestamp() >= end:
                break
            self.again += adopted and message.news.worse
            adopted |= message.news.symptom.adopted
            self.over += message.news.step.name == "resolved" and not message.news.symptom.adopted

    def row(self, name: str) -> str:
        """As one line of the table."""
        n = self.troubles
        return (
            f"{name:<30}{self.incidents / n:>11.2f}{self.messages / n:>10.2f}{self.bad / n:>6.2f}"
            f"{self.lost:>6}{self.false:>7}{self.over:>6}{self.again:>7}"
        )


def stories(effort: Effort) -> Iterator[str]:
    """Incidents opened and messages sent a trouble, the message of its end included."""
    yield "One trouble after the other, 20 results a day: incidents opened and messages a trouble"
    yield "bad: that it began or got worse; "
    yield "over: told as recovered while it goes on; again: told as new after it became the usual"
    heads = (
        f"{'incidents':>11}{'messages':>10}{'bad':>6}{'lost':>6}{'false':>7}{'over':>6}{'again':>7}"
    )
    for name, troubles in (("", TROUBLES), ("for 45 days", LASTING)):
        yield f"{name:<30}{heads}"
        whole = Sums()
        for trouble in troubles:
            own = Sums()
            for seed in range(effort.futures):
                seen = _story(f"{effort.seed} {trouble.name} {seed}", trouble)
                for sums in (own, whole):
                    sums.add(trouble, *seen)
            yield own.row(trouble.name)
        yield whole.row("all")


def _story(seed: str, trouble: Trouble) -> tuple[list[ReplayedMessage], int, float, float]:
    """The messages of a CI with one trouble, the incidents that opened in it, its span."""
    end = _BEGIN + trouble.days

    def nature(day: float) -> Mood:
        bad = _BEGIN <= day < end
        return trouble.during((day - _BEGIN) / trouble.days) if bad else trouble.usually

    days = end + _BACK
    made = world(random.Random(seed), Traffic(20, 0.1), [nature], days)
    timeline = Timeline(replayed({CI: tracked(made, CI, days)}))
    said = [*timeline.said()]
    span = (START + _BEGIN * DAY, START + end * DAY)
    opened = sum(
        incident.opened_at is not None
        and span[0] <= incident.opened_at.timestamp() < span[1] + _LATE
        for incident in timeline.incidents[CI].values()
    )
    return said, opened, *span


_CIS, _BREAK = 10, 4
MASSES = (
    _steady("pass nothing", 2, passes=0.0),
    _steady("pass half", 4, passes=0.5),
    _steady("half break by themselves", 3, infra=0.5),
    _steady("are silent", 3, covers=0.0),
    Trouble("pass half, then nothing", 4, lambda share: Mood(0.5 if share < 0.6 else 0.0)),
    Trouble("pass nothing, then silent", 4, lambda share: Mood(0.0, covers=float(share < 0.5))),
)
"""What happens to some CIs at once."""


def mass(effort: Effort) -> Iterator[str]:
    """Messages of some CIs that break at once: of their beginning, and of their end."""
    yield f"{_BREAK} of {_CIS} CIs break at once: messages in all, bad news and the rest"
    yield f"{'':<30}{'bad':>11}{'rest':>10}{'a CI':>8}{'lost':>6}"
    whole: list[tuple[int, int, int]] = []
    for trouble in MASSES:
        counts = [_mass(f"{effort.seed} mass {trouble.name} {seed}", trouble)
                 for seed in range(effort.futures)]  # fmt: skip
        whole += counts
        yield _mass_row(trouble.name, counts)
    yield _mass_row("all", whole)


def _mass_row(name: str, counts: list[tuple[int, int, int]]) -> str:
    bad, rest, lost = (sum(row) for row in zip(*counts, strict=True))
    n = len(counts)
    each = (bad + rest) / n / _BREAK
    return f"{name:<30}{bad / n:>11.2f}{rest / n:>10.2f}{each:>8.2f}{lost:>6}"


def _mass(seed: str, trouble: Trouble) -> tuple[int, int, int]:
    """Bad news and other messages of CIs that break at once, and how many CIs nobody heard of."""
    end, days = _BEGIN + trouble.days, _BEGIN + trouble.days + 8

    def nature(day: float) -> Mood:
        bad = _BEGIN <= day < end
        return trouble.during((day - _BEGIN) / trouble.days) if bad else trouble.usually

    natures = [nature] * _BREAK + [always(passes=_WELL.passes)] * (_CIS - _BREAK)
    made = world(random.Random(seed), Traffic(20, 0.1), natures, days)
    cis = range(CI, CI + _CIS)
    timeline = Timeline(replayed({ci: tracked(made, ci, days) for ci in cis}))
    begin, broken = START + _BEGIN * DAY, set(range(CI, CI + _BREAK))
    said = [
        message
        for message in timeline.said()
        if message.at.timestamp() >= begin and (message.ci.id in broken or message.together)
    ]
    bad = sum(message.news.worse for message in said)
    notified = sum(
        any(i.notified and i.notified.count for i in timeline.incidents.get(ci, {}).values())
        for ci in broken
    )
    return bad, len(said) - bad, _BREAK - notified
