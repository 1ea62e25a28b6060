"""How other CIs usually go with a job: what they say where it passes, and where it fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from cibot.health.weighing.evidence import FailRate
from cibot.health.weighing.runs import BuildRun, PatchSetKey

CHANGES_READ = 40  # the last changes of a job on which other CIs are compared with it

Name = TypeVar("Name")


def by_patch_set(
    said: Iterable[tuple[Name, PatchSetKey, bool]],
) -> dict[PatchSetKey, dict[Name, bool]]:
    """Whether each CI failed on each patch set, of verdicts as (CI, patch set, failed).

    They are passes and failures in order of time; the last one of a CI and patch set counts.
    """
    by_key: dict[PatchSetKey, dict[Name, bool]] = {}
    for ci, key, failed in said:
        by_key.setdefault(key, {})[ci] = failed
    return by_key


def pair_rates(
    runs: Sequence[BuildRun], said: Mapping[PatchSetKey, Mapping[Name, bool]]
) -> dict[Name, tuple[FailRate, FailRate]]:
    """For each other CI: how often it failed where the job passed, and where it failed.

    ``said`` is what `by_patch_set` makes of the others' verdicts; of the job's ``runs``
    on a patch set the last one counts.
    """
    job = {(run.change_id, run.patch_set): run.passed for run in runs}
    counts: dict[Name, list[int]] = {}
    for key, passed in job.items():
        place = 0 if passed else 2
        for ci, failed in said.get(key, {}).items():
            row = counts.setdefault(ci, [0, 0, 0, 0])
            row[place] += failed
            row[place + 1] += 1
    return {ci: (FailRate(*row[:2]), FailRate(*row[2:])) for ci, row in counts.items()}
