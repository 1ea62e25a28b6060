"""What this process counts of itself for ``/metrics``: what it took in, and how fast it answers.

Both are bounded: there are as many feeds as servers have, and as many routes as are written.
"""

from __future__ import annotations

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

from cibot.collector.sink import IngestCounts

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
    """Counts what the collectors of this process bring in; the sum over all is the rate."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, documentation: str) -> Counter:
            return Counter(f"cibot_ingest_{name}", documentation, _FEED, registry=registry)

        self._changes = counter("changes", "Changes read.")
        self._comments = counter("comments", "Comments stored.")
        self._known = counter(
            "known_comments", "Comments that another feed or poll had brought before."
        )
        self._reports = counter("reports", "Reports that were read from new comments.")

    def add(self, server: str, feed: str, counts: IngestCounts) -> None:
        """Counts what one ingest stored. All backfills of a server are one feed."""
        labels = (server, feed.partition(":")[0])
        self._changes.labels(*labels).inc(counts.changes)
        self._comments.labels(*labels).inc(counts.comments_new)
        self._known.labels(*labels).inc(counts.comments_known)
        self._reports.labels(*labels).inc(counts.reports_new)


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
