"""`missed NAME [BRANCH]`: patch sets that a CI should have reported on and did not."""

from __future__ import annotations

from cibot.chat.command import Ask, Command
from cibot.chat.typed import about_branch
from cibot.reports import wording
from cibot.reports.missed import Missed, missed
from cibot.text.card import Card, line, patch_set_span, some

_NAMED = 8


def answer(ask: Ask) -> Card:
    """How many of how many, and the newest."""
    return render(
        about_branch(ask.words, lambda name, branch: missed(ask.tx, ask.ctx, name, branch=branch))
    )


def render(missed: Missed) -> Card:
    """A line or two."""
    head = line(*wording.name_and_branch(missed.ci), f" {wording.missed(missed)}")
    if not missed.patch_sets:
        return Card((head,), link=missed.ci.page)
    spans = [patch_set_span(each.number, each.patch_set, each.gerrit) for each in missed.patch_sets]
    return Card((head, line("Newest: ", *some(spans, _NAMED), ".")), link=missed.ci.page)


COMMAND = Command(
    usage="missed NAME [BRANCH]",
    does="patch sets of seven days that a CI should have reported on and did not",
    example="missed netapp",
    answer=answer,
    aliases=("missing", "miss", "misses"),
)
