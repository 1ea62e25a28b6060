"""``summary``, ``report``, ``incidents``, ``silences``, ``feeds``, and what changes something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from cibot.actions.silencing import is_pattern
from cibot.chat.commands import COMMANDS
from cibot.chat.commands import ack as ack_command
from cibot.chat.commands import feeds as feeds_command
from cibot.chat.commands import incidents as incidents_command
from cibot.chat.commands import report as report_command
from cibot.chat.commands import silence as silence_command
from cibot.chat.commands import silences as silences_command
from cibot.chat.commands import summary as summary_command
from cibot.chat.commands import unsilence as unsilence_command
from cibot.chat.commands import why as why_command
from cibot.cli.questions.question import CODES, Asked, ShellAnswer, ShellQuestion, answered
from cibot.cli.view import Column, View, head, of_card, table
from cibot.client.source import PAGE_SIZE, Source, silences, whole
from cibot.errors import UserError
from cibot.incidents.routing import silenced
from cibot.model import Silence, State, Window
from cibot.reports import period_wording, wording
from cibot.reports.context import Context
from cibot.reports.feeds import ServerFeeds, aside_words
from cibot.reports.incidents import (
    ENDED_WITHIN,
    IncidentLine,
    IncidentTimeline,
    TimelineStep,
)
from cibot.reports.period import CiPeriod, PeriodReport
from cibot.reports.promise import Ruling
from cibot.reports.signals import Rate
from cibot.reports.status import CiDetail
from cibot.reports.summary import Summary
from cibot.store.feeds import FeedState
from cibot.text import figures
from cibot.text.card import Line, Span, line, state_span
from cibot.text.numbers import number_in
from cibot.web.api.general import FeedList
from cibot.web.api.incidents import IncidentPage

_Feed = tuple[ServerFeeds, FeedState]


def ask_summary(source: Source, asked: Asked) -> ShellAnswer:
    """A day at a glance."""
    day, branch = summary_command.read_words(asked.words, datetime.now(UTC).date())
    answer = source.ask(Summary, "/summary", day=day, branch=branch)
    return answered(
        "/summary", answer, lambda ctx, digest: of_card(summary_command.summary_card(ctx, digest))
    )


def ask_incidents(source: Source, asked: Asked) -> ShellAnswer:
    """The open ones, with "all" those of the last seven days too; one by its number."""
    name, ended = incidents_command.read_words(asked.words)
    if (number := number_in(name)) is not None:
        return _incident(source, number)
    of_ci = {"ci": name} if name else {}
    page = whole(source, IncidentPage, "/incidents", state="open", **of_ci)
    if ended:
        page = replace(page, items=(*page.items, *_ended(source, of_ci)))
    is_open = any(incident.resolved_at is None for incident in page.items)
    return answered(
        "/incidents",
        page,
        lambda ctx, page: _view(ctx, page.items, ended=ended),
        CODES[State.FAILING] if is_open else 0,
    )


def _ended(source: Source, of_ci: Mapping[str, str]) -> list[IncidentLine]:
    """Among the newest 500."""
    incidents = source.ask(IncidentPage, "/incidents", state="all", limit=PAGE_SIZE, **of_ci).items
    since = source.context().now - ENDED_WITHIN
    return [
        incident for incident in incidents if incident.resolved_at and incident.resolved_at >= since
    ]


def _view(ctx: Context, incidents: tuple[IncidentLine, ...], *, ended: bool) -> View:
    shown = table(
        incidents,
        Column[IncidentLine]("#", lambda row: line(Span(f"#{row.id}", href=row.page)), right=True),
        Column("CI", lambda row: line(Span(row.ci, strong=True, href=ctx.page("ci", row.ci)))),
        Column("Kind", lambda row: row.kind),
        Column("Since", lambda row: _since(ctx, row)),
        Column("Is", lambda row: incidents_command.state(ctx, row), loose=True),
        Column("Seen", lambda row: wording.seen_sentence(ctx, row.seen), wide=True, loose=True),
    )
    return head(incidents_command.render(ctx, incidents, ended=ended), shown)


def _since(ctx: Context, incident: IncidentLine) -> str:
    return figures.clock(incident.began, ctx.now, ctx.zone) if incident.began else "pending"


def _incident(source: Source, number: int) -> ShellAnswer:
    path = "/incidents/<id>"
    timeline = source.ask(IncidentTimeline, path, id=number)
    is_open = timeline.incident.resolved_at is None
    return answered(path, timeline, _timeline, CODES[State.FAILING] if is_open else 0)


def _timeline(ctx: Context, timeline: IncidentTimeline) -> View:
    incident = timeline.incident
    lines = [
        line(*wording.incident_head(ctx, incident), f": {incidents_command.state(ctx, incident)}")
    ]
    seen = wording.seen_sentence(ctx, incident.seen) + wording.first_bad(ctx, (incident,))
    lines += [seen] if seen else []
    lines += [why_command.began(ctx, timeline.onset)] if timeline.onset else []
    steps = table(
        timeline.steps,
        Column[TimelineStep]("When (UTC)", lambda step: f"{step.at:%a %d %b %H:%M}"),
        Column("Step", lambda step: step.name),
        Column("Why", lambda step: wording.step(ctx, step), loose=True),
    )
    return View((*lines, *([steps] if steps.rows else ())), incident.page)


@dataclass(frozen=True, slots=True)
class Silences:
    """The active silences, ordered by end time."""

    items: tuple[Silence, ...]


def ask_silences(source: Source, _asked: Asked) -> ShellAnswer:
    """Which alerts are muted."""
    return answered("/silences", Silences(silences(source)), _silences)


def _silences(ctx: Context, listed: Silences) -> View:
    if not listed.items:
        return of_card(silences_command.render(ctx, ()))
    shown = table(
        listed.items,
        Column[Silence]("#", lambda row: f"#{row.id}", right=True),
        Column("CI", lambda row: line(Span(row.ci, strong=True)), loose=True),
        Column("Until (UTC)", lambda row: f"{row.until:%a %d %b %H:%M}"),
        Column("Left", lambda row: figures.span(row.until - ctx.now), right=True),
        Column("By", lambda row: row.by),
        Column("Why", lambda row: row.reason, loose=True),
    )
    return View((shown,))


def ask_feeds(source: Source, _asked: Asked) -> ShellAnswer:
    """When each Gerrit was heard."""
    answer = source.ask(FeedList, "/feeds")
    code = CODES[State.UNKNOWN] if any(feeds.stale for feeds in answer.items) else 0
    return answered("/feeds", answer, _feeds, code)


def _feeds(ctx: Context, answer: FeedList) -> View:
    if not answer.items:
        return View((line("No Gerrit has been read yet."),))
    stale = tuple(feeds for feeds in answer.items if feeds.stale)
    aside = [line(f"Set aside: {aside_words(row)}") for row in answer.set_aside]
    shown = table(
        [(server, feed) for server in answer.items for feed in server.feeds],
        Column[_Feed]("Server", lambda row: line(Span(row[0].server, href=row[0].url))),
        Column("Feed", lambda row: feeds_command.name_of(row[1])),
        Column("Heard", lambda row: figures.ago(row[1].heard_at, ctx.now)),
        Column("Refused", lambda row: str(row[1].rejected or ""), right=True),
        Column("Failed", lambda row: _failed(ctx, row[1]), loose=True),
    )
    return View((shown, *wording.stale_lines(ctx, stale), *aside))


def _failed(ctx: Context, feed: FeedState) -> str:
    if not feed.error or not feed.failed_at:
        return ""
    return f"{figures.ago(feed.failed_at, ctx.now)}: {figures.cut(feed.error, 200)}"


def ask_report(source: Source, asked: Asked) -> ShellAnswer:
    """Which CIs kept the project's rules, worst first, with the figures."""
    wanted = report_command.read_words(asked.words, datetime.now(UTC).date())
    path = "/report"
    days: dict[str, object] = {"from": wanted.since, "to": wanted.until, "days": wanted.days}
    report = source.ask(PeriodReport, path, project=wanted.project, branch=wanted.branch, **days)
    code = CODES[State.FAILING] if report.totals[Ruling.NOT_MET] else 0
    return answered(path, report, _report, code)


