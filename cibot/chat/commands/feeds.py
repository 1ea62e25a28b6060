"""`feeds`: how fresh the bot's data is, and whether its own connections work."""

from __future__ import annotations

from cibot.chat.command import Ask, Command
from cibot.chat.protocol import Link
from cibot.reports import wording
from cibot.reports.context import Context
from cibot.reports.feeds import ServerFeeds, aside_words, feeds, undelivered_words
from cibot.store.feeds import FeedState
from cibot.store.set_aside import SetAside, set_aside
from cibot.text import figures
from cibot.text.card import Card, Line, Span, line

_NAMED = 5  # of what is set aside


def answer(ask: Ask) -> Card:
    """A line for each Gerrit server, and one over the chat networks."""
    servers = feeds(ask.tx, ask.ctx)
    lines = [_server(ask.ctx, server) for server in servers] or [
        line("No Gerrit has been read yet.")
    ]
    links = ask.links()
    unsaid = undelivered_words(ask.tx)
    lines += [_link(ask.ctx, name, link, unsaid.get(name)) for name, link in sorted(links.items())]
    lines += [_aside(ask.ctx, row) for row in set_aside(ask.tx, ask.ctx.now)[:_NAMED]]
    return Card(tuple(lines), long=len(lines) > 4)


def _aside(ctx: Context, row: SetAside) -> Line:
    since = figures.since(row.since, ctx.now, ctx.zone)
    return line(Span("set aside", strong=True), f" {since}: {aside_words(row)}")


def _server(ctx: Context, server: ServerFeeds) -> Line:
    at = server.heard_at
    heard = f"heard {figures.ago(at, ctx.now)}" if at else wording.unheard(server)
    said = "; ".join(_feed(ctx, feed) for feed in server.feeds)
    stale = "stale, " if server.stale else ""
    return line(Span(server.server, strong=True), f": {stale}{heard}{f' ({said})' if said else ''}")


def _feed(ctx: Context, feed: FeedState) -> str:
    heard = figures.ago(feed.heard_at, ctx.now)
    failed = ""
    if feed.error and feed.failed_at:
        failed = f", failed {figures.ago(feed.failed_at, ctx.now)}: {figures.cut(feed.error, 100)}"
    refused = f", {figures.plural(feed.rejected, 'event')} refused" if feed.rejected else ""
    return f"{name_of(feed)} {heard}{failed}{refused}"


def name_of(feed: FeedState) -> str:
    """As "poll" or "backfill since 2026-10-31": how a feed is stored says more than people need."""
    kind, colon, rest = feed.name.partition(":")
    return figures.cut(f"{kind} since {rest.partition(':')[0]}" if colon else kind, 40)


def _link(ctx: Context, name: str, link: Link, unsaid: str | None) -> Line:
    how = "connected" if link.up else "not connected"
    since = f" {figures.since(link.since, ctx.now, ctx.zone)}" if link.since else ""
    detail = f": {figures.cut(link.detail, 100)}" if link.detail else ""
    rest = f"; {unsaid}" if unsaid else ""
    return line(Span(name, strong=True), f": {how}{since}{detail}{rest}")


COMMAND = Command(
    usage="feeds",
    does="when each Gerrit was last heard, how the chat networks are connected, what was set aside",
    example="feeds",
    answer=answer,
    aliases=("feed", "links"),
)
