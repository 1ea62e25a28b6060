"""What this process counts of itself for ``/metrics``: what it took in, and how fast it answers.

Both are bounded: there are as many feeds as servers have, and as many routes as are written.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from time import perf_counter

from flask import Blueprint, Response, g, request

from cibot.collector.sink import IngestCounts

BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
Route = tuple[str, str]
"""(method, the rule as it is written); a request that fits none has neither."""
NO_ROUTE: Route = ("", "none")


class Intake:
    """What came in since the start, by (server, feed); safe to use from several threads."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], IngestCounts] = {}
        self._lock = threading.Lock()

    def add(self, server: str, feed: str, counts: IngestCounts) -> None:
        """Counts what one ingest found."""
        kind = feed.partition(":")[0]  # each backfill is a feed of its own
        with self._lock:
            self._sums[server, kind] = self._sums.get((server, kind), IngestCounts()) + counts

    def sums(self) -> dict[tuple[str, str], IngestCounts]:
        """The sums so far."""
        with self._lock:
            return dict(self._sums)


@dataclass(slots=True)
class Times:
    """The answers of one route. ``within`` counts those up to each of `BOUNDS_S`, alone."""

    within: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    total_s: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)

    def copy(self) -> Times:
        """As it is now."""
        return Times(list(self.within), self.total_s, self.statuses.copy())


class Stopwatch:
    """How long each route takes, over the whole application."""

    def __init__(self) -> None:
        self._times: dict[Route, Times] = {}
        self._lock = threading.Lock()

    def watch(self, blueprint: Blueprint) -> None:
        """Times every request of the application that the blueprint is registered with."""
        blueprint.before_app_request(self._start)
        blueprint.after_app_request(self._stop)

    def times(self) -> dict[Route, Times]:
        """The times so far."""
        with self._lock:
            return {route: one.copy() for route, one in self._times.items()}

    def _start(self) -> None:
        g.started = perf_counter()

    def _stop(self, response: Response) -> Response:
        began = g.get("started")
        if began is not None:
            self.note(_route(), response.status_code, perf_counter() - began)
        return response

    def note(self, route: Route, status: int, seconds: float) -> None:
        """Counts one answer."""
        with self._lock:
            times = self._times.setdefault(route, Times())
            times.within[bisect_left(BOUNDS_S, seconds)] += 1
            times.total_s += seconds
            times.statuses[f"{status // 100}xx"] += 1


def _route() -> Route:
    rule = request.url_rule
    return NO_ROUTE if rule is None else (request.method, rule.rule)
