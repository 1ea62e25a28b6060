"""When each Gerrit server was last heard, and what could not be sent or read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cibot.reports.context import Context
from cibot.store.cis import server_urls
from cibot.store.digests import Undelivered, undelivered
from cibot.store.engine import Tx
from cibot.store.feeds import FeedState, feed_states
from cibot.store.set_aside import SetAside
from cibot.text import figures

_BACKFILL = "backfill"  # reads the past, so its freshness says nothing about now


@dataclass(frozen=True, slots=True)
class ServerFeeds:
    """One Gerrit server: when any of its feeds was heard, and each feed by name.

    ``stale`` says that what happens there now is not known.
    """

    server: str
    url: str
    heard_at: datetime | None
    age: timedelta | None
    stale: bool
    feeds: tuple[FeedState, ...]


def feeds(tx: Tx, ctx: Context) -> tuple[ServerFeeds, ...]:
    """Every server with its feeds, by name."""
    states = feed_states(tx)
    servers = [
        _server(ctx, name, url, [state for state in states if state.server_id == server_id])
        for server_id, (name, url) in server_urls(tx).items()
    ]
    return tuple(sorted(servers, key=lambda server: server.server))


def stale_feeds(tx: Tx, ctx: Context) -> tuple[ServerFeeds, ...]:
    """The servers that were not heard lately: with one of them, silence proves nothing."""
    return tuple(feed for feed in feeds(tx, ctx) if feed.stale)


def _server(ctx: Context, name: str, url: str, states: list[FeedState]) -> ServerFeeds:
    live = [
        state.heard_at
        for state in states
        if not state.name.startswith(_BACKFILL) and state.heard_at
    ]
    heard_at = max(live, default=None)
    age = ctx.now - heard_at if heard_at else None
    stale = age is None or age > ctx.config.judgement.feed_stale
    return ServerFeeds(name, url, heard_at, age, stale, tuple(states))


_NAME = 80
_ERROR = 160  # characters of what went wrong


def undelivered_words(tx: Tx) -> dict[str, str]:
    """A sentence by network, for those with messages that failed and are not out."""
    return {row.network: _words(row) for row in undelivered(tx)}


def aside_words(row: SetAside) -> str:
    """What was set aside, and why."""
    return f"{row.kind} {figures.cut(row.name, _NAME)}: {figures.cut(row.reason, _ERROR)}"


def _words(row: Undelivered) -> str:
    counts = []
    if row.waiting:
        counts.append(f"{figures.plural(row.waiting, 'message')} wait{'s' * (row.waiting == 1)}")
    if row.dead:
        counts.append(f"{figures.plural(row.dead, 'message')} given up")
    return f"{', '.join(counts)}: {figures.cut(row.error, _ERROR)}"
