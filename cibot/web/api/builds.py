"""``/cis/<name>/builds``: what ran, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from cibot.model import Result
from cibot.reports.builds import BuildKey, BuildLine, builds
from cibot.web.api.encode import moment
from cibot.web.api.paging import Page, read_report_key, write_cursor
from cibot.web.api.params import Format, OneCi, Paged
from cibot.web.api.question import Endpoint
from cibot.web.api.tables import columns
from cibot.web.asking import Asking


@dataclass(frozen=True, slots=True)
class BuildPage(Page[BuildLine]):
    """Builds, newest first. A page may hold fewer than ``limit``, or none, and have a next."""

    items: tuple[BuildLine, ...]


class BuildParams(OneCi, Paged):
    """Which builds of which CI."""

    job: Annotated[
        Annotated[str, Field(max_length=255)] | None,
        Field(description="The job's whole name."),
    ] = None
    result: Result | None = None
    format: Format = None


def ci_builds(asking: Asking, params: BuildParams) -> BuildPage:
    """A page of builds."""
    after = _key(params.after) if params.after else None
    found = asking.ask(
        lambda tx, _ctx: builds(
            tx, params.name, job=params.job, result=params.result, after=after, limit=params.limit
        )
    )
    last = found.last
    following = write_cursor((moment(last[0]), *last[1:])) if last else None
    return BuildPage(items=found.builds, next=following)


def _key(after: str) -> BuildKey:
    posted_at, change_id, seq, place = read_report_key(after, 4)
    return posted_at, change_id, seq, place


_TABLE = columns(
    "items", "posted_at", "job", "word", "result", "voting", "duration_s", "project", "number",
    "patch_set", "pipeline", "url", "page",
)  # fmt: skip
ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/cis/<name>/builds", "CIs", "What a CI ran, newest first", BuildParams, BuildPage,
             ci_builds, _TABLE),
)  # fmt: skip
