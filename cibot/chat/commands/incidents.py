"""`incidents [NAME] [all]`: what is wrong now, and what was in the last week."""

from __future__ import annotations

from dataclasses import replace

from cibot.chat.command import Ask, Command
from cibot.chat.commands import why
from cibot.chat.typed import without_fillers
from cibot.reports import wording
from cibot.reports.ci import find_ci
from cibot.reports.context import Context
from cibot.reports.incidents import IncidentLine, incidents
from cibot.text import figures
from cibot.text.card import Card, Line, Span, first, line
from cibot.text.numbers import number_in

_LINES = 10
_ENDED = frozenset(("all", "last", "past", "week"))  # what asks for those of the last week, too


def answer(ask: Ask) -> Card:
    """The open ones, newest first; with "all" those of the last seven days too."""
    name, ended = read_words(ask.words)
    if (number := number_in(name)) is not None:
        return why.answer(replace(ask, words=(f"#{number}",)))
    listed = incidents(ask.tx, ask.ctx, ended=ended)
    if name:
        ci = find_ci(ask.tx, name).name
        listed = tuple(incident for incident in listed if incident.ci == ci)
    return render(ask.ctx, listed, ended=ended)


def read_words(words: tuple[str, ...]) -> tuple[str, bool]:
    """Whose, "" for all, and whether ended ones are asked for, too."""
    ended = any(word.casefold() in _ENDED for word in words)
    return " ".join(without_fillers(words, {"open", *_ENDED})), ended


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
        return line(*parts, f": {state(ctx, incident)}")
    if incident.began is not None:
        parts.append(f" {figures.since(incident.began, ctx.now, ctx.zone)}")
    if incident.seen is not None:
        parts += [": ", *wording.seen(ctx, incident.seen)]
    return line(*parts, f"; {state(ctx, incident)}")


def state(ctx: Context, incident: IncidentLine) -> str:
    """When it ended, or whether somebody looks at it."""
    if incident.resolved_at is None:
        return wording.acknowledgement(incident)
    lasted = figures.span(incident.lasted(ctx.now))
    return f"ended {figures.ago(incident.resolved_at, ctx.now)} after {lasted}"


COMMAND = Command(
    usage="incidents [NAME] [all]",
    does="open incidents, of all CIs or of one; with all, those of the last seven days too",
    example="incidents all",
    answer=answer,
    aliases=("incident", "alerts"),
)
