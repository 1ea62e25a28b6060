"""Review history as rough as real servers have it, for `bench.world.Traffic(changes=…)`.

Changes get several patch sets, some within minutes; authors push stacks, and what a broken
change carries fails with it; some push a series of changes, over hours, with one mistake; the
reference's run is cancelled by the next patch set, and some CIs answer that with ABORTED; it
flakes, and misses faults; people recheck; some changes break one CI only. The shares are those
seen on fourteen recorded servers.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bench import world as plain

_PATCH_SETS = 0.45  # chance of another one after each
_QUICK = 0.45  # of them come within minutes
_STACKS = 0.12  # pushes that are stacks, of 2 to 5 changes
_FIXED = 0.35  # faults that the next patch set mends
_OWN_FAULTS = 0.02  # changes that break one CI only, by their own fault
_MISSED, _FLAKES = 0.05, 0.02  # faults that the reference misses; good ones that it fails
_RECHECKED = 0.35  # failures
_IN_SERIES = 0.85  # changes of a series that have its mistake
_RESULTS_A_PUSH = 1 / (1 - _PATCH_SETS) * (1 + _STACKS * 2.5)


@dataclass(slots=True)
class _Fault:
    """What is wrong with a change: the job that fails, everywhere or for one CI only."""

    job: str
    ci: int | None = None


def changes(
    rng: random.Random,
    traffic: plain.Traffic,
    cis: list[tuple[int, plain.Nature]],
    days: float,
    begin: float,
) -> Iterator[plain.Made]:
    """The changes of ``days`` from day ``begin`` on."""
    number = 1 + int(begin * 100_000)
    for start in traffic.starts(rng, days, 1 / _RESULTS_A_PUSH):
        push = _series if traffic.series and rng.random() < traffic.series else _push
        made = list(push(rng, traffic, cis, begin + start, number))
        number += len(made)
        yield from made


def _push(
    rng: random.Random,
    traffic: plain.Traffic,
    cis: list[tuple[int, plain.Nature]],
    start: float,
    number: int,
) -> Iterator[plain.Made]:
    """One author's change, or a stack of them: each push gives all a new patch set."""
    size = rng.randint(2, 5) if rng.random() < _STACKS else 1
    uploads = [start]
    while rng.random() < _PATCH_SETS:
        gap = rng.uniform(5, 40) / 1440 if rng.random() < _QUICK else rng.uniform(0.1, 0.4)
        uploads.append(uploads[-1] + gap)
    owner = _author(rng, traffic)
    carried: list[_Fault | None] = [None] * len(uploads)  # by what lies below, by patch set
    for place in range(size):
        own = _faults(rng, traffic, cis, len(uploads))
        carried = [below or fault for below, fault in zip(carried, own, strict=True)]
        times = [plain.START + at * plain.DAY for at in uploads]
        base = number if place else None
        change = plain.Made(number + place, times, times[-1] + plain.DAY, owner=owner, base=base)
        for patch_set, fault in enumerate(carried, 1):
            _runs(rng, change, patch_set, fault, traffic, cis)
        yield change


def _author(rng: random.Random, traffic: plain.Traffic) -> int | None:
    author = rng.randrange(1000, 1000 + traffic.authors)
    return author if traffic.known_authors else None


def _series(
    rng: random.Random,
    traffic: plain.Traffic,
    cis: list[tuple[int, plain.Nature]],
    start: float,
    number: int,
) -> Iterator[plain.Made]:
    """One author's changes, each by itself, minutes to an hour apart; one mistake is in most.

    It fails everywhere, or with one CI only. Each is mended hours later.
    """
    owner = _author(rng, traffic)
    fault = _Fault(rng.choice(plain.JOBS), rng.choice((None, rng.choice(cis)[0])))
    mended = start + rng.uniform(0.1, 0.4)
    for place in range(rng.randint(3, 10)):
        times = [plain.START + at * plain.DAY for at in (start, max(mended, start + 0.02))]
        change = plain.Made(number + place, times, times[-1] + plain.DAY, owner=owner)
        for patch_set, has in enumerate((fault if rng.random() < _IN_SERIES else None, None), 1):
            _runs(rng, change, patch_set, has, traffic, cis)
        yield change
        start += rng.uniform(2, 60) / 1440


def _faults(
    rng: random.Random, traffic: plain.Traffic, cis: list[tuple[int, plain.Nature]], n: int
) -> list[_Fault | None]:
    fault: _Fault | None = None
    if rng.random() < traffic.broken:
        fault = _Fault(rng.choice(plain.JOBS))
    elif rng.random() < _OWN_FAULTS * len(cis):
        fault = _Fault(rng.choice(plain.JOBS), rng.choice(cis)[0])
    faults = [fault]
    while len(faults) < n:
        fault = None if rng.random() < _FIXED else fault
        faults.append(fault)
    return faults


def _runs(
    rng: random.Random,
    change: plain.Made,
    patch_set: int,
    fault: _Fault | None,
    traffic: plain.Traffic,
    cis: list[tuple[int, plain.Nature]],
) -> None:
    """What the reference and the CIs say of a patch set, with its rechecks."""
    begun = change.uploads[patch_set - 1]
    ends = change.uploads[patch_set] if patch_set < len(change.uploads) else change.closed
    for _attempt in range(4):
        failed = False
        day = (begun - plain.START) / plain.DAY
        broken = fault.job if fault is not None and fault.ci is None else None
        if traffic.gate and traffic.gate[0] <= day < traffic.gate[1]:
            broken = broken or plain.JOBS[0]
        fails = rng.random() >= _MISSED if broken else rng.random() < _FLAKES
        judged = begun + rng.uniform(0.5, 1.5) * plain.HOUR
        if judged < ends:
            job = broken or rng.choice(plain.JOBS)
            verdict = plain.Said(judged, patch_set, "F" if fails else "P", job if fails else None)
            change.said.setdefault(plain.REFERENCE, []).append(verdict)
            failed = fails and not broken
        for number, nature in cis:
            mood = nature(day)
            here = change.branch != mood.quiet and mood.only in (None, change.branch)
            covers = mood.covers / 3 if change.branch == mood.thin else mood.covers
            if rng.random() >= covers or not here:
                continue
            mood = replace(mood, passes=0.0) if mood.breaks == change.branch else mood
            at_fault = fault.job if fault is not None and fault.ci in (None, number) else broken
            letter, job = plain.outcome(rng, mood, at_fault)
            posted = begun + mood.hours * plain.HOUR * rng.lognormvariate(0.0, 0.3)
            if posted > ends and mood.aborts and ends != change.closed:
                posted, letter, job = ends + rng.uniform(20, 240), "A", rng.choice(plain.JOBS)
            failed = failed or letter in "FI"
            change.said.setdefault(number, []).append(
                plain.Said(posted, patch_set, letter, job, mood)
            )
        begun += rng.uniform(2, 6) * plain.HOUR
        if not failed or begun > ends or rng.random() >= _RECHECKED:
            return
