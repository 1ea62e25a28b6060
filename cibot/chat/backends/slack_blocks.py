"""A `Card` as Slack's Block Kit with the fallback text that notifications show.

Pure. Text goes into ``rich_text`` elements and ``plain_text`` objects, which
Slack shows as they are: no mrkdwn, mention, emoji name or link in them is
interpreted. Only a span's own ``href`` becomes a link. The fallback text is
the one place where Slack reads markup, so it is escaped there.

Limits: https://docs.slack.dev/reference/block-kit/blocks (150 characters in a
header, 3000 in a text, 50 blocks) and 12,000 characters in all, below what
``msg_blocks_too_long`` refuses. Characters are counted as UTF-16 units, the
larger count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cibot.card import Card, Line, Span
from cibot.chat.text import clean, cut

HEADER_LIMIT = 150
TEXT_LIMIT = 3000
BLOCK_LIMIT = 50
TOTAL_LIMIT = 12_000
NOW_BLOCK = "cibot_now"
_HEADER_FROM = 4  # lines; a card that long is a list or a summary and gets a title

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SlackText:
    """What is posted: blocks, and ``text`` already escaped for Slack's markup."""

    text: str
    blocks: list[Block]


def units(text: str) -> int:
    """The length of ``text`` in UTF-16 units."""
    return len(text) + sum(1 for char in text if char > "\uffff")


def escape(text: str) -> str:
    """``text`` with the three characters escaped that Slack's markup gives meaning to.

    https://docs.slack.dev/messaging/formatting-message-text#escaping
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def render(card: Card) -> SlackText:
    """Blocks and fallback text of a card; text that Slack would refuse is cut."""
    lines = list(card.lines)
    blocks: list[Block] = []
    if lines and _is_title(card):
        title = cut(_plain(lines.pop(0)), HEADER_LIMIT, size=units)
        blocks.append({"type": "header", "text": _plain_text(title)})
    blocks.extend(_rich_blocks(lines))
    if card.link and is_web_url(card.link):
        more = {"type": "link", "url": card.link, "text": "Show all" if card.long else "Open"}
        blocks.append(_rich_text([more]))
    return SlackText(fallback(card), blocks[:BLOCK_LIMIT])


def fallback(card: Card) -> str:
    """The card's text for notifications and screen readers, escaped, at most 3000 long."""
    plain = "\n".join(_plain(one) for one in card.lines).strip() or "cibot"
    return escape(cut(plain, TEXT_LIMIT, size=lambda part: units(escape(part))))


def with_state(blocks: Iterable[Block], headline: str) -> list[Block]:
    """The blocks of an incident's first message, with what is true now above them."""
    kept = [block for block in blocks if block.get("block_id") != NOW_BLOCK]
    now = cut(f"Now: {clean(headline).strip()}", HEADER_LIMIT, size=units)
    state = {"type": "context", "block_id": NOW_BLOCK, "elements": [_plain_text(now)]}
    return [state, *kept][:BLOCK_LIMIT]


def is_web_url(url: str) -> bool:
    """Whether ``url`` is an absolute http(s) URL that is safe inside Slack's link syntax."""
    if len(url) > TEXT_LIMIT or not url.isascii() or not url.isprintable():
        return False
    if any(char in url for char in ' <>|"\\^`{}'):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _is_title(card: Card) -> bool:
    head = card.lines[0]
    if any(span.href for span in head) or not _plain(head):
        return False
    return card.incident is not None or len(card.lines) >= _HEADER_FROM


def _plain(line: Line) -> str:
    return clean("".join(span.text for span in line)).strip()


def _plain_text(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def _rich_text(elements: list[Block]) -> Block:
    section = {"type": "rich_text_section", "elements": elements}
    return {"type": "rich_text", "elements": [section]}


def _rich_blocks(lines: list[Line]) -> Iterator[Block]:
    """Packs lines into blocks of at most 3000 characters; says how many were left out."""
    elements: list[Block] = []
    used = total = 0
    for position, one in enumerate(lines):
        written = [made for span in one if (made := _element(span))]
        length = 1 + sum(_length(element) for element in written)
        if total + length > TOTAL_LIMIT:
            elements.append({"type": "text", "text": f"\n… and {len(lines) - position} more lines"})
            break
        if used + length > TEXT_LIMIT and elements:
            yield _rich_text(elements)
            elements, used = [], 0
        if elements:
            elements.append({"type": "text", "text": "\n"})
        elements.extend(written)
        used += length
        total += length
    if elements:
        yield _rich_text(elements)


def _length(element: Block) -> int:
    return units(element.get("text", "")) + len(element.get("url", ""))


def _element(span: Span) -> Block | None:
    text = cut(clean(span.text), HEADER_LIMIT * 10, size=units)
    if not text:
        return None
    element: Block = {"type": "text", "text": text}
    if span.href and is_web_url(span.href):
        element = {"type": "link", "url": span.href, "text": text}
    style = {name: True for name, on in (("bold", span.strong), ("code", span.code)) if on}
    return element | ({"style": style} if style else {})
