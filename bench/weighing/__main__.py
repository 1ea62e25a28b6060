"""How well failures are weighed: ``python -m bench.weighing [recorded] [simulated] [--fit]``.

Recorded servers are taken from the shared data; each is left out in turn, and
judged by weights that were fitted on the others with the table as their prior.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.weighing.fitting import Row, Vector, amounts, chance, fit, table
from bench.weighing.gathering import gathered
from bench.weighing.history import History, JudgedReport
from bench.weighing.recorded import recorded
from bench.weighing.scores import Case, Score, score
from bench.weighing.simulated import SERVERS, simulated
from bench.weighing.truth import Truth, failures
from cibot.health.weighing.reasons import REASONS

_SHARED = Path(os.environ.get("CIBOT_SHARED", Path(__file__).parents[3] / "shared"))
_FEW = 100  # labelled failures; a server with fewer is left out altogether
_EVEN = 300.0  # what every server's cases weigh together
_ASKED = {  # Brier at most, AUC at least
    "review.rdoproject.org": (0.145, 0.88),
    "softwarefactory-project.io": (0.155, 0.86),
    "gerrit.opnfv.org": (0.21, 0.71),
}
_SIMULATED = (0.175, 0.83)


class Labelled(NamedTuple):
    """A server and its cases."""

    server: str
    rows: list[Row]


def labelled(history: History, cases: Sequence[tuple[JudgedReport, str, bool]]) -> Labelled:
    """The cases of a history; each CI and patch set weighs 1."""
    innocent = {(id(report), job): truth for report, job, truth in cases}
    shares = Counter(
        (report.ci, report.change_id, report.patch_set) for report, _job, _truth in cases
    )
    return Labelled(
        history.server,
        [
            Row(
                amounts(facts),
                innocent[id(report), job],
                1 / shares[report.ci, report.change_id, report.patch_set],
            )
            for report, job, facts in gathered(history, ((report, job) for report, job, _ in cases))
        ],
    )


def from_history(history: History) -> Labelled:
    """Labelled by what became of each failure."""
    return labelled(history, list(Truth(history).labelled()))


def from_truth(history: History) -> Labelled:
    """Labelled by what the simulation knows."""
    cases = [
        (report, job, job not in report.guilty)
        for report in history.reports
        for job in failures(history, report)
    ]
    return labelled(history, cases)


def judged(rows: Sequence[Row], weights: Sequence[float]) -> Score:
    """How well weights do on cases."""
    return score([Case(chance(weights, row.amounts), row.innocent, row.weight) for row in rows])


def fitted(servers: Sequence[Labelled]) -> Vector:
    """Weights from some servers, each of which counts the same."""
    rows = []
    for server in servers:
        total = math.fsum(row.weight for row in server.rows)
        rows += [row._replace(weight=row.weight * _EVEN / total) for row in server.rows]
    return fit(rows, table())


def _line(name: str, score: Score, asked: tuple[float, float] | None) -> str:
    met = "" if asked is None else f"  asked ≤{asked[0]} / ≥{asked[1]}"
    if asked is not None:
        met += ": met" if score.brier <= asked[0] and score.auc >= asked[1] else ": NOT MET"
    return (
        f"{name:<42} n={score.cases:<6} innocent {score.base:.2f}  Brier {score.brier:.3f}"
        f"  AUC {score.auc:.3f}  cal. {score.calibration:.3f}"
        f"  not {score.said_not[0]:.2f} (wrong {score.said_not[1]:.2f})"
        f"  look {score.said_look[0]:.2f} (wrong {score.said_look[1]:.2f}){met}"
    )


def _recorded(refit: bool) -> Iterator[str]:
    files = sorted(_SHARED.glob("data/gerrit/*.jsonl.gz"))
    if not files:
        yield f"no recorded servers in {_SHARED}"
        return
    all_servers = [from_history(history) for history in recorded(files)]
    servers = [server for server in all_servers if len(server.rows) >= _FEW]
    for server in servers:
        others = [other for other in servers if other is not server]
        score_out = judged(server.rows, fitted(others))
        yield _line(f"{server.server}, left out", score_out, _ASKED.get(server.server))
        yield _line("   the product's table", judged(server.rows, table()), None)
    if refit:
        yield from _weights(fitted(servers))


def _weights(weights: Vector) -> Iterator[str]:
    names = ["start", *(row.name.value for row in REASONS)]
    for name, old, new in zip(names, table(), weights, strict=True):
        yield f"{name:<20} {old:+.2f} in the table, {new:+.2f} fitted on all"


def _simulated(seeds: int, refit: bool) -> Iterator[str]:
    rows: list[Row] = []
    for traits in SERVERS:
        some: list[Row] = []
        for seed in range(seeds):
            some += from_truth(simulated(traits, seed)).rows
        yield _line(f"simulated: {traits.name}", judged(some, table()), None)
        rows += some
    yield _line("simulated: all", judged(rows, table()), _SIMULATED)
    if refit:
        yield from _weights(fitted([Labelled("simulated", rows)]))


def main() -> None:
    """Prints the tables that were asked for, or both."""
    parser = argparse.ArgumentParser(prog="bench.weighing", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help="recorded, simulated")
    parser.add_argument("--fit", action="store_true", help="print the weights that fit best")
    parser.add_argument("--seeds", type=int, default=2, help="simulated servers of each kind")
    options = parser.parse_args()
    parts = options.parts or ["recorded", "simulated"]
    if unknown := set(parts) - {"recorded", "simulated"}:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if "recorded" in parts:
        sys.stdout.writelines(f"{line}\n" for line in _recorded(options.fit))
    if "simulated" in parts:
        sys.stdout.writelines(f"{line}\n" for line in _simulated(options.seeds, options.fit))


if __name__ == "__main__":
    main()
