"""``/changes/<number>``: what each CI says of a patch set."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cibot.reports.change import ChangeReport, change
from cibot.reports.change_address import ChangeWanted
from cibot.web.api.params import Format, Number
from cibot.web.api.question import Endpoint, Params
from cibot.web.api.tables import columns
from cibot.web.asking import Asking


class ChangeParams(Params):
    """Which patch set of which change."""

    number: Annotated[Number, Field(description="The change's number in Gerrit.")]
    patch_set: Annotated[
        Annotated[int, Field(ge=1, le=99_999)] | None, Field(description="Default: the last one.")
    ] = None
    server: Annotated[
        str | None,
        Field(max_length=64, description="The Gerrit server, where several have that number."),
    ] = None
    project: Annotated[
        str | None,
        Field(max_length=255, description="Its project, where several have that number."),
    ] = None
    format: Format = None

    @property
    def wanted(self) -> ChangeWanted:
        """The change as the query layer takes it."""
        return ChangeWanted(self.number, self.patch_set, self.project)


_TABLE = columns(
    "verdicts", "ci.name", "ci.state", "pipeline", "result", "posted_at", "running", "builds"
)


def one_change(asking: Asking, params: ChangeParams) -> ChangeReport:
    """The verdicts on one patch set."""
    return asking.ask(lambda tx, ctx: change(tx, ctx, params.wanted, params.server))


ENDPOINTS = (
    Endpoint(
        "/changes/<number>",
        "Changes",
        "What each CI says of a patch set",
        ChangeParams,
        ChangeReport,
        one_change,
        _TABLE,
    ),
)
