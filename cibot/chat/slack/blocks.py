"""A `Card` as Slack's Block Kit with the fallback text that notifications show.

Pure. Text goes into ``rich_text`` elements and ``plain_text`` objects, which
Slack shows as they are: no mrkdwn, mention, emoji name or link in them is
interpreted. Only a span's own ``href`` becomes a link. The fallback text is
the one place where Slack reads markup, so it is escaped there.

Limits: https://docs.slack.dev/reference/block-kit/blocks (150 characters in a
header, 3000 in a text, 50 blocks, 75 in a button and 2000 in its value) and
12,000 characters in all, below what ``msg_blocks_too_long`` refuses. Characters
are counted as UTF-16 units, the larger count.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from cibot.text.card import Button, Card, Line, Span, line
from cibot.text.cleaning import clean
from cibot.text.graphemes import cut

HEADER_LIMIT = 150
TEXT_LIMIT = 3000
BLOCK_LIMIT = 50
TOTAL_LIMIT = 12_000
BUTTON_LIMIT = 75
VALUE_LIMIT = 2000
NOW_BLOCK = "cibot_now"
ACTIONS_BLOCK = "cibot_actions:"
"""How the block_id of our buttons begins; the incident's id follows."""
PRESS = "cibot:"
"""How the action_id of each of our buttons begins; what the button does follows."""
_HEADER_FROM = 4  # lines; a card that long is a list or a summary and gets a title

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SlackText:
    """A message to post: blocks, and ``text`` already escaped for Slack's markup."""

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
    actions = _actions(card)
    shown = blocks[: BLOCK_LIMIT - len(actions)]
    return SlackText(fallback(card), [*shown, *actions])


def fallback(card: Card) -> str:
    """The card's text for notifications and screen readers, escaped, at most 3000 long."""
    plain = "\n".join(_plain(line) for line in card.lines).strip() or "cibot"
    return escape(cut(plain, TEXT_LIMIT, size=lambda part: units(escape(part))))


def with_state(
    blocks: Iterable[Block], headline: str, actions: Iterable[Block] = ()
) -> list[Block]:
    """The blocks of an incident's first message: what is true now above, what can be done below."""
    above = [
        block for block in blocks if block.get("block_id") != NOW_BLOCK and not _is_actions(block)
    ]
    now = cut(f"Now: {clean(headline).strip()}", HEADER_LIMIT, size=units)
    state = {"type": "context", "block_id": NOW_BLOCK, "elements": [_plain_text(now)]}
    below = list(actions)
    return [state, *above][: BLOCK_LIMIT - len(below)] + below


def actions_of(blocks: Iterable[Block], *, but: str | None = None) -> list[Block]:
    """The block of buttons, if there is one, without the button whose action_id is ``but``."""
    actions = [block for block in blocks if _is_actions(block)]
    left = [
        block
        | {
            "elements": [
                element for element in block["elements"] if element.get("action_id") != but
            ]
        }
        for block in actions
    ]
    return [block for block in left if block["elements"]]


def _actions(card: Card) -> list[Block]:
    """The buttons in a row. What a press means is in its value; Slack signs what comes back."""
    if not card.buttons:
        return []
    made = [made_button for button in card.buttons if (made_button := _button(button))]
    name = f"{ACTIONS_BLOCK}{card.incident or ''}"
    return [{"type": "actions", "block_id": name, "elements": made}] if made else []


def _is_actions(block: Block) -> bool:
    return str(block.get("block_id", "")).startswith(ACTIONS_BLOCK)


def _button(button: Button) -> Block | None:
    value = json.dumps(button.words, ensure_ascii=False)
    label = cut(clean(button.label).strip(), BUTTON_LIMIT, size=units)
    if units(value) > VALUE_LIMIT or not (label and button.words):
        return None
    action = PRESS + button.words[0]
    return {"type": "button", "action_id": action[:255], "text": _plain_text(label), "value": value}


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
    for position, spans in enumerate(lines):
        shown = line(*(replace(span, change=None) for span in spans))  # one element a style
        written = [made for span in shown if (made := _element(span))]
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
