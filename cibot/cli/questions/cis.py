"""``status``, ``list``, ``project``: CIs and their states."""

from __future__ import annotations

from collections.abc import Iterable

import click

from cibot.chat.commands import COMMANDS
from cibot.chat.commands import list as list_command
from cibot.chat.commands import status as status_command
from cibot.chat.typed import about_branch
from cibot.cli.exits import CODES, MEANING, of_states
from cibot.cli.questions.question import Asked, ShellAnswer, ShellQuestion, sheet
from cibot.cli.view import Column, Show, Table, View, of_card, table
from cibot.client.shaped import all_cis, listing_of, status_of
from cibot.client.source import Source
from cibot.model import State
from cibot.reports import lists, wording
from cibot.reports.context import Context
from cibot.reports.listing import CiLine, Listing, is_wrong
from cibot.text import figures
from cibot.text.card import Line, Span, joined, line, state_span
from cibot.web.api.cis import CiDetail, CiPage


def ask_status(source: Source, asked: Asked) -> ShellAnswer:
    """One CI's headline and details, or a sentence over all and who needs a look."""
    if asked.words:
        branch = asked.options.get("branch")
        return about_branch(asked.words, lambda name, last: _one(source, name, branch or last))
    page = all_cis(source)
    found = listing_of(source, page, None)

    def show(ctx: Context) -> View:
        wrong = [ci for ci in found.cis if is_wrong(ci.state)]
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
    return _listed(source, None, project=asked.text)


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
        Column("95 %", _interval),
        Column("n", lambda one: figures.number(one.rate.n) if one.rate else "", right=True),
        Column("Heard", lambda one: _heard(ctx, one), right=True),
        Column("Open", _incidents),
        Column("Seen", lambda one: lists.because(ctx, one), wide=True, loose=True),
    )
    return table(cis, *columns)


def _interval(one: CiLine) -> str:
    rate = one.rate
    if rate is None or rate.low is None or rate.high is None:
        return ""
    return figures.interval(rate.low, rate.high)


def _heard(ctx: Context, one: CiLine) -> str:
    return figures.span(ctx.now - one.last_heard_at) if one.last_heard_at else "never"


def _incidents(one: CiLine) -> Line:
    return joined(Span(f"#{each.id}", href=each.page) for each in one.incidents)


BRANCH = click.Option(["--branch"], metavar="B", help="As it is on that branch alone.")
_LIST_OPTIONS = (
    click.Option(["--branch"], metavar="B", help="CIs on that branch, as they are there."),
    click.Option(["--project"], metavar="P", help="CIs at home on that project."),
    click.Option(["--owner"], metavar="NAME", help="CIs of that owner, as configured."),
    click.Option(["--search", "q"], metavar="TEXT", help="CIs whose name has that in it."),
    click.Option(
        ["--sort"], type=click.Choice(["worst", "name", "heard"]), help="Default: worst first."
    ),
)
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
        examples=("cibot project cinder --json",),
        csv=True,
        codes=f"{MEANING}: the worst of those listed",
        completes="project",
    ),
)
