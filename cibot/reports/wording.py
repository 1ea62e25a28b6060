"""The sentences that every face shows about a CI, as lines of spans. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from cibot.health.chart import Drop
from cibot.health.seen import LastHeard, OwnPast, PassRate, Seen
from cibot.health.signal import BranchHealth
from cibot.incidents.signal_words import drop_words, seen_words, spans, step_words
from cibot.model import Outcome, Result, Silence, State
from cibot.reports.ci import CiLine, Retired
from cibot.reports.compare import WINDOW
from cibot.reports.context import Context
from cibot.reports.failures import FailedJob
from cibot.reports.feeds import ServerFeeds
from cibot.reports.incidents import IncidentLine, TimelineStep
from cibot.reports.missed import Missed
from cibot.reports.onset import Onset, OnsetRun
from cibot.reports.signals import reason_words, success_window
from cibot.reports.status import CiDetail, Standing
from cibot.text import figures
from cibot.text.card import (
    Line,
    Span,
    Words,
    job_span,
    joined,
    line,
    patch_set_span,
    run_line,
    sentence,
    some,
    state_span,
)

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


def seen(ctx: Context, sight: Seen | None, then: datetime | None = None) -> Line:
    """What a signal saw; a moment that was just named is "then"."""
    return _in_zone(ctx, seen_words(sight), then)


def step(ctx: Context, taken: TimelineStep) -> Line:
    """Why an incident took a step."""
    return _in_zone(ctx, step_words(taken.name, taken.seen, taken.by, taken.note))


def _in_zone(ctx: Context, words: Words, then: datetime | None = None) -> Line:
    return spans(words, lambda at: figures.zoned(at, ctx.now, ctx.zone), then)


def seen_sentence(ctx: Context, sight: Seen | None) -> Line:
    """What a signal saw, as a sentence."""
    return sentence(seen(ctx, sight))


def name_span(ci: CiLine) -> Span:
    """The name, linked to the CI's page."""
    return Span(ci.name, href=ci.page, strong=True)


def name_and_branch(ci: CiLine) -> tuple[Span, ...]:
    """The name and, where one branch was asked about, that."""
    on = (Span(on_places(ci.branch.branch)),) if ci.branch else ()
    return (name_span(ci), *on)


def branch_words(health: BranchHealth) -> str:
    """How it is on a branch: as "12 % passed (5–30 %, n=24), usually 93 %", or what is missing."""
    if health.state is State.UNKNOWN:
        passed = f"{figures.number(health.passes)} of {figures.plural(health.n, 'result')} passed"
        return f"{passed} there, too few to judge"
    said = f"{figures.rate(health.share, health)} passed"
    return f"{said}, usually {figures.percent(health.usual)}" if health.usual else said


def result_word(result: Result | None, outcome: str | None = None) -> str:
    """What a report says in one word or two."""
    if outcome == Outcome.MERGE_FAILURE and result is Result.INFRA:
        return "could not merge"
    if result is not None:
        return _WORDS[result]
    return {"started": "started", "none": "a notice", None: "not understood"}.get(
        outcome, "no result"
    )


def standing(rank: Standing) -> str:
    """Its rank on its main project, and how much it passed compared with the reference."""
    if rank.rank is None:
        parts = [f"too few results for a rank on {rank.project}"]
    elif rank.of == 1:
        parts = [f"no other CI has enough results for a rank on {rank.project}"]
    else:
        parts = [f"rank {rank.rank} of {rank.of} on {rank.project} by pass rate"]
    if rank.passed is not None:
        parts.append(
            f"of {figures.plural(rank.n, 'patch set')} that it and {rank.reference} judged in"
            f" {figures.span(WINDOW)} it passed {rank.passed}, {rank.reference}"
            f" {rank.reference_passed}"
        )
    return f"Compared with other CIs: {'; '.join(parts)}."


def missed(report: Missed) -> str:
    """What a CI missed, after its name: as "missed 3 of 25 chances to report in 7 days …"."""
    window, row = figures.span(report.window), report.in_a_row
    if row or report.until:
        window = f"the {window} until it was last heard"
    if not report.due and not row:
        return f"had no chance to report in {window}."
    if report.due:
        chances = f"{figures.number(report.total)} of {figures.plural(report.due, 'chance')}"
        more = f", and {figures.number(row)} more in a row since" if row else ""
        said = f"missed {chances} to report in {window}{more}"
    else:
        said = f"missed {figures.plural(row, 'chance')} to report in a row since it was last heard"
    due = f"due {figures.duration(report.allowed.total_seconds())} after the upload"
    where = f" of what {report.reference} judged" if report.reference else ""
    return f"{said} ({due}{where})."


def since(ctx: Context, ci: CiLine, before: str = "") -> Line:
    """As "since Sat 14:10 UTC (38 h)", or nothing where it is not known."""
    if ci.since is None:
        return ()
    return line(f"{before}since ", *_when(ctx, ci.since, figures.span(ctx.now - ci.since)))


