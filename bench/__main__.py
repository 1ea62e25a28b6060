"""``python -m bench [FIGURE…]``: measures and prints the table."""

from __future__ import annotations

import argparse
import logging
import sys
import traceback
from collections.abc import Callable, Iterable

from bench import growth, house, ingest, latency, outbox, period, scale, start, webhooks
from bench.table import Figure, show
from bench.through import figures as judging
from cibot.daemon import memory_settings

_FIGURES: dict[str, Callable[[argparse.Namespace], Iterable[Figure]]] = {
    "house": lambda _options: house.figures(),
    "judging": lambda _options: judging(),
    "ingest": lambda options: ingest.figures(options.changes),
    "webhooks": lambda options: webhooks.figures(options.events),
    "latency": lambda options: latency.figures(options.samples),
    "scale": lambda options: scale.figures(options.reports, options.samples),
    "period": lambda options: period.figures(options.samples),
    "outbox": lambda options: outbox.figures(options.messages),
    "growth": lambda options: growth.figures(options.minutes),
    "start": lambda _options: start.figures(5_000),
}


def _count(written: str) -> int:
    number = int(written)
    if number < 1:
        raise ValueError
    return number


def main() -> None:
    """Measures what was named, or everything."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=", ".join(_FIGURES))
    parser.add_argument("--changes", type=_count, default=4000, help="changes to ingest")
    parser.add_argument("--events", type=_count, default=2000, help="webhooks to post, a round")
    parser.add_argument("--samples", type=_count, default=120, help="alerts and answers to time")
    parser.add_argument(
        "--reports",
        type=lambda text: [int(number) for number in text.split(",")],
        default=[200_000, 2_000_000],
        help="sizes of databases to compare, as 200000,2000000 (20000000 takes half an hour)",
    )
    parser.add_argument(
        "--messages", type=_count, default=100_000, help="sent before memory is read"
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="of webhooks for growth")
    options = parser.parse_args()
    unknown = set(options.figures) - set(_FIGURES)
    if unknown:
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    # waitress warns of each request that waits for a thread: here all of them do
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    memory_settings.settle()  # as the commands do
    measured: list[Figure] = []
    failed = False
    for name in options.figures or _FIGURES:
        try:
            for figure in _FIGURES[name](options):
                measured.append(figure)
                beside = f" ({figure.ratio:.2f} of {figure.floor})" if figure.ratio else ""
                print(f"{figure.name}: {figure.value}{beside}", flush=True)
        except Exception:  # noqa: BLE001 - one that fails must not take the others' figures with it
            traceback.print_exc()
            failed = True
    show(measured)
    sys.exit(failed)


main()
