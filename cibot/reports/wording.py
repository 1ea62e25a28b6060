"""The sentences that every face shows about a CI, as lines of spans. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from cibot.health.signal import BranchHealth
from cibot.model import Result, State
from cibot.reports.context import Context
from cibot.reports.failures import FailedJob, Verdict
from cibot.reports.feeds import ServerFeeds
from cibot.reports.incidents import IncidentLine
from cibot.reports.listing import CiLine, Listing, is_wrong
from cibot.reports.missed import Missed
from cibot.reports.onset import Onset, OnsetRun
from cibot.reports.signals import Rate
from cibot.reports.silences import Muted
from cibot.reports.standing import Standing
from cibot.reports.status import Status
from cibot.text import figures
from cibot.text.card import Line, Span, line, state_span

_WORDS = {
    Result.PASS: "passed",
    Result.FAIL: "failed",
    Result.INFRA: "broke by itself",
    Result.SKIPPED: "skipped",
}
_RATE_SIGNALS = {"success", "level"}
_NEEDED = {"success", "level", "silent"}
_BRANCHES = 3  # named in a line


def rate(found: Rate) -> str:
    """As "93 % (88–96 %, n=104)"."""
    return figures.rate(found.share, found.low, found.high, found.n)


def name_span(ci: CiLine) -> Span:
    """The name, linked to the CI's page."""
    return Span(ci.name, href=ci.page, strong=True)


def name_and_branch(ci: CiLine) -> tuple[Span, ...]:
    """The name and, where one branch was asked about, that."""
    on = (Span(_on(ci.branch.branch)),) if ci.branch else ()
    return (name_span(ci), *on)


def branch_words(found: BranchHealth) -> str:
    """How it is on a branch: as "12 % passed (5–30 %, n=24), 93 % before.", or what is missing."""
    if found.state is State.UNKNOWN:
        return f"{figures.plural(found.n, 'result')} there, too few to judge."
    said = f"{figures.rate(found.share, found.low, found.high, found.n)} passed"
    return f"{said}, usually {figures.percent(found.usual)}." if found.usual else f"{said}."


def result_word(result: Result | None, outcome: str | None = None) -> str:
    """What a report says in one word or two."""
    if result is not None:
        return _WORDS[result]
    return {"started": "started", "none": "a notice", None: "not understood"}.get(
        outcome, "no result"
    )


def standing(found: Standing) -> str:
    """Its rank on its main project, and how much it passed beside the reference."""
    parts = []
    if found.rank is not None and found.of > 1:
        parts.append(f"rank {found.rank} of {found.of} CIs on {found.project} by pass rate")
    if found.passed is not None:
        parts.append(
            f"of {figures.plural(found.n, 'patch set')} that both judged in 7 d it passed"
            f" {found.passed}, {found.reference} {found.reference_passed}"
        )
    return f"Beside others: {'; '.join(parts) or f'alone on {found.project}'}."


def missed(found: Missed) -> str:
    """What a CI missed, after its name: as "missed 3 of 25 chances to report in 7 d …"."""
    window = figures.span(found.window)
    if not found.due and not found.in_a_row:
        return f"had no chance to report in {window}."
    said = (
        f"missed {figures.number(found.total)} of"
        f" {figures.plural(found.due, 'chance')} to report in {window}"
    )
    if found.in_a_row:
        said += f", and {figures.number(found.in_a_row)} more in a row since it was last heard"
    due = f"due {figures.duration(found.allowed.total_seconds())} after the upload"
    where = f" of what {found.reference} judged" if found.reference else ""
    return f"{said} ({due}{where})."


def since(ctx: Context, ci: CiLine) -> str:
    """As " since Sat 14:10 UTC (38 h)", or nothing where it is not known."""
    return f" {figures.since(ci.since, ctx.now, ctx.zone)}" if ci.since else ""


def headline(ctx: Context, found: Status) -> Line:
    """Who, what, since when, how much beside the reference, what exactly fails."""
    ci = found.ci
    parts: tuple[str | Span, ...] = (
        *name_and_branch(ci),
        ": ",
        state_span(ci.state),
        since(ctx, ci) if is_wrong(ci.state) else "",
        f": {_detail(ctx, found)}",
    )
    job = found.worst_job
    share = f" fails in {job.failed} of {figures.plural(job.of, 'failure')}." if job else ""
    worst = (" Job ", Span(job.job, code=True), share) if job else ()
    return line(*parts, *worst, *first_bad(ctx, ci.incidents))


