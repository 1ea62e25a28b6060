"""`why NAME [BRANCH]`: each signal with its figure, and the evidence."""

from __future__ import annotations

from cibot.chat.command import Ask, Command
from cibot.chat.typed import about_branch
from cibot.health.presence import NAME as SILENT
from cibot.health.signal import Signal
from cibot.incidents.signal_words import threshold_words
from cibot.reports import wording
from cibot.reports.context import Context
from cibot.reports.failures import Verdict
from cibot.reports.incidents import IncidentLine
from cibot.reports.onset import Onset
from cibot.reports.signals import is_rate
from cibot.reports.status import CiDetail, why
from cibot.text import figures
from cibot.text.card import Card, Line, Span, joined, line, patch_set_span, state_span

_EVIDENCE = 3


def answer(ask: Ask) -> Card:
    """The state, a line for each signal, the last failures with links."""
    report = about_branch(ask.words, lambda name, branch: why(ask.tx, ask.ctx, name, branch=branch))
    return render(ask.ctx, report)


def render(ctx: Context, ci: CiDetail) -> Card:
    """State, signals worst first, evidence, incidents."""
    since, first = wording.since(ctx, ci, " "), wording.first_bad(ctx, ci.incidents)
    state = line(state_span(ci.state), *since, *(["."] if first else []), *first)
    if ci.retired is not None:
        state = wording.retired(ctx, ci.name, ci.retired)
    head = line(*wording.name_and_branch(ci), ": ", *state)
    lines: list[Line] = [head, *(_signal(ctx, signal) for signal in ci.signals)]
    if ci.branch is not None:
        lines.append(line(f"{wording.branch_words(ci.branch)}."))
    elif not ci.signals and ci.retired is None:
        lines.append(line("It has not been assessed yet."))
    if ci.onset is not None:
        lines.append(began(ctx, ci.onset))
    if ci.standing is not None:
        lines.append(line(wording.standing(ci.standing)))
    lines += [_failure(ctx, failure) for failure in ci.failures[:_EVIDENCE]]
    lines += [line(*_incident(incident)) for incident in ci.incidents]
    return Card(tuple(lines), link=ci.page, long=len(lines) > 4)


def began(ctx: Context, onset: Onset) -> Line:
    """How what is wrong with its results began."""
    return line("Before it began: ", *wording.onset(ctx, onset), ".")


def _signal(ctx: Context, signal: Signal) -> Line:
    parts = [wording.seen(ctx, signal.seen) or line(signal.verdict.value)]
    parts += [line(part) for part in (figure(signal), threshold_words(signal.seen)) if part]
    name = Span(f"{_name(signal)}: ", state=signal.verdict if signal.counts else None)
    return line(name, *joined(parts, "; "))


def _name(signal: Signal) -> str:
    shape = signal.verdict.shape if signal.counts else "·"
    return f"{shape} {signal.name.replace('_', ' ')}"


def name_of(signal: Signal) -> Line:
    """The signal with the shape of its verdict; one that is shown only has a dot."""
    return line(Span(_name(signal), state=signal.verdict if signal.counts else None))


def figure(signal: Signal) -> str:
    """The share with its interval and n; empty where it is none, or its words say it."""
    if signal.figure is None or not is_rate(signal) or signal.name == SILENT:
        return ""
    return figures.rate(signal.figure, signal)


def _failure(ctx: Context, verdict: Verdict) -> Line:
    word = wording.result_word(verdict.result, verdict.outcome)
    parts: list[str | Span] = [f"{figures.ago(verdict.posted_at, ctx.now)}: {word} "]
    parts.append(patch_set_span(verdict.number, verdict.patch_set, verdict.page))
    parts.append(f" {figures.cut(verdict.subject, 50)}")
    jobs = wording.jobs(verdict.failed_jobs)
    return line(*parts, " (", *jobs, ")") if jobs else line(*parts)


def _incident(incident: IncidentLine) -> tuple[str | Span, ...]:
    """As "Incident #218 (success), not acknowledged": two may be open."""
    _incident, number, rest = wording.incident_words(incident)
    return "Incident ", number, f" ({incident.kind}){rest}"


COMMAND = Command(
    usage="why NAME [BRANCH]",
    does="each signal of a CI: figure, 95 % interval, n, threshold; its last failures with links",
    example="why netapp",
    answer=answer,
    aliases=("explain", "reason", "reasons"),
)
