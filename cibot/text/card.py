"""What the bot says, before any backend writes it: the one presentation model.

Commands, alerts and summaries build a `Card`; each chat backend, the console
and the CLI render it in their own way. Text in a span is *plain*: a renderer
must escape it for its medium, whatever it holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from cibot.model import State
from cibot.text import figures
from cibot.text.graphemes import cut

_BARS = "▁▂▃▄▅▆▇█"
NO_RESULTS = "·"  # in a sparkline: a day without results


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text with one meaning; ``href`` is an absolute http(s) URL or None.

    ``at`` is the moment that the text tells, where it tells one; a message does not keep it.
    ``incident`` is the incident whose number the text is.
    """

    text: str
    href: str | None = None
    strong: bool = False
    code: bool = False
    state: State | None = None
    at: datetime | None = None
    incident: int | None = None


Line = tuple[Span, ...]
Words = tuple[str | datetime | Span, ...]
"""Words whose moments a face writes in its own way."""


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press where a medium has buttons: the command's words, already taken apart."""

    label: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """A CI's passes and failures for each of some UTC days that end with ``last``, oldest first."""

    ci: str
    last: date
    days: tuple[tuple[int, int], ...]

    @property
    def shares(self) -> tuple[float | None, ...]:
        """The share of each day that passed, 0..1; None on a day without results."""
        return tuple(p / (p + f) if p + f else None for p, f in self.days)


