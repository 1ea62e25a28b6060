"""``/metrics``: figures for Prometheus, in its text format; no more series than CIs allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from flask import Blueprint, Response

from cibot import __version__
from cibot.errors import CibotError
from cibot.model import State
from cibot.reports.context import Context
from cibot.reports.feeds import ServerFeeds, feeds
from cibot.reports.listing import CiLine, all_lines
from cibot.store.engine import Tx
from cibot.store.outbox import depth
from cibot.web.asking import Asking
from cibot.web.problems import problem_of

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MOST_CIS = 500
"""Beyond so many CIs the best ones get no series of their own; they are only counted."""

_INCIDENTS = ("pending", "firing", "acknowledged", "recovering")
_OUTBOX = ("pending", "sending", "dead")
Sample = tuple[Mapping[str, str], float]


def metrics_blueprint(asking: Asking) -> Blueprint:
    """``/metrics``, asked of the store anew each time."""
    blueprint = Blueprint("metrics", __name__)

    @blueprint.get("/metrics")
    def metrics() -> Response:
        body = asking.ask(lambda tx, ctx: "".join(_families(tx, ctx)))
        return Response(body, content_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})

    blueprint.register_error_handler(CibotError, problem_of)
    return blueprint


def _families(tx: Tx, ctx: Context) -> Iterator[str]:
    lines = all_lines(tx, ctx)
    counts = Counter(one.state for one in lines)
    incidents = Counter(each.state for one in lines for each in one.incidents)
    waiting = depth(tx)
    yield _family("cibot_info", "Which cibot this is.", [({"version": __version__}, 1)])
    yield _family(
        "cibot_cis",
        "CIs in each state.",
        [({"state": state.value}, counts[state]) for state in State],
    )
    yield from _of_cis(lines[:MOST_CIS])
    yield _family(
        "cibot_open_incidents",
        "Open incidents by where they stand.",
        [({"state": state}, incidents[state]) for state in _INCIDENTS],
    )
    yield from _of_feeds(feeds(tx, ctx))
    yield _family(
        "cibot_outbox_messages",
        "Messages that are not sent, by what they wait for.",
        [({"state": state}, waiting.get(state, 0)) for state in _OUTBOX],
    )


def _of_cis(lines: Iterable[CiLine]) -> Iterator[str]:
    lines = list(lines)
    yield _family(
        "cibot_ci_state",
        "1 for the state that the CI is in, 0 for the others.",
        [
            ({"ci": one.name, "state": state.value}, float(one.state is state))
            for one in lines
            for state in State
        ],
    )
    yield _family(
        "cibot_ci_signal",
        "The figure of each signal: a share of 0 to 1 for rates.",
        [
            ({"ci": one.name, "signal": each.name}, each.figure)
            for one in lines
            for each in one.signals
            if each.figure is not None
        ],
    )
    yield _family(
        "cibot_ci_signal_results",
        "How many results each signal's figure rests on.",
        [({"ci": one.name, "signal": each.name}, each.n) for one in lines for each in one.signals],
    )
    yield _family(
        "cibot_ci_last_heard_timestamp_seconds",
        "When the CI last wrote anything.",
        [({"ci": one.name}, one.last_heard_at.timestamp()) for one in lines if one.last_heard_at],
    )


def _of_feeds(servers: Iterable[ServerFeeds]) -> Iterator[str]:
    servers = list(servers)
    yield _family(
        "cibot_feed_age_seconds",
        "How long ago a Gerrit server was last heard over any live feed.",
        [({"server": one.server}, one.age.total_seconds()) for one in servers if one.age],
    )
    yield _family(
        "cibot_feed_stale",
        "1 where a server was not heard lately, so that nothing there can be judged.",
        [({"server": one.server}, float(one.stale)) for one in servers],
    )
    yield _family(
        "cibot_feed_rejected_events_total",
        "Events that could not be read.",
        [
            ({"server": one.server, "feed": feed.name}, feed.rejected)
            for one in servers
            for feed in one.feeds
            if not feed.name.startswith("backfill")
        ],
        kind="counter",
    )


def _family(name: str, says: str, samples: Iterable[Sample], kind: str = "gauge") -> str:
    lines = [f"# HELP {name} {says}", f"# TYPE {name} {kind}"]
    for labels, value in samples:
        written = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        lines.append(f"{name}{{{written}}} {value:.10g}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    safe = text.encode("utf-8", "replace").decode()
    return safe.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
