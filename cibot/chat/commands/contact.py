"""`contact NAME`: who owns a CI and how to reach them."""

from __future__ import annotations

from cibot.chat.command import Ask, Command
from cibot.reports.contact import Contact, contact
from cibot.text.card import Card, Line, Span, joined, line


def answer(ask: Ask) -> Card:
    """Owner, contact, wiki page, accounts."""
    return render(contact(ask.tx, ask.ctx, ask.ci_name()))


def render(report: Contact) -> Card:
    """A line, or how to configure one."""
    return Card((_words(report),), link=report.page)


def _words(report: Contact) -> Line:
    ways: list[Line] = []
    if report.owner:
        ways.append(line(f"owner {report.owner}"))
    if report.contact:
        ways.append(line(f"contact {report.contact}"))
    if report.wiki:
        ways.append(line("wiki ", Span(report.wiki, href=report.wiki)))
    if not ways:
        ways.append(line("no owner, contact or wiki is configured ([[ci]])"))
    if report.accounts:
        ways.append(line(f"Gerrit account {', '.join(report.accounts)}"))
    name = Span(report.name, strong=True, href=report.page)
    return line(name, ": ", *joined(ways, " · "))


COMMAND = Command(
    usage="contact NAME",
    does="whose a CI is: owner, contact, wiki page, Gerrit accounts",
    example="contact netapp",
    answer=answer,
    aliases=("owner", "owns", "runs", "maintains", "maintainer", "email", "whois"),
)
