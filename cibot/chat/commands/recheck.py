"""`recheck NAME`: how to retrigger a CI."""

from __future__ import annotations

from cibot.chat.command import Ask, Command
from cibot.reports.contact import Contact, contact
from cibot.text.card import Card, Span, line


def answer(ask: Ask) -> Card:
    """The comment to write on the change, as configured."""
    return render(contact(ask.tx, ask.ctx, ask.ci_name()))


def render(report: Contact) -> Card:
    """One line: the comment, or whom to ask."""
    name = Span(report.name, strong=True, href=report.page)
    if report.recheck is None:
        where = report.contact or report.wiki
        hint = f" Ask {where}." if where else ""
        said = f": how to retrigger it is not configured.{hint}"
        return Card((line(name, said),), link=report.page)
    comment = Span(report.recheck, code=True)
    return Card((line("To run ", name, " again, comment on the change: ", comment),))


COMMAND = Command(
    usage="recheck NAME",
    does="how to retrigger a CI",
    example="recheck netapp",
    answer=answer,
    aliases=("retrigger", "rerun"),
)
