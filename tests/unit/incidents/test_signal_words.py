"""What a signal saw and where its verdict turns, in words; golden files have the whole messages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cibot.health.chart import Drop
from cibot.health.seen import (
    BranchBeside,
    EarlierWords,
    Fault,
    FaultRun,
    FaultShare,
    LastHeard,
    OwnFigures,
    OwnPast,
    PassRate,
    Period,
    Recovery,
    Reported,
    Seen,
    Streak,
    Times,
)
from cibot.incidents.signal_words import fault_words, said, step_words, threshold_words
from tests.unit.health.facts import DAY, HOUR, NOW

WEEK = Period(7 * DAY)
RATE = PassRate(30, 40, WEEK, 20, beside=True, degraded=0.8, failing=0.5)
PAST = OwnPast(RATE, 0.9, 40, 20)
HEARD = LastHeard(NOW, 3 * HOUR, 0)
REPORTED = Reported(8, 10, WEEK, 0, 0, 5, 0.7, 0.4)
TIMES = Times(HOUR, 2 * HOUR, 40, WEEK, None, 40, 20, 2.0)
STREAK = Streak(None, 0, 4, 0, 0, WEEK, 0, 0)
SHARE = FaultShare(Fault.FLIPPED, 0, 0, WEEK, 10, None, None)
BRANCH = BranchBeside(1)


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (replace(RATE, n=0), "no results in 7 days"),
        (replace(RATE, n=10, passes=9, beside=False),
         "9 of 10 passed in 7 days; 20 are needed to judge"),
        (PAST, "30 of 40 passed in 7 days where the reference passed"),
        (replace(PAST, usual=0.46), "30 of 40 passed in 7 days where the reference passed;"
         " 46 % is usual for it"),
        (replace(PAST, back=Recovery(NOW, 9, 9)), "9 of 9 passed since it recovered"
         " 2026-11-23 12:00 UTC; 30 of 40 passed in 7 days where the reference passed"),
        (replace(PAST, drop=Drop(NOW, 0.9, 9, 3, 6, again=3)), "3 of 9 passed since"
         " 2026-11-23 12:00 UTC, 90 % before; 3 failures passed when run again; 30 of 40"
         " passed in 7 days where the reference passed"),
        (replace(PAST, adopted=30 * DAY), "30 of 40 passed in 7 days where the reference passed;"
         " it has been like that for 30 days"),
        (replace(HEARD, heard_at=None, stale=True), "never heard of, and our own feed is stale"),
        (HEARD, "last heard 3 h ago; too little is known of its rhythm"),
        (replace(HEARD, missed=1, takes=0.1),
         "last heard 3 h ago; 1 chance to report missed in a row since"),
        (REPORTED, "reported on 8 of 10 chances in 7 days; 5 of each are needed to judge"),
        (replace(REPORTED, n=0, stale=True),
         "no chance to report in 7 days, and our own feed is stale"),
        (replace(TIMES, median=None), "no results in 7 days"),
        (TIMES, "half within 60 min of the upload, 95 % within 2 h in 7 days"),
        (STREAK, "no voting job has enough results to judge where a reference passed"),
        (replace(STREAK, known=1),
         "no voting job keeps failing; 1 job with enough results to judge"),
        (FaultShare(Fault.BROKE, 4, 43, WEEK, 10, 0.1, 0.3, FaultRun(NOW, 4, 4)),
         "4 of 4 attempts broke by themselves since 2026-11-23 12:00 UTC; "
         "4 of 43 last attempts in 7 days"),
        (BRANCH, "no branch fails alone; 1 branch with enough results to judge"),
        (OwnFigures("gone", {"row": 5}), ""),
        (OwnFigures("missing_job", {"a key of another version": 5}), ""),
        (EarlierWords("5 of 25."), "5 of 25"),
    ],
)  # fmt: skip
def test_what_was_seen(seen: Seen, words: str) -> None:
    assert said(seen) == words


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (RATE, "degraded when surely below 80 %, failing below 50 %"),
        (REPORTED,
         "degraded when surely below 70 % of what is usual for it, failing below 40 %"),
        (replace(PAST, usual=None, learnt=7), "judged when 20 results are known, 7 are"),
        (HEARD, ""),
        (replace(HEARD, takes=0.1), "it takes so few chances that missing them says nothing"),
        (replace(HEARD, takes=0.9, patience=4),
         "silent after 4 chances missed in a row, as it takes 90 % of them"),
        (replace(HEARD, limit=2 * DAY, longest=DAY),
         "silent after 2 days, as its longest quiet was 24 h"),
        (replace(HEARD, limit=2 * DAY), ""),
        (SHARE, "shown only: every CI flips now and then"),
        (replace(SHARE, fault=Fault.FAILED), "shown only: it accuses no CI"),
        (replace(SHARE, degraded=0.2),
         "degraded when surely above 20 %, without a failure for two weeks"),
        (replace(SHARE, degraded=0.2, failing=0.5),
         "degraded when surely above 20 %, failing above 50 %"),
        (BRANCH, "degraded when one surely drops from its own past, or surely fails,"
         " and the others are well"),
        (replace(BRANCH, branch="main"), "degraded until it is surely back"),
        (TIMES, "degraded when p95 is surely above 2 times its usual"),
        (STREAK, "degraded after more in a row than luck explains, at least 4"),
        (OwnFigures("gone", {"row": 5}), ""),
        (EarlierWords("5 of 25", "below 0.5"), "below 0.5"),
        (None, ""),
    ],
)  # fmt: skip
def test_where_the_verdict_turns(seen: Seen | None, words: str) -> None:
    assert threshold_words(seen) == words


@pytest.mark.parametrize("usual", [None, 0.9])
def test_a_branch_that_broke_alone_is_put_beside_the_others(usual: float | None) -> None:
    seen = replace(
        BRANCH, branch="b" * 99, since=NOW, passes=2, n=10, usual=usual, passes_elsewhere=9,
        n_elsewhere=10,
    )  # fmt: skip
    words = said(seen)
    assert words.startswith(f"on {'b' * 59}… 2 of 10 passed since ")
    assert words.endswith("; 9 of 10 on the other branches since then")
    assert (", 90 % before;" in words) is (usual is not None)


def test_a_streak_says_what_else_fails() -> None:
    seen = replace(STREAK, job="unit", failures=5, n_before=60, others=2)
    assert said(seen) == (
        "unit failed 5 changes in a row that the reference passed; 0 of 60 failed before,"
        " in 7 days; so did 2 other jobs"
    )


def test_every_fault_has_words() -> None:
    assert all(fault_words(fault) for fault in Fault)
    assert fault_words(None) == ""


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (("acknowledged", None, "Mika", "new disks"), "acknowledged by Mika: new disks"),
        (("acknowledged", None, "Mika", None), "acknowledged by Mika"),
        (("withdrawn", RATE, None, None), "late comments show that it was not so"),
        (("opened", EarlierWords("5 of 25"), None, None), "5 of 25"),
        (("opened", None, None, None), ""),
    ],
)
def test_a_step_says_who_took_it_or_what_was_seen(
    step: tuple[str, Seen | None, str | None, str | None], words: str
) -> None:
    assert "".join(map(str, step_words(*step))) == words
