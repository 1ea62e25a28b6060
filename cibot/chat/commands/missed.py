"""`missed NAME`: patch sets that a CI should have reported on and did not."""

from __future__ import annotations

from cibot.chat.command import Ask, Command
from cibot.reports import wording
from cibot.reports.missed import Missed, missed
from cibot.text import figures
from cibot.text.card import Card, Span, joined, line

_NAMED = 8


def answer(ask: Ask) -> Card:
    """How many of how many, and the newest."""
    return render(missed(ask.tx, ask.ctx, ask.ci_name()))


def render(found: Missed) -> Card:
    """A line or two."""
    name = wording.name_span(found.ci)
    if not found.due:
        said = "no patch set of seven days was due that another CI judged"
        return Card((line(name, f": {said}."),), link=found.ci.page)
    of = figures.plural(found.due, "patch set")
    by = f" that {figures.listed(found.references)} judged" if found.references else ""
    allowed = figures.duration(found.allowed.total_seconds())
    head = line(
        name,
        f" missed {figures.number(found.total)} of {of}{by} in seven days"
        f" (due {allowed} after the upload).",
    )
    if not found.total:
        return Card((head,), link=found.ci.page)
    spans = [
        Span(f"{one.number},{one.patch_set}", href=one.gerrit) for one in found.patch_sets[:_NAMED]
    ]
    more = found.total - len(spans)
    tail = f" and {figures.number(more)} more." if more else "."
    return Card((head, line("Newest: ", *joined(spans), tail)), link=found.ci.page)


COMMAND = Command(
    name="missed",
    usage="missed NAME",
    does="patch sets of seven days that a CI should have reported on and did not",
    example="missed netapp",
    answer=answer,
    aliases=("missing",),
)
