"""The sentences that every face shows about a CI, as lines of spans. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from cibot.health.seen import LastHeard, OwnPast, PassRate, Seen
from cibot.health.signal import BranchHealth
from cibot.incidents.signal_words import seen_words, spans, step_words
from cibot.model import Result, Silence, State
from cibot.reports.ci import CiLine, Retired
from cibot.reports.compare import WINDOW
from cibot.reports.context import Context
from cibot.reports.failures import FailedJob, Verdict
from cibot.reports.feeds import ServerFeeds
from cibot.reports.incidents import IncidentLine, TimelineStep
from cibot.reports.missed import Missed
from cibot.reports.onset import Onset, OnsetRun
from cibot.reports.signals import reason_words
from cibot.reports.standing import Standing
from cibot.reports.status import Status
from cibot.text import figures
from cibot.text.card import Line, Span, Words, joined, line, sentence, state_span

_WORDS = {
    Result.PASS: "passed",
    Result.FAIL: "failed",
    Result.INFRA: "broke by itself",
    Result.SKIPPED: "skipped",
}
_RATE_SIGNALS = {"success", "level"}
_NEEDED = {"success", "level", "silent"}
_BRANCHES = 3  # named in a line
_Parts = tuple[str | Span, ...]


def seen(ctx: Context, found: Seen | None) -> Line:
    """What a signal saw."""
    return _in_zone(ctx, seen_words(found))


def step(ctx: Context, one: TimelineStep) -> Line:
    """Why an incident took a step."""
    return _in_zone(ctx, step_words(one.name, one.seen, one.by, one.note))


def _in_zone(ctx: Context, words: Words) -> Line:
    return spans(words, lambda at: figures.zoned(at, ctx.now, ctx.zone))


def seen_sentence(ctx: Context, found: Seen | None) -> Line:
    """What a signal saw, as a sentence."""
    return sentence(seen(ctx, found))


def name_span(ci: CiLine) -> Span:
    """The name, linked to the CI's page."""
    return Span(ci.name, href=ci.page, strong=True)


def name_and_branch(ci: CiLine) -> tuple[Span, ...]:
    """The name and, where one branch was asked about, that."""
    on = (Span(on_places(ci.branch.branch)),) if ci.branch else ()
    return (name_span(ci), *on)


def branch_words(found: BranchHealth) -> str:
    """How it is on a branch: as "12 % passed (5–30 %, n=24), usually 93 %", or what is missing."""
    if found.state is State.UNKNOWN:
        passed = f"{figures.number(found.passes)} of {figures.plural(found.n, 'result')} passed"
        return f"{passed} there, too few to judge"
    said = f"{figures.rate(found.share, found)} passed"
    return f"{said}, usually {figures.percent(found.usual)}" if found.usual else said


def result_word(result: Result | None, outcome: str | None = None) -> str:
    """What a report says in one word or two."""
    if result is not None:
        return _WORDS[result]
    return {"started": "started", "none": "a notice", None: "not understood"}.get(
        outcome, "no result"
    )


def standing(found: Standing) -> str:
    """Its rank on its main project, and how much it passed compared with the reference."""
    parts = []
    if found.rank is not None and found.of > 1:
        parts.append(f"rank {found.rank} of {found.of} CIs on {found.project} by pass rate")
    if found.passed is not None:
        parts.append(
            f"of {figures.plural(found.n, 'patch set')} that both judged in"
            f" {figures.span(WINDOW)} it passed"
            f" {found.passed}, {found.reference} {found.reference_passed}"
        )
    return f"Beside others: {'; '.join(parts) or f'alone on {found.project}'}."


def missed(found: Missed) -> str:
    """What a CI missed, after its name: as "missed 3 of 25 chances to report in 7 days …"."""
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


def since(ctx: Context, ci: CiLine, before: str = "") -> Line:
    """As "since Sat 14:10 UTC (38 h)", or nothing where it is not known."""
    if ci.since is None:
        return ()
    return line(f"{before}since ", *_when(ctx, ci.since, figures.span(ctx.now - ci.since)))


def _when(ctx: Context, at: datetime, note: str) -> _Parts:
    """A moment, and what stands in brackets after it."""
    return Span(figures.zoned(at, ctx.now, ctx.zone), at=at), f" ({note})"


def headline(ctx: Context, found: Status) -> Line:
    """Who, what, since when, how much compared with the reference, what exactly fails."""
    ci = found.ci
    if ci.retired is not None:
        return line(*name_and_branch(ci), ": ", *account(ctx, found))
    glue = " " if ci.state.bad and ci.since else ": "
    return line(*name_and_branch(ci), ": ", state_span(ci.state), glue, *account(ctx, found))


