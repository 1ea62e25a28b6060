"""What concerns the whole: summary, feeds, version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from cibot import __version__
from cibot.reports.feeds import ServerFeeds, feeds
from cibot.reports.summary import Span, Summary, summary
from cibot.web.api.params import Nothing
from cibot.web.asking import Asking
from cibot.web.question import Endpoint, Params


@dataclass(frozen=True, slots=True)
class FeedList:
    """Every Gerrit server and how fresh what we know of it is."""

    items: tuple[ServerFeeds, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """Which cibot answers."""

    version: str


class SummaryParams(Params):
    """Which day."""

    day: Annotated[
        Span, Field(description="`day` is the last 24 hours; the others are days in UTC.")
    ] = "day"


def day_summary(asking: Asking, params: SummaryParams) -> Summary:
    """A day at a glance."""
    return asking.ask(lambda tx, ctx: summary(tx, ctx, params.day))


def feed_list(asking: Asking, _params: Nothing) -> FeedList:
    """Each server's feeds."""
    return FeedList(asking.ask(feeds))


def version(_asking: Asking, _params: Nothing) -> Version:
    """Our version."""
    return Version(__version__)


ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/summary", "Summary", "A day at a glance", SummaryParams, Summary, day_summary),
    Endpoint("/feeds", "Operation", "How fresh what we know is", Nothing, FeedList, feed_list),
    Endpoint("/version", "Operation", "Which cibot answers", Nothing, Version, version),
)
