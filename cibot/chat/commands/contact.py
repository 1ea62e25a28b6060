"""`contact NAME`: whose a CI is."""

from __future__ import annotations

from cibot.chat.command import Ask, Command
from cibot.reports.contact import Contact, contact
from cibot.text.card import Card, Line, Span, line


def answer(ask: Ask) -> Card:
    """Owner, contact, wiki page, accounts."""
    return render(contact(ask.tx, ask.ctx, ask.ci_name()))


def render(found: Contact) -> Card:
    """A line, or how to configure one."""
    return Card((_words(found),), link=found.page)


def _words(found: Contact) -> Line:
    parts: list[str | Span] = [Span(found.name, strong=True, href=found.page), ": "]
    known: list[list[str | Span]] = []
    if found.owner:
        known.append([f"owner {found.owner}"])
    if found.contact:
        known.append([f"contact {found.contact}"])
    if found.wiki:
        known.append(["wiki ", Span(found.wiki, href=found.wiki)])
    if not known:
        known.append(["nobody has written down whose it is ([[ci]] in the configuration)"])
    if found.accounts:
        known.append([f"Gerrit account {', '.join(found.accounts)}"])
    for place, part in enumerate(known):
        parts += [" · ", *part] if place else part
    return line(*parts)


COMMAND = Command(
    usage="contact NAME",
    does="whose a CI is: owner, contact, wiki page, Gerrit accounts",
    example="contact netapp",
    answer=answer,
    aliases=("owner", "whois"),
)
