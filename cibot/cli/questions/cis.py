"""``status``, ``list``, ``project``, ``change``, ``compare``: CIs, and what they say of changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace

from cibot.chat.commands import COMMANDS
from cibot.chat.commands import change as change_command
from cibot.chat.commands import compare as compare_command
from cibot.chat.commands import list as list_command
from cibot.chat.commands import status as status_command
from cibot.chat.typed import about_branch, without_branch
from cibot.cli.questions.question import (
    CODES,
    MEANING,
    RATE,
    SUBJECT,
    Asked,
    ShellAnswer,
    ShellQuestion,
    answered,
    of_states,
)
from cibot.cli.view import Column, Table, View, head, of_card, table
from cibot.client.source import Source, all_cis, listing_of, stale_of
from cibot.model import State
from cibot.reports import blame as sentences
from cibot.reports import lists, wording
from cibot.reports.change import ChangeReport, CiVerdict, failed, innocent
from cibot.reports.change_address import parse_change
from cibot.reports.ci import CiLine
from cibot.reports.compare import Comparison
from cibot.reports.context import Context
from cibot.reports.failures import Verdict
from cibot.reports.listing import Listing
from cibot.reports.names import resolve
from cibot.reports.status import CiDetail
from cibot.text import figures
from cibot.text.card import Line, Span, joined, line, patch_set_span, state_span
from cibot.web.api.cis import CiPage


def ask_status(source: Source, asked: Asked) -> ShellAnswer:
    """One CI's headline and details, or a sentence over all and who needs a look."""
    words, branch = without_branch(asked.words)
    if not words:
        return _listed(source, None, bad_only=True, branch=branch)
    return about_branch(asked.words, lambda name, branch: _status(source, name, branch))


def _status(source: Source, name: str, branch: str | None) -> ShellAnswer:
    detail = source.ask(CiDetail, "/cis/<name>", name=name, branch=branch)
    stale = stale_of(source, detail.stale)
    page = CiPage(items=(detail,), next=None, totals={}, stale=())
    answer = answered(
        "/cis",
        page,
        lambda ctx, _page: of_card(status_command.render(ctx, detail, stale)),
        CODES[detail.state],
    )
    return replace(answer, body=detail)


def ask_list(source: Source, asked: Asked) -> ShellAnswer:
    """Every CI that fits, worst first unless ``--sort`` says otherwise."""
    state, project, branch = list_command.read_words(asked.words)
    chosen = {name: value for name, value in asked.options.items() if value is not None}
    return _listed(source, state, **{"project": project, "branch": branch, **chosen})


def ask_project(source: Source, asked: Asked) -> ShellAnswer:
    """The CIs at home on a project."""
    return about_branch(
        asked.words,
        lambda project, branch: _listed(source, None, project=project, branch=branch),
    )


def _listed(
    source: Source, state: State | None, *, bad_only: bool = False, **asked: object
) -> ShellAnswer:
    page = all_cis(source, state=state, **asked)
    answer = listing_of(source, page, state)
    shown = [ci for ci in answer.cis if ci.state.bad or not bad_only]
    code = of_states(ci.state for ci in answer.cis)
    return answered("/cis", page, lambda ctx, _page: _view(ctx, answer, shown), code)


def _view(ctx: Context, listing: Listing, cis: Iterable[CiLine]) -> View:
    shown = _table(ctx, cis)
    parts: tuple[Line | Table, ...] = (
        list_command.headline(listing),
        *([shown] if shown.rows else []),
    )
    return View((*parts, *wording.stale_lines(ctx, listing.stale)), ctx.page())


def _table(ctx: Context, cis: Iterable[CiLine]) -> Table:
    columns: tuple[Column[CiLine], ...] = (
        Column("State", lambda row: line(state_span(row.state))),
        Column("CI", lambda row: line(wording.name_span(row)), loose=True),
        Column(
            "For", lambda row: figures.span(ctx.now - row.since) if row.since else "", right=True
        ),
        *RATE,
        Column("n", lambda row: figures.number(row.rate.n) if row.rate else "", right=True),
        Column("Heard", lambda row: _heard(ctx, row), right=True),
        Column("Open", _incidents),
        Column("Seen", lambda row: lists.because(ctx, row), wide=True, loose=True),
    )
    return table(cis, *columns)


def _heard(ctx: Context, ci: CiLine) -> str:
    return figures.span(ctx.now - ci.last_heard_at) if ci.last_heard_at else "never"


