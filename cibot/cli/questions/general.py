"""``summary``, ``incidents``, ``silences``, ``feeds``: what concerns all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cibot.chat.commands import COMMANDS
from cibot.chat.commands import incidents as incidents_command
from cibot.chat.commands import silences as silences_command
from cibot.chat.commands import summary as summary_command
from cibot.chat.commands import why as why_command
from cibot.cli.exits import CODES
from cibot.cli.questions.question import Asked, ShellAnswer, ShellQuestion, sheet
from cibot.cli.view import Column, View, head, of_card, table
from cibot.client.shaped import silences
from cibot.client.source import PAGE_SIZE, Source, whole
from cibot.model import State
from cibot.reports import wording
from cibot.reports.context import Context
from cibot.reports.feeds import ServerFeeds
from cibot.reports.incidents import ENDED_WITHIN, IncidentLine, TimelineStep
from cibot.reports.silences import Muted
from cibot.reports.summary import Summary
from cibot.reports.undelivered import aside_words
from cibot.store.feeds import FeedState
from cibot.text import figures
from cibot.text.card import Line, Span, line
from cibot.web.api.general import FeedList
from cibot.web.api.incidents import IncidentPage, IncidentTimeline

_Feed = tuple[ServerFeeds, FeedState]


def ask_summary(source: Source, asked: Asked) -> ShellAnswer:
    """A day at a glance."""
    found = source.ask(Summary, "/summary", day=asked.text.casefold() or None)
    return ShellAnswer(found, lambda ctx: of_card(summary_command.summary_card(ctx, found)))


def ask_incidents(source: Source, asked: Asked) -> ShellAnswer:
    """The open ones, with "all" those of the last seven days too; one by its number."""
    number = asked.text.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 10:
        return _one(source, int(number))
    ended = incidents_command.read_words(asked.words)
    page = whole(source, IncidentPage, "/incidents", state="open")
    if ended:
        page = replace(page, items=(*page.items, *_ended(source)))
    return ShellAnswer(
        page,
        lambda ctx: _view(ctx, page.items, ended=ended),
        sheet("/incidents", page),
        CODES[State.FAILING] if any(incident.resolved_at is None for incident in page.items) else 0,
    )


def _ended(source: Source) -> list[IncidentLine]:
    """Among the newest 500."""
    found = source.ask(IncidentPage, "/incidents", state="all", limit=PAGE_SIZE).items
    since = source.context().now - ENDED_WITHIN
    return [
        incident for incident in found if incident.resolved_at and incident.resolved_at >= since
    ]


def _view(ctx: Context, found: tuple[IncidentLine, ...], *, ended: bool) -> View:
    shown = table(
        found,
        Column[IncidentLine]("#", lambda one: line(Span(f"#{one.id}", href=one.page)), right=True),
        Column("CI", lambda one: line(Span(one.ci, strong=True, href=ctx.ci_page(one.ci)))),
        Column("Kind", lambda one: one.kind),
        Column("Opened", lambda one: _opened(ctx, one)),
        Column("Is", lambda one: _state(ctx, one), loose=True),
        Column("Seen", lambda one: wording.seen_sentence(ctx, one.seen), wide=True, loose=True),
    )
    return head(incidents_command.render(ctx, found, ended=ended), shown)


def _opened(ctx: Context, one: IncidentLine) -> str:
    return figures.clock(one.opened_at, ctx.now, ctx.zone) if one.opened_at else "pending"


def _state(ctx: Context, one: IncidentLine) -> str:
    if one.resolved_at is None:
        return wording.acknowledgement(one)
    lasted = one.resolved_at - (one.opened_at or one.resolved_at)
    return f"ended {figures.ago(one.resolved_at, ctx.now)} after {figures.span(lasted)}"


def _one(source: Source, number: int) -> ShellAnswer:
    found = source.ask(IncidentTimeline, "/incidents/<id>", id=number)

    def show(ctx: Context) -> View:
        one = found.incident
        name = Span(one.ci, strong=True, href=ctx.ci_page(one.ci))
        said = f" ({one.kind}): {_state(ctx, one)}"
        lines: list[Line] = [line(Span(f"#{one.id}", href=one.page), " ", name, said)]
        said_now, first = wording.seen_sentence(ctx, one.seen), wording.first_bad(ctx, (one,))
        lines += [said_now + first] if said_now or first else []
        lines += [why_command.began(ctx, found.onset)] if found.onset else []
        steps = table(
            found.steps,
            Column[TimelineStep]("When (UTC)", lambda step: f"{step.at:%a %d %b %H:%M}"),
            Column("Step", lambda step: step.name),
            Column("Why", lambda step: wording.step(ctx, step), loose=True),
        )
        return View((*lines, *([steps] if steps.rows else ())), one.page)

    is_open = found.incident.resolved_at is None
    code = CODES[State.FAILING] if is_open else 0
    return ShellAnswer(found, show, sheet("/incidents/<id>", found), code)


@dataclass(frozen=True, slots=True)
class Silences:
    """The active silences, the one that ends first first."""

    items: tuple[Muted, ...]


def ask_silences(source: Source, _asked: Asked) -> ShellAnswer:
    """Which alerts are muted."""
    found = Silences(silences(source))
    return ShellAnswer(found, lambda ctx: _silences(ctx, found.items), sheet("/silences", found))


def _silences(ctx: Context, found: Sequence[Muted]) -> View:
    if not found:
        return of_card(silences_command.render(ctx, ()))
    shown = table(
        found,
        Column[Muted]("#", lambda one: f"#{one.id}", right=True),
        Column("CI", lambda one: line(Span(one.ci, strong=True)), loose=True),
        Column("Until (UTC)", lambda one: f"{one.until:%a %d %b %H:%M}"),
        Column("Left", lambda one: figures.span(one.until - ctx.now), right=True),
        Column("By", lambda one: one.by),
        Column("Why", lambda one: one.reason, loose=True),
    )
    return View((shown,))


def ask_feeds(source: Source, _asked: Asked) -> ShellAnswer:
    """When each Gerrit was heard."""
    found = source.ask(FeedList, "/feeds")
    code = CODES[State.UNKNOWN] if any(feeds.stale for feeds in found.items) else 0
    return ShellAnswer(
        found,
        lambda ctx: _feeds(ctx, found),
        sheet("/feeds", found),
        code,
    )


def _feeds(ctx: Context, found: FeedList) -> View:
    if not found.items:
        return View((line("No Gerrit has been read yet."),))
    stale = tuple(feeds for feeds in found.items if feeds.stale)
    aside = [line(f"Set aside: {aside_words(row)}") for row in found.set_aside]
    shown = table(
        [(server, feed) for server in found.items for feed in server.feeds],
        Column[_Feed]("Server", lambda one: line(Span(one[0].server, href=one[0].url))),
        Column("Feed", lambda one: one[1].name),
        Column("Heard", lambda one: _ago(ctx, one[1].heard_at)),
        Column("Refused", lambda one: str(one[1].rejected or ""), right=True),
        Column("Failed", lambda one: _failed(ctx, one[1]), loose=True),
    )
    return View((shown, *wording.stale_lines(ctx, stale), *aside))


def _failed(ctx: Context, feed: FeedState) -> str:
    if not feed.error or not feed.failed_at:
        return ""
    return f"{_ago(ctx, feed.failed_at)}: {figures.cut(feed.error, 200)}"


def _ago(ctx: Context, moment: datetime | None) -> str:
    return figures.ago(moment, ctx.now) if moment else "never"


QUESTIONS = (
    ShellQuestion(COMMANDS["summary"], ask_summary),
    ShellQuestion(
        COMMANDS["incidents"],
        ask_incidents,
        examples=("cibot incidents", "cibot incidents 1"),
        csv=True,
        codes=f"{CODES[State.FAILING]} while one is open, else 0",
    ),
    ShellQuestion(COMMANDS["silences"], ask_silences, csv=True),
    ShellQuestion(
        COMMANDS["feeds"],
        ask_feeds,
        csv=True,
        codes=f"{CODES[State.UNKNOWN]} when one is stale, else 0",
    ),
)
