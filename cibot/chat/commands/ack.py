"""`ack ID|NAME [NOTE]`: says that somebody looks at an incident."""

from __future__ import annotations

from cibot.actions.acknowledging import take
from cibot.chat.command import Ask, Command
from cibot.errors import UserError
from cibot.reports import wording
from cibot.reports.ci import open_incident
from cibot.reports.context import Context
from cibot.reports.incidents import IncidentLine
from cibot.text.card import Card, line


def answer(ask: Ask) -> Card:
    """The incident and what is noted with it."""
    which, note = read_words(ask.words)
    number = int(which) if which.isdigit() else open_incident(ask.tx, which)
    return render(ask.ctx, take(ask.tx, ask.ctx, ask.actor, number, note))


def read_words(words: tuple[str, ...]) -> tuple[str, str]:
    """An incident's number or a CI's name, and the note, maybe empty. UserError without either."""
    which = words[0].removeprefix("#") if words else ""
    number = which.isascii() and which.isdigit()
    if not which or (number and len(which) >= 18) or (which.isdigit() and not number):
        raise UserError("Which incident? As in: ack 1 looking into it; incidents lists them.")
    return which, " ".join(words[1:])


def render(ctx: Context, incident: IncidentLine) -> Card:
    """A line."""
    said = f": {wording.acknowledgement(incident)}"
    return Card((line(*wording.incident_head(ctx, incident), said),), link=incident.page)


COMMAND = Command(
    usage="ack ID|NAME [NOTE]",
    does="acknowledges an incident, by its number or its CI, and says so in its channels",
    example="ack 1 looking into it",
    answer=answer,
    aliases=("acknowledge",),
    more="For the CI's owners and admins.",
    writes=True,
)
