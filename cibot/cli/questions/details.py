"""``why``, ``jobs``, ``history``, ``missed``, ``contact``, ``recheck``: more about one CI."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from cibot.chat.commands import COMMANDS
from cibot.chat.commands import contact as contact_command
from cibot.chat.commands import history as history_command
from cibot.chat.commands import jobs as jobs_command
from cibot.chat.commands import missed as missed_command
from cibot.chat.commands import recheck as recheck_command
from cibot.chat.commands import why as why_command
from cibot.chat.typed import about
from cibot.cli.questions.question import (
    BRANCH,
    CODES,
    MEANING,
    Asked,
    ShellAnswer,
    ShellQuestion,
    interval,
    sheet,
)
from cibot.cli.view import Column, Table, View, head, of_card, table
from cibot.client.source import Source
from cibot.health.signal import Signal
from cibot.incidents.signal_words import threshold_words
from cibot.reports import wording
from cibot.reports.contact import Contact
from cibot.reports.context import Context
from cibot.reports.failures import Verdict
from cibot.reports.history import Day, History
from cibot.reports.jobs import JobLine, Jobs
from cibot.reports.missed import Missed, MissedPatchSet
from cibot.reports.status import CiDetail
from cibot.text import figures
from cibot.text.card import NO_RESULTS, Card, Line, Span, line, patch_set_span, web_address

T = TypeVar("T")
_BAR = 20  # cells of a day on which everything passed


def _asks(
    path: str,
    kind: type[T],
    show: Callable[[Context, T], View],
    code: Callable[[T], int] | None = None,
) -> Callable[[Source, Asked], ShellAnswer]:
    """A question about the one CI that the words mean, or about it on a branch."""

    def ask(source: Source, asked: Asked) -> ShellAnswer:
        answer = asked.about_branch(
            lambda name, branch: source.ask(kind, path, name=name, branch=branch)
        )
        rows = sheet(path, answer)
        return ShellAnswer(answer, lambda ctx: show(ctx, answer), rows, code and code(answer))

    return ask


def _why(ctx: Context, detail: CiDetail) -> View:
    """Each signal, the last failures, the open incidents."""
    card = why_command.render(ctx, detail)
    if not detail.signals and detail.branch is None:
        return head(card, lines=2)
    incidents = card.lines[len(card.lines) - len(detail.incidents) :]
    signals = table(
        detail.signals,
        Column[Signal]("Signal", why_command.name_of),
        Column("Passed", why_command.figure),
        Column("Seen", lambda row: wording.seen_sentence(ctx, row.seen), loose=True),
        Column("Fires", lambda row: threshold_words(row.seen), wide=True, loose=True),
    )
    began = () if detail.onset is None else (why_command.began(ctx, detail.onset),)
    standing = () if detail.standing is None else (line(wording.standing(detail.standing)),)
    return head(card, signals, *began, *standing, _failures(ctx, detail.failures), *incidents)


def _failures(ctx: Context, verdicts: tuple[Verdict, ...]) -> Table:
    return table(
        verdicts,
        Column[Verdict]("Failed", lambda row: figures.ago(row.posted_at, ctx.now), right=True),
        Column("Patch set", lambda row: line(patch_set_span(row.number, row.patch_set, row.page))),
        Column("Said", lambda row: wording.result_word(row.result, row.outcome)),
        Column("Jobs", lambda row: wording.jobs(row.failed_jobs), loose=True),
        Column("Subject", lambda row: figures.cut(row.subject, 60), wide=True, loose=True),
    )


def _jobs(ctx: Context, jobs: Jobs) -> View:
    shown = table(
        jobs.jobs,
        Column[JobLine]("Job", _job, loose=True),
        Column("Passed", lambda row: figures.percent(row.rate.share) if row.rate else "",
               right=True),
        Column("95 %", lambda row: interval(row.rate)),
        Column("n", lambda row: figures.number(row.rate.n) if row.rate else "0", right=True),
        Column("Broke", lambda row: str(row.infra or ""), right=True, wide=True),
        Column("Last", lambda row: f"{row.streak} {jobs_command.STREAKS[row.streak_of]}"),
        Column("Takes", lambda row: "" if row.median_s is None else figures.duration(row.median_s),
               right=True),
        Column("Last pass", lambda row: _passed(ctx, row), right=True),
    )  # fmt: skip
    return head(jobs_command.render(ctx, jobs), shown)


def _job(job: JobLine) -> Line:
    voting = "" if job.voting else " (non-voting)"
    return line(Span(job.job, href=web_address(job.last_url)), voting)


def _passed(ctx: Context, job: JobLine) -> str:
    return figures.ago(job.last_pass_at, ctx.now) if job.last_pass_at else "never"


def _history(ctx: Context, history: History) -> View:
    card = history_command.render(ctx, history)
    days = table(
        history.days,
        Column[Day]("Day", lambda row: f"{row.day:%a %d %b}"),
        Column("Passed", lambda row: figures.number(row.passes), right=True),
        Column("Failed", lambda row: figures.number(row.fails), right=True),
        Column("Broke", lambda row: figures.number(row.infra), right=True),
        Column("Share", lambda row: "" if row.share is None else figures.percent(row.share),
               right=True),
        Column("", _bar),
    )  # fmt: skip
    return View((card.lines[0], days, *card.lines[1:]), card.link)


def _bar(day: Day) -> str:
    if day.share is None:
        return NO_RESULTS
    cells = round(day.share * _BAR)
    return "█" * cells if cells else "▏"


def _missed(ctx: Context, missed: Missed) -> View:
    shown = table(
        missed.patch_sets,
        Column[MissedPatchSet](
            "Patch set", lambda row: line(patch_set_span(row.number, row.patch_set, row.gerrit))
        ),
        Column("Uploaded", lambda row: figures.ago(row.uploaded_at, ctx.now), right=True),
        Column("Was due", lambda row: figures.ago(row.deadline, ctx.now), right=True),
        Column("Project", lambda row: row.project, wide=True),
        Column("Subject", lambda row: figures.cut(row.subject, 90), loose=True),
    )
    return head(missed_command.render(missed), shown)


def _said(render: Callable[[Contact], Card]) -> Callable[[Source, Asked], ShellAnswer]:
    def ask(source: Source, asked: Asked) -> ShellAnswer:
        path = "/cis/<name>/contact"
        contact = about(asked.words, lambda name: source.ask(Contact, path, name=name))
        return ShellAnswer(contact, lambda _ctx: of_card(render(contact)))

    return ask


def ask_history(source: Source, asked: Asked) -> ShellAnswer:
    """A bar a day, and the incidents in them."""
    words, days = history_command.read_words(asked.words)
    path = "/cis/<name>/history"
    history = replace(asked, words=words).about_branch(
        lambda name, branch: source.ask(History, path, name=name, days=days, branch=branch)
    )
    return ShellAnswer(history, lambda ctx: _history(ctx, history), sheet(path, history))


QUESTIONS = (
    ShellQuestion(
        COMMANDS["why"],
        _asks("/cis/<name>", CiDetail, _why, lambda detail: CODES[detail.state]),
        BRANCH,
        examples=("cibot why netapp --json",),
        csv=True,
        codes=MEANING,
        completes="ci",
    ),
    ShellQuestion(
        COMMANDS["jobs"],
        _asks("/cis/<name>/jobs", Jobs, _jobs),
        BRANCH,
        examples=("cibot jobs netapp --csv", "cibot jobs netapp --branch master"),
        csv=True,
        completes="ci",
    ),
    ShellQuestion(
        COMMANDS["history"],
        ask_history,
        BRANCH,
        examples=("cibot history netapp 30d --csv",),
        csv=True,
        completes="ci",
    ),
    ShellQuestion(
        COMMANDS["missed"],
        _asks("/cis/<name>/missed", Missed, _missed),
        BRANCH,
        examples=("cibot missed netapp --csv",),
        csv=True,
        completes="ci",
    ),
    ShellQuestion(COMMANDS["contact"], _said(contact_command.render), completes="ci"),
    ShellQuestion(COMMANDS["recheck"], _said(recheck_command.render), completes="ci"),
)
