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
from cibot.text.numbers import number_in


def answer(ask: Ask) -> Card:
    """The incident and what is noted with it."""
    which, note = read_words(ask.words)
    number = open_incident(ask.tx, which) if isinstance(which, str) else which
    return render(ask.ctx, take(ask.tx, ask.ctx, ask.actor, number, note))


def read_words(words: tuple[str, ...]) -> tuple[int | str, str]:
    """An incident's number or a CI's name, and the note, maybe empty. UserError without either."""
    if words[:1] and words[0].casefold() == "incident":
        words = words[1:]
    if not words or not words[0].removeprefix("#"):
        raise UserError("Which incident? As in: ack 1 looking into it; incidents lists them.")
    number = number_in(words[0])
    return words[0] if number is None else number, " ".join(words[1:])


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
