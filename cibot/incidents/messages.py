"""What people read when an incident opens, changes or ends. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from cibot.config.signals import signals
from cibot.health.seen import Fault, LastHeard, OwnFigures, OwnPast, Plain
from cibot.health.signal import Evidence, Family
from cibot.incidents.incident import Incident, Transition
from cibot.incidents.news import News
from cibot.incidents.signal_words import WITHDRAWN, seen_words, spans, step_words
from cibot.incidents.symptom import Symptom, SymptomPhase
from cibot.model import Silence, State
from cibot.text import figures
from cibot.text.card import (
    Button,
    Card,
    Line,
    Span,
    Trend,
    first,
    incident_span,
    job_span,
    joined,
    line,
    run_line,
    sparkline,
    state_span,
)
from cibot.text.figures import moment, percent, plural

_SHOWN = 3
_DIGESTED = 10  # headlines of a digest
_BARS = 14  # days in a line; a picture has room for more
_NARROW = frozenset({"job", "branch"})  # signals that name what is broken
SILENCE = "2h"
"""How long the button of an alert mutes its CI."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a message is about: the CI's name, its page, where changes are shown, its last days.

    ``first_run`` is the first bad run as it is linked, ``onset`` what happened before it.
    """

    ci: str
    page: str | None = None
    change_url: Callable[[Evidence], str | None] = lambda _run: None
    trend: Trend | None = None
    first_run: Line = ()
    onset: Line = ()


_WORDS = {
    "opened": "is",
    "escalated": "got worse:",
    "reopened": "is again",
}
_BEGINS = frozenset({"opened", "reopened"})
_OVER = {
    Family.RESULTS: "its results are well again",
    Family.PRESENCE: "it reports again",
    Family.TIME: "it is as fast as before",
}


def alert_card(incident: Incident, news: News, subject: Subject) -> Card:
    """The message of one piece of news; its first line stands alone."""
    step = news.step.name
    if step == "withdrawn":
        return _headline(_withdrawn(incident, subject), incident, subject)
    if step in _PLAIN:
        head = _PLAIN[step](incident, news, subject)
        head += _first_run(news.symptom, subject, "; first bad run ")
        return _headline(head, incident, subject)
    symptom = news.symptom
    head = line(
        state_span(news.step.severity),
        " — ",
        _name(subject),
        f" {_verb(incident, news)} {_called(symptom, news.step.severity)}",
        *_first_run(symptom, subject, " since "),
        ": ",
        *_seen(symptom, news),
    )
    details = _details(incident, news, subject)
    return Card(
        (head, details) if details else (head,),
        link=subject.page,
        incident=incident.id,
        buttons=_buttons(incident, subject.ci),
        trend=subject.trend if step in _BEGINS else None,
        escalates=step == "escalated",
    )


def _first_run(symptom: Symptom, subject: Subject, lead: str) -> Line:
    """The first bad run with its links, for a headline; nothing where there is none."""
    run = symptom.first_bad
    if symptom.family is not Family.RESULTS or run is None:
        return ()
    return (Span(lead), *(subject.first_run or _evidence(run, subject)))


def _headline(head: Line, incident: Incident, subject: Subject) -> Card:
    return Card((head,), link=subject.page, incident=incident.id)


def acknowledged_card(
    incident: Incident, step: Transition, subject: Subject, page: str | None
) -> Card:
    """The message that somebody looks at an incident, which is shown on ``page``."""
    who = spans(step_words(step.name, step.seen, step.by, step.note), moment)
    head = line(state_span(incident.severity), " — ", _name(subject), ": ", *who)
    head += _first_run(incident.cause, subject, "; first bad run ")
    buttons = _buttons(incident, subject.ci)[1:]
    return Card((head,), link=page, incident=incident.id, buttons=buttons)


def _name(subject: Subject) -> Span:
    return Span(subject.ci, href=subject.page, strong=True)


def _called(symptom: Symptom, severity: State) -> str:
    """The word for a CI with this symptom: of latency it is slow, never failing."""
    return "slow" if symptom.signal == "latency" else severity.value


def _verb(incident: Incident, news: News) -> str:
    if news.step.name == "escalated":
        milder = news.step.severity.rank > incident.severity.rank
        if news.drop:
            return "dropped below its level:"
        return "got worse: also" if milder else "got worse:"
    return _WORDS[news.step.name]


def _seen(symptom: Symptom, news: News) -> Line:
    return spans(seen_words(symptom.seen), partial(moment, now=news.step.at))


def _also_wrong(incident: Incident, news: News) -> Iterator[Line]:
    """What else is wrong, by results that there are: in another family, and which job or branch."""
    families = {news.symptom.family}
    firing = (symptom for symptom in incident.standing if symptom.fires and symptom.n)
    for symptom in sorted(firing, key=lambda symptom: symptom.order):
        if symptom.family not in families:
            families.add(symptom.family)
            yield line(f"also {_called(symptom, symptom.severity)}: ", *_seen(symptom, news))
        elif symptom.signal in _NARROW and news.symptom.signal not in _NARROW:
            yield _seen(symptom, news)


def silence_card(silence: Silence, now: datetime) -> Card:
    """The message that somebody muted a CI, or all that a pattern fits."""
    until = f"until {moment(silence.until)} ({figures.span(silence.until - now)})"
    head = line(
        f"{figures.cut(silence.by, 60)} silenced ",
        Span(silence.ci, strong=True),
        f" {until}: {figures.cut(silence.reason, 200)}",
    )
    return Card((head, line("If something is still wrong then, this channel will hear of it.")))


def unsilence_card(silence: Silence, by: str) -> Card:
    """The message that somebody ended a silence before its time."""
    whose = "their own" if by == silence.by else f"{figures.cut(silence.by, 60)}'s"
    head = line(
        f"{figures.cut(by, 60)} ended {whose} silence of ",
        Span(silence.ci, strong=True),
        f": {figures.cut(silence.reason, 200)}",
    )
    return Card((head, line("If something is still wrong, this channel will hear of it.")))


def after_silence(card: Card, silence: Silence) -> Card:
    """The first alert after a silence says that it is over."""
    by, reason = figures.cut(silence.by, 60), figures.cut(silence.reason, 100)
    note = line(f"The silence by {by} ended {moment(silence.end)}: {reason}")
    return replace(card, lines=(*card.lines, note))


def _buttons(incident: Incident, ci: str) -> tuple[Button, ...]:
    """The buttons, the acknowledgement first."""
    if incident.id is None:
        return ()
    return (
        Button("Acknowledge", ("ack", str(incident.id))),
        Button("Silence 2 h", ("silence", ci, SILENCE, "by the button of its alert")),
        Button("Why", ("why", ci)),
    )


def _recovered(incident: Incident, news: News, subject: Subject) -> Line:
    """The end of an incident; of one job, where only that had failed."""
    symptom = news.symptom
    if _is_usual(symptom):
        lasted = _lasted(symptom.began, symptom.cleared_at)
        text = f": this is now its usual{lasted}: "
        return line(state_span(State.HEALTHY), " — ", _name(subject), text, *_seen(symptom, news))
    job = _job(symptom)
    what = [f": {job}"] if symptom.signal == "job" and job else []
    lasted = _lasted(incident.cause.began, incident.resolved_at)
    head = line(state_span(State.HEALTHY), " — ", _name(subject), *what, " recovered: ")
    return line(*head, *_well_again(symptom, news), lasted)


def _well_again(symptom: Symptom, news: News) -> Line:
    """What is well again: a signal that names what is broken names nothing then."""
    signal, job = symptom.signal, _job(symptom)
    if signal == "silent":
        return line(_heard_again(symptom))
    cleared = symptom.phase is SymptomPhase.CLEARED and not _adopted(symptom)
    again = signals()[signal].again if cleared and signal in signals() else ""
    before, named, after = again.partition("{job}")
    if named:
        return line(before, job_span(job) if job else "it", after)
    return line(again) if again else _seen(symptom, news)


def _heard_again(symptom: Symptom) -> str:
    """That a silence is broken; it is over when the CI takes its chances as it did."""
    seen, cleared = symptom.seen, symptom.phase is SymptomPhase.CLEARED
    if cleared and isinstance(seen, LastHeard) and seen.takes is not None:
        return "it reports as usual again"
    return _OVER[Family.PRESENCE]


def _adopted(symptom: Symptom) -> dict[str, Plain]:
    """What a signal of jobs or branches saw where the one of this symptom was taken as it is."""
    figures = symptom.seen.figures if isinstance(symptom.seen, OwnFigures) else {}
    adopted = figures.get("adopted")
    return figures if adopted and _job(symptom) in (None, adopted) else {}


def _is_usual(symptom: Symptom) -> bool:
    """Whether it is over since that is how the CI is now, and not since it is well."""
    adopted = _adopted(symptom)
    return symptom.adopted or bool(adopted and not adopted.get("by"))


def _job(symptom: Symptom) -> str | None:
    """The job of which the symptom's first evidence is."""
    return next((run.job for run in symptom.first_evidence if run.job), None)