def _when(ctx: Context, at: datetime, note: str) -> _Parts:
    """A moment, and what stands in brackets after it."""
    return Span(figures.zoned(at, ctx.now, ctx.zone), at=at), f" ({note})"


def headline(ctx: Context, ci: CiDetail) -> Line:
    """Who, what, since when, how much compared with the reference, what exactly fails."""
    if ci.retired is not None:
        return line(*name_and_branch(ci), ": ", *account(ctx, ci))
    glue = " " if ci.state.bad and ci.since else ": "
    return line(*name_and_branch(ci), ": ", state_span(ci.state), glue, *account(ctx, ci))


def account(ctx: Context, ci: CiDetail) -> Line:
    """A headline without the CI's name and state."""
    if ci.retired is not None:
        return retired(ctx, ci.name, ci.retired)
    began = since(ctx, ci) if ci.state.bad else ()
    parts = [*began, *([": "] if began else []), *_detail(ctx, ci), *reason(ctx, ci), "."]
    job = ci.worst_job
    if job is not None:
        share = f" failed in {job.failed} of the last {figures.plural(job.of, 'failure')}."
        parts += [" Job ", Span(job.job, code=True), share]
    return line(*parts, *(first_bad(ctx, ci.incidents) if ci.state.bad else ()))


def retired(ctx: Context, name: str, since: Retired) -> Line:
    """As "retired since Sat 14:10 UTC (38 h): it is not judged …", and how to undo it."""
    said = ": it is not judged, its history stays. To have it judged again: "
    if since.at is None:
        undo = Span("retired = true", code=True), " of its entry."
        return line("retired by the configuration", said, "take out ", *undo)
    when = _when(ctx, since.at, figures.span(ctx.now - since.at))
    return line("retired since ", *when, said, Span(f"unretire {name[:60]}", code=True), ".")


def first_bad(ctx: Context, incidents: Sequence[IncidentLine]) -> Line:
    """As " First bad run 912345,3 (tempest).", for the end of a headline; nothing without one.

    Nor where its results recover, and the headline is of something else.
    """
    for each in incidents:
        if (run := each.first_bad) and each.of_results:
            page = ctx.page("change", run.number, patch_set=run.patch_set, project=each.project)
            shown = run_line(run.number, run.patch_set, page, run.job, run.url)
            return line(" First bad run ", *shown, ".")
    return ()


def reason(ctx: Context, ci: CiLine) -> Line:
    """As "; surely below 80 %", where the pass rate is what the state rests on.

    A drop says itself what it dropped from.
    """
    if ci.reason is None or _drop(ci) or not isinstance(ci.seen, PassRate | OwnPast | None):
        return ()
    return line("; ", *_in_zone(ctx, reason_words(ci.reason)))


def on_places(*places: str | None) -> str:
    """As " on stable/2026.1", or nothing."""
    return "".join(f" on {figures.cut(place, 60)}" for place in places if place)


def _detail(ctx: Context, ci: CiDetail) -> _Parts:
    """What was seen, as a sentence without its capital and its full stop."""
    if ci.state is State.UNKNOWN:
        return _unknown(ctx, ci)
    if ci.state is State.SILENT:
        return _silent(ctx, ci)
    bad_by = {signal.name for signal in ci.signals if signal.verdict is ci.state}
    by_another = ci.seen is not None and not bad_by & _RATE_SIGNALS
    where = f" where {ci.reference} did" if ci.reference else ""
    if dropped := since_drop(ctx, ci, ci.since, where):
        return dropped
    if ci.rate is not None and not by_another:
        window = _window(ci)
        said = f"{figures.percent(ci.rate.share)} passed{where}{window} ({figures.basis(ci.rate)})"
        usual = ci.branch.usual if ci.branch and ci.state.bad else None
        return (said if usual is None else f"{said}, {figures.percent(usual)} before",)
    return seen(ctx, ci.seen, ci.since) or ("nothing to count yet",)


def _drop(ci: CiLine) -> Drop | None:
    """The drop that makes its state."""
    if ci.branch is not None and ci.state is not State.SILENT:
        return ci.branch.drop
    return ci.seen.drop if isinstance(ci.seen, OwnPast) else None


def since_drop(ctx: Context, ci: CiLine, then: datetime | None, where: str = "") -> Line:
    """As "0 of 20 passed since Sat 14:10 UTC, 93 % before", nothing where it did not drop."""
    drop = _drop(ci)
    return () if drop is None else _in_zone(ctx, drop_words(drop, where), then)


def _window(ci: CiLine) -> str:
    """As " in 7 days": what its pass rate is of, where it is not on one branch only."""
    window = success_window(ci.signals) if ci.branch is None else None
    return f" in {figures.span(window)}" if window else ""


def _silent(ctx: Context, ci: CiLine) -> _Parts:
    """What was seen, and when it was heard where that does not say so."""
    said, heard = seen(ctx, ci.seen), ci.last_heard_at
    if isinstance(ci.seen, LastHeard):
        return said
    when = ("last heard ", *_when(ctx, heard, figures.ago(heard, ctx.now))) if heard else ()
    return (*said, *(["; "] if said else []), *(when or ("never heard",)))