def account(ctx: Context, found: Status) -> Line:
    """A headline without the CI's name and state."""
    if found.ci.retired is not None:
        return retired(ctx, found.ci.name, found.ci.retired)
    began = since(ctx, found.ci) if found.ci.state.bad else ()
    parts = [*began, *([": "] if began else []), *_detail(ctx, found), *reason(ctx, found.ci), "."]
    job = found.worst_job
    if job is not None:
        share = f" fails in {job.failed} of {figures.plural(job.of, 'failure')}."
        parts += [" Job ", Span(job.job, code=True), share]
    return line(*parts, *first_bad(ctx, found.ci.incidents))


def retired(ctx: Context, name: str, found: Retired) -> Line:
    """As "retired since Sat 14:10 UTC (38 h): it is not judged …", and how to undo it."""
    said = ": it is not judged, its history stays. To have it judged again: "
    if found.at is None:
        undo = Span("retired = true", code=True), " of its entry."
        return line("retired by the configuration", said, "take out ", *undo)
    when = _when(ctx, found.at, figures.span(ctx.now - found.at))
    return line("retired since ", *when, said, Span(f"unretire {name[:60]}", code=True), ".")


def first_bad(ctx: Context, incidents: Sequence[IncidentLine]) -> Line:
    """As " First bad run 912345,3 (tempest).", for the end of a headline; nothing without one."""
    shown = next((incident for incident in incidents if incident.first_bad), None)
    if shown is None or shown.first_bad is None:
        return ()
    run = shown.first_bad
    page = ctx.page("change", run.number, project=shown.project)
    return line(" First bad run ", *_run(run.number, run.patch_set, page, run.job, run.url), ".")


def reason(ctx: Context, ci: CiLine) -> Line:
    """As "; surely below 80 %", where the pass rate is what the state rests on.

    A drop says itself what it dropped from.
    """
    found = ci.seen
    if not (found is None or isinstance(found, PassRate | OwnPast)):
        return ()
    if ci.reason is None or (isinstance(found, OwnPast) and found.drop is not None):
        return ()
    return line("; ", *_in_zone(ctx, reason_words(ci.reason)))


def on_places(*places: str | None) -> str:
    """As " on stable/2026.1", or nothing."""
    return "".join(f" on {figures.cut(place, 60)}" for place in places if place)


def _detail(ctx: Context, found: Status) -> _Parts:
    """What was seen, as a sentence without its capital and its full stop."""
    ci = found.ci
    if ci.state is State.UNKNOWN:
        return _unknown(ctx, found)
    if ci.state is State.SILENT:
        return _silent(ctx, ci)
    bad_by = {signal.name for signal in ci.signals if signal.verdict is ci.state}
    by_another = ci.seen is not None and not bad_by & _RATE_SIGNALS
    if found.passed_since is not None and not by_another:
        passed = found.passed_since
        return (f"{passed.passes} of {passed.n} passed since then{_same_patch_sets(found)}",)
    if ci.rate is not None and not by_another:
        where = f" where {found.reference} did" if found.reference else ""
        said = f"{figures.percent(ci.rate.share)} passed{where} ({figures.basis(ci.rate)})"
        usual = ci.branch.usual if ci.branch and ci.state.bad else None
        return (said if usual is None else f"{said}, {figures.percent(usual)} before",)
    return seen(ctx, ci.seen) or ("nothing to count yet",)


def _silent(ctx: Context, ci: CiLine) -> _Parts:
    """What was seen, and when it was heard where that does not say so."""
    said, heard = seen(ctx, ci.seen), ci.last_heard_at
    if isinstance(ci.seen, LastHeard):
        return said
    if heard is None:
        return (*said, *("; " if said else ""), "never heard")
    when = _when(ctx, heard, figures.ago(heard, ctx.now))
    return (*said, "; last heard " if said else "last heard ", *when)


def _unknown(ctx: Context, found: Status) -> _Parts:
    ci = found.ci
    if ci.branch is not None:
        return (branch_words(ci.branch),)
    if found.stale:
        return ("our own feed is stale, so it cannot be judged",)
    if ci.rate is not None:
        unknown = (signal for signal in ci.signals if signal.verdict is State.UNKNOWN)
        said = next((seen(ctx, signal.seen) for signal in unknown if signal.name in _NEEDED), ())
        return said or ("too few results to judge",)
    return ("too few results to judge" if ci.last_heard_at else "nothing heard from it yet",)


