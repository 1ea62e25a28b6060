"""`ack ID [NOTE]`: says that somebody looks at an incident."""

from __future__ import annotations

from cibot.actions.acknowledging import take
from cibot.chat.command import Ask, Command
from cibot.errors import UserError
from cibot.reports import wording
from cibot.reports.context import Context
from cibot.reports.incidents import Incident
from cibot.text.card import Card, Span, line


def answer(ask: Ask) -> Card:
    """The incident and what is noted with it."""
    number, note = read_words(ask.words)
    return render(ask.ctx, take(ask.tx, ask.ctx, ask.actor, number, note))


def read_words(words: tuple[str, ...]) -> tuple[int, str]:
    """The incident's number and the note, maybe empty. Raises UserError without a number."""
    number = words[0].removeprefix("#") if words else ""
    if not (number.isascii() and number.isdigit() and len(number) < 18):
        raise UserError("Which incident? As in: ack 1 looking into it; incidents lists them.")
    return int(number), " ".join(words[1:])


def render(ctx: Context, found: Incident) -> Card:
    """A line."""
    name = Span(found.ci, strong=True, href=ctx.ci_page(found.ci))
    said = f" ({found.kind}): {wording.acknowledgement(found)}"
    return Card((line(Span(f"#{found.id}", href=found.page), " ", name, said),), link=found.page)


COMMAND = Command(
    name="ack",
    usage="ack ID [NOTE]",
    does="says that you look at an incident; the channels that heard of it are told",
    example="ack 1 looking into it",
    answer=answer,
    aliases=("acknowledge",),
    more="For the CI's owners and admins.",
    writes=True,
)
