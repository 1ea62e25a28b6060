"""How many CIs are in which state, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from cibot.model import State
from cibot.reports.listing import Listing, is_wrong
from cibot.reports.wording import on_places
from cibot.text import figures
from cibot.text.card import Line, line


def overall(found: Listing) -> Line:
    """As "3 of 50 CIs need a look: 1 silent, 1 failing, 1 degraded; 41 healthy, 6 not judged."."""
    where = listed_on(found)
    if not sum(found.totals.values()):
        return line(f"No CI reports{where}." if where else "No CI is known yet.")
    return line(figures.sentence(f"{where} {needs_a_look(found.totals)}"))


def listed_on(found: Listing) -> str:
    """As " on openstack/cinder on stable/2026.1", or nothing where all CIs are listed."""
    return on_places(found.project, found.branch)


def needs_a_look(totals: Mapping[State, int]) -> str:
    """How many CIs are wrong and how many are not, as a sentence without its capital."""
    total = sum(totals.values())
    wrong = [(state, count) for state, count in totals.items() if count and is_wrong(state)]
    rest = [f"{totals[State.HEALTHY]} healthy"] if totals[State.HEALTHY] else []
    if totals[State.UNKNOWN]:
        rest.append(f"{totals[State.UNKNOWN]} not judged")
    if not wrong:
        head = "no CI needs a look" if total > 1 else "it needs no look"
        return f"{head}: {figures.listed(rest)}"
    number = sum(count for _state, count in wrong)
    bad = ", ".join(f"{count} {state.value}" for state, count in wrong)
    head = f"{number} of {figures.plural(total, 'CI')} {'needs' if number == 1 else 'need'} a look"
    return "; ".join([f"{head}: {bad}", *([", ".join(rest)] if rest else [])])
