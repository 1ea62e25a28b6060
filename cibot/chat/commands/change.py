"""`change N[,PS]`: what each CI says of a patch set, and what its failures say of the change."""

from __future__ import annotations

from collections.abc import Sequence

from cibot.chat.command import Ask, Command
from cibot.errors import UserError
from cibot.model import Result, State
from cibot.reports import blame as sentences
from cibot.reports import wording
from cibot.reports.change import ChangeReport, CiVerdict, Missing, change, failed
from cibot.reports.change_address import parse_change
from cibot.reports.context import Context
from cibot.text import figures
from cibot.text.card import Card, Line, Span, line, some

_FAILURES = 5
_NAMES = 12


def answer(ask: Ask) -> Card:
    """Failures first, each weighed; then who is missing, runs and passed."""
    if not ask.words:
        raise UserError("Which change? Write its number, as in: change 912345 or change 912345,3.")
    return render(ask.ctx, change(ask.tx, ask.ctx, parse_change(ask.text)))


def render(ctx: Context, found: ChangeReport) -> Card:
    """At most ten lines."""
    bad = failed(found)
    good = [verdict for verdict in found.verdicts if verdict.result is Result.PASS]
    runs = [verdict for verdict in found.verdicts if verdict.running]
    lines = [_head(ctx, found, len(good), len(bad), len(runs))]
    lines += [_failure(ctx, verdict) for verdict in bad[:_FAILURES]]
    if len(bad) > _FAILURES:
        lines.append(line(f"and {figures.plural(len(bad) - _FAILURES, 'more failure')}"))
    lines += missing(ctx, found)
    lines += _names("Running: ", [_named(run) for run in runs])
    lines += _names("Passed: ", [_named(verdict) for verdict in good])
    lines += others(found)
    return Card(tuple(lines), link=found.page or found.gerrit, long=len(lines) > 5)


def missing(ctx: Context, found: ChangeReport) -> list[Line]:
    """A line of who is missing, or none."""
    return _names("Missing: ", [_absent(ctx, ci) for ci in found.missing])


def others(found: ChangeReport) -> list[Line]:
    """A line of the other changes that have this number, or none."""
    if not found.namesakes:
        return []
    shown = [f"{other.project}~{found.number}" for other in found.namesakes]
    return [line(f"The same number: {figures.some(shown, 3)}.")]


def _head(ctx: Context, found: ChangeReport, passed: int, failed: int, running: int) -> Line:
    counts = [f"{passed} passed", f"{failed} failed"]
    counts += [f"{running} running"] if running else []
    counts += [f"{len(found.missing)} missing"] if found.missing else []
    said = ", ".join(counts) if found.verdicts else "no CI has reported"
    overall = sentences.overall(found)
    said = f"{overall[:1].lower()}{overall[1:]}; {said}" if overall else said
    came = f", uploaded {figures.ago(found.uploaded_at, ctx.now)}" if found.uploaded_at else ""
    old = f" Patch set {found.latest} is newer." if found.patch_set < found.latest else ""
    return line(
        Span(f"{found.number},{found.patch_set}", href=found.gerrit, strong=True),
        f" {figures.cut(found.subject, 70)} ({found.project}{came}): {said}.{old}",
    )


def _failure(ctx: Context, verdict: CiVerdict) -> Line:
    word = wording.result_word(verdict.result)
    pipeline = f" in {figures.cut(verdict.pipeline, 30)}" if verdict.pipeline else ""
    parts: list[str | Span] = ["■ ", wording.name_span(verdict.ci), f" {word}{pipeline}"]
    jobs = wording.jobs(verdict.jobs)
    if jobs:
        parts += [": ", *jobs]
    return line(*parts, f". {sentences.failure(ctx, verdict)}")


def _named(verdict: CiVerdict) -> Span:
    return Span(verdict.ci.name, href=verdict.ci.page)


def _absent(ctx: Context, absent: Missing) -> Line:
    ci = absent.ci
    name, silent = Span(ci.name, href=ci.page), ci.state is State.SILENT
    return line(name, " (silent ", *wording.since(ctx, ci), ")") if silent else (name,)


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
