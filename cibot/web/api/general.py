"""Endpoints about the whole: projects, rules, summary, unparsed comments, feeds, version."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from cibot import __version__
from cibot.errors import UserError
from cibot.reports import period_wording
from cibot.reports.context import Context
from cibot.reports.feeds import ServerFeeds, feeds
from cibot.reports.matrix import MOST, Matrix, matrix
from cibot.reports.period import MOST_DAYS, CiPeriod, PeriodReport, period_report, read_period
from cibot.reports.summary import Span, Summary, summary
from cibot.reports.unparsed import Shape, unparsed
from cibot.store.engine import Tx
from cibot.store.set_aside import SetAside, set_aside
from cibot.web.api.problems import BadParameter
from cibot.web.api.question import (
    BranchName,
    BranchPattern,
    CiName,
    Day,
    Endpoint,
    Nothing,
    Params,
    ProjectName,
)
from cibot.web.api.tables import Lines, columns
from cibot.web.asking import homes_of

_COMMENTS_EACH = 300  # of a CI that are looked at: enough to see what is frequent, and quick
_LONGEST_EXAMPLE = 4_000  # characters


@dataclass(frozen=True, slots=True)
class ProjectItem:
    """A project and how many CIs judged there lately."""

    name: str
    cis: int


@dataclass(frozen=True, slots=True)
class ProjectList:
    """Projects that CIs judge, by name."""

    items: tuple[ProjectItem, ...]


class MatrixParams(Params):
    """Which project, and how many of its changes."""

    name: ProjectName
    branch: BranchName | None = None
    limit: Annotated[int, Field(ge=1, le=MOST, description="The newest so many changes.")] = 30


@dataclass(frozen=True, slots=True)
class FeedList:
    """Every Gerrit server and how fresh what we know of it is; what raised and was set aside."""

    items: tuple[ServerFeeds, ...]
    set_aside: tuple[SetAside, ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """Which cibot answers."""

    version: str = __version__


@dataclass(frozen=True, slots=True)
class ShapeList:
    """Shapes, most frequent first. ``partly`` names CIs of which only the newest were read."""

    items: tuple[Shape, ...]
    since: datetime
    comments: int
    shapes: int
    partly: tuple[str, ...]


class PeriodParams(Params):
    """Which project, branch and days."""

    project: ProjectName | None = None
    branch: BranchPattern | None = None
    since: Annotated[
        Day | None, Field(alias="from", description="The first day in UTC, as 2026-09-01.")
    ] = None
    until: Annotated[
        Day | None, Field(alias="to", description="The day after the last; default: tomorrow.")
    ] = None
    days: Annotated[
        int | None,
        Field(ge=1, le=MOST_DAYS, description="How many, where not both ends are given; else 90."),
    ] = None


class SummaryParams(Params):
    """Which day, on which branches."""

    day: Annotated[
        Span | Day,
        Field(
            description="`day` is the last 24 hours; the others are days in UTC, one of them by"
            " its date, as 2026-11-23."
        ),
    ] = "day"
    branch: BranchPattern | None = None


class UnparsedParams(Params):
    """Comments that no format recognised: since when, and of which CI."""

    days: Annotated[int, Field(ge=1, le=28, description="How far to look back.")] = 7
    ci: CiName | None = None
    limit: Annotated[int, Field(ge=1, le=500, description="The most frequent so many.")] = 100


def projects(tx: Tx, ctx: Context, _params: Nothing) -> ProjectList:
    """The projects at which CIs are at home."""
    counts = Counter(name for home in homes_of(tx, ctx).values() for name in home.projects)
    ordered = sorted(counts, key=str.casefold)
    return ProjectList(tuple(ProjectItem(name, counts[name]) for name in ordered))


def project_matrix(tx: Tx, ctx: Context, params: MatrixParams) -> Matrix:
    """The verdicts of a project's CIs on its last patch sets."""
    return matrix(tx, ctx, params.name, params.limit, params.branch)


def report_of(tx: Tx, ctx: Context, params: PeriodParams) -> PeriodReport:
    """The report."""
    try:
        days = read_period(ctx.now, params.days, params.since, params.until)
    except UserError as error:  # of days that are each a day, and no period together
        raise BadParameter("to" if params.until else "from", str(error)) from error
    return period_report(tx, ctx, days, params.project, params.branch)


