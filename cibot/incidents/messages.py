"""What people read when an incident opens, changes or ends. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cibot.health.signal import Evidence
from cibot.incidents.incident import Incident, Transition
from cibot.incidents.inhibition import Opening, shared_cause
from cibot.model import State
from cibot.text.card import Button, Card, Line, Span, Trend, joined, line, sparkline, state_span

_SHOWN = 3
_DIGESTED = 10  # headlines of a digest
_BARS = 14  # days in a line; a picture has room for more
SILENCE = "2h"
"""How long the button of an alert mutes its CI."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a message is about: the CI's name, its page, where changes are shown, its last days.

    ``lasts`` is the worst of its other incidents that fire.
    """

    ci: str
    page: str | None = None
    change_url: str | None = None  # with {number} and {patch_set}
    trend: Trend | None = None
    lasts: Incident | None = None


_WORDS = {
    "opened": "is",
    "escalated": "got worse:",
    "reopened": "is again",
}
_BEGINS = frozenset({"opened", "reopened"})


def alert_card(incident: Incident, transition: Transition, subject: Subject) -> Card:
    """The message of one step; its first line stands alone."""
    name = Span(subject.ci, href=subject.page, strong=True)
    if transition.name == "resolved":
        head = _recovered(incident, transition, subject, name)
        return Card((head,), link=subject.page, incident=incident.id)
    if transition.name in ("withdrawn", "corrected"):
        verb = "taken back" if transition.name == "withdrawn" else "corrected"
        mark = State.UNKNOWN if transition.name == "withdrawn" else incident.severity
        told = f": {verb}, the {incident.kind} alert: {transition.reason}"
        head = line(state_span(mark), " — ", name, told)
        return Card((head,), link=subject.page, incident=incident.id)
    if transition.name == "acknowledged":
        head = line(state_span(incident.severity), " — ", name, f": {transition.reason}")
        buttons = _buttons(incident, subject.ci)[1:]
        return Card((head,), link=subject.page, incident=incident.id, buttons=buttons)
    verb = _WORDS.get(transition.name, "is")
    head = line(
        state_span(transition.severity),
        " — ",
        name,
        f" {verb} {transition.severity.value}: {transition.reason}",
    )
    details = _details(incident, subject)
    return Card(
        (head, details) if details else (head,),
        link=subject.page,
        incident=incident.id,
        buttons=_buttons(incident, subject.ci),
        trend=subject.trend if transition.name in _BEGINS else None,
    )


def _buttons(incident: Incident, ci: str) -> tuple[Button, ...]:
    """What to do about it, the acknowledgement first."""
    if incident.id is None:
        return ()
    return (
        Button("Acknowledge", ("ack", str(incident.id))),
        Button("Silence 2 h", ("silence", ci, SILENCE, "by the button of its alert")),
        Button("Why", ("why", ci)),
    )


def _recovered(incident: Incident, transition: Transition, subject: Subject, name: Span) -> Line:
    """Who recovered: the CI, one job of it, or it from one of its troubles."""
    job = next((one.job for one in incident.first_evidence if one.job), None)
    what = [f": {job}"] if incident.kind == "job" and job else []
    why = f"{transition.reason}{_lasted(incident)}"
    worse = subject.lasts
    if worse is None:
        return line(state_span(State.HEALTHY), " — ", name, *what, f" recovered: {why}")
    ended = [*what, " recovered"] if what else [f": its {incident.kind} incident is over"]
    still = f": {why}; still {worse.severity.value}: {worse.said}"
    return line(state_span(worse.severity), " — ", name, *ended, still)


def _lasted(incident: Incident) -> str:
    if incident.opened_at is None or incident.resolved_at is None:
        return ""
    hours = (incident.resolved_at - incident.opened_at).total_seconds() / 3600
    lasted = f"{hours:.0f} h" if hours >= 1.5 else f"{max(1, round(hours * 60))} min"
    return f" (after {lasted})"


def _details(incident: Incident, subject: Subject) -> Line:
    parts: list[Span] = []
    if incident.id is not None:
        parts.append(Span(f"incident #{incident.id}"))
    if incident.since is not None:
        parts.append(Span(f"since {moment(incident.since)}"))
    if subject.trend is not None:
        bars = sparkline(subject.trend.shares[-_BARS:])
        parts.append(Span(f"{len(bars)} days {bars}"))
    seen = [_evidence(one, subject) for one in incident.evidence[:_SHOWN]]
    told = joined(parts, "; ")
    if not seen:
        return told
    return (*told, Span("; "), *_see(seen)) if told else _see(seen)


def _see(seen: Sequence[Line]) -> Line:
    spans: list[Span] = [Span("see ")]
    for index, one in enumerate(seen):
        if index:
            spans.append(Span(", "))
        spans.extend(one)
    return tuple(spans)


def _evidence(one: Evidence, subject: Subject) -> Line:
    url = None
    if subject.change_url is not None:
        url = subject.change_url.format(number=one.number, patch_set=one.patch_set)
    spans = [Span(f"{one.number},{one.patch_set}", href=url)]
    if one.job:
        log = one.url if one.url and one.url.startswith(("http://", "https://")) else None
        spans += [Span(" ("), Span(one.job, href=log, code=True), Span(")")]
    return tuple(spans)


def moment(at: datetime) -> str:
    """A time as a chat line shows it, in UTC."""
    return f"{at:%a %d %b %H:%M} UTC"


def together_card(openings: Sequence[Opening], cis: int, page: str | None) -> Card:
    """One message for many CIs that broke within the hour."""
    worst = min((one.severity for one in openings), key=lambda state: state.rank)
    names = sorted({one.ci for one in openings})
    head = line(
        state_span(worst),
        f" — {len(names)} of {cis} CIs broke since {moment(openings[0].at)}: ",
        Span(", ".join(names), strong=True),
    )
    return Card((head, _advice(openings)), link=page)


def _advice(openings: Sequence[Opening]) -> Line:
    """What they have in common, where it shows."""
    changes, jobs = shared_cause(openings)
    parts = [
        *(["change " + ", ".join(map(str, changes[:_SHOWN]))] if changes else []),
        *(["job " + ", ".join(jobs[:_SHOWN])] if jobs else []),
    ]
    if parts:
        return line(f"they share failures of {' and '.join(parts)}; look there first")
    return line("so many at once have a common cause; look there before you look at each")


def digest_card(cards: Sequence[Card], limit: int, page: str | None = None) -> Card:
    """One message for the alerts beyond a room's limit an hour: their headlines, newest first.

    ``page`` is where all incidents are shown.
    """
    count = len(cards)
    head = line(
        Span(f"{count} more alert{'' if count == 1 else 's'}", strong=True),
        f"; this channel takes {limit} an hour, so here they are together",
    )
    lines = [_numbered(one) for one in reversed(cards[-_DIGESTED:]) if one.lines]
    more = [line(f"and {count - _DIGESTED} more")] if count > _DIGESTED else []
    return Card((head, *lines, *more), link=page)


def quiet_card(cards: Sequence[Card], page: str | None = None) -> Card:
    """One message after quiet hours for what is still true: the alert itself, or headlines.

    Worst first; what recovered comes last.
    """
    if len(cards) == 1:
        return cards[0]
    head = line(
        Span(f"{len(cards)} alerts from the quiet hours", strong=True),
        " that are still true, worst first:",
    )
    ordered = sorted(cards, key=_worst)
    lines = [_numbered(one) for one in ordered[:_DIGESTED]]
    more = [line(f"and {len(cards) - _DIGESTED} more")] if len(cards) > _DIGESTED else []
    return Card((head, *lines, *more), link=page)


def _worst(card: Card) -> int:
    states = (span.state for span in card.lines[0] if span.state is not None)
    return next(states, State.HEALTHY).rank


def _numbered(card: Card) -> Line:
    """A headline with the incident's number, by which it can be acknowledged."""
    number = (Span(f" (#{card.incident})"),) if card.incident is not None else ()
    return (*card.lines[0], *number)
