"""``change`` and ``compare``: what CIs say of the same patch sets."""

from __future__ import annotations

import click

from cibot.chat.commands import COMMANDS
from cibot.chat.commands import change as change_command
from cibot.chat.commands import compare as compare_command
from cibot.chat.typed import about
from cibot.cli.exits import CODES
from cibot.cli.questions.question import Asked, ShellAnswer, ShellQuestion, sheet
from cibot.cli.view import Column, View, head, table
from cibot.client.shaped import all_cis
from cibot.client.source import Source
from cibot.model import State
from cibot.reports import blame as sentences
from cibot.reports import wording
from cibot.reports.change import ChangeReport, CiVerdict, failed, innocent
from cibot.reports.change_address import parse_change
from cibot.reports.compare import Comparison
from cibot.reports.context import Context
from cibot.reports.failures import Verdict
from cibot.reports.names import resolve
from cibot.text import figures
from cibot.text.card import Line, line, state_span


def ask_change(source: Source, asked: Asked) -> ShellAnswer:
    """What each CI says of a patch set."""
    wanted = parse_change(asked.text)
    path = "/changes/<number>"
    found = source.ask(
        ChangeReport,
        path,
        number=wanted.number,
        patch_set=wanted.patch_set,
        project=wanted.project,
        server=asked.options.get("server"),
    )
    return ShellAnswer(found, lambda ctx: _change(ctx, found), sheet(path, found), exit_code(found))


def exit_code(found: ChangeReport) -> int:
    """What ``--exit-code`` makes of a change; 3 only where no failure is anything to look at."""
    bad = failed(found)
    if any(not innocent(verdict) for verdict in bad):
        return CODES[State.FAILING]
    if bad:
        return CODES[State.DEGRADED]
    return 0 if any(verdict.result for verdict in found.verdicts) else CODES[State.UNKNOWN]


def _change(ctx: Context, found: ChangeReport) -> View:
    bad = failed(found)
    verdicts = table(
        found.verdicts,
        Column[CiVerdict]("CI", lambda one: line(wording.name_span(one.ci)), loose=True),
        Column("Said", _said),
        Column("Pipeline", lambda one: figures.cut(one.pipeline or "", 30), wide=True),
        Column("Itself is", lambda one: line(state_span(one.ci.state)), wide=True),
        Column("Failed jobs", lambda one: wording.jobs(one.jobs), loose=True),
        Column(
            "Note",
            lambda one: sentences.failure(ctx, one) if one in bad else "",
            loose=True,
        ),
    )
    return head(
        change_command.render(ctx, found),
        verdicts,
        *change_command.missing(ctx, found),
        *change_command.others(found),
    )


def _said(one: CiVerdict) -> Line:
    again = ", runs again" if one.running and one.result else ""
    return line(wording.result_word(one.result, "started") + again)


def ask_compare(source: Source, asked: Asked) -> ShellAnswer:
    """How often two CIs agree, and where they do not."""
    names: list[str] = []

    def find(words: tuple[str, ...]) -> str:
        if not names:
            names.extend(ci.name for ci in all_cis(source).items)
        return resolve(" ".join(words), names)

    first, second = compare_command.read_names(
        asked.words, find, lambda words: about(words, lambda said: find((said,)))
    )
    found = source.ask(Comparison, "/compare", first=first, second=second)
    return ShellAnswer(found, lambda ctx: _compare(ctx, found), sheet("/compare", found))


def _compare(ctx: Context, found: Comparison) -> View:
    examples = table(
        found.examples,
        Column[Verdict]("They differ on", lambda one: line(wording.patch_set(one))),
        Column(found.first.name, lambda one: wording.result_word(one.result)),
        Column("When", lambda one: figures.ago(one.posted_at, ctx.now), right=True),
        Column("Failed jobs", lambda one: wording.jobs(one.failed_jobs), loose=True),
        Column("Subject", lambda one: figures.cut(one.subject, 60), wide=True, loose=True),
    )
    return head(compare_command.render(ctx, found), examples, lines=2)


QUESTIONS = (
    ShellQuestion(
        COMMANDS["change"],
        ask_change,
        (click.Option(["--server"], metavar="NAME", help="The Gerrit, where several have it."),),
        examples=("cibot change 912345", "cibot change 912345 --exit-code"),
        csv=True,
        codes=(
            f"0 nobody failed, {CODES[State.FAILING]} a failure is worth a look or open,"
            f" {CODES[State.DEGRADED]} no failure is anything to look at,"
            f" {CODES[State.UNKNOWN]} nobody has judged it"
        ),
    ),
    ShellQuestion(
        COMMANDS["compare"],
        ask_compare,
        examples=('cibot compare "pure storage" zuul',),
        csv=True,
        completes="ci",
    ),
)
