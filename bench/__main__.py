"""``python -m bench [FIGURE…]``: measures and prints the table."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable

from bench import ingest, latency, start, webhooks
from bench.table import Figure, show
from bench.through import figures as judging

_FIGURES: dict[str, Callable[[argparse.Namespace], Iterable[Figure]]] = {
    "judging": lambda _options: judging(),
    "ingest": lambda options: ingest.figures(options.changes),
    "webhooks": lambda options: webhooks.figures(options.events),
    "latency": lambda options: latency.figures(options.samples),
    "start": lambda _options: start.figures(10_000),
}


def main() -> None:
    """Measures what was named, or everything."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=", ".join(_FIGURES))
    parser.add_argument("--changes", type=int, default=4000, help="changes to ingest")
    parser.add_argument("--events", type=int, default=2000, help="webhooks to post, a round")
    parser.add_argument("--samples", type=int, default=200, help="alerts and answers to time")
    options = parser.parse_args()
    unknown = set(options.figures) - set(_FIGURES)
    if unknown:
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    found = [figure for name in options.figures or _FIGURES for figure in _FIGURES[name](options)]
    show(found)


main()