def unparsed_shapes(tx: Tx, ctx: Context, params: UnparsedParams) -> ShapeList:
    """Comments that no format recognised, by shape."""
    since = ctx.now - timedelta(days=params.days)
    comments = unparsed(tx, since, params.ci, each=_COMMENTS_EACH, characters=_LONGEST_EXAMPLE)
    shapes = comments.shapes
    return ShapeList(shapes[: params.limit], since, comments.total, len(shapes), comments.partly)


def _matrix_lines(answer: Matrix) -> Lines:
    """A line for each patch set, a column for each CI; empty where there is no verdict."""
    names = [ci.name for ci in answer.cis]
    yield ["number", "patch_set", "subject", "updated_at", *names]
    for row in answer.rows:
        by_ci = row.by_ci()
        cells = [by_ci.get(name) for name in names]
        words = [(cell.result or "started") if cell else None for cell in cells]
        yield [row.number, row.patch_set, row.subject, row.updated_at, *words]


def _rate(name: str, of: str, *more: str) -> list[str]:
    """The columns of a rate."""
    heads = {"share": name, **{field: f"{name}_{field}" for field in ("low", "high", *more)}}
    return [f"{head}={of}.{field}" for field, head in heads.items()]


def _outage_s(ci: CiPeriod) -> timedelta:
    outage = ci.now.longest_outage
    return outage.until - outage.since if outage else timedelta(0)


_FIGURES = columns(
    "cis", "ci=name", "is_reference", "since", "retired_at", "kept", "due=now.due",
    *_rate("reported", "now.reported"), *_rate("in_time", "now.in_time"),
    "p50_s=now.p50", "p95_s=now.p95", *_rate("right", "now.right", "n"),
    "paired=now.paired", "false_failures=now.false_failures", "failing_s=now.failing",
    "silent_s=now.silent", ("longest_outage_s", _outage_s),
    "longest_outage_since=now.longest_outage.since", "incidents=now.incidents",
    "acknowledged=now.acknowledged", "to_acknowledge_s=now.to_acknowledge",
    "before_due=before.due", "before_in_time=before.in_time.share",
    "before_right=before.right.share", "before_failing_s=before.failing",
    "before_silent_s=before.silent", "before_incidents=before.incidents", "runs",
    ("jobs", lambda ci: [job.job for job in ci.jobs]),
)  # fmt: skip


def _period_lines(report: PeriodReport) -> Lines:
    """The report as a table: a line a CI, two columns a rule."""
    heads, *rows = _FIGURES(report)
    within = {rule.number: rule.within for rule in report.rules}
    yield [*heads, *(f"rule_{number}{tail}" for number in within for tail in ("", "_why"))]
    for ci, figures in zip(report.cis, rows, strict=True):
        cells = [*figures]
        promises = {promise.rule: promise for promise in ci.promises}
        for number, limit in within.items():
            promise = promises.get(number)
            criteria = promise.criteria if promise else ()
            said = [period_wording.criterion(criterion, limit) for criterion in criteria]
            cells += [promise.kept if promise else None, "; ".join(said)]
        yield cells


ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/projects", "Projects", "Projects that CIs judge", Nothing, ProjectList, projects),
    Endpoint("/projects/<name>", "Projects", "A project's last patch sets, with its CIs' verdicts",
             MatrixParams, Matrix, project_matrix, _matrix_lines),
    Endpoint("/report", "Summary", "What the CIs of a project promised and did in a period",
             PeriodParams, PeriodReport, report_of, _period_lines),
    Endpoint("/summary", "Summary", "A day at a glance", SummaryParams, Summary,
             lambda tx, ctx, asked: summary(tx, ctx, asked.day, branch=asked.branch)),
    Endpoint("/unparsed", "Operation", "What CIs wrote that no format recognised, by shape",
             UnparsedParams, ShapeList, unparsed_shapes, columns(
        "items", "count", "shape", "cis", "example.number", "example.patch_set",
        "example.posted_at",
    )),
    Endpoint("/feeds", "Operation", "How fresh what we know is", Nothing, FeedList,
             lambda tx, ctx, _: FeedList(feeds(tx, ctx), set_aside(tx, ctx.now)), columns(
        "items", "server", "url", "heard_at", "age", "stale",
    )),
    Endpoint("/version", "Operation", "Which cibot answers", Nothing, Version, None),
)  # fmt: skip
