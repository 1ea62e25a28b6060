"""`change N[,PS]`: what each CI says of a patch set, and what its failures say of the change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cibot.chat.command import Ask, Command
from cibot.errors import UserError
from cibot.model import Result
from cibot.reports import blame as sentences
from cibot.reports import wording
from cibot.reports.change import ChangeReport, CiVerdict, change, failed
from cibot.reports.change_address import parse_change
from cibot.reports.context import Context
from cibot.text import figures
from cibot.text.card import Card, Line, Span, line, patch_set_span, some

_FAILURES = 5
_NAMES = 12


def answer(ask: Ask) -> Card:
    """The failures first, each weighed; then the missing, the running and the passed."""
    if not ask.words:
        raise UserError("Which change? Write its number, as in: change 912345 or change 912345,3.")
    return render(ask.ctx, change(ask.tx, ask.ctx, parse_change(ask.text)))


def render(ctx: Context, report: ChangeReport) -> Card:
    """At most ten lines."""
    bad = failed(report)
    good = [verdict for verdict in report.verdicts if verdict.result is Result.PASS]
    runs = [verdict for verdict in report.verdicts if verdict.running]
    lines = [_head(ctx, report, len(good), len(bad), len(runs))]
    lines += [_failure(ctx, verdict) for verdict in bad[:_FAILURES]]
    if len(bad) > _FAILURES:
        lines.append(line(f"and {figures.plural(len(bad) - _FAILURES, 'more failure')}"))
    lines += missing(ctx, report)
    lines += _names("Running: ", [_named(run) for run in runs])
    lines += _names("Passed: ", [_named(verdict) for verdict in good])
    lines += others(report)
    return Card(tuple(lines), link=report.page or report.gerrit, long=len(lines) > 5)


def missing(ctx: Context, report: ChangeReport) -> list[Line]:
    """A line with the missing CIs, or none."""
    return _names("Missing: ", [sentences.absent(ctx, ci) for ci in report.missing])


def others(report: ChangeReport) -> list[Line]:
    """A line of the other changes that have this number, or none."""
    if not report.namesakes:
        return []
    shown = [f"{other.project}~{report.number}" for other in report.namesakes]
    return [line(f"The same number: {figures.some(shown, 3)}.")]


def _head(ctx: Context, report: ChangeReport, passed: int, failed: int, running: int) -> Line:
    counts = [f"{passed} passed", f"{failed} failed"]
    counts += [f"{running} running"] if running else []
    counts += [f"{len(report.missing)} missing"] if report.missing else []
    said = ", ".join(counts) if report.verdicts else "no CI has reported"
    overall = sentences.overall(report)
    said = f"{overall[:1].lower()}{overall[1:]}; {said}" if overall else said
    came = f", uploaded {figures.ago(report.uploaded_at, ctx.now)}" if report.uploaded_at else ""
    old = f" Patch set {report.latest} is newer." if report.patch_set < report.latest else ""
    return line(
        replace(patch_set_span(report.number, report.patch_set, report.gerrit), strong=True),
        f" {figures.cut(report.subject, 70)} ({report.project}{came}): {said}.{old}",
    )


def _failure(ctx: Context, verdict: CiVerdict) -> Line:
    word = wording.result_word(verdict.result, verdict.outcome)
    pipeline = f" in {figures.cut(verdict.pipeline, 30)}" if verdict.pipeline else ""
    parts: list[str | Span] = ["■ ", wording.name_span(verdict.ci), f" {word}{pipeline}"]
    jobs = wording.jobs(verdict.jobs)
    if jobs:
        parts += [": ", *jobs]
    return line(*parts, f". {sentences.failure(ctx, verdict)}")


def _named(verdict: CiVerdict) -> Span:
    return Span(verdict.ci.name, href=verdict.ci.page)


def _names(label: str, spans: Sequence[Span | Line]) -> list[Line]:
    unique = list(dict.fromkeys(spans))
    return [line(label, *some(unique, _NAMES))] if unique else []


COMMAND = Command(
    usage="change N[,PS]",
    does="what each CI says of a patch set, which failures are worth a look, who is missing",
    example="change 912345,3",
    answer=answer,
    aliases=("review", "patch", "c"),
    more="A Gerrit address works as well as a number.",
)