def first_bad(ctx: Context, incidents: Sequence[IncidentLine]) -> Line:
    """As " First bad run 912345,3 (tempest).", for the end of a headline; nothing without one."""
    run = next((one.first_bad for one in incidents if one.first_bad), None)
    if run is None or run.number is None:
        return ()
    spans: list[str | Span] = [
        " First bad run ",
        Span(f"{run.number},{run.patch_set}", href=ctx.change_page(run.number)),
    ]
    if run.job:
        spans += [" (", Span(figures.cut(run.job, 60), href=web_address(run.url), code=True), ")"]
    return line(*spans, ".")


def _on(*places: str | None) -> str:
    """As " on stable/2026.1", or nothing."""
    return "".join(f" on {figures.cut(place, 60)}" for place in places if place)


def _detail(ctx: Context, found: Status) -> str:
    """What was seen, as a sentence without its capital."""
    ci = found.ci
    if ci.state is State.UNKNOWN:
        return f"{_unknown(found)}."
    if ci.state is State.SILENT:
        return f"{_silent(ctx, found)}."
    bad_by = {one.name for one in ci.signals if one.verdict is ci.state}
    by_another = bool(ci.said) and not bad_by & _RATE_SIGNALS
    if found.passed_since is not None and not by_another:
        passed = found.passed_since
        return f"{passed.passes} of {passed.n} passed since then{_beside(found)}."
    if ci.rate is not None and not by_another:
        where = f" where {found.reference} did" if found.reference else ""
        said = f"{figures.percent(ci.rate.share)} passed{where} ({_worth(ci.rate)})"
        drop = ci.branch.usual if ci.branch and is_wrong(ci.state) else None
        return f"{said}, {figures.percent(drop)} before." if drop is not None else f"{said}."
    return f"{ci.said.rstrip('.')}." if ci.said else "nothing to count yet."


def _silent(ctx: Context, found: Status) -> str:
    said, heard = found.ci.said.rstrip("."), found.ci.last_heard_at
    if "heard" in said:
        return said
    when = f"last heard {_when(ctx, heard)}" if heard else "never heard"
    return f"{said}; {when}" if said else when


def _unknown(found: Status) -> str:
    ci = found.ci
    if ci.branch is not None:
        return branch_words(ci.branch).rstrip(".")
    if found.stale:
        return "our own feed is stale, so it cannot be judged"
    if ci.rate is not None:
        unknown = (one for one in ci.signals if one.verdict is State.UNKNOWN)
        said = next((one.said for one in unknown if one.name in _NEEDED), "")
        return said.rstrip(".") or "too few results to judge"
    return "too few results to judge" if ci.last_heard_at else "nothing heard from it yet"


def _when(ctx: Context, heard: datetime) -> str:
    return f"{figures.clock(heard, ctx.now, ctx.zone)} ({figures.ago(heard, ctx.now)})"


def _worth(found: Rate) -> str:
    """What a rate is worth: as "88–96 %, n=104"."""
    n = f"n={figures.number(found.n)}"
    if found.low is None or found.high is None:
        return n
    return f"{figures.interval(found.low, found.high)}, {n}"


def _beside(found: Status) -> str:
    """How much the reference passed of the same patch sets."""
    passed = found.reference_passed
    if found.reference is None or passed is None:
        return ""
    assert found.passed_since is not None
    same = "same " if passed.n == found.passed_since.n else ""
    tail = "" if same else " that it judged too"
    return f"; {found.reference} passed {passed.passes} of the {same}{passed.n}{tail}"


def details(ctx: Context, found: Status) -> Line:
    """The second line of a status: figure, last report, incident."""
    ci, last = found.ci, found.last
    parts: list[list[str | Span]] = []
    if ci.rate is not None and found.passed_since is not None:
        where = f" of what {found.reference} passed" if found.reference else ""
        parts.append([f"passed {rate(ci.rate)}{where}"])
    if ci.since and not is_wrong(ci.state):
        parts.append([f"{ci.state.value}{since(ctx, ci)}"])
    if last is not None:
        word = result_word(last.result, last.outcome)
        parts.append(
            [f"last report {figures.ago(last.posted_at, ctx.now)}: {word} ", patch_set(last)]
        )
    elif ci.branch is not None:
        parts.append([f"last report there {figures.ago(ci.branch.heard_at, ctx.now)}"])
    parts += _branches(ci)
    parts += [[*incident_words(one)] for one in ci.incidents]
    return separated(parts)


