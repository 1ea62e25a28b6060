"""Two ways of judging the same history: which incidents one of them has and the other not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from cibot.alerts.incident import Incident
from cibot.replay.run import Replayed

_SAME = timedelta(days=1)  # openings this close are of the same trouble


def differing(first: Replayed, second: Replayed) -> Iterator[str]:
    """A line each: ``-`` only by the first, ``+`` only by the second, ``~`` at other times."""
    mine, theirs = _opened(first), _opened(second)
    rows: list[tuple[str, str]] = []
    for name, kind in sorted(mine.keys() | theirs.keys()):
        left, right = mine.get((name, kind), []), theirs.get((name, kind), [])
        for one in left:
            other = _nearest(one, right)
            if other is None:
                rows.append((_time(one), f"- {_time(one)}  {name} {kind} ({one.severity}): {one.said}"))
            else:
                right.remove(other)
                if _ends(one) != _ends(other):
                    said = f"{_ends(one)} became {_ends(other)}"
                    rows.append((_time(one), f"~ {_time(one)}  {name} {kind}: {said}"))
        rows += [
            (_time(one), f"+ {_time(one)}  {name} {kind} ({one.severity}): {one.said}") for one in right
        ]
    yield from (line for _at, line in sorted(rows))
    if not rows:
        yield "no incident differs"


def _opened(replayed: Replayed) -> dict[tuple[str, str], list[Incident]]:
    last: dict[tuple[str, str, object], Incident] = {}
    for ci, step in replayed.steps:
        if step.incident.opened_at is not None:
            last[ci.name, step.incident.kind, step.incident.began_at] = step.incident
    found: dict[tuple[str, str], list[Incident]] = {}
    for (name, kind, _began), incident in last.items():
        found.setdefault((name, kind), []).append(incident)
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
    return f"{_time(one)} to {end} ({one.severity})"
