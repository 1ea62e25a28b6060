"""What to write into a page so that it shows a CI's badge and leads to its page. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from cibot.reports.context import Context


@dataclass(frozen=True, slots=True)
class BadgeCode:
    """The same in two languages; ``whole`` says that the addresses name their host."""

    markdown: str
    html: str
    whole: bool


def badge_code(ctx: Context, name: str) -> BadgeCode:
    """The code for a CI; its addresses are relative where we have no public address."""
    own, path = ctx.page(), quote(name, safe="")
    picture, page = f"{own or ''}/badge/{path}.svg", f"{own or ''}/ci/{path}"
    words = re.sub(r"([\\\[\]<>])", r"\\\1", name)
    said = escape(name)
    return BadgeCode(
        f"[![{words}]({picture})]({page})",
        f'<a href="{page}"><img src="{picture}" alt="{said}"></a>',
        own is not None,
    )
