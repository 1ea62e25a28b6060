"""More endpoints about one CI, a comparison of two, and one change."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from cibot.reports.change import ChangeReport, change
from cibot.reports.change_address import ChangeWanted
from cibot.reports.compare import Comparison, compare
from cibot.reports.contact import Contact, contact
from cibot.reports.context import Context
from cibot.reports.history import MOST_DAYS, MOST_HOURLY, Bucket, History, history
from cibot.reports.jobs import Jobs, jobs
from cibot.reports.latency import Latency, latency
from cibot.reports.missed import Missed, missed
from cibot.store.engine import Tx
from cibot.web.api.question import (
    BranchName,
    CiName,
    CiParams,
    Endpoint,
    Number,
    OneCi,
    Params,
)
from cibot.web.api.tables import columns


class HistoryParams(CiParams):
    """How much of a CI's history."""

    days: Annotated[
        int, Field(ge=1, le=MOST_DAYS, description="UTC days, today included; 14 by the hour.")
    ] = 30
    bucket: Annotated[Bucket, Field(description="`hour` adds `hours`, of at most 14 days.")] = "day"


class LatencyParams(CiParams):
    """How many days of a CI's latency."""

    days: Annotated[int, Field(ge=1, le=MOST_DAYS, description="UTC days, today included.")] = 30


class MissedParams(CiParams):
    """How many of the missed patch sets."""

    limit: Annotated[int, Field(ge=1, le=200, description="The newest so many.")] = 50


class TwoCis(Params):
    """Which two CIs."""

    first: CiName
    second: CiName
    branch: BranchName | None = None


class ChangeParams(Params):
    """Which patch set of which change."""

    number: Annotated[Number, Field(description="The change's number in Gerrit.")]
    patch_set: Annotated[
        Annotated[int, Field(ge=1, le=99_999)] | None, Field(description="Default: the last one.")
    ] = None
    server: Annotated[
        str | None,
        Field(max_length=64, description="The Gerrit server, where several have that number."),
    ] = None
    project: Annotated[
        str | None,
        Field(max_length=255, description="Its project, where several have that number."),
    ] = None


def ci_history(tx: Tx, ctx: Context, params: HistoryParams) -> History:
    """A CI's days."""
    days = min(params.days, MOST_HOURLY) if params.bucket == "hour" else params.days
    return history(tx, ctx, params.name, days, params.bucket, branch=params.branch)


def one_change(tx: Tx, ctx: Context, params: ChangeParams) -> ChangeReport:
    """The verdicts on one patch set."""
    wanted = ChangeWanted(params.number, params.patch_set, params.project)
    return change(tx, ctx, wanted, params.server)


_DAYS = columns("days", "day", "passes", "fails", "infra", "share")
_HOURS = columns("hours", "at", "passes", "fails", "infra")

ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/cis/<name>/jobs", "CIs", "A CI's jobs of seven days, worst first", CiParams, Jobs,
             lambda tx, ctx, asked: jobs(tx, ctx, asked.name, asked.branch), columns(
        "jobs", "job", "rate.share", "rate.low", "rate.high", "rate.passes", "rate.n", "infra",
        "streak", "streak_of", "median_s", "last_pass_at", "last_url", "voting",
    )),
    Endpoint("/cis/<name>/history", "CIs", "A CI's results day by day, or hour by hour",
             HistoryParams, History, ci_history,
             lambda answer: (_HOURS if answer.hours else _DAYS)(answer)),
    Endpoint("/cis/<name>/latency", "CIs", "A CI's time from upload to first verdict, by day",
             LatencyParams, Latency,
             lambda tx, ctx, asked: latency(tx, ctx, asked.name, asked.days, asked.branch),
             columns("days", "day", "n", "median_s=median", "p95_s=p95")),
    Endpoint("/cis/<name>/missed", "CIs", "Patch sets that a CI should have reported on",
             MissedParams, Missed,
             lambda tx, ctx, asked: missed(tx, ctx, asked.name, asked.limit, asked.branch), columns(
        "patch_sets", "number", "patch_set", "project", "subject", "uploaded_at", "deadline",
        "gerrit",
    )),
    Endpoint("/cis/<name>/contact", "CIs", "Whose a CI is and how to retrigger it", OneCi,
             Contact, lambda tx, ctx, asked: contact(tx, ctx, asked.name)),
    Endpoint("/compare", "CIs", "Two CIs on the patch sets that both judged", TwoCis, Comparison,
             lambda tx, ctx, asked: compare(
                 tx, ctx, asked.first, asked.second, branch=asked.branch
             ), columns(
        "examples", "number", "patch_set", "project", "subject", "pipeline", "result", "posted_at",
        "page",
    )),
    Endpoint("/changes/<number>", "Changes", "What each CI says of a patch set", ChangeParams,
             ChangeReport, one_change, columns(
        "verdicts", "ci.name", "ci.state", "pipeline", "result", "posted_at", "running", "builds",
    )),
)  # fmt: skip
