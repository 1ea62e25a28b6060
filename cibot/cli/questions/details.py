"""``why``, ``jobs``, ``history``, ``missed``, ``contact``, ``recheck``: more about one CI."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cibot.chat.commands import COMMANDS
from cibot.chat.commands import contact as contact_command
from cibot.chat.commands import history as history_command
from cibot.chat.commands import jobs as jobs_command
from cibot.chat.commands import missed as missed_command
from cibot.chat.commands import recheck as recheck_command
from cibot.chat.commands import why as why_command
from cibot.chat.typed import about, about_branch
from cibot.cli.questions.question import (
    CODES,
    MEANING,
    RATE,
    SUBJECT,
    Asked,
    ShellAnswer,
    ShellQuestion,
    answered,
    has_branch,
)
from cibot.cli.view import Column, View, head, of_card, table
from cibot.client.source import Source
from cibot.health.signal import Signal
from cibot.incidents.signal_words import threshold_words
from cibot.reports import wording
from cibot.reports.context import Context
from cibot.reports.failures import Verdict
from cibot.reports.history import Day, History
from cibot.reports.jobs import JobLine, Jobs
from cibot.reports.missed import Missed, MissedPatchSet
from cibot.reports.status import CiDetail
from cibot.text import figures
from cibot.text.card import NO_RESULTS, Line, Span, line, patch_set_span, web_address
from cibot.web.api import BY_PATH

_BAR = 20  # cells of a day on which everything passed


def _of_ci(
    name: str,
    path: str,
    show: Callable[[Context, Any], View],
    examples: tuple[str, ...] = (),
    code: Callable[[Any], int] | None = None,
    codes: str = "",
) -> ShellQuestion:
    """A question about the one CI that the words mean, or about it on a branch."""

    def ask(source: Source, asked: Asked) -> ShellAnswer:
        def put(name: str, branch: str | None = None) -> Any:
            return source.ask(kind, path, name=name, branch=branch)

        kind = BY_PATH[path].answer
        answer = (about_branch if has_branch(path) else about)(asked.words, put)
        return answered(path, answer, show, code and code(answer))

    return ShellQuestion(COMMANDS[name], ask, path, examples=examples, codes=codes)


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
    failures = table(
        detail.failures,
        Column[Verdict]("Failed", lambda row: figures.ago(row.posted_at, ctx.now), right=True),
        Column("Patch set", lambda row: line(patch_set_span(row.number, row.patch_set, row.page))),
        Column("Said", lambda row: wording.result_word(row.result, row.outcome)),
        Column("Jobs", lambda row: wording.jobs(row.failed_jobs), loose=True),
        SUBJECT,
    )
    return head(card, signals, *began, *standing, failures, *incidents)


def _jobs(ctx: Context, jobs: Jobs) -> View:
    shown = table(
        jobs.jobs,
        Column[JobLine]("Job", _job, loose=True),
        *RATE,
        Column("n", lambda row: figures.number(row.rate.n) if row.rate else "0", right=True),
        Column("Broke", lambda row: str(row.infra or ""), right=True, wide=True),
        Column("Last", lambda row: f"{row.streak} {jobs_command.STREAKS[row.streak_of]}"),
        Column("Takes", lambda row: "" if row.median_s is None else figures.duration(row.median_s),
               right=True),
        Column("Last pass", lambda row: figures.ago(row.last_pass_at, ctx.now), right=True),
    )  # fmt: skip
    return head(jobs_command.render(ctx, jobs), shown)


def _job(job: JobLine) -> Line:
    voting = "" if job.voting else " (non-voting)"
    return line(Span(job.job, href=web_address(job.last_url)), voting)


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


def ask_history(source: Source, asked: Asked) -> ShellAnswer:
    """A bar a day, and the incidents in them."""
    words, days = history_command.read_words(asked.words)
    path = "/cis/<name>/history"
    history = about_branch(
        words, lambda name, branch: source.ask(History, path, name=name, days=days, branch=branch)
    )
    return answered(path, history, _history)


QUESTIONS = (
    _of_ci(
        "why",
        "/cis/<name>",
        _why,
        ("cibot why netapp --json",),
        lambda detail: CODES[detail.state],
        MEANING,
    ),
    _of_ci(
        "jobs",
        "/cis/<name>/jobs",
        _jobs,
        ("cibot jobs netapp --csv", "cibot jobs netapp --branch master"),
    ),
    ShellQuestion(
        COMMANDS["history"],
        ask_history,
        "/cis/<name>/history",
        examples=("cibot history netapp 30d --csv",),
    ),
    _of_ci("missed", "/cis/<name>/missed", _missed, ("cibot missed netapp --csv",)),
    _of_ci(
        "contact",
        "/cis/<name>/contact",
        lambda _ctx, contact: of_card(contact_command.render(contact)),
    ),
    _of_ci(
        "recheck",
        "/cis/<name>/contact",
        lambda _ctx, contact: of_card(recheck_command.render(contact)),
    ),
)
