"""``report``: what the CIs of a project promised and did in a period."""

from __future__ import annotations

from datetime import timedelta

import click

from cibot.chat.commands import COMMANDS
from cibot.chat.commands import report as report_command
from cibot.cli.exits import CODES
from cibot.cli.questions.question import Asked, ShellAnswer, ShellQuestion, sheet
from cibot.cli.view import Column, View, table
from cibot.client.source import Source
from cibot.model import State, Window
from cibot.reports import period_wording, wording
from cibot.reports.context import Context
from cibot.reports.period import CiPeriod, PeriodReport
from cibot.reports.promise import Ruling
from cibot.reports.signals import Rate
from cibot.text import figures
from cibot.text.card import Line, Span, line, state_span


def ask_report(source: Source, asked: Asked) -> ShellAnswer:
    """Who kept the project's rules, worst first, with the figures."""
    wanted = report_command.read_words(asked.words)
    path = "/report"
    days: dict[str, object] = {"from": wanted.since, "to": wanted.until, "days": wanted.days}
    branch = asked.options.get("branch") or wanted.branch
    found = source.ask(PeriodReport, path, project=wanted.project, branch=branch, **days)
    code = CODES[State.FAILING] if found.totals[Ruling.NOT_MET] else 0
    return ShellAnswer(found, lambda ctx: _view(ctx, found), sheet(path, found), code)


def _view(ctx: Context, found: PeriodReport) -> View:
    card = report_command.render(ctx, found)
    rules = [line(f"Rule {rule.number}: {period_wording.rule(rule)}") for rule in found.rules]
    shown = table(
        found.cis,
        Column[CiPeriod]("Rules", _kept),
        Column("CI", lambda one: line(Span(one.name, href=one.page, strong=True)), loose=True),
        Column("Due", lambda one: figures.number(one.now.due), right=True),
        Column("In time", lambda one: _share(one.now.in_time), right=True),
        Column("Before", lambda one: _share(one.before.in_time), right=True),
        Column("p50", lambda one: _length(one.now.p50), right=True),
        Column("p95", lambda one: _length(one.now.p95), right=True),
        Column("Right", lambda one: _share(one.now.right), right=True),
        Column("False", lambda one: figures.number(one.now.false_failures), right=True, wide=True),
        Column("Failing", lambda one: _days(one.now.failing), right=True),
        Column("Silent", lambda one: _days(one.now.silent), right=True),
        Column("Longest", lambda one: _outage(one.now.longest_outage), right=True, wide=True),
        Column("Incidents", lambda one: str(one.now.incidents or ""), right=True, wide=True),
        Column("Why", lambda one: "; ".join(period_wording.reasons(one, found.rules)), loose=True),
    )
    return View((card.lines[0], *rules, *([shown] if shown.rows else [])), card.link)


def _kept(one: CiPeriod) -> Line | str:
    if one.kept is None:
        return "reference" if one.is_reference else ""
    return line(state_span(period_wording.STATES[one.kept], period_wording.KEPT[one.kept]))


def _share(rate: Rate | None) -> str:
    return wording.rate(rate) if rate else ""


def _length(length: timedelta | None) -> str:
    return "" if length is None else figures.duration(length.total_seconds())


def _days(length: timedelta) -> str:
    return period_wording.span(length) if length else ""


def _outage(window: Window | None) -> str:
    return _days(window.until - window.since) if window else ""


QUESTIONS = (
    ShellQuestion(
        COMMANDS["report"],
        ask_report,
        (click.Option(["--branch"], metavar="PATTERN", help="Only these branches."),),
        examples=("cibot report cinder 2026-09-01 2026-12-01", "cibot report cinder --csv"),
        csv=True,
        codes=f"{CODES[State.FAILING]} where a CI did not meet a rule",
        completes="project",
    ),
)
