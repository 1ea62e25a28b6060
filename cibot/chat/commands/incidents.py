"""`incidents [all]`: what is wrong now, and what was in the last week."""

from __future__ import annotations

from cibot.chat.command import Ask, Command
from cibot.errors import UserError
from cibot.reports import wording
from cibot.reports.context import Context
from cibot.reports.incidents import IncidentLine, incidents
from cibot.text import figures
from cibot.text.card import Card, Line, Span, first, line

_LINES = 10


def answer(ask: Ask) -> Card:
    """The open ones, newest first; with "all" those of the last seven days too."""
    ended = read_words(ask.words)
    return render(ask.ctx, incidents(ask.tx, ask.ctx, ended=ended), ended=ended)


def read_words(words: tuple[str, ...]) -> bool:
    """Whether ended ones are asked for, too. Raises UserError for anything else."""
    word = " ".join(words).casefold()
    if word not in {"", "open", "all"}:
        raise UserError("incidents takes nothing or all, as in: incidents all.")
    return word == "all"


def render(ctx: Context, listed: tuple[IncidentLine, ...], *, ended: bool) -> Card:
    """A line each."""
    page = ctx.page("incidents")
    lines: list[Line] = [headline(listed, ended=ended)]
    lines += first([_incident(ctx, incident) for incident in listed], _LINES)
    return Card(tuple(lines), link=page, long=len(lines) > 4)


def headline(listed: tuple[IncidentLine, ...], *, ended: bool) -> Line:
    """How many are open, and how many ended."""
    if not listed:
        return line("No incident is open" + (" or was in seven days." if ended else "."))
    opened = sum(incident.resolved_at is None for incident in listed)
    head = f"{figures.plural(opened, 'incident')} {'is' if opened == 1 else 'are'} open"
    over = f", {len(listed) - opened} ended in seven days" if ended else ""
    return line(f"{head}{over}.")


def _incident(ctx: Context, incident: IncidentLine) -> Line:
    parts: list[str | Span] = [*wording.incident_head(ctx, incident)]
    if incident.resolved_at is not None:
        ago = figures.ago(incident.resolved_at, ctx.now)
        return line(*parts, f": ended {ago} after {figures.span(incident.lasted(ctx.now))}")
    if incident.began is not None:
        parts.append(f" {figures.since(incident.began, ctx.now, ctx.zone)}")
    if incident.seen is not None:
        parts += [": ", *wording.seen(ctx, incident.seen)]
    return line(*parts, f"; {wording.acknowledgement(incident)}")


COMMAND = Command(
    usage="incidents [all]",
    does="open incidents; with all, those of the last seven days too",
    example="incidents all",
    answer=answer,
    aliases=("incident", "alerts"),
)
