"""What a written result counts as when a CI is judged.

PASS: the change was tried and passed. FAIL: it was tried and did not. INFRA: the
system broke, not the change. SKIPPED: nothing was tried; it counts nowhere. A
word that is not listed counts as INFRA: it is no verdict on the change,
and a CI that keeps writing it deserves a look.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from cibot.model import OUTAGE, REFUSAL, Outcome, Report, Result

_WORDS: dict[Result, str] = {
    Result.PASS: "SUCCESS SUCCEEDED SUCCESSFUL SUCCEED PASSED PASS OK FIXED GREEN HAPPY PASSING "
    "SUCCESSFULLY PARTIALLY_SUCCEEDED SUCCEEDED_WITH_ISSUES WARN WARNING WARNINGS",
    Result.FAIL: "FAILURE FAILED FAIL FAILS FAILING UNSTABLE BROKEN UNSUCCESSFUL RED "
    "UNSUCCESSFULLY TEST_FAILURE BUILD_FAILURE JOB_FAILED KO NOK NG NOT_OK",
    Result.INFRA: "MERGE_FAILURE MERGER_FAILURE MERGE_CONFLICT NOT_REGISTERED RETRY_LIMIT RETRY "
    "NODE_FAILURE POST_FAILURE TIMED_OUT TIMEDOUT TIMEOUT LOST DISK_FULL ERROR ERRORED ABORTED "
    "ABORT EXCEPTION CONFIG_ERROR UNREACHABLE NO_HANDLE NO_NODE INFRA_FAILURE STALLED "
    "STARTUP_FAILURE FAULT INFRASTRUCTURE_FAIL INFRA_ERROR KILLED CRASHED "
    "UNRESOLVABLE INCOMPLETE INCONCLUSIVE",
    Result.SKIPPED: "SKIPPED SKIP NOT_BUILT CANCELED CANCELLED DEQUEUED SUPERSEDED NEUTRAL IGNORED "
    "ACTION_REQUIRED STALE STOPPED MANUAL BLOCKED DECLINED NOT_RUN ON_HOLD UNTESTED "
    "DISABLED EXCLUDED",
}
_LISTED: dict[Result, str] = {
    Result.PASS: "P GOOD GO ACK CLEAN STABLE FINE ACCEPTED POSITIVE COMPLETE COMPLETED BOOTS WORKS "
    "DONE CLEAR NO_CHANGE BUILT BOOTED COMPILES COMPILED",
    Result.FAIL: "F BAD NO_GO NACK NAK ERR HANGS HANG HUNG FREEZES CRASH CRASHES PANIC PANICS "
    "REGRESSION REGRESSED REJECTED BROKE REFUSED DIRTY NEGATIVE STUCK DEAD INVOCATIONERROR",
    Result.INFRA: "FLAKED FLAKY",
    Result.SKIPPED: "N/A NA OMITTED",
}
"""Words that are results only where a line of a list has them in a result's place: ``boot: P``."""
_UNFINISHED = (
    "STARTED STARTING RUNNING PENDING QUEUED IN_PROGRESS WAITING REQUESTED SCHEDULED SCHEDULING "
    "TRIGGERED CREATED PREPARING WAITING_FOR_RESOURCE BUILDING TESTING"
)
_WORDS[Result.SKIPPED] += " " + _UNFINISHED
UNFINISHED = frozenset(_UNFINISHED.split())
"""Results of builds that go on: they judge nothing yet, and say that the run has started."""
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_STOPPED = "ABORTED ABORT CANCELED CANCELLED STOPPED SUPERSEDED DEQUEUED KILLED"
STOPPED = frozenset(_STOPPED.split())
"""Results of builds that somebody or something ended before they had a verdict."""

RESULT_WORDS: dict[str, Result] = {
    word: result for result, words in _WORDS.items() for word in words.split()
}
SPOKEN = {
    result: frozenset(word.lower() for word, as_ in RESULT_WORDS.items() if as_ is result)
    for result in Result
}
"""The same in small letters, as sentences have them, by what they count as."""
_ANY_WORDS = RESULT_WORDS | {
    word: result for result, words in _LISTED.items() for word in words.split()
}
WRITTEN = frozenset(map(str.lower, _ANY_WORDS))
LISTED_ALONE = frozenset(word for word in WRITTEN if word.upper() not in RESULT_WORDS)
"""All of them, in small letters, with ``_`` for blanks."""

# Parts of longer words (``BUILD_SUCCESS``, ``TestsFailed``), in the order tried.
_PARTS: tuple[tuple[str, Result], ...] = (
    ("UNSUCC", Result.FAIL),
    ("SUCC", Result.PASS),
    ("PASS", Result.PASS),
    ("INFRA", Result.INFRA),
    ("NODE", Result.INFRA),
    ("MERGE", Result.INFRA),
    ("TIME", Result.INFRA),
    ("FAIL", Result.FAIL),
    ("UNSTABLE", Result.FAIL),
    ("SKIP", Result.SKIPPED),
    ("CANCEL", Result.SKIPPED),
)


def known_result(word: str) -> Result | None:
    """What the written ``word`` counts as, or None where it is no result at all.

    Case, blanks and hyphens do not matter (``Timed out``, ``NOT-BUILT``).
    """
    return RESULT_WORDS.get(word) or _in(RESULT_WORDS, word)


def listed_result(word: str) -> Result | None:
    """The same of a word in a result's place in a list, where more words are results."""
    return _in(_ANY_WORDS, word)


def stopped(builds: Iterable[tuple[str, Result]]) -> bool:
    """Whether all that broke of some builds (word, result) was ended before it had a verdict."""
    broken = [word for word, result in builds if result in (Result.INFRA, Result.SKIPPED)]
    return bool(broken) and all(_spelled(word) in STOPPED for word in broken)


def refused(outcome: str | None, report_format: str | None) -> bool:
    """Whether nothing was run, since the change did not merge or its configuration is wrong."""
    return outcome == Outcome.MERGE_FAILURE or report_format == REFUSAL


def _in(words: Mapping[str, Result], word: str) -> Result | None:
    return words.get(_spelled(word)) if len(word) <= 40 else None


def _spelled(word: str) -> str:
    if not (word.islower() or word.isupper() or word.istitle()):
        word = _CAMEL.sub("_", word)  # Azure's partiallySucceeded
    return word.upper().replace(" ", "_").replace("-", "_")


@lru_cache(maxsize=1024)
def result_class(word: str) -> Result:
    """What a build's written result counts as (health.md); unknown words are INFRA."""
    exact = listed_result(word)
    if exact is not None:
        return exact
    upper = word[:80].upper()
    for part, result in _PARTS:
        if part in upper:
            return result
    return Result.INFRA


def report_result(report: Report) -> Result | None:
    """What a report counts as, by its voting builds; None where it judges nothing.

    A merge failure and a failure whose voting builds are all INFRA (or pass)
    with at least one INFRA are INFRA, as is one all of whose builds were cancelled
    or skipped, and one whose words tell of an outage; another failure without builds is FAIL.
    """
    if report.outcome is Outcome.SUCCESS:
        return Result.PASS
    if report.outcome is Outcome.MERGE_FAILURE:
        return Result.INFRA
    if report.outcome is not Outcome.FAILURE:
        return None
    if report.format == OUTAGE:
        return Result.INFRA
    classes = {result_class(build.result) for build in report.builds if build.voting}
    if Result.FAIL in classes or not classes or classes == {Result.PASS}:
        return Result.FAIL
    return Result.INFRA if Result.INFRA in classes or Result.PASS not in classes else Result.FAIL