def _unknown(ctx: Context, ci: CiDetail) -> _Parts:
    if ci.branch is not None:
        return (branch_words(ci.branch),)
    if ci.stale:
        return ("our own feed is stale, so it cannot be judged",)
    if ci.rate is not None:
        unknown = (signal for signal in ci.signals if signal.verdict is State.UNKNOWN)
        said = next((seen(ctx, signal.seen) for signal in unknown if signal.name in _NEEDED), ())
        return said or ("too few results to judge",)
    return ("too few results to judge" if ci.last_heard_at else "nothing heard from it yet",)


def details(ctx: Context, ci: CiDetail) -> Line:
    """The second line of a status: figure, last report, incident."""
    last = ci.last
    parts: list[Line] = []
    if ci.rate is not None and _drop(ci) is not None:
        where = f" of what {ci.reference} passed" if ci.reference else ""
        parts.append(line(f"passed {figures.rate(ci.rate.share, ci.rate)}{where}{_window(ci)}"))
    if ci.since and not ci.state.bad:
        parts.append(line(ci.state.value, *since(ctx, ci, " ")))
    if last is not None:
        word = result_word(last.result, last.outcome)
        ago = figures.ago(last.posted_at, ctx.now)
        parts.append(
            line(
                f"last report {ago}: {word} ",
                patch_set_span(last.number, last.patch_set, last.page),
            )
        )
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
    others.sort(key=lambda branch: branch.state.rank)
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


def incident_words(incident: IncidentLine) -> tuple[str | Span, ...]:
    """As "incident #218, not acknowledged"."""
    return (
        "incident ",
        Span(f"#{incident.id}", href=incident.page),
        f", {acknowledgement(incident)}",
    )


def incident_head(ctx: Context, incident: IncidentLine) -> Line:
    """As "#218 NetApp CI (success)"."""
    name = Span(incident.ci, strong=True, href=ctx.page("ci", incident.ci))
    return line(Span(f"#{incident.id}", href=incident.page), " ", name, f" ({incident.kind})")


def muted(ctx: Context, silence: Silence) -> Line:
    """A silence: its CI, its end, who made it and why."""
    left = silence.until - ctx.now
    days = left >= timedelta(days=2)
    length = (
        figures.span(left) if days else figures.duration(left.total_seconds()).removesuffix(" 00")
    )
    until = f"until {figures.zoned(silence.until, ctx.now, ctx.zone)} ({length})"
    name = Span(figures.cut(silence.ci, 60), strong=True)
    by, reason = figures.cut(silence.by, 40), figures.cut(silence.reason, 150)
    return line(f"Silence #{silence.id}: no alerts of ", name, f" {until}, by {by}: “{reason}”")


def acknowledgement(incident: IncidentLine) -> str:
    """Whether somebody looks at it."""
    if incident.state != "acknowledged":
        return "not acknowledged" if incident.state == "firing" else incident.state
    by = f" by {figures.cut(incident.acknowledged_by, 40)}" if incident.acknowledged_by else ""
    note = f": “{figures.cut(incident.note, 80)}”" if incident.note else ""
    return f"acknowledged{by}{note}"


_LOOK_AT = {"merges": ": look at the merges", "ci": ": look at the CI", None: ""}
_MERGES = 3  # that a line names


def onset(ctx: Context, began: Onset) -> Line:
    """As "last pass 912300,1 (tempest) Sat 13:10 UTC, then 5 changes merged on …; 3 of 9 …"."""
    where = f"{figures.cut(began.project, 60)} {figures.cut(began.branch, 40)}"
    passed = began.last_pass
    parts: list[str | Span] = [f"no pass on {where} is known before"]
    if passed is not None:
        at = Span(figures.zoned(passed.at, ctx.now, ctx.zone), at=passed.at)
        merged = figures.plural(began.merges, "change") if began.merges else "nothing"
        parts = ["last pass ", *run_span(passed), " ", at, f", then {merged} merged on {where}"]
        for place, change in enumerate(began.merged[:_MERGES]):
            parts += [", " if place else ": ", patch_set_span(change.number, None, change.page)]
        if began.merges > _MERGES:
            parts.append(f" and {figures.number(began.merges - _MERGES)} more")
    if began.cis > 1:
        cis = figures.plural(began.cis, "CI")
        parts.append(f"; {began.broke} of {cis} there broke then{_LOOK_AT[began.look_at]}")
    return line(*parts)


def run_span(run: OnsetRun) -> Line:
    """A run as it is linked."""
    return run_line(run.number, run.patch_set, run.page, run.job, run.log)


def jobs(failed: Sequence[FailedJob], most: int = 3) -> Line:
    """The names of failed jobs, linked to their logs; voting ones first."""
    ordered = sorted((job for job in failed if job.name), key=lambda job: not job.voting)
    return some([job_span(job.name, job.url) for job in ordered], most)


def stale_lines(ctx: Context, stale: tuple[ServerFeeds, ...]) -> tuple[Line, ...]:
    """A note that our own feed is stale; empty where it is not."""
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