def _branches(ci: CiLine) -> list[list[str | Span]]:
    """The other branches, where a CI is not alike on all of them; those first that are worst."""
    judged = [one for one in ci.branches if one.state is not State.UNKNOWN]
    if len({one.state for one in judged}) < 2:
        return []
    others = [one for one in judged if one != ci.branch]
    others.sort(key=lambda one: one.state.rank)
    shown: list[str | Span] = ["elsewhere: " if ci.branch else "by branch: "]
    for place, one in enumerate(others[:_BRANCHES]):
        word = f"{one.state.shape} {figures.cut(one.branch, 40)} {figures.percent(one.share)}"
        shown += [", "] * bool(place) + [Span(word, state=one.state)]
    more = len(others) - _BRANCHES
    return [[*shown, f" and {more} more"] if more > 0 else shown]


def separated(parts: list[list[str | Span]]) -> Line:
    """Parts with a middle dot between them."""
    flat: list[str | Span] = []
    for part in parts:
        flat += [" · ", *part] if flat else part
    return line(*flat)


def patch_set(found: Verdict) -> Span:
    """As "912345,3", linked to Gerrit."""
    tail = f",{found.patch_set}" if found.patch_set else ""
    return Span(f"{found.number}{tail}", href=found.page)


def incident_words(one: IncidentLine) -> tuple[str | Span, ...]:
    """As "incident #218, not acknowledged"."""
    return "incident ", Span(f"#{one.id}", href=one.page), f", {acknowledgement(one)}"


def muted(ctx: Context, one: Muted) -> Line:
    """A silence: of what, until when, who said so and why."""
    left = one.until - ctx.now
    days = left >= timedelta(days=2)
    length = (
        figures.span(left) if days else figures.duration(left.total_seconds()).removesuffix(" 00")
    )
    zone = one.until.astimezone(ctx.zone).tzname() or ""
    until = f"until {figures.clock(one.until, ctx.now, ctx.zone)} {zone} ({length})"
    name = Span(figures.cut(one.ci, 60), strong=True)
    by, reason = figures.cut(one.by, 40), figures.cut(one.reason, 150)
    return line(f"Silence #{one.id}: no alerts of ", name, f" {until}, by {by}: “{reason}”")


def acknowledgement(one: IncidentLine) -> str:
    """Whether somebody looks at it."""
    if one.state != "acknowledged":
        return "not acknowledged" if one.state == "firing" else one.state
    by = f" by {figures.cut(one.acknowledged_by, 40)}" if one.acknowledged_by else ""
    note = f": “{figures.cut(one.note, 80)}”" if one.note else ""
    return f"acknowledged{by}{note}"


_LOOK_AT = {"merges": ": look at the merges", "ci": ": look at the CI", None: ""}
_MERGES = 3  # that a line names


def onset(ctx: Context, found: Onset) -> Line:
    """As "last pass 912300,1 (tempest) Sat 13:10 UTC, then 5 changes merged on …; 3 of 9 …"."""
    where = f"{figures.cut(found.project, 60)} {figures.cut(found.branch, 40)}"
    passed = found.last_pass
    parts: list[str | Span] = [f"no pass on {where} is known before"]
    if passed is not None:
        at = figures.clock(passed.at, ctx.now, ctx.zone)
        zone = passed.at.astimezone(ctx.zone).tzname() or ""
        merged = figures.plural(found.merges, "change") if found.merges else "nothing"
        parts = ["last pass ", *run_span(passed), f" {at} {zone}, then {merged} merged on {where}"]
        for place, change in enumerate(found.merged[:_MERGES]):
            parts += [", " if place else ": ", Span(str(change.number), href=change.page)]
        if found.merges > _MERGES:
            parts.append(f" and {figures.number(found.merges - _MERGES)} more")
    if found.cis > 1:
        cis = figures.plural(found.cis, "CI")
        parts.append(f"; {found.broke} of {cis} there broke then{_LOOK_AT[found.look_at]}")
    return line(*parts)


