"""Makes results and patch sets for the tests of judging."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from cibot.health.observation import Eligible, Judged
from cibot.model import Result

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

_LETTERS = {"P": Result.PASS, "F": Result.FAIL, "I": Result.INFRA, "S": Result.SKIPPED}


def result(
    number: int,
    at: datetime,
    outcome: Result = Result.PASS,
    reference: Result | None = Result.PASS,
    **fields: object,
) -> Judged:
    """One result on a patch set of its own."""
    made = {
        "change_id": number,
        "change": number,
        "patch_set": 1,
        "project": "nova",
        "result": outcome,
        "posted_at": at,
        "pipeline": "check",
        "uploaded_at": at - HOUR,
        "reference": reference,
        "url": f"https://logs.example/{number}",
    }
    return Judged(**(made | fields))  # type: ignore[arg-type]


def results(
    letters: str,
    until: datetime = NOW,
    every: timedelta = HOUR,
    reference: Result | None = Result.PASS,
) -> list[Judged]:
    """One result a letter (P, F, I, S), evenly spaced, the last one at ``until``."""
    last = len(letters) - 1
    return [
        result(1000 + i, until - (last - i) * every, _LETTERS[letter], reference)
        for i, letter in enumerate(letters)
    ]


def patch_set(number: int, uploaded_at: datetime, reported: bool, **fields: object) -> Eligible:
    """One patch set that lived past its deadline of two hours."""
    made = {
        "change_id": number,
        "change": number,
        "patch_set": 1,
        "project": "nova",
        "uploaded_at": uploaded_at,
        "deadline": uploaded_at + 2 * HOUR,
        "reported": reported,
    }
    return Eligible(**(made | fields))  # type: ignore[arg-type]


def patch_sets(reported: Iterable[bool], until: datetime, every: timedelta) -> list[Eligible]:
    """One patch set an entry, evenly spaced, the last one uploaded at ``until``."""
    flags = list(reported)
    last = len(flags) - 1
    return [patch_set(5000 + i, until - (last - i) * every, flag) for i, flag in enumerate(flags)]
