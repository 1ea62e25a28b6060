"""Who hears of an incident, and when: routes, silences that people made, quiet hours. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from cibot.config.models import QuietConfig, RouteConfig, SummaryConfig
from cibot.health.signal import BranchHealth, Family
from cibot.incidents.incident import Incident
from cibot.incidents.news import BEGINS, WORSE
from cibot.incidents.symptom import family_of
from cibot.model import Silence, State
from cibot.text.card import Card
from cibot.text.patterns import fits, fits_any

Choice = RouteConfig | SummaryConfig
"""What chooses CIs by patterns that must all fit."""


@dataclass(frozen=True, slots=True)
class Alert:
    """What a route looks at.

    ``kinds`` are the signals of its symptoms, ``projects`` those that the CI reports on,
    ``branches`` those that the trouble concerns.
    """

    ci: str
    kinds: frozenset[str]
    severity: State
    owner: str | None = None
    projects: frozenset[str] = frozenset()
    branches: frozenset[str] = frozenset()


def alert_of(
    ci: str,
    incident: Incident,
    owner: str | None,
    projects: frozenset[str],
    branches: Sequence[BranchHealth] = (),
) -> Alert:
    """An incident as the routes look at it: with all its symptoms, at its worst."""
    came = [symptom for symptom in incident.symptoms if symptom.came_at is not None]
    heard = incident.notified
    severity = heard.worst if heard and heard.worst.rank < incident.severity.rank else None
    kinds = frozenset(symptom.signal for symptom in came)
    severity = severity or incident.severity
    return Alert(ci, kinds, severity, owner, projects, concerned(kinds, branches))


def concerned(kinds: Iterable[str], branches: Sequence[BranchHealth]) -> frozenset[str]:
    """The branches that trouble of these signals concerns.

    Bad results those where the CI is bad; other trouble, and where it is so on none, all.
    """
    results = all(family_of(signal) is Family.RESULTS for signal in kinds)
    bad = [branch for branch in branches if results and branch.state.bad]
    return frozenset(branch.branch for branch in bad or branches)


def receivers(routes: Iterable[RouteConfig], alert: Alert) -> tuple[str, ...]:
    """The channels that an alert goes to, each once, in the routes' order."""
    channels: dict[str, None] = {}
    for route in routes:
        if _takes(route, alert):
            channels.update(dict.fromkeys(route.channels))
    return tuple(channels)


def _takes(route: RouteConfig, alert: Alert) -> bool:
    return (
        not alert.kinds.isdisjoint(route.kinds)
        and alert.severity.rank <= State(route.severity).rank
        and chooses(route, alert.ci, alert.owner, alert.projects)
        and fits_branches(route, alert.branches)
    )


def fits_branches(route: RouteConfig, branches: Iterable[str]) -> bool:
    """Whether one of these branches is the route's; where none is known, that takes every one."""
    return any(fits_any(route.branches, branch) for branch in tuple(branches) or ("",))


def chooses(choice: Choice, ci: str, owner: str | None, projects: Iterable[str]) -> bool:
    """Whether a CI is meant; one that reported on nothing yet, where every project is."""
    return (
        fits_any(choice.cis, ci)
        and fits_any(choice.owners, owner or "")
        and any(fits_any(choice.projects, project) for project in tuple(projects) or ("",))
    )


def silenced(silences: Iterable[Silence], ci: str, at: datetime) -> Silence | None:
    """The silence that mutes a CI then, the one that lasts longest; None when none does."""
    active = [silence for silence in silences if silence.active(at) and covers(silence, ci)]
    return max(active, key=lambda silence: silence.until, default=None)


def covers(silence: Silence, ci: str) -> bool:
    """Whether a CI is meant, at any time."""
    return fits(silence.ci, ci) if silence.is_pattern else silence.ci.casefold() == ci.casefold()


_DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
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
    cards: list[Card] = []
    for number in dict.fromkeys(message.incident for message in held):
        steps = [message for message in held if message.incident == number]
        if number is None:
            cards += [step.card for step in steps]
        elif opened.get(number, False):
            worse = [step for step in steps if step.step in WORSE]
            cards.append((worse or steps)[-1].card)
        elif steps[0].step not in BEGINS and steps[-1].step == "resolved":
            cards.append(steps[-1].card)
    return cards
