"""`contact NAME`: who owns a CI and how to reach them."""

from __future__ import annotations

from cibot.chat.command import Ask, Command
from cibot.reports.contact import Contact, contact
from cibot.text.card import Card, Line, Span, line


def answer(ask: Ask) -> Card:
    """Owner, contact, wiki page, accounts."""
    return render(contact(ask.tx, ask.ctx, ask.ci_name()))


def render(report: Contact) -> Card:
    """A line, or how to configure one."""
    return Card((_words(report),), link=report.page)


def _words(report: Contact) -> Line:
    parts: list[str | Span] = [Span(report.name, strong=True, href=report.page), ": "]
    ways: list[list[str | Span]] = []
    if report.owner:
        ways.append([f"owner {report.owner}"])
    if report.contact:
        ways.append([f"contact {report.contact}"])
    if report.wiki:
        ways.append(["wiki ", Span(report.wiki, href=report.wiki)])
    if not ways:
        ways.append(["nobody has written down whose it is ([[ci]] in the configuration)"])
    if report.accounts:
        ways.append([f"Gerrit account {', '.join(report.accounts)}"])
    for place, part in enumerate(ways):
        parts += [" · ", *part] if place else part
    return line(*parts)


COMMAND = Command(
    usage="contact NAME",
    does="whose a CI is: owner, contact, wiki page, Gerrit accounts",
    example="contact netapp",
    answer=answer,
    aliases=("owner", "owns", "runs", "maintains", "whois"),
)
