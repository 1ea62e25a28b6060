"""How other CIs usually go with a job: what they say where it passes, and where it fails."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from cibot.health.weighing.evidence import FailRate
from cibot.health.weighing.runs import BuildRun, PatchSetKey

CHANGES_READ = 40  # the last changes of a job on which other CIs are compared with it

Name = TypeVar("Name")


def pair_rates(
    runs: Sequence[BuildRun], said: Iterable[tuple[Name, PatchSetKey, bool]]
) -> dict[Name, tuple[FailRate, FailRate]]:
    """For each other CI: how often it failed where the job passed, and where it failed.

    ``said`` are the others' verdicts as (CI, patch set, failed), in order of time;
    passes and failures only. The last one of a CI and patch set counts, for the
    job's ``runs`` as well.
    """
    job = {(run.change_id, run.patch_set): run.passed for run in runs}
    last = {(ci, key): failed for ci, key, failed in said if key in job}
    counts: dict[Name, list[int]] = {}
    for (ci, key), failed in last.items():
        row = counts.setdefault(ci, [0, 0, 0, 0])
        place = 0 if job[key] else 2
        row[place] += failed
        row[place + 1] += 1
    return {ci: (FailRate(*row[:2]), FailRate(*row[2:])) for ci, row in counts.items()}
