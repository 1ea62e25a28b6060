"""``/silences``: which alerts are muted, by whom, until when and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from cibot.reports.context import Context
from cibot.reports.silences import Muted, past_silences, silence
from cibot.store.engine import Tx
from cibot.web.api.paging import Page, read_number, write_cursor
from cibot.web.api.params import Format, Number, Paged
from cibot.web.api.question import Endpoint, Params
from cibot.web.api.tables import columns
from cibot.web.asking import Asking


@dataclass(frozen=True, slots=True)
class SilencePage(Page[Muted]):
    """Silences, newest first."""

    items: tuple[Muted, ...]


class SilenceListParams(Paged):
    """Which silences."""

    state: Annotated[
        Literal["active", "all"], Field(description="`active` mute something now.")
    ] = "active"
    format: Format = None


class OneSilence(Params):
    """Which silence."""

    id: Annotated[Number, Field(description="The silence's number, as in #7.")]


def list_silences(asking: Asking, params: SilenceListParams) -> SilencePage:
    """A page of silences."""
    before = read_number(params.after) if params.after else None

    def question(tx: Tx, ctx: Context) -> SilencePage:
        active = ctx.now if params.state == "active" else None
        found = past_silences(tx, before=before, active_at=active, limit=params.limit + 1)
        chosen = found[: params.limit]
        following = write_cursor((chosen[-1].id,)) if len(found) > params.limit else None
        return SilencePage(items=chosen, next=following)

    return asking.ask(question)


def one_silence(asking: Asking, params: OneSilence) -> Muted:
    """One silence, over or not."""
    return asking.ask(lambda tx, _ctx: silence(tx, params.id))


_TABLE = columns(
    "items", "id", "ci", "since", "until", "by", "reason", "ended_at", "ended_by"
)  # fmt: skip
ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint("/silences", "Silences", "Which alerts are muted, by whom and why", SilenceListParams,
             SilencePage, list_silences, _TABLE),
    Endpoint("/silences/<id>", "Silences", "One silence, over or not", OneSilence, Muted,
             one_silence),
)  # fmt: skip
