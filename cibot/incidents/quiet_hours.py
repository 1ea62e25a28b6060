"""Quiet hours: when alerts wait, and what of them is still worth saying afterwards. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from cibot.config.models import QuietConfig
from cibot.model import State
from cibot.text.card import Card

_DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_OPENINGS = frozenset({"opened", "reopened"})
_WORSE = _OPENINGS | {"escalated"}
_MOST_IN_A_ROW = 14  # windows without a gap; who is quiet for ever still gets a digest


@dataclass(frozen=True, slots=True)
class Held:
    """A message that waited: the incident's id (None for one about many CIs), its step."""

    incident: int | None
    step: str
    card: Card


def quiet_until(
    hours: Iterable[QuietConfig], channel: str, severity: State, at: datetime
) -> datetime | None:
    """When an alert of that severity may be sent to a channel, in UTC; None when now."""
    here = [
        hour
        for hour in hours
        if channel.casefold() in {name.casefold() for name in hour.channels}
        and not (hour.through and severity.rank <= State(hour.through).rank)
    ]
    until = None
    for _ in range(_MOST_IN_A_ROW):
        ends = [end for hours in here if (end := _end(hours, until or at)) is not None]
        if not ends:
            break
        until = max(ends)
    return until


def _end(hours: QuietConfig, at: datetime) -> datetime | None:
    """The end of the quiet hours that are on then."""
    today = at.astimezone(hours.time_zone).date()
    for day in (today, today - timedelta(days=1)):
        if _DAY_NAMES[day.weekday()] not in hours.days:
            continue
        last = day if hours.begin < hours.end else day + timedelta(days=1)
        begin, end = _moment(hours, day, hours.begin), _moment(hours, last, hours.end)
        if begin <= at < end:
            return end
    return None


def _moment(hours: QuietConfig, day: date, local: time) -> datetime:
    return datetime.combine(day, local, hours.time_zone).astimezone(UTC)


def worth_saying(held: Sequence[Held], opened: Mapping[int, bool]) -> list[Card]:
    """Of what waited for a channel, one message for each incident where it is still true.

    ``opened`` says whether an incident is open now. What came and went while it
    was quiet is not sent; the end of an announced incident is.
    """
    found: list[Card] = []
    for number in dict.fromkeys(message.incident for message in held):
        steps = [message for message in held if message.incident == number]
        if number is None:
            found += [step.card for step in steps]
        elif opened.get(number, False):
            worse = [step for step in steps if step.step in _WORSE]
            found.append((worse or steps)[-1].card)
        elif steps[0].step not in _OPENINGS and steps[-1].step == "resolved":
            found.append(steps[-1].card)
    return found
