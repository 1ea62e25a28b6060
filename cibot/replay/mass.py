"""Mass failures in a replay: what was gathered in one room, on the replay's own clock."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from cibot.incidents.gathering import Waiting, hold, together
from cibot.incidents.incident import Incident, Notified
from cibot.incidents.mass import (
    HOLD,
    JOINING,
    LEFT,
    LONGEST,
    SETTLING,
    Opening,
    by_stage,
    lasts,
    opening,
    worth,
)
from cibot.incidents.mass_messages import Mass, ended_card, joined_card, mass_card
from cibot.incidents.news import ENDS, News
from cibot.store.cis import KnownCi
from cibot.text.card import Card

Which = tuple[int, datetime]
"""An incident: its CI, and when it began."""


@dataclass(frozen=True, slots=True)
class ReplayedMessage:
    """A message that would have gone out.

    A message of a mass failure has its own ``card`` and is about the openings ``together``, of
    which ``ci`` and ``incident`` are the last one.
    """

    at: datetime
    ci: KnownCi
    incident: Incident
    news: News
    together: tuple[Opening, ...] = ()
    card: Card | None = None

    @property
    def which(self) -> Which:
        """The incident that it is of."""
        return (self.ci.id, self.incident.began_at)


@dataclass(slots=True)
class _Failure:
    """A mass failure: its incidents, those that the room knows as bad, and what waits.

    ``half_way`` are those of them that were told as half way and did not open since.
    """

    began: datetime
    members: set[Which]
    half_way: set[Which]
    notified: set[Which]
    waits: list[ReplayedMessage]
    announced: bool = False


class _News:
    """A message among those of all CIs: a `MassHistory` in what a replay holds."""

    def __init__(
        self, gathered: Gathered, message: ReplayedMessage, newest: Iterable[Which]
    ) -> None:
        self._gathered, self._message = gathered, message
        self._newest = list(newest)
        self.cis = len(gathered.cis)

    def group(self) -> _Failure | None:
        """The newest mass failure that its incident is of."""
        failures = reversed(self._gathered.failures)
        return next((each for each in failures if self._message.which in each.members), None)

    def waits_until(self) -> datetime | None:
        """When what waits of its incident is due; the time itself matters to nobody here."""
        failure = self.group()
        waiting = self._gathered.held if failure is None else failure.waits
        of_it = (other for other in waiting if other.which == self._message.which)
        return next((other.at + HOLD for other in of_it), None)

    def openings(self) -> tuple[list[Opening], list[Opening]]:
        """What opened within the last day and lasts, and what is half way to it."""
        return by_stage(self._gathered.openings(self._newest), self._message.at)

    def joins(self, _opened: Iterable[Opening]) -> _Failure | None:
        """The mass failure that an incident which opens is of: it was half way, or it lasts."""
        for failure in reversed(self._gathered.failures):
            recent = self._message.at - failure.began <= LONGEST
            if self._message.which in failure.half_way or (recent and self.lasts(failure)):
                return failure
        return None

    def begins(self, broken: Sequence[Opening]) -> _Failure:
        """Begins a mass failure, with what was held of it."""
        names = {other.ci: other.half_way for other in broken}
        cis = self._gathered.cis
        members = {which for which in self._newest if cis[which[0]].name in names}
        half_way = {which for which in members if names[cis[which[0]].name]}
        waits = [other for other in self._gathered.held if other.which in members]
        waiting = {other.which for other in waits} | {self._message.which}
        failure = _Failure(broken[0].at, members, half_way, members - waiting, waits)
        self._gathered.held = [other for other in self._gathered.held if other.which not in members]
        self._gathered.failures.append(failure)
        return failure

    def lasts(self, failure: _Failure) -> bool:
        """Whether a mass failure goes on."""
        incidents = map(self._gathered.now, failure.members)
        members = [incident for incident in incidents if incident is not None]
        return lasts(len(members), sum(incident.open for incident in members))


class Gathered:
    """Messages that wait for those of others; ``now`` gives an incident as it is, or None."""

    def __init__(self, cis: Mapping[int, KnownCi], now: Callable[[Which], Incident | None]) -> None:
        self.cis = cis
        self.now = now
        self.held: list[ReplayedMessage] = []
        self.failures: list[_Failure] = []

    def takes(
        self, message: ReplayedMessage, before: Notified | None, newest: Iterable[Which]
    ) -> bool:
        """Whether a message is not sent by itself; ``newest`` are the incidents that last."""
        waits = hold(message.news, before, _News(self, message, newest), message.at)
        if waits is None or waits.is_known:
            return waits is not None
        failure = waits.group
        if failure is None:
            self.held.append(message)
            return True
        failure.members.add(message.which)
        failure.half_way.discard(message.which)
        failure.waits.append(message)
        return True

    def due(self, after: datetime) -> datetime | None:
        """The next moment after ``after`` at which a waiting message may be sent."""
        times = [message.at + HOLD for message in self.held]
        for failure in self.failures:
            ended = [message.at for message in failure.waits if message.news.step.name in ENDS]
            begun = [message.at for message in failure.waits if message.news.step.name not in ENDS]
            times += [max(ended) + SETTLING, max(ended) + LEFT] if ended else []
            times += [min(begun) + JOINING] if begun else []
        return min((time for time in times if time > after), default=None)

    def settle(self, now: datetime) -> Iterator[ReplayedMessage]:
        """Sends what need not wait any longer."""
        out = [message for message in self.held if now - message.at >= HOLD]
        gone = {message.which for message in out}
        waited = [message for message in self.held if message.which in gone]
        self.held = [message for message in self.held if message.which not in gone]
        yield from (replace(message, at=now) for message in _left(waited, ()))
        for failure in self.failures:
            yield from self._tell(failure, now)

    def openings(self, some: Iterable[Which]) -> list[Opening]:
        """What of these incidents concerns a mass failure."""
        incidents = ((which, self.now(which)) for which in sorted(some))
        return [
            opening(self.cis[which[0]].name, incident)
            for which, incident in incidents
            if incident is not None
        ]

    def _tell(self, failure: _Failure, now: datetime) -> Iterator[ReplayedMessage]:
        failure.waits = _left(failure.waits, failure.notified)
        waiting = {message.which: message for message in failure.waits}
        due = together(
            {which: Waiting(other.news.step.name, other.at) for which, other in waiting.items()},
            announced=failure.announced,
            ever=failure.members,
            notified=failure.notified,
            lasts=self._is_bad,
            now=now,
        )
        for said in list(due):
            messages = [waiting[which] for which in said.incidents]
            failure.waits = [other for other in failure.waits if other.which not in said.incidents]
            openings, mass = self.openings(said.incidents), self._mass(failure)
            if said.step != "resolved":
                failure.notified.update(said.incidents)
                failure.announced = True
                card = mass_card(mass) if said.step == "opened" else joined_card(mass, openings)
                yield self._say(messages, now, card)
                continue
            failure.notified.difference_update(said.incidents)
            if len(messages) == 1:
                yield replace(messages[0], at=now)
                continue
            last = max(message.incident.resolved_at or now for message in messages)
            card = ended_card(mass, openings, self.openings(said.left), last)
            yield self._say(messages, now, card)

    def _is_bad(self, which: Which) -> bool:
        incident = self.now(which)
        return incident is not None and incident.open and incident.opened_at is not None

    def _say(
        self, messages: Sequence[ReplayedMessage], now: datetime, card: Card
    ) -> ReplayedMessage:
        openings = tuple(self.openings(message.which for message in messages))
        return replace(messages[-1], at=now, together=openings, card=card)

    def _mass(self, failure: _Failure) -> Mass:
        members = tuple(self.openings(failure.members))
        return Mass(members, members, len(self.cis))


def _left(messages: Iterable[ReplayedMessage], notified: Container[Which]) -> list[ReplayedMessage]:
    """The message of each incident that is still worth sending, in order of time."""
    remaining = []
    ordered = sorted(messages, key=lambda message: (message.which, message.at))
    for which, group in groupby(ordered, key=lambda message: message.which):
        steps = list(group)
        left = worth([message.news.step.name for message in steps], is_known=which in notified)
        remaining += [] if left is None else [steps[left]]
    return sorted(remaining, key=lambda message: (message.at, message.which))
