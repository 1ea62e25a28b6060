"""Changes through the API, for tokens with the right role: the same actions as in chat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from cibot.actions.acknowledging import LONGEST_NOTE, take
from cibot.actions.leaving import exclude, retire, unretire
from cibot.actions.roles import Actor
from cibot.actions.silencing import LONGEST, SHORTEST, end_silence_by_id, put_silence
from cibot.model import Silence
from cibot.reports.context import Context
from cibot.reports.incidents import IncidentLine
from cibot.store.engine import Tx
from cibot.web.api.incidents import OneIncident, OneSilence
from cibot.web.api.question import Nothing, OneCi, Params, Write

# One line with a word in it: no control characters, which are no text.
_LINE = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"


def _whole(value: Any) -> Any:
    """JSON knows one kind of number: 60.0 is 60."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Note(Params):
    """The note of an acknowledgement."""

    note: Annotated[
        Annotated[str, Field(max_length=LONGEST_NOTE, pattern=_LINE)] | None,
        Field(description="What others should know, one line."),
    ] = None


class NewSilence(Params):
    """Whom to mute, for how long and why."""

    ci: Annotated[
        str,
        Field(
            max_length=100,
            pattern=_LINE,
            description="A CI's name, a part of it that fits one CI, or a pattern with `*`"
            " (for admins).",
        ),
    ]
    length_s: Annotated[
        int,
        Field(ge=int(SHORTEST.total_seconds()), le=int(LONGEST.total_seconds())),
        BeforeValidator(_whole),
        Field(description="For how many seconds from now."),
    ]
    reason: Annotated[
        str,
        Field(max_length=500, pattern=_LINE, description="Why, so that others need not ask."),
    ]


@dataclass(frozen=True, slots=True)
class Done:
    """The CI that it was done to, by its full name."""

    ci: str


def _silence(tx: Tx, ctx: Context, actor: Actor, _asked: Nothing, body: NewSilence) -> Silence:
    length = timedelta(seconds=body.length_s)
    return put_silence(tx, ctx, actor, body.ci, length, body.reason)


def _leaving(
    action: Callable[[Tx, Context, Actor, str], str],
) -> Callable[[Tx, Context, Actor, OneCi, Nothing], Done]:
    return lambda tx, ctx, actor, params, _body: Done(action(tx, ctx, actor, params.name))


WRITES: tuple[Write[Any, Any], ...] = (
    Write("acknowledge", "POST", "/incidents/<id>/acknowledge", "Incidents",
          "Say that you look at an incident; the channels that got its alert get a message",
          OneIncident, Note, IncidentLine, "ack",
          lambda tx, ctx, actor, asked, body: take(tx, ctx, actor, asked.id, body.note)),
    Write("make_silence", "POST", "/silences", "Silences", "Mute the alerts of a CI for a while",
          Nothing, NewSilence, Silence, "silence", _silence,
          lambda made: f"/silences/{made.id}"),
    Write("end_silence", "DELETE", "/silences/<id>", "Silences",
          "End a silence before its time; it stays in the list, with who ended it",
          OneSilence, Nothing, Silence, "unsilence",
          lambda tx, ctx, actor, asked, _: end_silence_by_id(tx, ctx, actor, asked.id)),
    Write("retire", "POST", "/cis/<name>/retire", "CIs",
          "Stop judging, listing and reporting a CI that is gone; its history stays",
          OneCi, Nothing, Done, "retire", _leaving(retire)),
    Write("unretire", "POST", "/cis/<name>/unretire", "CIs", "Judge a retired CI again",
          OneCi, Nothing, Done, "unretire", _leaving(unretire)),
    Write("exclude", "POST", "/cis/<name>/exclude", "CIs",
          "Delete a CI that was found by mistake, with all its reports and incidents",
          OneCi, Nothing, Done, "exclude", _leaving(exclude)),
)  # fmt: skip