def _report(ctx: Context, report: PeriodReport) -> View:
    card = report_command.render(ctx, report)
    own = period_wording.rules_of(report)
    rules = [line(f"Rule {rule.number}: {period_wording.rule(rule)}") for rule in own]
    shown = table(
        report.cis,
        Column[CiPeriod]("Rules", _ruling),
        Column("CI", lambda row: line(Span(row.name, href=row.page, strong=True)), loose=True),
        Column("Due", lambda row: figures.number(row.now.due), right=True),
        Column("In time", lambda row: _share(row.now.in_time), right=True),
        Column("Before", lambda row: _share(row.before.in_time), right=True),
        Column("p50", lambda row: _length(row.now.p50), right=True),
        Column("p95", lambda row: _length(row.now.p95), right=True),
        Column("Right", lambda row: _share(row.now.right), right=True),
        Column("False", lambda row: figures.number(row.now.false_failures), right=True, wide=True),
        Column("Failing", lambda row: _days(row.now.failing), right=True),
        Column("Silent", lambda row: _days(row.now.silent), right=True),
        Column("Longest", lambda row: _outage(row.now.longest_outage), right=True, wide=True),
        Column("Incidents", lambda row: str(row.now.incidents or ""), right=True, wide=True),
        Column("Acknowledged", lambda row: period_wording.acknowledged(row.now), wide=True),
        Column("Why", lambda row: "; ".join(period_wording.reasons(row, report.rules)), loose=True),
    )
    return View((card.lines[0], *rules, *([shown] if shown.rows else [])), card.link)


