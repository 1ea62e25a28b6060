"""`missed NAME`: patch sets that a CI should have reported on and did not."""

from __future__ import annotations

from cibot.chat.command import Ask, Command
from cibot.reports import wording
from cibot.reports.missed import Missed, missed
from cibot.text.card import Card, Span, line, some

_NAMED = 8


def answer(ask: Ask) -> Card:
    """How many of how many, and the newest."""
    return render(missed(ask.tx, ask.ctx, ask.ci_name()))


def render(missed: Missed) -> Card:
    """A line or two."""
    head = line(wording.name_span(missed.ci), f" {wording.missed(missed)}")
    if not missed.patch_sets:
        return Card((head,), link=missed.ci.page)
    spans = [
        Span(f"{each.number},{each.patch_set}", href=each.gerrit) for each in missed.patch_sets
    ]
    return Card((head, line("Newest: ", *some(spans, _NAMED), ".")), link=missed.ci.page)


COMMAND = Command(
    usage="missed NAME",
    does="patch sets of seven days that a CI should have reported on and did not",
    example="missed netapp",
    answer=answer,
    aliases=("missing",),
)
