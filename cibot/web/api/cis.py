"""``/cis``: all of them, and one with everything that is known of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from cibot.health.seen import Seen
from cibot.health.signal import BranchHealth, Signal
from cibot.model import State
from cibot.reports.ci import find_ci
from cibot.reports.context import Context
from cibot.reports.failures import JobShare, Passed, Verdict, verdicts
from cibot.reports.homes import NOWHERE, Home
from cibot.reports.incidents import IncidentLine
from cibot.reports.listing import CiLine, Listing, listing
from cibot.reports.onset import Onset
from cibot.reports.rate_reason import RateReason
from cibot.reports.signals import Rate, Sighting
from cibot.reports.silences import Muted
from cibot.reports.standing import Standing
from cibot.reports.status import status
from cibot.reports.why import why
from cibot.store.engine import Tx
from cibot.store.faces import ReportKey, reports_before
from cibot.web.api.encode import moment
from cibot.web.api.paging import Key, Page, page_of, read_report_key, write_cursor
from cibot.web.api.params import BranchName, CiName, CiParams, Format, Paged, ProjectName
from cibot.web.api.question import Endpoint
from cibot.web.api.tables import columns
from cibot.web.asking import Asking
from cibot.web.facts import homes_of


@dataclass(frozen=True, slots=True)
class CiItem(Sighting):
    """One CI of a list. ``reference`` is the CI it is measured against.

    ``seen`` is what the worst signal saw, null where none is bad; ``reason`` why the pass rate
    means what it means, null where it is well.
    With ``branch`` state, rate and time are those of that branch.
    """

    id: int
    name: str
    state: State
    since: datetime | None
    rate: Rate | None
    last_heard_at: datetime | None
    projects: tuple[str, ...]
    reference: str | None
    owner: str | None
    incidents: tuple[IncidentLine, ...]
    page: str | None
    branch: BranchHealth | None = field(default=None, kw_only=True)
    seen: Seen | None = field(default=None, kw_only=True)
    reason: RateReason | None = field(default=None, kw_only=True)


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
class CiDetail(CiItem):
    """One CI: signals worst first, its last failures newest first, whom to ask, what mutes it.

    ``standing`` is how it stands beside the other CIs of its main project, ``onset`` how what
    is wrong with its results began, ``branches`` are those where it is at home. Asked of one
    branch, signals, standing and onset are left out.
    """

    signals: tuple[Signal, ...]
    reference_passed: Passed | None
    passed_since: Passed | None
    worst_job: JobShare | None
    last: Verdict | None
    failures: tuple[Verdict, ...]
    contact: str | None
    wiki: str | None
    recheck: str | None
    stale: tuple[str, ...]
    silence: Muted | None = None
    standing: Standing | None = None
    branches: tuple[BranchHealth, ...] = ()
    onset: Onset | None = None


@dataclass(frozen=True, slots=True)
class ReportPage(Page[Verdict]):
    """What a CI said, newest first."""

    items: tuple[Verdict, ...]


class CiListParams(Paged):
    """Which CIs, in which order."""

    state: State | None = None
    project: ProjectName | None = None
    branch: BranchName | None = None
    owner: Annotated[str, Field(max_length=255, description="The owner, as configured.")] | None = (
        None
    )
    q: Annotated[str, Field(max_length=100, description="A part of the name.")] | None = None
    sort: Literal["worst", "rate", "name", "heard"] = "worst"
    format: Format = None


class OneCiPaged(Paged):
    """A list about one CI."""

    name: CiName
    format: Format = None


def list_cis(asking: Asking, params: CiListParams) -> CiPage:
    """The page of CIs that fit."""
    at_home = homes_of(asking)
    ctx, found = asking.ask(
        lambda tx, ctx: (ctx, listing(tx, ctx, params.state, params.project, params.branch))
    )
    fitting = [ci for ci in found.cis if _fits(ctx, ci, params)]
    order = _ORDERS[params.sort]
    page = page_of(sorted(fitting, key=order), order, params.after, params.limit)
    items = tuple(CiItem(**_fields(ctx, ci, at_home.get(ci.id, NOWHERE))) for ci in page.items)
    return CiPage(
        items=items,
        next=page.next,
        totals=found.totals,
        stale=_stale(found),
        project=found.project,
        branch=found.branch,
    )


def one_ci(asking: Asking, params: CiParams) -> CiDetail:
    """Everything about one CI."""
    at_home = homes_of(asking)

    def question(tx: Tx, ctx: Context) -> CiDetail:
        found = status(tx, ctx, params.name, params.branch)
        reasons = why(tx, ctx, found.ci.name, branch=params.branch)
        known = ctx.configured(found.ci.name)
        fields = _fields(ctx, found.ci, at_home.get(found.ci.id, NOWHERE))
        return CiDetail(
            **fields | {"reference": found.reference or fields["reference"]},
            signals=reasons.signals,
            reference_passed=found.reference_passed,
            passed_since=found.passed_since,
            worst_job=found.worst_job,
            last=found.last,
            failures=reasons.failures,
            contact=known.contact if known else None,
            wiki=str(known.wiki) if known and known.wiki else None,
            recheck=known.recheck if known else None,
            stale=_stale(found),
            silence=found.silence,
            standing=reasons.standing,
            branches=found.ci.branches,
            onset=reasons.onset,
        )

    return asking.ask(question)


def ci_reports(asking: Asking, params: OneCiPaged) -> ReportPage:
    """A page of what a CI said."""
    before = _report_key(params.after) if params.after else None

    def question(tx: Tx, _ctx: Context) -> ReportPage:
        row = find_ci(tx, params.name)
        found = reports_before(tx, row.id, before, params.limit + 1)
        chosen = found[: params.limit]
        more = len(found) > params.limit
        last = chosen[-1] if chosen else None
        following = (
            write_cursor((moment(last.posted_at), last.change_id, last.seq))
            if more and last
            else None
        )
        return ReportPage(items=verdicts(tx, chosen), next=following)

    return asking.ask(question)


def _report_key(after: str) -> ReportKey:
    posted_at, change_id, seq = read_report_key(after, 3)
    return posted_at, change_id, seq


def _fits(ctx: Context, line: CiLine, params: CiListParams) -> bool:
    if params.q and params.q.casefold() not in line.name.casefold():
        return False
    known = ctx.configured(line.name)
    return params.owner is None or bool(known and known.owner == params.owner)


def _worst(line: CiLine) -> Key:
    return (line.state.rank, line.rate.share if line.rate else 2.0, line.name.casefold(), line.id)


def _heard(line: CiLine) -> Key:
    heard = line.last_heard_at
    return (-heard.timestamp() if heard else 0.0, line.name.casefold(), line.id)


def _rate(line: CiLine) -> Key:
    return (line.rate.share if line.rate else 2.0, line.name.casefold(), line.id)


_ORDERS = {
    "worst": _worst,
    "rate": _rate,
    "name": lambda line: (line.name.casefold(), line.id),
    "heard": _heard,
}


def _stale(found: Listing | Any) -> tuple[str, ...]:
    return tuple(feeds.server for feeds in found.stale)


def _fields(ctx: Context, line: CiLine, home: Home) -> dict[str, Any]:
    known = ctx.configured(line.name)
    return {
        "id": line.id,
        "name": line.name,
        "state": line.state,
        "since": line.since,
        "seen": line.seen,
        "reason": line.reason,
        "rate": line.rate,
        "last_heard_at": line.last_heard_at,
        "projects": home.projects,
        "reference": home.reference,
        "owner": known.owner if known else None,
        "incidents": line.incidents,
        "page": line.page,
        "branch": line.branch,
    }


_CI_TABLE = columns(
    "items", "id", "name", "state", "since", "rate.share", "rate.low", "rate.high",
    "rate.passes", "rate.n", "last_heard_at", "reference", "owner", "projects", "said", "page",
)  # fmt: skip
_REPORT_TABLE = columns(
    "items", "posted_at", "project", "number", "patch_set", "pipeline", "outcome", "result",
    "subject", "page",
)  # fmt: skip

ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/cis", "CIs", "All CIs, worst first", CiListParams, CiPage, list_cis, _CI_TABLE),
    Endpoint("/cis/<name>", "CIs", "One CI: state, signals, evidence, contact", CiParams,
             CiDetail,
             one_ci),
    Endpoint("/cis/<name>/reports", "CIs", "What a CI said, newest first", OneCiPaged, ReportPage,
             ci_reports, _REPORT_TABLE),
)  # fmt: skip
