"""``/metrics``: what the store says, and what this process counts of itself.

As many series as CIs, feeds and routes: all of these are bounded.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable, Iterator, Mapping, Sequence
from time import perf_counter

from flask import Blueprint, Response, g, request
from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from cibot import __version__
from cibot.collector.sink import IngestCounts
from cibot.errors import CibotError
from cibot.model import State
from cibot.reports.ci import CiLine
from cibot.reports.context import Context
from cibot.reports.feeds import ServerFeeds, feeds
from cibot.reports.listing import all_lines
from cibot.store.engine import Tx
from cibot.store.outbox import depth
from cibot.store.set_aside import set_aside
from cibot.web.api.problems import problem_of
from cibot.web.asking import Asking

MOST_CIS = 500
"""Beyond so many CIs the best ones get no series of their own; they are only counted."""

_WRONG = {State.DEGRADED: 1, State.FAILING: 2, State.SILENT: 2}
_INCIDENTS = ("pending", "firing", "acknowledged", "recovering")
_OUTBOX = ("pending", "sending", "dead")
Sample = tuple[Mapping[str, str], float]


def metrics_blueprint(asking: Asking, registry: CollectorRegistry) -> Blueprint:
    """``/metrics``: what the store says at this moment, and what this process counts."""
    blueprint = Blueprint("metrics", __name__)
    Stopwatch(registry).watch(blueprint)
    registry.register(_StoreFigures(asking))

    @blueprint.get("/metrics")
    def metrics() -> Response:
        encode, media_type = choose_encoder(request.headers.get("Accept", ""))
        return Response(
            encode(registry), content_type=media_type, headers={"Cache-Control": "no-store"}
        )

    blueprint.register_error_handler(CibotError, problem_of)
    return blueprint


class _StoreFigures(Collector):
    """The figures that are asked of the store whenever somebody looks."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def collect(self) -> Iterable[Metric]:
        return self._asking.ask(lambda tx, ctx: [*_families(tx, ctx)])

    def describe(self) -> Iterable[Metric]:
        return ()  # so that registering it does not ask the store


def _families(tx: Tx, ctx: Context) -> Iterator[Metric]:
    lines = all_lines(tx, ctx)
    states = collections.Counter(line.state for line in lines)
    incidents = collections.Counter(incident.state for line in lines for incident in line.incidents)
    waiting = depth(tx)
    yield _gauge("cibot_info", "Which cibot this is.", [({"version": __version__}, 1)])
    by_state = {state.value: states[state] for state in State}
    yield _counts("cibot_cis", "CIs in each state.", "state", by_state)
    yield from _of_cis(lines[:MOST_CIS])
    standing = {state: incidents[state] for state in _INCIDENTS}
    yield _counts("cibot_open_incidents", "Open incidents by where they stand.", "state", standing)
    yield from _of_feeds(feeds(tx, ctx))
    aside = collections.Counter(row.kind for row in set_aside(tx, ctx.now))
    yield _counts(
        "cibot_set_aside",
        "What raised and was set aside, by kind.",
        "kind",
        dict(sorted(aside.items())),
    )
    unsent = {state: waiting.get(state, 0) for state in _OUTBOX}
    about = "Messages that are not sent, by what they wait for."
    yield _counts("cibot_outbox_messages", about, "state", unsent)


def _of_cis(lines: list[CiLine]) -> Iterator[Metric]:
    signals = [
        ({"ci": line.name, "signal": signal.name}, signal)
        for line in lines
        for signal in line.signals
    ]
    yield _gauge(
        "cibot_ci_state",
        "1 for the state that the CI is in, 0 for the others.",
        [
            ({"ci": line.name, "state": state.value}, float(line.state is state))
            for line in lines
            for state in State
        ],
    )
    yield _gauge(
        "cibot_ci_signal",
        "The figure of each signal: a share of 0 to 1 for rates.",
        [(labels, signal.figure) for labels, signal in signals if signal.figure is not None],
    )
    yield _gauge(
        "cibot_ci_signal_wrong",
        "What each signal says: 0 well or unknown, 1 degraded, 2 failing or silent.",
        [(labels, _WRONG.get(signal.verdict, 0)) for labels, signal in signals if signal.counts],
    )
    yield _gauge(
        "cibot_ci_signal_results",
        "How many results each signal's figure rests on.",
        [(labels, signal.n) for labels, signal in signals],
    )
    heard = {line.name: line.last_heard_at.timestamp() for line in lines if line.last_heard_at}
    yield _counts(
        "cibot_ci_last_heard_timestamp_seconds", "When the CI last wrote anything.", "ci", heard
    )


