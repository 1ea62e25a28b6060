"""What concerns the whole: summary, what nobody understood, feeds, version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from cibot import __version__
from cibot.reports.feeds import ServerFeeds, feeds
from cibot.reports.summary import Span, Summary, summary
from cibot.reports.unparsed import unparsed
from cibot.store.comments import UnparsedComment
from cibot.store.set_aside import SetAside, set_aside
from cibot.web.api.params import CiName, Day, Format, Nothing
from cibot.web.api.question import Endpoint, Params
from cibot.web.api.tables import columns
from cibot.web.asking import Asking

_COMMENTS_EACH = 300  # of a CI that are looked at: enough to see what is frequent, and quick
_LONGEST_EXAMPLE = 4_000  # characters


@dataclass(frozen=True, slots=True)
class FeedList:
    """Every Gerrit server and how fresh what we know of it is; what raised and was set aside."""

    items: tuple[ServerFeeds, ...]
    set_aside: tuple[SetAside, ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """Which cibot answers."""

    version: str


@dataclass(frozen=True, slots=True)
class ShapeExample:
    """The newest comment of a shape; of a long ``text`` its beginning."""

    number: int
    patch_set: int | None
    posted_at: datetime
    tag: str | None
    account: str | None
    text: str


@dataclass(frozen=True, slots=True)
class ShapeItem:
    """Comments of one template: the ``shape`` is what they share, "" without any words."""

    shape: str
    count: int
    cis: tuple[str, ...]
    example: ShapeExample


@dataclass(frozen=True, slots=True)
class ShapeList:
    """Shapes, most frequent first. ``partly`` names CIs of which only the newest were read."""

    items: tuple[ShapeItem, ...]
    since: datetime
    comments: int
    shapes: int
    partly: tuple[str, ...]


class SummaryParams(Params):
    """Which day."""

    day: Annotated[
        Span | Day,
        Field(
            description="`day` is the last 24 hours; the others are days in UTC, one of them by"
            " its date, as 2026-11-23."
        ),
    ] = "day"


class UnparsedParams(Params):
    """What nobody understood: since when, and of whom."""

    days: Annotated[int, Field(ge=1, le=28, description="How far to look back.")] = 7
    ci: CiName | None = None
    limit: Annotated[int, Field(ge=1, le=500, description="The most frequent so many.")] = 100
    format: Format = None


def day_summary(asking: Asking, params: SummaryParams) -> Summary:
    """A day at a glance."""
    return asking.ask(lambda tx, ctx: summary(tx, ctx, params.day))


def unparsed_shapes(asking: Asking, params: UnparsedParams) -> ShapeList:
    """What CIs wrote and nobody understood, by shape."""
    length = timedelta(days=params.days)
    found = asking.ask(
        lambda tx, ctx: unparsed(tx, ctx.now - length, params.ci, each=_COMMENTS_EACH)
    )
    items = tuple(
        ShapeItem(shape.shape, shape.count, tuple(sorted(shape.cis)), _example(shape.example))
        for shape in found.shapes[: params.limit]
    )
    return ShapeList(items, found.since, found.total, len(found.shapes), found.partly)


def _example(one: UnparsedComment) -> ShapeExample:
    return ShapeExample(
        one.number,
        one.patch_set,
        one.posted_at,
        one.tag,
        one.username or one.name,
        one.text[:_LONGEST_EXAMPLE],
    )


def feed_list(asking: Asking, _params: Nothing) -> FeedList:
    """Each server's feeds, and what was set aside."""
    return asking.ask(lambda tx, ctx: FeedList(feeds(tx, ctx), set_aside(tx, ctx.now)))


def version(_asking: Asking, _params: Nothing) -> Version:
    """Our version."""
    return Version(__version__)


_TABLE = columns(
    "items", "count", "shape", "cis", "example.number", "example.patch_set", "example.posted_at"
)
ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/summary", "Summary", "A day at a glance", SummaryParams, Summary, day_summary),
    Endpoint(
        "/unparsed",
        "Operation",
        "What CIs wrote and nobody understood, by shape",
        UnparsedParams,
        ShapeList,
        unparsed_shapes,
        _TABLE,
    ),
    Endpoint("/feeds", "Operation", "How fresh what we know is", Nothing, FeedList, feed_list),
    Endpoint("/version", "Operation", "Which cibot answers", Nothing, Version, version),
)
