"""Two ways of judging the same history: which incidents one of them has and the other not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from cibot.incidents.incident import Incident
from cibot.incidents.signal_words import said
from cibot.replay.run import Replayed

_SAME = timedelta(days=1)  # openings this close are of the same trouble


Opened = Mapping[str, Sequence[Incident]]
"""The incidents that opened, by CI."""


def differing(first: Opened, second: Opened) -> Iterator[str]:
    """A line each: ``-`` only in the first, ``+`` only in the second, ``~`` at other times."""
    rows: list[tuple[str, str]] = []
    for key in sorted(first.keys() | second.keys()):
        rows += _of_ci(key, first.get(key, ()), second.get(key, ()))
    yield from (line for _at, line in sorted(rows))
    if not rows:
        yield "no incident differs"


def _of_ci(
    ci: str, first: Iterable[Incident], second: Iterable[Incident]
) -> Iterator[tuple[str, str]]:
    others = list(second)
    for incident in first:
        other = _nearest(incident, others)
        if other is None:
            yield _time(incident), _line("-", ci, incident)
            continue
        others.remove(other)
        if _ends(incident) != _ends(other):
            said = f"{_ends(incident)} became {_ends(other)}"
            yield _time(incident), f"~ {_time(incident)}  {ci} {incident.cause.signal}: {said}"
    for incident in others:
        yield _time(incident), _line("+", ci, incident)


def _line(sign: str, ci: str, incident: Incident) -> str:
    cause = incident.cause
    rated = f"{cause.signal} ({cause.severity.value})"
    return f"{sign} {_time(incident)}  {ci} {rated}: {said(cause.seen)}"


def opened_in(replayed: Replayed) -> Opened:
    """The incidents of a replay."""
    last: dict[tuple[str, datetime], Incident] = {}
    for ci, step in replayed.steps:
        if step.incident.opened_at is not None:
            last[ci.name, step.incident.began_at] = step.incident
    return by_ci((name, incident) for (name, _began), incident in last.items())


def by_ci(incidents: Iterable[tuple[str, Incident]]) -> Opened:
    """Incidents with the name of their CI, sorted out."""
    grouped: dict[str, list[Incident]] = {}
    for name, incident in incidents:
        grouped.setdefault(name, []).append(incident)
    return grouped


def _nearest(incident: Incident, others: list[Incident]) -> Incident | None:
    def apart(other: Incident) -> timedelta:
        assert incident.opened_at is not None
        assert other.opened_at is not None
        return abs(incident.opened_at - other.opened_at)

    near = min(others, key=apart, default=None)
    return near if near is not None and apart(near) <= _SAME else None


def _time(incident: Incident) -> str:
    return f"{incident.opened_at:%Y-%m-%d %H:%M}"


def _ends(incident: Incident) -> str:
    end = f"{incident.resolved_at:%Y-%m-%d %H:%M}" if incident.resolved_at else "now"
    return f"{_time(incident)} to {end} ({incident.severity.value})"