def _same_patch_sets(found: Status) -> str:
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
    parts: list[Line] = []
    if ci.rate is not None and found.passed_since is not None:
        where = f" of what {found.reference} passed" if found.reference else ""
        parts.append(line(f"passed {figures.rate(ci.rate.share, ci.rate)}{where}"))
    if ci.since and not ci.state.bad:
        parts.append(line(ci.state.value, *since(ctx, ci, " ")))
    if last is not None:
        word = result_word(last.result, last.outcome)
        ago = figures.ago(last.posted_at, ctx.now)
        parts.append(line(f"last report {ago}: {word} ", patch_set(last)))
    elif ci.branch is not None:
        parts.append(line(f"last report there {figures.ago(ci.branch.heard_at, ctx.now)}"))
    parts += _branches(ci)
    parts += [line(*incident_words(incident)) for incident in ci.incidents]
    return joined(parts, " · ")


def _branches(ci: CiLine) -> list[Line]:
    """The other branches, where a CI is not alike on all of them; those first that are worst."""
    judged = [branch for branch in ci.branches if branch.state is not State.UNKNOWN]
    if len({branch.state for branch in judged}) < 2:
        return []
    others = [branch for branch in judged if branch != ci.branch]
    others.sort(key=lambda one: one.state.rank)
    shown = joined(
        Span(
            f"{other.state.shape} {figures.cut(other.branch, 40)} {figures.percent(other.share)}",
            state=other.state,
        )
        for other in others[:_BRANCHES]
    )
    more = len(others) - _BRANCHES
    tail = [f" and {more} more"] if more > 0 else []
    return [line("elsewhere: " if ci.branch else "by branch: ", *shown, *tail)]


def patch_set(found: Verdict) -> Span:
    """As "912345,3", linked to Gerrit."""
    tail = f",{found.patch_set}" if found.patch_set else ""
    return Span(f"{found.number}{tail}", href=found.page)


def incident_words(one: IncidentLine) -> tuple[str | Span, ...]:
    """As "incident #218, not acknowledged"."""
    return "incident ", Span(f"#{one.id}", href=one.page), f", {acknowledgement(one)}"


def muted(ctx: Context, one: Silence) -> Line:
    """A silence: of what, until when, who said so and why."""
    left = one.until - ctx.now
    days = left >= timedelta(days=2)
    length = (
        figures.span(left) if days else figures.duration(left.total_seconds()).removesuffix(" 00")
    )
    until = f"until {figures.zoned(one.until, ctx.now, ctx.zone)} ({length})"
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
        at = figures.zoned(passed.at, ctx.now, ctx.zone)
        merged = figures.plural(found.merges, "change") if found.merges else "nothing"
        parts = ["last pass ", *run_span(passed), f" {at}, then {merged} merged on {where}"]
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
    return _run(run.number, run.patch_set, run.page, run.job, run.log)


def _run(number: int, patch_set: int, page: str | None, job: str | None, log: str | None) -> Line:
    spans: list[str | Span] = [Span(f"{number},{patch_set}", href=page)]
    if job:
        spans += [" (", Span(figures.cut(job, 60), href=web_address(log), code=True), ")"]
    return line(*spans)


def jobs(found: Sequence[FailedJob], most: int = 3) -> Line:
    """The names of failed jobs, linked to their logs; voting ones first."""
    ordered = sorted((job for job in found if job.name), key=lambda one: not one.voting)
    parts: list[str | Span] = []
    for job in ordered[:most]:
        if parts:
            parts.append(", ")
        parts.append(Span(figures.cut(job.name, 60), href=web_address(job.url), code=True))
    if len(ordered) > most:
        parts.append(f" and {len(ordered) - most} more")
    return line(*parts)


def web_address(url: str | None) -> str | None:
    """A URL that a link may have: http or https, nothing else that a comment contains."""
    return url if url and url.startswith(("http://", "https://")) else None


def stale_lines(ctx: Context, stale: tuple[ServerFeeds, ...]) -> tuple[Line, ...]:
    """The honest word when our own feed is stale; nothing when it is not."""
    if not stale:
        return ()
    heard = [
        f"{server.server} was last heard {figures.ago(server.heard_at, ctx.now)}"
        if server.heard_at
        else f"{server.server} was {unheard(server)}"
        for server in stale
    ]
    return (line(f"Note: our own feed is stale, so this may be old: {figures.listed(heard)}."),)


def unheard(server: ServerFeeds) -> str:
    """Of a server without a live feed: whether a backfill has read its history."""
    read = any(feed.heard_at for feed in server.feeds)
    return "not heard yet (its history was read)" if read else "never heard"