def _incidents(ci: CiLine) -> Line:
    return joined(Span(f"#{each.id}", href=each.page) for each in ci.incidents)


def ask_change(source: Source, asked: Asked) -> ShellAnswer:
    """What each CI says of a patch set."""
    wanted, path = parse_change(asked.text), "/changes/<number>"
    report = source.ask(ChangeReport, path, **asdict(wanted), **asked.options)
    return answered(path, report, _change, exit_code(report))


def exit_code(report: ChangeReport) -> int:
    """What ``--exit-code`` makes of a change; 3 only where no failure is anything to look at."""
    bad = failed(report)
    if any(not innocent(verdict) for verdict in bad):
        return CODES[State.FAILING]
    if bad:
        return CODES[State.DEGRADED]
    return 0 if any(verdict.result for verdict in report.verdicts) else CODES[State.UNKNOWN]


def _change(ctx: Context, report: ChangeReport) -> View:
    bad = failed(report)
    verdicts = table(
        report.verdicts,
        Column[CiVerdict]("CI", lambda row: line(wording.name_span(row.ci)), loose=True),
        Column("Said", _said),
        Column("Pipeline", lambda row: figures.cut(row.pipeline or "", 30), wide=True),
        Column("Itself is", lambda row: line(state_span(row.ci.state)), wide=True),
        Column("Failed jobs", lambda row: wording.jobs(row.jobs), loose=True),
        Column(
            "Note",
            lambda row: sentences.failure(ctx, row) if row in bad else "",
            loose=True,
        ),
    )
    return head(
        change_command.render(ctx, report),
        verdicts,
        *change_command.missing(ctx, report),
        *change_command.others(report),
    )


def _said(verdict: CiVerdict) -> Line:
    again = ", runs again" if verdict.running and verdict.result else ""
    return line(wording.result_word(verdict.result, verdict.outcome) + again)


def ask_compare(source: Source, asked: Asked) -> ShellAnswer:
    """How often two CIs agree, and where they do not."""
    names = [ci.name for ci in all_cis(source).items]
    comparison = compare_command.asked(
        asked.words,
        lambda name: resolve(name, names),
        lambda first, second, branch: source.ask(
            Comparison, "/compare", first=first, second=second, branch=branch
        ),
    )
    return answered("/compare", comparison, _compare)


def _compare(ctx: Context, comparison: Comparison) -> View:
    examples = table(
        comparison.examples,
        Column[Verdict](
            "They differ on", lambda row: line(patch_set_span(row.number, row.patch_set, row.page))
        ),
        Column(comparison.first.name, lambda row: wording.result_word(row.result)),
        Column("When", lambda row: figures.ago(row.posted_at, ctx.now), right=True),
        Column("Failed jobs", lambda row: wording.jobs(row.failed_jobs), loose=True),
        SUBJECT,
    )
    return head(compare_command.render(ctx, comparison), examples, lines=2)


QUESTIONS = (
    ShellQuestion(
        COMMANDS["status"],
        ask_status,
        "/cis",
        examples=(
            "cibot status",
            "cibot status netapp --exit-code",
            "cibot status netapp --branch master",
            "cibot status --watch",
        ),
        codes=f"{MEANING}; without a name, the worst of all CIs",
    ),
    ShellQuestion(
        COMMANDS["list"],
        ask_list,
        "/cis",
        more=("project", "owner", "search=q", "sort"),
        examples=("cibot list --project cinder --sort name", "cibot list --csv"),
        codes=f"{MEANING}: the worst of those listed",
    ),
    ShellQuestion(
        COMMANDS["project"],
        ask_project,
        "/cis",
        examples=("cibot project cinder --json", "cibot project cinder --branch master"),
        codes=f"{MEANING}: the worst of those listed",
    ),
    ShellQuestion(
        COMMANDS["change"],
        ask_change,
        "/changes/<number>",
        more=("server",),
        examples=("cibot change 912345", "cibot change 912345 --exit-code"),
        codes=(
            f"0 no CI failed, {CODES[State.FAILING]} a failure is worth a look or open,"
            f" {CODES[State.DEGRADED]} no failure is anything to look at,"
            f" {CODES[State.UNKNOWN]} no CI has judged it"
        ),
    ),
    ShellQuestion(
        COMMANDS["compare"],
        ask_compare,
        "/compare",
        examples=('cibot compare "pure storage" zuul',),
    ),
)
