"""What a year of a large project looks like: sixty CIs on a dozen projects. No I/O.

A reference CI that checks every patch set and gates what merges, and vendors
that are each at home on a project or two. Most pass nine times in ten where the
change is good; some are bad by nature, and some have an incident at the end of
the year: two fail, one breaks by itself, one is silent.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

CIS = 60
PROJECTS = tuple(f"bench/project-{number:02d}" for number in range(1, 13))
REFERENCE = "Zuul"
YEAR = timedelta(days=365)
_BRANCHES = ("master", "master", "master", "stable/2026.1", "stable/2026.2")
_SHARES = [1 / (place + 1) for place in range(len(PROJECTS))]  # of the changes: a few have most
_BROKEN = 0.15  # of the patch sets, which every CI fails
_JOBS = ("unit", "functional", "tempest-full", "multinode", "upgrade", "docs")


@dataclass(frozen=True, slots=True)
class Vendor:
    """A CI: where it is at home, how it is by nature, and what it suffers from at last."""

    number: int
    name: str
    homes: frozenset[str]
    jobs: tuple[str, ...]
    passes: float
    latency_s: float
    trouble: str = ""
    trouble_days: float = 0.0


@dataclass(frozen=True, slots=True)
class Said:
    """A CI's comment; ``result`` is None for a start, ``words`` are its builds' results."""

    at: datetime
    vendor: Vendor
    patch_set: int
    pipeline: str
    result: str | None
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReviewedChange:
    """A change with its patch sets' times and what was said, in order."""

    number: int
    project: str
    branch: str
    status: str
    uploads: tuple[datetime, ...]
    said: tuple[Said, ...]


def vendors(dice: random.Random) -> list[Vendor]:
    """The reference first."""
    cis = [Vendor(0, REFERENCE, frozenset(PROJECTS), _JOBS, 0.97, 1800.0)]
    troubles = {7: ("fail", 3.0), 8: ("fail", 0.7), 9: ("infra", 1.5), 10: ("silent", 2.0)}
    for number in range(1, CIS):
        homes = dice.choices(PROJECTS, _SHARES, k=dice.randint(1, 2))
        jobs = tuple(f"vendor{number}-{job}" for job in _JOBS[: dice.randint(1, 3)])
        nature = 0.72 if number % 19 == 5 else dice.uniform(0.86, 0.97)
        late = dice.uniform(1200, 9000)
        cis.append(
            Vendor(number, f"Vendor {number:02d} CI", frozenset(homes), jobs, nature, late,
                   *troubles.get(number, ()))
        )  # fmt: skip
    return cis


def judged(until: datetime, reports: int, seed: int = 1) -> Iterator[ReviewedChange]:
    """A year's changes that ends at ``until``, with ``reports`` reports or a few more."""
    dice = random.Random(seed)
    cis = vendors(dice)
    so_far = number = 0
    while so_far < reports:
        number += 1
        at = until - YEAR + YEAR * (so_far / reports)
        change = _change(dice, cis, number, at, until)
        so_far += len(change.said)
        yield change


def _change(
    dice: random.Random, cis: list[Vendor], number: int, at: datetime, until: datetime
) -> ReviewedChange:
    (project,) = dice.choices(PROJECTS, _SHARES)
    said: list[Said] = []
    uploads = []
    for patch_set in range(1, dice.choice((1, 1, 2, 2, 3, 5)) + 1):
        uploads.append(at)
        broken = dice.random() < _BROKEN
        for vendor in cis:
            if project in vendor.homes:
                said += _reports(dice, vendor, patch_set, at, until, broken=broken)
        at += timedelta(hours=dice.expovariate(1 / 20))
    merged = dice.random() < 0.6 and at < until
    if merged:
        said.append(Said(at, cis[0], len(uploads), "gate", "pass", ("SUCCESS",) * len(_JOBS)))
    reports = sorted((report for report in said if report.at < until), key=lambda report: report.at)
    uploads = [upload for upload in uploads if upload < until] or uploads[:1]
    status = "MERGED" if merged else "NEW"
    return ReviewedChange(
        number, project, dice.choice(_BRANCHES), status, tuple(uploads), tuple(reports)
    )


def _reports(
    dice: random.Random,
    vendor: Vendor,
    patch_set: int,
    at: datetime,
    until: datetime,
    *,
    broken: bool,
) -> Iterator[Said]:
    """A start now and then, a verdict, and sometimes one more after a recheck."""
    if vendor.number and dice.random() < 0.04:
        return  # nobody reports on everything
    for attempt in range(1 + (dice.random() < 0.08)):
        if vendor.number % 4 == 0:
            yield Said(at + timedelta(seconds=20), vendor, patch_set, "check", None, ())
        at += timedelta(seconds=vendor.latency_s * dice.uniform(0.6, 1.6) * (1 + attempt))
        ill = until - at < timedelta(days=vendor.trouble_days)
        if ill and vendor.trouble == "silent":
            return
        yield _verdict(dice, vendor, patch_set, at, vendor.trouble if ill else "", broken=broken)


def _verdict(
    dice: random.Random, vendor: Vendor, patch_set: int, at: datetime, trouble: str, *, broken: bool
) -> Said:
    words = ["SUCCESS"] * len(vendor.jobs)
    chance = dice.random()
    if trouble == "infra" or chance > 0.985:
        words[0], result = "NODE_FAILURE", "infra"
    elif broken or trouble == "fail" or chance > vendor.passes:
        words[dice.randrange(len(words))], result = "FAILURE", "fail"
    else:
        result = "pass"
    return Said(at, vendor, patch_set, "check", result, tuple(words))
