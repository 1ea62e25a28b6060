"""Two ways of judging the same history: which incidents one of them has and the other not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from cibot.incidents.incident import Incident
from cibot.replay.run import Replayed

_SAME = timedelta(days=1)  # openings this close are of the same trouble


Opened = Mapping[tuple[str, str], Sequence[Incident]]
"""The incidents that opened, by CI and kind."""


def differing(first: Opened, second: Opened) -> Iterator[str]:
    """A line each: ``-`` only in the first, ``+`` only in the second, ``~`` at other times."""
    rows: list[tuple[str, str]] = []
    for key in sorted(first.keys() | second.keys()):
        rows += _of_kind(key, first.get(key, ()), second.get(key, ()))
    yield from (line for _at, line in sorted(rows))
    if not rows:
        yield "no incident differs"


def _of_kind(
    key: tuple[str, str], first: Iterable[Incident], second: Iterable[Incident]
) -> Iterator[tuple[str, str]]:
    others = list(second)
    for one in first:
        other = _nearest(one, others)
        if other is None:
            yield _time(one), _line("-", key, one)
            continue
        others.remove(other)
        if _ends(one) != _ends(other):
            said = f"{_ends(one)} became {_ends(other)}"
            yield _time(one), f"~ {_time(one)}  {' '.join(key)}: {said}"
    for one in others:
        yield _time(one), _line("+", key, one)


def _line(sign: str, key: tuple[str, str], one: Incident) -> str:
    return f"{sign} {_time(one)}  {' '.join(key)} ({one.severity.value}): {one.said}"


def opened_in(replayed: Replayed) -> Opened:
    """The incidents of a replay."""
    last: dict[tuple[str, str, object], Incident] = {}
    for ci, step in replayed.steps:
        if step.incident.opened_at is not None:
            last[ci.name, step.incident.kind, step.incident.began_at] = step.incident
    return by_kind((name, one) for (name, _kind, _began), one in last.items())


def by_kind(incidents: Iterable[tuple[str, Incident]]) -> Opened:
    """Incidents with the name of their CI, sorted out."""
    found: dict[tuple[str, str], list[Incident]] = {}
    for name, one in incidents:
        found.setdefault((name, one.kind), []).append(one)
    return found


def _nearest(one: Incident, others: list[Incident]) -> Incident | None:
    def apart(other: Incident) -> timedelta:
        assert one.opened_at is not None
        assert other.opened_at is not None
        return abs(one.opened_at - other.opened_at)

    near = min(others, key=apart, default=None)
    return near if near is not None and apart(near) <= _SAME else None


def _time(one: Incident) -> str:
    return f"{one.opened_at:%Y-%m-%d %H:%M}"


def _ends(one: Incident) -> str:
    end = f"{one.resolved_at:%Y-%m-%d %H:%M}" if one.resolved_at else "now"
    return f"{_time(one)} to {end} ({one.severity.value})"