def _eased(incident: Incident, news: News, subject: Subject) -> Line:
    """What is over, and what still holds."""
    symptom, still = news.symptom, news.still or incident.cause
    over = _OVER[symptom.family]
    if _is_usual(symptom):
        over = "this is now its usual"
    elif news.drop:
        over = f"it is back to its usual{_usual(symptom)}"
    lasted = _lasted(symptom.began, symptom.cleared_at)
    severity = still.severity if still.fires else State.DEGRADED
    called = _called(still, severity)
    is_still = f"still {called}: " if still.fires else "not surely well yet: "
    if still.fires and symptom.signal == "silent" and not _shown_since(still, symptom.began):
        is_still = f"it was {called} when it was last heard: "
    holds = line(is_still, *_seen(still, news))
    if _heard(still):
        holds = line("it is heard again, but not yet as often as usual")
    return line(
        state_span(severity),
        " — ",
        _name(subject),
        ": ",
        *([] if symptom.signal == "silent" else [f"{over}: "]),
        *_well_again(symptom, news),
        f"{lasted}; ",
        *holds,
    )


def _shown_since(symptom: Symptom, at: datetime | None) -> bool:
    """Whether any of what a symptom rests on came after that."""
    return at is None or any(run.at > at for run in symptom.evidence)


def _heard(symptom: Symptom) -> bool:
    """Whether it is a silence that was broken: the CI does not report as usual, but it is heard."""
    return symptom.signal == "silent" and not symptom.fires