def _of_feeds(servers: Sequence[ServerFeeds]) -> Iterator[Metric]:
    yield _counts(
        "cibot_feed_age_seconds",
        "How long ago a Gerrit server was last heard over any live feed.",
        "server",
        {server.server: server.age.total_seconds() for server in servers if server.age},
    )
    yield _counts(
        "cibot_feed_stale",
        "1 where a server was not heard lately, so that nothing there can be judged.",
        "server",
        {server.server: server.stale for server in servers},
    )
    rejected = CounterMetricFamily(
        "cibot_feed_rejected_events", "Events that could not be read.", labels=("server", "feed")
    )
    for server in servers:
        for feed in server.feeds:
            if not feed.name.startswith("backfill"):
                rejected.add_metric((server.server, feed.name), feed.rejected)
    yield rejected


def _counts(name: str, documentation: str, label: str, values: Mapping[str, float]) -> Metric:
    """A family of gauges with one label."""
    return _gauge(name, documentation, [({label: key}, value) for key, value in values.items()])


def _gauge(name: str, documentation: str, samples: Iterable[Sample]) -> Metric:
    """A family of gauges; each sample bears its labels."""
    family = GaugeMetricFamily(name, documentation)
    for labels, value in samples:
        family.add_sample(name, dict(labels), value)
    return family


BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
Route = tuple[str, str]
"""(method, the rule as it is written); a request that fits none has neither."""
NO_ROUTE: Route = ("", "none")

_FEED = ("server", "feed")


def process_registry() -> CollectorRegistry:
    """A registry with memory, processor time, open files and garbage collections."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


class Intake:
    """Counts what the collectors of this process bring in, summed over all of them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, documentation: str) -> Counter:
            return Counter(f"cibot_ingest_{name}", documentation, _FEED, registry=registry)

        self._counters = {
            "changes": counter("changes", "Changes read."),
            "comments_new": counter("comments", "Comments stored."),
            "comments_known": counter(
                "known_comments", "Comments that another feed or poll had brought before."
            ),
            "reports_new": counter("reports", "Reports that were read from new comments."),
        }

    def add(self, server: str, feed: str, counts: IngestCounts) -> None:
        """Counts what one ingest stored. All backfills of a server are one feed."""
        labels = (server, feed.partition(":")[0])
        for name, counter in self._counters.items():
            counter.labels(*labels).inc(getattr(counts, name))


class Stopwatch:
    """How long each route takes, over the whole application."""

    def __init__(self, registry: CollectorRegistry) -> None:
        route = ("method", "route")
        self._durations = Histogram(
            "cibot_http_request_duration_seconds",
            "How long answers took, by route.",
            route,
            buckets=BOUNDS_S,
            registry=registry,
        )
        self._answers = Counter(
            "cibot_http_requests", "Answers by route.", (*route, "status"), registry=registry
        )

    def watch(self, blueprint: Blueprint) -> None:
        """Times every request of the application that the blueprint is registered with."""
        blueprint.before_app_request(self._start)
        blueprint.after_app_request(self._stop)

    def _start(self) -> None:
        g.started = perf_counter()

    def _stop(self, response: Response) -> Response:
        began = g.get("started")
        if began is not None:
            rule = request.url_rule
            route = NO_ROUTE if rule is None else (request.method, rule.rule)
            self._durations.labels(*route).observe(perf_counter() - began)
            self._answers.labels(*route, f"{response.status_code // 100}xx").inc()
        return response
