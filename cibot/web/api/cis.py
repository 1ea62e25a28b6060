"""``/cis``: all of them, one with everything that is known of it, what it said and ran."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import Field

from cibot.model import Result, State
from cibot.reports.builds import BuildLine, builds
from cibot.reports.ci import CiLine, find_ci
from cibot.reports.context import Context, same_fields
from cibot.reports.failures import Verdict, verdicts
from cibot.reports.home_projects import NOWHERE
from cibot.reports.listing import listing
from cibot.reports.status import CiDetail, CiItem, status, why
from cibot.store.cis import latest_reports
from cibot.store.engine import Tx
from cibot.web.api.paging import Key, Page, first_of, page_of, read_report_key, write_cursor
from cibot.web.api.plain import moment
from cibot.web.api.question import (
    BranchName,
    CiName,
    CiParams,
    Endpoint,
    OneCi,
    Paged,
    Params,
    ProjectName,
)
from cibot.web.api.tables import columns
from cibot.web.asking import homes_of

NamePart = Annotated[str, Field(max_length=100, description="CIs whose name has that in it.")]
OwnerName = Annotated[str, Field(max_length=255, description="CIs of that owner, as configured.")]


@dataclass(frozen=True, slots=True)
class CiPage(Page[CiItem]):
    """CIs in order. ``totals`` counts every state among all that fit but for the state.

    ``project`` and ``branch`` are the whole names of those that were asked for.
    """

    items: tuple[CiItem, ...]
    totals: dict[State, int]
    stale: tuple[str, ...]
    project: str | None = None
    branch: str | None = None


@dataclass(frozen=True, slots=True)
class ReportPage(Page[Verdict]):
    """What a CI said, newest first."""

    items: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class BuildPage(Page[BuildLine]):
    """Builds, newest first. A page may hold fewer than ``limit``, or none, and have a next."""

    items: tuple[BuildLine, ...]


class CiFilter(Params):
    """Which CIs."""

    state: State | None = None
    project: ProjectName | None = None
    branch: BranchName | None = None
    owner: OwnerName | None = None
    q: NamePart | None = None


class CiListParams(CiFilter, Paged):
    """Which CIs, in which order."""

    sort: Annotated[
        Literal["worst", "rate", "name", "heard"], Field(description="Default: worst first.")
    ] = "worst"


class OneCiPaged(Paged):
    """A list about one CI."""

    name: CiName


class BuildParams(OneCi, Paged):
    """Which builds of which CI."""

    job: Annotated[
        Annotated[str, Field(max_length=255)] | None,
        Field(description="The job's whole name."),
    ] = None
    result: Result | None = None


def list_cis(tx: Tx, ctx: Context, params: CiListParams) -> CiPage:
    """The page of CIs that fit."""
    answer = listing(tx, ctx, params.state, params.project, params.branch)
    fitting = [ci for ci in answer.cis if fits(ctx, ci, params.q, params.owner)]
    order = _ORDERS[params.sort]
    page = page_of(sorted(fitting, key=order), order, params.after, params.limit)
    return CiPage(
        items=tuple(CiItem(**_fields(tx, ctx, ci)) for ci in page.items),
        next=page.next,
        totals=answer.totals,
        stale=tuple(feeds.server for feeds in answer.stale),
        project=answer.project,
        branch=answer.branch,
    )


def one_ci(tx: Tx, ctx: Context, params: CiParams) -> CiDetail:
    """Everything about one CI."""
    answer = status(tx, ctx, params.name, params.branch)
    reasons = why(tx, ctx, answer.name, branch=params.branch)
    home, entry = homes_of(tx, ctx).get(answer.id, NOWHERE), ctx.entry(answer.name)
    return replace(
        answer,
        projects=home.projects,
        reference=answer.reference or home.reference,
        owner=entry.owner,
        signals=reasons.signals,
        failures=reasons.failures,
        contact=entry.contact,
        wiki=str(entry.wiki) if entry.wiki else None,
        recheck=entry.recheck,
        standing=reasons.standing,
        onset=reasons.onset,
    )


def ci_reports(tx: Tx, _ctx: Context, params: OneCiPaged) -> ReportPage:
    """A page of a CI's reports."""
    before = read_report_key(params.after, 3) if params.after else None
    ci = find_ci(tx, params.name)
    reports = latest_reports(tx, ci.id, before=before, limit=params.limit + 1)
    chosen, following = first_of(
        reports, params.limit, lambda last: (moment(last.posted_at), last.change_id, last.seq)
    )
    return ReportPage(items=verdicts(tx, chosen), next=following)


def ci_builds(tx: Tx, _ctx: Context, params: BuildParams) -> BuildPage:
    """A page of builds."""
    after = read_report_key(params.after, 4) if params.after else None
    items, last = builds(
        tx, params.name, job=params.job, result=params.result, after=after, limit=params.limit
    )
    return BuildPage(items, write_cursor((moment(last[0]), *last[1:])) if last else None)


def fits(ctx: Context, line: CiLine, q: str | None, owner: str | None) -> bool:
    """Whether a CI has ``q`` in its name and that owner; None asks for nothing."""
    own = ctx.entry(line.name).owner or ""
    named = q is None or q.casefold() in line.name.casefold()
    return named and (owner is None or own.casefold() == owner.casefold())


def _rate(line: CiLine) -> Key:
    return (line.rate.share if line.rate else 2.0, line.name.casefold(), line.id)


def _heard(line: CiLine) -> Key:
    heard = line.last_heard_at
    return (-heard.timestamp() if heard else 0.0, line.name.casefold(), line.id)


_ORDERS = {
    "worst": lambda line: (line.state.rank, *_rate(line)),
    "rate": _rate,
    "name": lambda line: (line.name.casefold(), line.id),
    "heard": _heard,
}


def _fields(tx: Tx, ctx: Context, line: CiLine) -> dict[str, Any]:
    home = homes_of(tx, ctx).get(line.id, NOWHERE)
    return {
        **same_fields(CiLine, line),
        "projects": home.projects,
        "reference": home.reference,
        "owner": ctx.entry(line.name).owner,
    }


ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/cis", "CIs", "All CIs, worst first", CiListParams, CiPage, list_cis, columns(
        "items", "id", "name", "state", "since", "rate.share", "rate.low", "rate.high",
        "rate.passes", "rate.n", "last_heard_at", "reference", "owner", "projects", "said", "page",
    )),
    Endpoint("/cis/<name>", "CIs", "One CI: state, signals, evidence, contact", CiParams,
             CiDetail, one_ci, columns(
        "signals", "name", "verdict", "figure", "low", "high", "n", "threshold", "said", "counts",
    )),
    Endpoint("/cis/<name>/reports", "CIs", "What a CI said, newest first", OneCiPaged, ReportPage,
             ci_reports, columns(
        "items", "posted_at", "project", "number", "patch_set", "pipeline", "outcome", "result",
        "subject", "page",
    )),
    Endpoint("/cis/<name>/builds", "CIs", "What a CI ran, newest first", BuildParams, BuildPage,
             ci_builds, columns(
        "items", "posted_at", "job", "word", "result", "voting", "duration_s", "project", "number",
        "patch_set", "pipeline", "url", "page",
    )),
)  # fmt: skip
