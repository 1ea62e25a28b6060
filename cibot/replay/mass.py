"""Mass failures in a replay: what was gathered in one room, on the replay's own clock."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby

from cibot.incidents.incident import Incident, Notified
from cibot.incidents.mass import (
    HOLD,
    JOINING,
    LEFT,
    LONGEST,
    SETTLING,
    Opening,
    by_stage,
    common_breakage,
    joined,
    lasts,
    of_member,
    opening,
    settled,
    suspected,
    worth,
)
from cibot.incidents.mass_messages import Mass, ended_card, joined_card, mass_card
from cibot.incidents.news import BEGINS, ENDS, News
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
    """A mass failure: its incidents, those that the room knows as bad, and what waits."""

    began: datetime
    members: set[Which] = field(default_factory=set)
    notified: set[Which] = field(default_factory=set)
    waits: list[ReplayedMessage] = field(default_factory=list)
    announced: bool = False


class Gathered:
    """Messages that wait for those of others; ``now`` gives an incident as it is, or None."""

    def __init__(self, cis: Mapping[int, KnownCi], now: Callable[[Which], Incident | None]) -> None:
        self._cis = cis
        self._now = now
        self._held: list[ReplayedMessage] = []
        self._failures: list[_Failure] = []

    def takes(
        self, message: ReplayedMessage, before: Notified | None, newest: Iterable[Which]
    ) -> bool:
        """Whether a message is not sent by itself; ``newest`` are the incidents that last."""
        which, at = message.which, message.at
        if message.news.step.name in BEGINS:
            failure = self._joins(which, at) or self._breaks(message, newest)
            if failure is not None:
                failure.members.add(which)
                failure.waits.append(message)
                return True
            opened, pending = self._openings(newest, at)
            held = suspected(opened, len(self._cis), at, pending)
            self._held += [message] if held else []
            return held
        failure = next(
            (candidate for candidate in reversed(self._failures) if which in candidate.members),
            None,
        )
        if failure is None:
            held = any(other.which == which for other in self._held)
            self._held += [message] if held else []
            return held
        waits = any(other.which == which for other in failure.waits)
        with_others = of_member(message.news, before, going_on=self._lasts(failure), waits=waits)
        failure.waits += [message] if with_others else []
        return with_others is not None

    def due(self, after: datetime) -> datetime | None:
        """The next moment after ``after`` at which a waiting message may be sent."""
        times = [message.at + HOLD for message in self._held]
        for failure in self._failures:
            ended = [message.at for message in failure.waits if message.news.step.name in ENDS]
            begun = [message.at for message in failure.waits if message.news.step.name not in ENDS]
            times += [max(ended) + SETTLING, max(ended) + LEFT] if ended else []
            times += [min(begun) + JOINING] if begun else []
        return min((time for time in times if time > after), default=None)

    def settle(self, now: datetime) -> Iterator[ReplayedMessage]:
        """Sends what need not wait any longer."""
        out = [message for message in self._held if now - message.at >= HOLD]
        gone = {message.which for message in out}
        waited = [message for message in self._held if message.which in gone]
        self._held = [message for message in self._held if message.which not in gone]
        yield from (replace(message, at=now) for message in _left(waited, ()))
        for failure in self._failures:
            yield from self._tell(failure, now)

    def _joins(self, which: Which, at: datetime) -> _Failure | None:
        for failure in reversed(self._failures):
            going_on = at - failure.began <= LONGEST and self._lasts(failure)
            if which in failure.members or going_on:
                return failure
        return None

    def _lasts(self, failure: _Failure) -> bool:
        members = [incident for which in failure.members if (incident := self._now(which))]
        return lasts(len(members), sum(incident.open for incident in members))

    def _openings(
        self, newest: Iterable[Which], at: datetime
    ) -> tuple[list[Opening], list[Opening]]:
        return by_stage(self._of(newest).values(), at)

    def _of(self, some: Iterable[Which]) -> dict[Which, Opening]:
        incidents = ((which, self._now(which)) for which in sorted(some))
        return {
            which: opening(self._cis[which[0]].name, incident)
            for which, incident in incidents
            if incident is not None
        }

    def _breaks(self, message: ReplayedMessage, newest: Iterable[Which]) -> _Failure | None:
        """The mass failure that this opening makes, if it makes one."""
        newest = list(newest)
        opened, pending = self._openings(newest, message.at)
        broken = common_breakage(opened, len(self._cis), message.at, pending)
        if broken is None:
            return None
        names = {other.ci for other in broken}
        members = {which for which in newest if self._cis[which[0]].name in names}
        failure = _Failure(broken[0].at, members)
        failure.waits = [other for other in self._held if other.which in members]
        waits = {other.which for other in failure.waits} | {message.which}
        failure.notified = members - waits  # by messages of their own, or the one sent half way
        self._held = [other for other in self._held if other.which not in members]
        self._failures.append(failure)
        return failure

    def _tell(self, failure: _Failure, now: datetime) -> Iterator[ReplayedMessage]:
        failure.waits = _left(failure.waits, failure.notified)
        begun = [other for other in failure.waits if other.news.step.name not in ENDS]
        ended = [other for other in failure.waits if other.news.step.name in ENDS]
        if begun and (not failure.announced or joined([other.at for other in begun], now)):
            mass, openings = self._mass(failure), self._openings_of(begun)
            card = joined_card(mass, openings) if failure.announced else mass_card(mass)
            failure.announced = True
            failure.notified |= {other.which for other in begun}
            yield self._say(begun, now, card)
            failure.waits = ended
        over = {other.which for other in ended}
        left = [
            which
            for which in failure.notified - over
            if (incident := self._now(which)) and incident.open and incident.opened_at is not None
        ]
        gone = len(failure.members) - len(left)
        if settled([other.at for other in ended], gone, len(left), now):
            failure.notified -= over
            failure.waits = [other for other in failure.waits if other.which not in over]
            if len(ended) == 1:
                yield replace(ended[0], at=now)
                return
            last = max(other.incident.resolved_at or now for other in ended)
            others = [*self._of(left).values()]
            card = ended_card(self._mass(failure), self._openings_of(ended), others, last)
            yield self._say(ended, now, card)

    def _say(
        self, messages: Sequence[ReplayedMessage], now: datetime, card: Card
    ) -> ReplayedMessage:
        openings = tuple(self._openings_of(messages))
        return replace(messages[-1], at=now, together=openings, card=card)

    def _openings_of(self, messages: Iterable[ReplayedMessage]) -> list[Opening]:
        return [*self._of(other.which for other in messages).values()]

    def _mass(self, failure: _Failure) -> Mass:
        members = tuple(self._of(failure.members).values())
        return Mass(members, members, len(self._cis))


def _left(messages: Iterable[ReplayedMessage], notified: Container[Which]) -> list[ReplayedMessage]:
    """The message of each incident that is still worth sending, in order of time."""
    remaining = []
    ordered = sorted(messages, key=lambda message: (message.which, message.at))
    for which, group in groupby(ordered, key=lambda message: message.which):
        steps = list(group)
        left = worth([message.news.step.name for message in steps], is_known=which in notified)
        remaining += [] if left is None else [steps[left]]
    return sorted(remaining, key=lambda message: (message.at, message.which))