@dataclass(frozen=True, slots=True)
class Card:
    """Some lines; the first is the headline and must stand alone.

    ``link`` is the page with the whole answer. ``long`` asks the backend to
    answer in private or by link when the room is shared. ``incident`` ties an
    alert to its thread. ``error`` marks a refusal or a mistake of the asker.
    ``buttons`` offer what to do next; ``trend`` can be drawn with the text. What
    ``escalates`` is shown in the room too where its incident has a thread.
    """

    lines: tuple[Line, ...]
    link: str | None = None
    long: bool = False
    incident: int | None = None
    error: bool = False
    buttons: tuple[Button, ...] = ()
    trend: Trend | None = None
    escalates: bool = False

    def text(self) -> str:
        """The lines as plain text, links left out: for logs, tests and pipes."""
        return "\n".join("".join(span.text for span in line) for line in self.lines)

    def to_json(self) -> str:
        """The card as JSON text, frozen for the outbox."""
        lines = [[_span_to_list(span) for span in line] for line in self.lines]
        return json.dumps(
            {
                "lines": lines,
                "link": self.link,
                "long": self.long,
                "incident": self.incident,
                "error": self.error,
                "buttons": [[button.label, *button.words] for button in self.buttons],
                "trend": _trend_to_list(self.trend),
                "escalates": self.escalates,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> Card:
        """Reads what `to_json` wrote; raises ValueError or KeyError on anything else."""
        raw = json.loads(text)
        return cls(
            lines=tuple(tuple(_span_from_list(span) for span in line) for line in raw["lines"]),
            link=raw["link"],
            long=raw["long"],
            incident=raw["incident"],
            error=raw["error"],
            # Messages that an older cibot froze have none of these.
            buttons=tuple(
                Button(button[0], tuple(button[1:])) for button in raw.get("buttons", ())
            ),
            trend=_trend_from_list(raw.get("trend")),
            escalates=bool(raw.get("escalates")),
        )

    @classmethod
    def read(cls, text: str) -> Card:
        """As `from_json`, but returns a card with the error where that raises."""
        try:
            return cls.from_json(text)
        except (ValueError, LookupError, TypeError):
            return card("(a message that cannot be read)")

    def with_note(self, note: str) -> Card:
        """The same card with ``note`` put before its headline."""
        head, *rest = self.lines or ((),)
        return replace(self, lines=((Span(note + " "), *head), *rest))


def _span_to_list(span: Span) -> list[Any]:
    return [
        span.text,
        span.href,
        span.strong,
        span.code,
        span.state.value if span.state else None,
        *([span.incident] if span.incident is not None else []),
    ]


def _span_from_list(raw: list[Any]) -> Span:
    text, href, strong, code, state, *incident = raw
    state = State(state) if state else None
    return Span(text, href, strong, code, state, incident=incident[0] if incident else None)


def _trend_to_list(trend: Trend | None) -> list[Any] | None:
    return [trend.ci, trend.last.isoformat(), trend.days] if trend else None


def _trend_from_list(raw: list[Any] | None) -> Trend | None:
    if raw is None:
        return None
    ci, last, days = raw
    return Trend(ci, date.fromisoformat(last), tuple((passes, fails) for passes, fails in days))


def line(*parts: str | Span) -> Line:
    """A line out of plain strings and spans; plain ones that follow each other are one."""
    spans: list[Span] = []
    for part in parts:
        span = Span(part) if isinstance(part, str) else part
        if spans and all(span == Span(span.text) for span in (spans[-1], span)):
            span = Span(spans.pop().text + span.text)
        spans.append(span)
    return tuple(spans)


def card(*lines: str | Line, **fields: Any) -> Card:
    """A card out of lines; a string is a line of its own."""
    return Card(tuple(line(part) if isinstance(part, str) else part for part in lines), **fields)


def state_span(state: State, word: str | None = None) -> Span:
    """Shape and word of a state, as every face shows it; or the shape with another word."""
    return Span(f"{state.shape} {word or state.value}", strong=True, state=state)


def incident_span(number: int) -> Span:
    """The number of an incident, as people type it."""
    return Span(f"#{number}", incident=number)


def job_span(name: str) -> Span:
    """The name of a job, which may be anything."""
    return Span(figures.cut(name, 60), code=True)


def joined(parts: Iterable[Span | Line], separator: str = ", ") -> Line:
    """Spans, or lines, with a separator between them."""
    spans: list[Span] = []
    for part in parts:
        if spans:
            spans.append(Span(separator))
        spans += (part,) if isinstance(part, Span) else part
    return tuple(spans)


def some(parts: Sequence[Span | Line], most: int) -> Line:
    """The first ``most`` of them, separated, and how many more there are."""
    more = len(parts) - most
    tail = (Span(f" and {figures.number(more)} more"),) if more > 0 else ()
    return (*joined(parts[:most]), *tail)


def first(rows: Sequence[Line], most: int) -> list[Line]:
    """The first ``most`` lines, and one that counts those left out."""
    more = len(rows) - most
    return [*rows[:most], *([line(f"and {figures.number(more)} more")] if more > 0 else [])]


def sentence(spans: Line) -> Line:
    """The line with a capital, where it begins with a word, and a full stop."""
    return (*capital(spans), Span(".")) if spans else ()


def capital(spans: Line) -> Line:
    """The line with a capital, where it begins with a word."""
    if not spans or spans[0].code or spans[0].strong:
        return spans
    return (replace(spans[0], text=spans[0].text[:1].upper() + spans[0].text[1:]), *spans[1:])


def within(spans: Line, most: int) -> Line:
    """The line, or as much of it as fits into ``most`` bytes of UTF-8, with "…" at its end."""
    kept: list[Span] = []
    room = most
    for span in spans:
        size = len(span.text.encode("utf-8", "replace"))
        if size > room:
            text = cut(span.text, room, size=lambda part: len(part.encode("utf-8", "replace")))
            return (*kept, replace(span, text=text or "…"))
        kept.append(span)
        room -= size
    return tuple(kept)


def sparkline(shares: Iterable[float | None]) -> str:
    """Shares of 0..1 as bars, None (no results) as a dot."""
    top = len(_BARS) - 1
    return "".join(
        NO_RESULTS if share is None else _BARS[min(top, max(0, round(share * top)))]
        for share in shares
    )
