"""What else is known of one CI: its jobs, its days, what it missed, whom to ask; two compared."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from cibot.reports.compare import Comparison, compare
from cibot.reports.contact import Contact, contact
from cibot.reports.history import MOST_DAYS, History, history
from cibot.reports.jobs import Jobs, jobs
from cibot.reports.missed import Missed, missed
from cibot.web.api.params import CiName, OneCi
from cibot.web.asking import Asking
from cibot.web.question import Endpoint, Params


class HistoryParams(OneCi):
    """How much of a CI's history."""

    days: Annotated[int, Field(ge=1, le=MOST_DAYS, description="UTC days, today included.")] = 30


class MissedParams(OneCi):
    """How many of the missed patch sets."""

    limit: Annotated[int, Field(ge=1, le=200, description="The newest so many.")] = 50


class TwoCis(Params):
    """Which two CIs."""

    first: CiName
    second: CiName


def ci_jobs(asking: Asking, params: OneCi) -> Jobs:
    """A CI's jobs, worst first."""
    return asking.ask(lambda tx, ctx: jobs(tx, ctx, params.name))


def ci_history(asking: Asking, params: HistoryParams) -> History:
    """A CI's days."""
    return asking.ask(lambda tx, ctx: history(tx, ctx, params.name, params.days))


def ci_missed(asking: Asking, params: MissedParams) -> Missed:
    """What a CI should have reported on and did not."""
    return asking.ask(lambda tx, ctx: missed(tx, ctx, params.name, params.limit))


def ci_contact(asking: Asking, params: OneCi) -> Contact:
    """Whose a CI is."""
    return asking.ask(lambda tx, ctx: contact(tx, ctx, params.name))


def compare_two(asking: Asking, params: TwoCis) -> Comparison:
    """Two CIs on what both judged."""
    return asking.ask(lambda tx, ctx: compare(tx, ctx, params.first, params.second))


ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/cis/<name>/jobs", "CIs", "A CI's jobs of seven days, worst first", OneCi, Jobs,
             ci_jobs),
    Endpoint("/cis/<name>/history", "CIs", "A CI's results day by day", HistoryParams, History,
             ci_history),
    Endpoint("/cis/<name>/missed", "CIs", "Patch sets that a CI should have reported on",
             MissedParams, Missed, ci_missed),
    Endpoint("/cis/<name>/contact", "CIs", "Whose a CI is and how to retrigger it", OneCi,
             Contact, ci_contact),
    Endpoint("/compare", "CIs", "Two CIs on the patch sets that both judged", TwoCis, Comparison,
             compare_two),
)  # fmt: skip