def _ruling(ci: CiPeriod) -> Line | str:
    if ci.kept is None:
        return "reference" if ci.is_reference else ""
    return line(state_span(period_wording.STATES[ci.kept], period_wording.KEPT[ci.kept]))


def _share(rate: Rate | None) -> str:
    return figures.rate(rate.share, rate) if rate else ""


def _length(length: timedelta | None) -> str:
    return "" if length is None else figures.duration(length.total_seconds())


def _days(length: timedelta) -> str:
    return period_wording.span(length) if length else ""


def _outage(window: Window | None) -> str:
    return _days(window.until - window.since) if window else ""


def ask_ack(source: Source, asked: Asked) -> ShellAnswer:
    """Says that somebody looks at an incident."""
    which, note = ack_command.read_words(asked.words)
    number = _open_incident(source, which) if isinstance(which, str) else which
    incident = source.change(IncidentLine, "acknowledge", id=number, note=note or None)
    return ShellAnswer(incident, lambda ctx: of_card(ack_command.render(ctx, incident)))


def _open_incident(source: Source, name: str) -> int:
    """The number of a CI's open incident; UserError when none is open."""
    page = source.ask(IncidentPage, "/incidents", ci=name, state="open", limit=1)
    if not page.items:
        raise UserError(f"No incident of {name} is open.")
    return page.items[0].id


def ask_silence(source: Source, asked: Asked) -> ShellAnswer:
    """Mutes a CI's alerts for a while."""
    ci, length, reason = silence_command.read_words(asked.words)
    seconds = int(length.total_seconds())
    made = source.change(Silence, "make_silence", ci=ci, length_s=seconds, reason=reason)
    return ShellAnswer(made, lambda ctx: of_card(silence_command.render(ctx, made)))


def ask_unsilence(source: Source, asked: Asked) -> ShellAnswer:
    """Ends silences before their time."""
    number = number_in(asked.text)
    if number is None:
        name = asked.text
        if not is_pattern(name):
            name = source.ask(CiDetail, "/cis/<name>", name=name).name
        mine = [each.id for each in silences(source) if each.ci.casefold() == name.casefold()]
        ended = [source.change(Silence, "end_silence", id=each) for each in mine]
    else:
        ended = [source.change(Silence, "end_silence", id=number)]
        name = ended[0].ci
    other = silenced(silences(source), name, source.context().now)
    return ShellAnswer(
        Silences(tuple(ended)),
        lambda _ctx: of_card(unsilence_command.render(name, ended, other)),
    )


QUESTIONS = (
    ShellQuestion(COMMANDS["summary"], ask_summary, "/summary"),
    ShellQuestion(
        COMMANDS["incidents"],
        ask_incidents,
        "/incidents",
        examples=("cibot incidents netapp", "cibot incidents 1"),
        codes=f"{CODES[State.FAILING]} while one is open, else 0",
    ),
    ShellQuestion(COMMANDS["silences"], ask_silences, "/silences"),
    ShellQuestion(
        COMMANDS["feeds"],
        ask_feeds,
        "/feeds",
        codes=f"{CODES[State.UNKNOWN]} when one is stale, else 0",
    ),
    ShellQuestion(
        COMMANDS["report"],
        ask_report,
        "/report",
        examples=("cibot report cinder 2026-09-01 2026-12-01", "cibot report cinder --csv"),
        codes=f"{CODES[State.FAILING]} where a CI did not meet a rule",
    ),
    ShellQuestion(COMMANDS["ack"], ask_ack),
    ShellQuestion(COMMANDS["silence"], ask_silence),
    ShellQuestion(COMMANDS["unsilence"], ask_unsilence),
)
