"""What people read of a mass failure: its beginning, who joined it, its end. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cibot.incidents.mass import Opening, shared_cause
from cibot.incidents.messages import Subject
from cibot.model import State
from cibot.text import figures
from cibot.text.card import Card, Line, Span, incident_span, joined, line, some, state_span
from cibot.text.figures import moment, plural

_NAMED = 20  # CIs in a headline
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Mass:
    """A mass failure as a room sees it: its incidents there, and how many there are in all.

    ``cis`` is the number of CIs that are judged, ``everywhere`` what belongs to it in any room.
    """

    here: tuple[Opening, ...]
    everywhere: tuple[Opening, ...]
    cis: int
    page: str | None = None
    thread: str | None = None

    @property
    def began(self) -> datetime:
        """When the first of them opened."""
        opened = [other.at for other in self.everywhere if not other.half_way]
        return min(opened or (other.at for other in self.everywhere))


def mass_card(mass: Mass, last: Subject | None = None) -> Card:
    """The message that many CIs broke within the hour, and how the ``last`` one's trouble began."""
    broke = [other for other in mass.here if not other.half_way]
    half_way = [other for other in mass.here if other.half_way]
    count = _count(mass.everywhere)
    parts = [line(f"{count} of {mass.cis} CIs broke since {moment(mass.began)}")]
    others = count - _count(broke)
    if broke:
        parts.append(line(": ", *_named(broke), f" and {others} more" if others else ""))
    if half_way:
        parts.append(line("; going the same way: ", *_named(half_way)))
    head = line(state_span(_worst(mass.here)), " — ", *(span for part in parts for span in part))
    began = (line(last.ci, ": ", *last.onset),) if last and last.onset else ()
    return _card(mass, head, _advice(mass.everywhere), *began)


def joined_card(mass: Mass, news: Sequence[Opening]) -> Card:
    """The message of those that joined a mass failure, or got worse in it."""
    count = _count(mass.everywhere)
    head = line(
        state_span(_worst(news)),
        f" — {count} of {mass.cis} CIs broke since {moment(mass.began)}, by now also: ",
        *joined([_severe(other) for other in news[:_NAMED]]),
    )
    return _card(mass, head)


def ended_card(mass: Mass, over: Sequence[Opening], left: Sequence[Opening], at: datetime) -> Card:
    """The message of an end: who is ``over`` by ``at``, and who is ``left``."""
    total = _count(mass.here)
    since = f"that broke since {moment(mass.began)}"
    if _count(over) == total:
        who = f"all {total} CIs {since}"
    else:
        who = f"{_count(over)} of the {total} CIs {since}"
    lasted = f" (after {figures.span(at - mass.began)})"
    parts = [line(who, " recovered: ", *_named(over), lasted)]
    if left:
        parts.append(line("; not yet: ", *joined([_severe(other) for other in left[:_NAMED]])))
    state = _worst(left) if left else State.HEALTHY
    return _card(mass, line(state_span(state), " — ", *(span for part in parts for span in part)))


def others_broke_too(mass: Mass) -> Line:
    """A line for the message of one CI that it is part of a mass failure."""
    others = _count(mass.everywhere) - 1
    return line(f"{plural(others, 'other CI')} of {mass.cis} broke since {moment(mass.began)}, too")


def _card(mass: Mass, *lines: Line) -> Card:
    return Card(lines, link=mass.page, thread=mass.thread)


def _count(openings: Iterable[Opening]) -> int:
    return len({other.ci for other in openings if not other.half_way})


def _worst(openings: Iterable[Opening]) -> State:
    return min((other.severity for other in openings), key=lambda state: state.rank)


def _named(openings: Sequence[Opening]) -> Line:
    """The CIs with the numbers of their incidents, by which they can be acknowledged."""
    return some([_name(other) for other in _each(openings)], _NAMED)


def _severe(opening: Opening) -> Line:
    return line(*_name(opening), f" {opening.severity.value}")


def _name(opening: Opening) -> Line:
    name = Span(opening.ci, strong=True)
    if opening.incident is None or opening.half_way:
        return (name,)
    return line(name, " (", incident_span(opening.incident), ")")


def _each(openings: Iterable[Opening]) -> list[Opening]:
    """One for each CI, by name."""
    return list(
        {other.ci: other for other in sorted(openings, key=lambda opening: opening.ci)}.values()
    )


def _advice(openings: Sequence[Opening]) -> Line:
    """The changes, jobs and projects that they have in common."""
    cause = shared_cause(openings)
    parts = [
        *(["change " + ", ".join(map(str, cause.changes[:_SHOWN]))] if cause.changes else []),
        *(["job " + ", ".join(cause.jobs[:_SHOWN])] if cause.jobs else []),
    ]
    where = f" on {', '.join(cause.projects[:_SHOWN])}" if cause.projects else ""
    if parts:
        return line(f"they share failures of {' and '.join(parts)}{where}; look there first")
    return line(f"so many at once{where} have a common cause; look there before you look at each")
