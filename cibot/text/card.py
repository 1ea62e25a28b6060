"""What the bot says, before any backend writes it: the one presentation model.

Commands, alerts and summaries build a `Card`; each chat backend, the console
and the CLI render it in their own way. Text in a span is *plain*: a renderer
must escape it for its medium, whatever it holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from typing import Any

from pydantic import TypeAdapter

from cibot.model import State
from cibot.text import figures
from cibot.text.graphemes import cut

_BARS = "▁▂▃▄▅▆▇█"
NO_RESULTS = "·"  # in a sparkline: a day without results


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text with one meaning; ``href`` is an absolute http(s) URL or None.

    ``at`` is the moment that the text names, if any; it is not stored with a message. ``incident``
    is the incident whose number the text is, and ``change`` the number of the change that it names
    or whose run it is about.
    """

    text: str
    href: str | None = None
    strong: bool = False
    code: bool = False
    state: State | None = None
    incident: int | None = None
    at: datetime | None = None
    change: int | None = None


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
    alert to its thread, and ``thread`` a message of many to theirs. ``error`` marks a refusal
    or a mistake of the asker. ``buttons`` offer what to do next; ``trend`` can be drawn with
    the text. What ``escalates`` is shown in the room too where its incident has a thread.
    ``shown_on`` are incidents whose own first messages show its headline where they can.
    """

    lines: tuple[Line, ...]
    link: str | None = None
    long: bool = False
    incident: int | None = None
    error: bool = False
    buttons: tuple[Button, ...] = ()
    trend: Trend | None = None
    escalates: bool = False
    thread: str | None = None
    shown_on: tuple[int, ...] = ()

    @property
    def thread_key(self) -> str | None:
        """By what its thread is known: the incident's number, or the key of a mass failure."""
        return self.thread if self.incident is None else str(self.incident)

    def text(self) -> str:
        """The lines as plain text, links left out: for logs, tests and pipes."""
        return "\n".join("".join(span.text for span in line) for line in self.lines)

    def to_json(self) -> str:
        """The card as JSON text, frozen for the outbox."""
        left_out = {"lines": {"__all__": {"__all__": {"at"}}}}
        return _CARD.dump_json(self, exclude=left_out, exclude_defaults=True).decode()

    @classmethod
    def from_json(cls, text: str) -> Card:
        """Reads what `to_json` wrote; raises ValueError on anything else."""
        return _CARD.validate_json(text)

    @classmethod
    def read(cls, text: str) -> Card:
        """As `from_json`, but returns a card with the error where that raises."""
        try:
            return cls.from_json(text)
        except ValueError:
            return card("(a message that cannot be read)")

    @property
    def incidents(self) -> set[int]:
        """The incidents that it names."""
        named = {span.incident for line in self.lines for span in line}
        return {number for number in (*named, self.incident) if number is not None}

    def renumbered(self, numbers: Mapping[int, int]) -> Card:
        """The card with the numbers under which incidents are known by now, by their old ones."""
        lines = tuple(
            tuple(
                incident_span(new) if (new := numbers.get(span.incident or 0)) else span
                for span in line
            )
            for line in self.lines
        )
        number = numbers.get(self.incident or 0)
        if number is None:
            return replace(self, lines=lines)
        buttons = tuple(
            replace(button, words=("ack", str(number))) if button.words[0] == "ack" else button
            for button in self.buttons
        )
        return replace(self, lines=lines, incident=number, buttons=buttons)

    def without_changes(self, numbers: Collection[int]) -> Card:
        """The card without numbers, links, jobs and logs of these changes."""
        return replace(self, lines=tuple(tuple(_without(line, numbers)) for line in self.lines))

    def with_note(self, note: str) -> Card:
        """The same card with ``note`` put before its headline."""
        head, *rest = self.lines or ((),)
        return replace(self, lines=((Span(note + " "), *head), *rest))


_CARD = TypeAdapter(Card)


def _without(line: Line, numbers: Collection[int]) -> Iterator[Span]:
    for change, spans in groupby(line, key=lambda span: span.change):
        yield from [Span("(hidden)")] if change in numbers else spans


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


def job_span(name: str, log: str | None = None) -> Span:
    """The name of a job, which may be anything, linked to its log."""
    return Span(figures.cut(name, 60), href=web_address(log), code=True)


def web_address(url: str | None) -> str | None:
    """A URL that a link may have: http or https, nothing else that a comment contains."""
    return url if url and url.startswith(("http://", "https://")) else None


def patch_set_span(number: int, patch_set: int | None, href: str | None) -> Span:
    """As "912345,3", or "912345" where the patch set is not known."""
    return Span(f"{number},{patch_set}" if patch_set else str(number), href=href, change=number)


def run_line(
    number: int, patch_set: int, href: str | None, job: str | None, log: str | None
) -> Line:
    """As "912345,3 (tempest)": the patch set on Gerrit, and the job's log."""
    spans = [patch_set_span(number, patch_set, href)]
    if job:
        spans += [Span(" ("), job_span(job, log), Span(")")]
    return tuple(replace(span, change=number) for span in spans)


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
    fitting: list[Span] = []
    room = most
    for span in spans:
        size = len(span.text.encode("utf-8", "replace"))
        if size > room:
            text = cut(span.text, room, size=lambda part: len(part.encode("utf-8", "replace")))
            return (*fitting, replace(span, text=text or "…"))
        fitting.append(span)
        room -= size
    return tuple(fitting)


def sparkline(shares: Iterable[float | None]) -> str:
    """Shares of 0..1 as bars, None (no results) as a dot."""
    top = len(_BARS) - 1
    return "".join(
        NO_RESULTS if share is None else _BARS[min(top, max(0, round(share * top)))]
        for share in shares
    )
