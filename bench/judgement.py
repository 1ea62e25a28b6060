"""How true cibot's judgement is, on simulated histories, beside simpler rules.

python -m bench.judgement [--quick] [--seed N] [GROUP…]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from bench import rough_chart, rough_figures, simulated, stories, through, troubles
from bench.simulated import FULL, QUICK, Effort, of_months

GROUPS: dict[str, Callable[[Effort], Iterable[str]]] = {
    "honest": simulated.honest,
    "levels": simulated.levels,
    "detection": simulated.detection,
    "silence": simulated.silence,
    "recovery": troubles.recovery,
    "flapping": troubles.flapping,
    "gate": troubles.gate,
    "drift": troubles.drift,
    "rough": rough_figures.rough,
    "chart": rough_chart.chart,
    "stories": stories.stories,
    "mass": stories.mass,
    "path": through.agreement,
    "memory": lambda _effort: through.memory(),
}


_LEAST = 25


def main() -> None:
    """Prints the tables that were asked for, or all."""
    parser = argparse.ArgumentParser(prog="bench.judgement", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    parser.add_argument("--quick", action="store_true", help="a rough look")
    parser.add_argument(
        "--months",
        type=int,
        default=FULL,
        help="CI-months a cell at 2 results a day; a fifth at 20, a 25th at 100",
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    unknown = set(options.groups) - set(GROUPS)
    if unknown:
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    if options.months < _LEAST:
        parser.error(f"--months {options.months} is less than {_LEAST}")
    effort = QUICK if options.quick else of_months(options.months)
    effort = replace(effort, seed=options.seed)
    for name in options.groups or GROUPS:
        began = time.process_time()
        for line in GROUPS[name](effort):
            print(line, flush=True)
        print(f"[{name}: {time.process_time() - began:.0f} s of CPU]\n", flush=True)


if __name__ == "__main__":
    main()
