"""A card as lines of IRC. Pure.

What leaves here never holds a control code (but for the colour codes that the
configuration asked for), never starts as a command to another bot does, never
says a bystander's nick in a way that makes a client beep, and fits one message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from cibot.model import State
from cibot.text.card import Card, Line, Span
from cibot.text.cleaning import one_line, split
from cibot.text.graphemes import cut

MOST_BYTES = 400
"""Bytes of text in one message. IRC's 512 hold the relayed prefix and target as well."""

_LEAD = "· "  # put before a first character that another bot may take for its command
_BREAK = "\u2060"  # word joiner: invisible, and it ends a client's match of a nick
_NICKLIKE = re.compile(r"[\w\[\]\\`^{|}-]+")
_LETTER = re.compile(r"[^\W_]")
_URL = re.compile(r"(https?://[^\s\"<>]{1,2000})")
_COLOURS = {
    State.SILENT: "14",
    State.FAILING: "04",
    State.DEGRADED: "07",
    State.UNKNOWN: "12",
    State.HEALTHY: "03",
}
_SAFE_STARTS = "●■▲○·([{<"


@dataclass(frozen=True, slots=True)
class Style:
    """How one room is written to.

    ``most_bytes`` bounds a line's text; ``nicks`` are the folded nicks of those
    present, ``fold`` the network's case mapping.
    """

    colour: bool = False
    most_bytes: int = MOST_BYTES
    nicks: Collection[str] = ()
    fold: Callable[[str], str] = str.lower


def render(card: Card, style: Style, *, address: str | None = None) -> list[list[str]]:
    """The messages of each of the card's lines; the first list is the headline's.

    ``address`` is the nick that the headline is addressed to. Links to the
    bot's own pages are left out when there is ``card.link``: it leads to them all, and
    a line has little room. Each line of an alert is one message: links at its
    end go first, then its end.
    """
    lead = f"{one_line(address)}: " if address else ""
    room = style.most_bytes - len(_LEAD.encode())
    home = _origin(card.link)
    lines = [tuple(_without_page(span, home) for span in line) for line in card.lines]
    link = one_line(card.link or "")
    if card.incident is not None:
        link_bytes = len(link.encode()) + 1
        rooms = [room - link_bytes if link_bytes < room // 2 else room, *[room] * len(lines)]
        written = [_fitted(spans, style, most) for spans, most in zip(lines, rooms, strict=False)]
    else:
        written = [_write(spans, style, "" if n else lead, room) for n, spans in enumerate(lines)]
    written = [text for text in written if text] or [f"{lead}(nothing to say)"]
    if _URL.fullmatch(link) and link not in written[0]:
        headline = f"{written[0]} {link}"
        if len(headline.encode()) <= room:
            written[0] = headline
        else:
            written.append(link)
    return [_messages(text, room) for text in written]


def _origin(url: str | None) -> str | None:
    """Scheme and host of a URL, by which the bot's own pages are known."""
    return "/".join(url.split("/", 3)[:3]) if url else None


def _without_page(span: Span, home: str | None) -> Span:
    ours = home is not None and span.href is not None and _origin(span.href) == home
    return replace(span, href=None) if ours else span


def _fitted(spans: Line, style: Style, room: int) -> str:
    """The line as one message of at most ``room`` bytes."""
    text = _write(spans, style, "", room)
    for place in reversed(range(len(spans))):
        if len(text.encode()) <= room:
            break
        if spans[place].href:
            spans = (*spans[:place], replace(spans[place], href=None), *spans[place + 1 :])
            text = _write(spans, style, "", room)
    return cut(text, room, size=lambda part: len(part.encode()))


def _write(spans: Line, style: Style, lead: str, room: int) -> str:
    text = "".join(_span(span, style) for span in spans)
    text = re.sub(r" {2,}", " ", text).strip()
    if text and style.colour and len(f"{lead}{text}".encode()) > room:
        return _write(spans, replace(style, colour=False), lead, room)  # a cut could split a code
    return f"{lead}{text}" if text else ""


def _span(span: Span, style: Style) -> str:
    body = one_line(span.text)
    if not body:
        return " " if span.text else ""
    text = _quiet(body, style)
    href = one_line(span.href or "")
    if href != body and _URL.fullmatch(href):
        text = f"{text} {href}"
    if style.colour and span.state:
        text = f"\x03{_COLOURS[span.state]}{text}\x0f"
    elif style.colour and span.strong:
        text = f"\x02{text}\x0f"
    before = " " if span.text[0].isspace() else ""
    after = " " if span.text[-1].isspace() else ""
    return f"{before}{text}{after}"


def _quiet(text: str, style: Style) -> str:
    """Breaks the nicks of those present, outside URLs."""
    if not style.nicks:
        return text
    return "".join(
        part if _URL.match(part) else _NICKLIKE.sub(lambda m: _broken(m[0], style), part)
        for part in _URL.split(text)
    )


def _broken(word: str, style: Style) -> str:
    return word[0] + _BREAK + word[1:] if style.fold(word) in style.nicks else word


def _messages(text: str, room: int) -> list[str]:
    """Cuts one line of text into messages, none of which starts as a command does."""
    messages: list[str] = []
    while text:
        head, text = split(text, room)
        first = head.lstrip("\x02\x03")[:1]
        if first:
            safe = _LETTER.match(first) or first in _SAFE_STARTS
            messages.append(head if safe else _LEAD + head)
    return messages
