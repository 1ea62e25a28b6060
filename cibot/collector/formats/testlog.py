"""The output of a test run, posted as it is: TAP, ``go test``, googletest,
CTest, Python's unittest.

It says how the whole went; its points and packages are tests, not jobs.
"""

from __future__ import annotations

import re

from cibot.collector.formats.comment import Comment
from cibot.collector.formats.conclude import conclude
from cibot.collector.formats.person import by_hand
from cibot.model import Outcome, Report

NAME = "test-output"
# "TAP version 13", "1..4", "ok 1 - unit", "not ok 2 - lint # TODO later"
_TAP = re.compile(r"TAP version \d+$|1\.\.\d+( # .*)?$")
_POINT = re.compile(r"(?P<failed>not )?ok \d+(?= |$)")
# "ok  \tpkg\t1.2s", "FAIL\tpkg [build failed]", "--- FAIL: TestIt (0.00s)"
_GO = re.compile(r"(?:ok|FAIL)\s+\t?\S+\t|--- (?:FAIL|PASS): |(?:FAIL|PASS)$")
_CTEST = re.compile(r"\d{1,3}% tests passed, (?P<failed>\d+) tests? failed out of \d+")
_UNITTEST = re.compile(r"(?:OK|FAILED)(?: \((?:\w+=\d+(?:, )?)+\))?$")
_OPENINGS = (
    *("TAP version ", "1..", "ok ", "not ok ", "Bail out!", "# Subtest"),
    *("FAIL\t", "--- FAIL: ", "[====", "[----", "[  PASSED", "[  FAILED"),
    *("Ran ", "FAILED (", "OK ("),
)


def read(comment: Comment) -> Report | None:
    """A comment that begins as such an output does."""
    if not comment.body.startswith(_OPENINGS) and "% tests passed, " not in comment.body:
        return None
    readers = (_ctest, _go, _tap, _googletest, _unittest)
    said = next((said for reader in readers if (said := reader(comment))), None)
    if said is None or (not comment.by_bot and by_hand(comment)):
        return None
    outcome = conclude(comment, said)
    return Report(outcome, NAME) if outcome is not None else None


def _tap(comment: Comment) -> Outcome | None:
    if not comment.by_bot and _TAP.match(comment.first) is None:
        return None
    lines = comment.lines
    points = [(match, line) for line in lines if (match := _POINT.match(line.lstrip()))]
    bailed = any(line.startswith("Bail out!") for line in lines)
    if not points and not bailed:
        return None
    failed = any(point["failed"] and "# TODO" not in line.upper() for point, line in points)
    return _of(failed=bailed or failed)


def _ctest(comment: Comment) -> Outcome | None:
    """``50% tests passed, 1 tests failed out of 2``, as CTest ends."""
    for line in comment.lines:
        if match := _CTEST.match(line):
            return _of(failed=match["failed"] != "0")
    return None


def _go(comment: Comment) -> Outcome | None:
    if _GO.match(comment.first) is None:
        return None
    return _of(failed=any(line.startswith(("FAIL", "--- FAIL: ")) for line in comment.lines))


def _unittest(comment: Comment) -> Outcome | None:
    """``Ran 312 tests in 14.2s``, and then ``FAILED (failures=2)``, as Python's unittest ends."""
    last = comment.lines[-1]
    return _of(failed=last[0] == "F") if _UNITTEST.match(last) else None


def _googletest(comment: Comment) -> Outcome | None:
    if not comment.body.startswith("["):
        return None
    failed = any(line.startswith("[  FAILED  ]") for line in comment.lines)
    passed = any(line.startswith("[  PASSED  ]") for line in comment.lines)
    return _of(failed=failed) if failed or passed else None


def _of(*, failed: bool) -> Outcome:
    return Outcome.FAILURE if failed else Outcome.SUCCESS
