"""``/metrics``: figures for Prometheus, in its text format; as many series as CIs and routes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from flask import Blueprint, Response

from cibot import __version__
from cibot.errors import CibotError
from cibot.model import State
from cibot.reports.context import Context
from cibot.reports.feeds import ServerFeeds, feeds
from cibot.reports.listing import CiLine, all_lines
from cibot.store.engine import Tx
from cibot.store.outbox import depth
from cibot.web.api.problems import problem_of
from cibot.web.asking import Asking
from cibot.web.meter import BOUNDS_S, Intake, Stopwatch

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MOST_CIS = 500
"""Beyond so many CIs the best ones get no series of their own; they are only counted."""

_WRONG = {State.DEGRADED: 1, State.FAILING: 2, State.SILENT: 2}
_INCIDENTS = ("pending", "firing", "acknowledged", "recovering")
_OUTBOX = ("pending", "sending", "dead")
Sample = tuple[Mapping[str, str], float]


def metrics_blueprint(asking: Asking, intake: Intake) -> Blueprint:
    """``/metrics``, asked of the store anew each time, with what this process counts."""
    blueprint = Blueprint("metrics", __name__)
    stopwatch = Stopwatch()
    stopwatch.watch(blueprint)

    @blueprint.get("/metrics")
    def metrics() -> Response:
        body = asking.ask(lambda tx, ctx: "".join(_families(tx, ctx)))
        body += "".join(_of_intake(intake)) + "".join(_of_answers(stopwatch))
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
        "cibot_ci_signal_wrong",
        "What each signal says: 0 well or unknown, 1 degraded, 2 failing or silent.",
        [
            ({"ci": one.name, "signal": each.name}, _WRONG.get(each.verdict, 0))
            for one in lines
            for each in one.signals
            if each.counts
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


def _of_intake(intake: Intake) -> Iterator[str]:
    """Counted by the process that collects; the sum over all processes is the rate."""
    sums = intake.sums()
    for name, says, what in _TAKEN_IN:
        samples = [
            ({"server": server, "feed": feed}, float(getattr(counts, what)))
            for (server, feed), counts in sums.items()
        ]
        yield _family(f"cibot_ingest_{name}_total", says, samples, kind="counter")


_TAKEN_IN = (
    ("changes", "Changes read.", "changes"),
    ("comments", "Comments stored.", "comments_new"),
    ("known_comments", "Comments that another feed or poll had brought before.", "comments_known"),
    ("reports", "Reports that were read from new comments.", "reports_new"),
)


def _of_answers(stopwatch: Stopwatch) -> Iterator[str]:
    name, says = "cibot_http_request_duration_seconds", "How long answers took, by route."
    lines = [f"# HELP {name} {says}", f"# TYPE {name} histogram"]
    answers: list[Sample] = []
    for (method, route), times in sorted(stopwatch.times().items()):
        labels = {"method": method, "route": route}
        bounds = [*map(str, BOUNDS_S), "+Inf"]
        for bound, count in zip(bounds, accumulate(times.within), strict=True):
            lines.append(_line(f"{name}_bucket", {**labels, "le": bound}, count))
        lines.append(_line(f"{name}_sum", labels, times.total_s))
        lines.append(_line(f"{name}_count", labels, sum(times.within)))
        answers += [({**labels, "status": one}, n) for one, n in sorted(times.statuses.items())]
    yield "\n".join(lines) + "\n"
    yield _family("cibot_http_requests_total", "Answers by route.", answers, kind="counter")


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    written = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{name}{{{written}}} {value:.10g}"


def _family(name: str, says: str, samples: Iterable[Sample], kind: str = "gauge") -> str:
    lines = [f"# HELP {name} {says}", f"# TYPE {name} {kind}"]
    lines += [_line(name, labels, value) for labels, value in samples]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    safe = text.encode("utf-8", "replace").decode()
    return safe.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
