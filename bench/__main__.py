"""``python -m bench [FIGURE…]``: measures and prints the table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable

from bench import ingest, latency, scale, start, webhooks
from bench.table import Figure, show

_FIGURES: dict[str, Callable[[argparse.Namespace], Iterable[Figure]]] = {
    "ingest": lambda options: ingest.figures(options.changes),
    "webhooks": lambda options: webhooks.figures(options.events),
    "latency": lambda options: latency.figures(options.samples),
    "scale": lambda options: scale.figures(options.reports, options.samples),
    "start": lambda _options: start.figures(10_000),
}


def main() -> None:
    """Measures what was named, or everything."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=", ".join(_FIGURES))
    parser.add_argument("--changes", type=int, default=4000, help="changes to ingest")
    parser.add_argument("--events", type=int, default=2000, help="webhooks to post, a round")
    parser.add_argument("--samples", type=int, default=200, help="alerts and answers to time")
    parser.add_argument(
        "--reports",
        type=lambda text: [int(one) for one in text.split(",")],
        default=[200_000, 2_000_000],
        help="sizes of databases to compare, as 200000,2000000 (20000000 takes half an hour)",
    )
    options = parser.parse_args()
    unknown = set(options.figures) - set(_FIGURES)
    if unknown:
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    found: list[Figure] = []
    for name in options.figures or _FIGURES:
        for figure in _FIGURES[name](options):
            print(f"{figure.name}: {figure.value}", file=sys.stderr)  # who waits sees it go on
            found.append(figure)
    show(found)


main()
