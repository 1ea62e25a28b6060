"""Lists of CIs in words: a row, and how many are in which state. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from cibot.health.seen import LastHeard
from cibot.model import State
from cibot.reports import wording
from cibot.reports.ci import CiLine
from cibot.reports.context import Context
from cibot.reports.listing import Listing
from cibot.text import figures
from cibot.text.card import Line, Span, line, state_span


def brief(ctx: Context, ci: CiLine, *, placed: bool = False) -> Line:
    """One CI in a list: state, name, with ``placed`` the branch, since when, and why."""
    name = wording.name_and_branch(ci) if placed else (wording.name_span(ci),)
    parts: list[str | Span] = [state_span(ci.state), " ", *name]
    if ci.state.bad:
        parts += wording.since(ctx, ci, " ")
    why = because(ctx, ci, ci.since if ci.state.bad else None)
    if why:
        parts += [": ", *why]
    if ci.state is State.SILENT and ci.last_heard_at and not isinstance(ci.seen, LastHeard):
        parts.append(f"; last heard {figures.ago(ci.last_heard_at, ctx.now)}")
    return line(*parts)


def because(ctx: Context, ci: CiLine, then: datetime | None = None) -> Line:
    """What was seen of a CI, why its pass rate means what it means, and who knows of it.

    A moment that was just named is "then".
    """
    said = wording.seen(ctx, ci.seen, then) if ci.state is not State.HEALTHY else ()
    if not said and ci.branch:
        said = wording.since_drop(ctx, ci, then)
    if not said and ci.rate:
        said = line(f"{figures.rate(ci.rate.share, ci.rate)} passed")
    acknowledged = [incident for incident in ci.incidents if incident.state == "acknowledged"]
    by = [f"; {wording.acknowledgement(incident)}" for incident in acknowledged if ci.state.bad]
    return line(*said, *wording.reason(ctx, ci), *by)


def overall(listing: Listing) -> Line:
    """As "3 of 50 CIs need a look: 1 silent, 1 failing, 1 degraded; 41 healthy, 6 not judged."."""
    where = wording.on_places(listing.project, listing.branch)
    if not sum(listing.totals.values()):
        return line(f"No CI reports{where}." if where else "No CI is known yet.")
    return line(figures.sentence(f"{where} {needs_a_look(listing.totals)}"))


def needs_a_look(totals: Mapping[State, int]) -> str:
    """How many CIs are wrong and how many are not, as a sentence without its capital."""
    total = sum(totals.values())
    number = sum(count for state, count in totals.items() if state.bad)
    if not number:
        head = "no CI needs a look" if total > 1 else "it needs no look"
        return f"{head}: {figures.listed(_well(totals))}"
    head = f"{number} of {figures.plural(total, 'CI')} {'needs' if number == 1 else 'need'} a look"
    return f"{head}: {in_states(totals)}"


def in_states(totals: Mapping[State, int]) -> str:
    """As "1 silent, 1 failing; 41 healthy, 6 not judged": how many CIs are in each state."""
    bad = [f"{count} {state.value}" for state, count in totals.items() if count and state.bad]
    return "; ".join(", ".join(part) for part in (bad, _well(totals)) if part)


def _well(totals: Mapping[State, int]) -> list[str]:
    words = {State.HEALTHY: "healthy", State.UNKNOWN: "not judged"}
    return [f"{totals[state]} {word}" for state, word in words.items() if totals[state]]
