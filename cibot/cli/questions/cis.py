"""``status``, ``list``, ``project``, ``change``, ``compare``: CIs, and what they say of changes."""

from __future__ import annotations

from collections.abc import Iterable

import click

from cibot.chat.commands import COMMANDS
from cibot.chat.commands import change as change_command
from cibot.chat.commands import compare as compare_command
from cibot.chat.commands import list as list_command
from cibot.chat.commands import status as status_command
from cibot.chat.typed import about, with_branch
from cibot.cli.exits import CODES, MEANING, of_states
from cibot.cli.questions.question import BRANCH, Asked, ShellAnswer, ShellQuestion, interval, sheet
from cibot.cli.view import Column, Show, Table, View, head, of_card, table
from cibot.client.source import Source, all_cis, listing_of, status_of
from cibot.model import State
from cibot.reports import blame as sentences
from cibot.reports import lists, wording
from cibot.reports.change import ChangeReport, CiVerdict, failed, innocent
from cibot.reports.change_address import parse_change
from cibot.reports.compare import Comparison
from cibot.reports.context import Context
from cibot.reports.failures import Verdict
from cibot.reports.listing import CiLine, Listing
from cibot.reports.names import resolve
from cibot.text import figures
from cibot.text.card import Line, Span, joined, line, state_span
from cibot.web.api.cis import CiDetail, CiPage


def ask_status(source: Source, asked: Asked) -> ShellAnswer:
    """One CI's headline and details, or a sentence over all and who needs a look."""
    if asked.words:
        return asked.about_branch(lambda name, branch: _one(source, name, branch))
    page = all_cis(source)
    found = listing_of(source, page, None)

    def show(ctx: Context) -> View:
        wrong = [ci for ci in found.cis if ci.state.bad]
        return _view(ctx, found, lists.overall(found), wrong)

    return _answer(page, found, show)


def _one(source: Source, name: str, branch: str | None) -> ShellAnswer:
    detail = source.ask(CiDetail, "/cis/<name>", name=name, branch=branch)
    found = status_of(source, detail)
    return ShellAnswer(
        detail,
        lambda ctx: of_card(status_command.render(ctx, found)),
        sheet("/cis", CiPage(items=(detail,), next=None, totals={}, stale=())),
        CODES[detail.state],
    )


def ask_list(source: Source, asked: Asked) -> ShellAnswer:
    """Every CI that fits, worst first unless ``--sort`` says otherwise."""
    state, project, branch = list_command.read_words(asked.words)
    chosen = {name: one for name, one in asked.options.items() if one is not None}
    return _listed(source, state, **{"project": project, "branch": branch, **chosen})


def ask_project(source: Source, asked: Asked) -> ShellAnswer:
    """The CIs at home on a project."""
    return asked.about_branch(
        lambda project, branch: _listed(source, None, project=project, branch=branch)
    )


def _listed(source: Source, state: State | None, **asked: object) -> ShellAnswer:
    page = all_cis(source, state=state, **asked)
    found = listing_of(source, page, state)
    return _answer(
        page, found, lambda ctx: _view(ctx, found, list_command.headline(found), found.cis)
    )


def _answer(page: CiPage, found: Listing, show: Show) -> ShellAnswer:
    return ShellAnswer(page, show, sheet("/cis", page), of_states(ci.state for ci in found.cis))


def _view(ctx: Context, found: Listing, said: Line, cis: Iterable[CiLine]) -> View:
    shown = _table(ctx, cis)
    parts: tuple[Line | Table, ...] = (said, *([shown] if shown.rows else []))
    return View((*parts, *wording.stale_lines(ctx, found.stale)), ctx.page())


def _table(ctx: Context, cis: Iterable[CiLine]) -> Table:
    columns: tuple[Column[CiLine], ...] = (
        Column("State", lambda one: line(state_span(one.state))),
        Column("CI", lambda one: line(wording.name_span(one)), loose=True),
        Column(
            "For", lambda one: figures.span(ctx.now - one.since) if one.since else "", right=True
        ),
        Column(
            "Passed", lambda one: figures.percent(one.rate.share) if one.rate else "", right=True
        ),
        Column("95 %", lambda one: interval(one.rate)),
        Column("n", lambda one: figures.number(one.rate.n) if one.rate else "", right=True),
        Column("Heard", lambda one: _heard(ctx, one), right=True),
        Column("Open", _incidents),
        Column("Seen", lambda one: lists.because(ctx, one), wide=True, loose=True),
    )
    return table(cis, *columns)


def _heard(ctx: Context, one: CiLine) -> str:
    return figures.span(ctx.now - one.last_heard_at) if one.last_heard_at else "never"


def _incidents(one: CiLine) -> Line:
    return joined(Span(f"#{each.id}", href=each.page) for each in one.incidents)


_LIST_OPTIONS = (
    click.Option(["--branch"], metavar="B", help="CIs on that branch, as they are there."),
    click.Option(["--project"], metavar="P", help="CIs at home on that project."),
    click.Option(["--owner"], metavar="NAME", help="CIs of that owner, as configured."),
    click.Option(["--search", "q"], metavar="TEXT", help="CIs whose name has that in it."),
    click.Option(
        ["--sort"], type=click.Choice(["worst", "name", "heard"]), help="Default: worst first."
    ),
)


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

    def two(words: tuple[str, ...], branch: str | None) -> Comparison:
        first, second = compare_command.read_names(
            words, find, lambda some: about(some, lambda said: find((said,)))
        )
        return source.ask(Comparison, "/compare", first=first, second=second, branch=branch)

    found = two(asked.words, asked.branch) if asked.branch else with_branch(asked.words, two)
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
        COMMANDS["status"],
        ask_status,
        (BRANCH,),
        examples=(
            "cibot status",
            "cibot status netapp --exit-code",
            "cibot status netapp --branch master",
            "cibot status --watch",
        ),
        csv=True,
        codes=f"{MEANING}; without a name, the worst of all CIs",
        completes="ci",
    ),
    ShellQuestion(
        COMMANDS["list"],
        ask_list,
        _LIST_OPTIONS,
        examples=("cibot list --project cinder --sort name", "cibot list --csv"),
        csv=True,
        codes=f"{MEANING}: the worst of those listed",
        completes="state",
    ),
    ShellQuestion(
        COMMANDS["project"],
        ask_project,
        (BRANCH,),
        examples=("cibot project cinder --json", "cibot project cinder --branch master"),
        csv=True,
        codes=f"{MEANING}: the worst of those listed",
        completes="project",
    ),
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
        (BRANCH,),
        examples=('cibot compare "pure storage" zuul',),
        csv=True,
        completes="ci",
    ),
)
