"""What else is known of one CI: its jobs, its days, what it missed, whom to ask; two compared."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from cibot.reports.compare import Comparison, compare
from cibot.reports.contact import Contact, contact
from cibot.reports.history import MOST_DAYS, MOST_HOURLY, Bucket, History, history
from cibot.reports.jobs import Jobs, jobs
from cibot.reports.latency import Latency, latency
from cibot.reports.missed import Missed, missed
from cibot.web.api.params import CiName, Format, OneCi
from cibot.web.api.question import Endpoint, Params
from cibot.web.api.tables import Lines, columns
from cibot.web.asking import Asking


class HistoryParams(OneCi):
    """How much of a CI's history."""

    days: Annotated[
        int, Field(ge=1, le=MOST_DAYS, description="UTC days, today included; 14 by the hour.")
    ] = 30
    bucket: Annotated[Bucket, Field(description="`hour` adds `hours`, of at most 14 days.")] = "day"
    format: Format = None


class LatencyParams(OneCi):
    """How many days of a CI's latency."""

    days: Annotated[int, Field(ge=1, le=MOST_DAYS, description="UTC days, today included.")] = 30
    format: Format = None


class TableOfCi(OneCi):
    """A table about one CI."""

    format: Format = None


class MissedParams(OneCi):
    """How many of the missed patch sets."""

    limit: Annotated[int, Field(ge=1, le=200, description="The newest so many.")] = 50
    format: Format = None


class TwoCis(Params):
    """Which two CIs."""

    first: CiName
    second: CiName


def ci_jobs(asking: Asking, params: TableOfCi) -> Jobs:
    """A CI's jobs, worst first."""
    return asking.ask(lambda tx, ctx: jobs(tx, ctx, params.name))


def ci_history(asking: Asking, params: HistoryParams) -> History:
    """A CI's days."""
    days = min(params.days, MOST_HOURLY) if params.bucket == "hour" else params.days
    return asking.ask(lambda tx, ctx: history(tx, ctx, params.name, days, params.bucket))


def ci_latency(asking: Asking, params: LatencyParams) -> Latency:
    """How long a CI takes to its first verdict."""
    return asking.ask(lambda tx, ctx: latency(tx, ctx, params.name, params.days))


def ci_missed(asking: Asking, params: MissedParams) -> Missed:
    """What a CI should have reported on and did not."""
    return asking.ask(lambda tx, ctx: missed(tx, ctx, params.name, params.limit))


def ci_contact(asking: Asking, params: OneCi) -> Contact:
    """Whose a CI is."""
    return asking.ask(lambda tx, ctx: contact(tx, ctx, params.name))


def compare_two(asking: Asking, params: TwoCis) -> Comparison:
    """Two CIs on what both judged."""
    return asking.ask(lambda tx, ctx: compare(tx, ctx, params.first, params.second))


def _history_lines(found: History) -> Lines:
    """The hours where they were asked for, else the days."""
    return (_HOURS if found.hours else _DAYS)(found)


def _latency_lines(found: Latency) -> Lines:
    """Heads that name the unit, as in JSON."""
    yield ("day", "n", "median_s", "p95_s")
    for day in found.days:
        yield (day.day, day.n, day.median, day.p95)


_DAYS = columns("days", "day", "passes", "fails", "infra", "share")
_HOURS = columns("hours", "at", "passes", "fails", "infra")
_JOBS = columns(
    "jobs", "job", "rate.share", "rate.low", "rate.high", "rate.passes", "rate.n", "infra",
    "streak", "streak_of", "median_s", "last_pass_at", "last_url", "voting",
)  # fmt: skip
_MISSED = columns(
    "patch_sets", "number", "patch_set", "project", "subject", "uploaded_at", "deadline", "gerrit"
)

ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/cis/<name>/jobs", "CIs", "A CI's jobs of seven days, worst first", TableOfCi, Jobs,
             ci_jobs, _JOBS),
    Endpoint("/cis/<name>/history", "CIs", "A CI's results day by day, or hour by hour",
             HistoryParams, History, ci_history, _history_lines),
    Endpoint("/cis/<name>/latency", "CIs", "A CI's time from upload to first verdict, by day",
             LatencyParams, Latency, ci_latency, _latency_lines),
    Endpoint("/cis/<name>/missed", "CIs", "Patch sets that a CI should have reported on",
             MissedParams, Missed, ci_missed, _MISSED),
    Endpoint("/cis/<name>/contact", "CIs", "Whose a CI is and how to retrigger it", OneCi,
             Contact, ci_contact),
    Endpoint("/compare", "CIs", "Two CIs on the patch sets that both judged", TwoCis, Comparison,
             compare_two),
)  # fmt: skip
