"""What concerns the whole: summary, projects, feeds, version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from cibot import __version__
from cibot.reports.feeds import ServerFeeds, feeds
from cibot.reports.summary import Span, Summary, summary
from cibot.web.api.params import Nothing
from cibot.web.asking import Asking
from cibot.web.facts import homes_of
from cibot.web.question import Endpoint, Params


@dataclass(frozen=True, slots=True)
class ProjectItem:
    """A project and how many CIs judged there lately."""

    name: str
    cis: int


@dataclass(frozen=True, slots=True)
class ProjectList:
    """Projects that CIs judge, by name."""

    items: tuple[ProjectItem, ...]


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


def projects(asking: Asking, _params: Nothing) -> ProjectList:
    """The projects at which CIs are at home."""
    counts: dict[str, int] = {}
    for home in homes_of(asking).values():
        for name in home.projects:
            counts[name] = counts.get(name, 0) + 1
    return ProjectList(tuple(ProjectItem(name, counts[name]) for name in sorted(counts)))


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
    Endpoint("/projects", "Projects", "Projects that CIs judge", Nothing, ProjectList, projects),
    Endpoint("/summary", "Summary", "A day at a glance", SummaryParams, Summary, day_summary),
    Endpoint("/feeds", "Operation", "How fresh what we know is", Nothing, FeedList, feed_list),
    Endpoint("/version", "Operation", "Which cibot answers", Nothing, Version, version),
)