def run_span(run: OnsetRun) -> Line:
    """As "912345,3 (tempest)": the patch set on Gerrit, and the job's log."""
    spans: list[str | Span] = [Span(f"{run.number},{run.patch_set}", href=run.page)]
    if run.job:
        job = Span(figures.cut(run.job, 60), href=web_address(run.log), code=True)
        spans += [" (", job, ")"]
    return line(*spans)


def jobs(found: Sequence[FailedJob], most: int = 3) -> Line:
    """The names of failed jobs, linked to their logs; voting ones first."""
    ordered = sorted((one for one in found if one.name), key=lambda one: not one.voting)
    parts: list[str | Span] = []
    for one in ordered[:most]:
        if parts:
            parts.append(", ")
        parts.append(Span(figures.cut(one.name, 60), href=web_address(one.url), code=True))
    if len(ordered) > most:
        parts.append(f" and {len(ordered) - most} more")
    return line(*parts)


def web_address(url: str | None) -> str | None:
    """A URL that a link may have: http or https, nothing else that a comment contains."""
    return url if url and url.startswith(("http://", "https://")) else None


def brief(ctx: Context, ci: CiLine) -> Line:
    """One CI in a list: state, name, figure, since when."""
    parts: list[str | Span] = [state_span(ci.state), " ", name_span(ci)]
    if is_wrong(ci.state):
        parts.append(since(ctx, ci))
    figure = f"{rate(ci.rate)} passed" if ci.rate else ""
    said = ci.said.rstrip(".") if ci.said and ci.state is not State.HEALTHY else ""
    why = said or figure
    if why:
        parts.append(f": {why}")
    if ci.state is State.SILENT and ci.last_heard_at and "heard" not in why:
        parts.append(f"; last heard {figures.ago(ci.last_heard_at, ctx.now)}")
    return line(*parts)


def overall(found: Listing) -> Line:
    """As "3 of 50 CIs need a look: 1 silent, 1 failing, 1 degraded; 41 healthy, 6 not judged."."""
    total = sum(found.totals.values())
    where = listed_on(found)
    if total == 0:
        return line(f"No CI reports{where}." if where else "No CI is known yet.")
    said = needs_a_look(found.totals)
    return line(f"{where[1:2].upper()}{where[2:]} {said[:1].lower()}{said[1:]}" if where else said)


def listed_on(found: Listing) -> str:
    """As " on openstack/cinder on stable/2026.1", or nothing where all CIs are listed."""
    return _on(found.project, found.branch)


def needs_a_look(totals: dict[State, int]) -> str:
    """How many CIs are wrong and how many are not, as a sentence."""
    total = sum(totals.values())
    wrong = [(state, count) for state, count in totals.items() if count and is_wrong(state)]
    rest = [f"{totals[State.HEALTHY]} healthy"] if totals[State.HEALTHY] else []
    if totals[State.UNKNOWN]:
        rest.append(f"{totals[State.UNKNOWN]} not judged")
    if not wrong:
        head = "no CI needs a look" if total > 1 else "it needs no look"
        return figures.sentence(f"{head}: {figures.listed(rest)}")
    number = sum(count for _state, count in wrong)
    bad = ", ".join(f"{count} {state.value}" for state, count in wrong)
    head = f"{number} of {figures.plural(total, 'CI')} {'needs' if number == 1 else 'need'} a look"
    return figures.sentence("; ".join([f"{head}: {bad}", *([", ".join(rest)] if rest else [])]))


def stale_lines(ctx: Context, stale: tuple[ServerFeeds, ...]) -> tuple[Line, ...]:
    """The honest word when our own feed is stale; nothing when it is not."""
    if not stale:
        return ()
    heard = [
        f"{one.server} was last heard {_age(ctx, one)}"
        if one.heard_at
        else f"{one.server} was never heard"
        for one in stale
    ]
    return (line(f"Note: our own feed is stale, so this may be old: {figures.listed(heard)}."),)


def _age(ctx: Context, one: ServerFeeds) -> str:
    assert one.heard_at is not None
    return f"{figures.span(max(timedelta(0), ctx.now - one.heard_at))} ago"