def _usual(symptom: Symptom) -> str:
    """The rate that a drop was measured against, as its own alert said it."""
    usual = symptom.seen.usual if isinstance(symptom.seen, OwnPast) else None
    return "" if usual is None else f" {percent(usual)}"


def _withdrawn(incident: Incident, subject: Subject) -> Line:
    head = line(state_span(State.UNKNOWN), " — ", _name(subject), ": taken back, the alert of ")
    return line(*head, *_number(incident), f": {WITHDRAWN}")


def _corrected(incident: Incident, news: News, subject: Subject) -> Line:
    began = news.symptom.began or incident.began_at
    head = line(state_span(incident.severity), " — ", _name(subject), ": corrected, the alert of ")
    text = f": as late comments show, this began {moment(began, news.step.at)}"
    return line(*head, *_number(incident), text)


def _number(incident: Incident) -> Line:
    return line("incident ", incident_span(incident.id)) if incident.id is not None else ()


_PLAIN = {"resolved": _recovered, "eased": _eased, "corrected": _corrected}


def _lasted(begin: datetime | None, end: datetime | None) -> str:
    return "" if begin is None or end is None else f" (after {figures.span(end - begin)})"


def _details(incident: Incident, news: News, subject: Subject) -> Line:
    symptom = news.symptom
    parts: list[Span | Line] = [_number(incident)] if incident.id is not None else []
    if incident.acknowledged_by is not None:
        parts.append(Span(f"acknowledged by {incident.acknowledged_by} before this"))
    if symptom.since is not None:
        parts.append(Span(f"since {moment(symptom.since, news.step.at)}"))
    parts += _also_wrong(incident, news)
    if subject.trend is not None:
        bars = sparkline(subject.trend.shares[-_BARS:])
        parts.append(Span(f"{len(bars)} days {bars}"))
    seen = [_evidence(run, subject) for run in _shown_evidence(symptom)]
    if subject.onset:
        parts.append(subject.onset)
    if seen:
        parts.append(line("see ", *joined(seen)))
    return joined(parts, "; ")


def _shown_evidence(symptom: Symptom) -> tuple[Evidence, ...]:
    """The newest runs, and the first bad one always."""
    newest = symptom.evidence[:_SHOWN]
    run = symptom.first_bad
    if run is None or run in newest or len(newest) < _SHOWN:
        return newest
    return (*newest[:-1], run)


def _evidence(evidence: Evidence, subject: Subject) -> Line:
    good = (Span("the last good one "),) if evidence.fault is Fault.LAST_GOOD else ()
    href = subject.change_url(evidence)
    run = run_line(evidence.number, evidence.patch_set, href, evidence.job, evidence.url)
    return (*good, *run)


def digest_card(cards: Sequence[Card], limit: int, page: str | None = None) -> Card:
    """One message for the alerts beyond a room's limit an hour: their headlines, newest first.

    ``page`` is where all incidents are shown.
    """
    head = line(
        Span(plural(len(cards), "more alert"), strong=True),
        f"; this channel takes {limit} an hour, so here they are together",
    )
    lines = [_numbered(card) for card in reversed(cards) if card.lines]
    return Card((head, *first(lines, _DIGESTED)), link=page)


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
    lines = [_numbered(card) for card in sorted(cards, key=_worst)]
    return Card((head, *first(lines, _DIGESTED)), link=page)


def _worst(card: Card) -> int:
    states = (span.state for span in card.lines[0] if span.state is not None)
    return next(states, State.HEALTHY).rank


def _numbered(card: Card) -> Line:
    """A headline with the incident's number, by which it can be acknowledged."""
    number = card.incident
    shown = line(" (", incident_span(number), ")") if number is not None else ()
    return (*card.lines[0], *shown)
