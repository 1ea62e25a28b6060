"""What a sentence says of a run: "2 of 9 TryBots failed:", "CI passed with 0 errors".

Advice is no verdict ("comment 'recheck' to rerun failed tests", "see URL for what to do
when a test fails"), and a count says more than its word ("Failures: 0", "1 of 2 passed").
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from cibot.collector.formats.rewording import reworded
from cibot.collector.formats.text import BAD, GOOD, word_set
from cibot.collector.results import SPOKEN
from cibot.model import Outcome, Result

MAX_SENTENCE = 300  # characters of a line that are looked at
SUBJECTS = word_set(
    "build builds test tests testing ci job jobs pipeline pipelines check checks gate "
    "presubmit validation verification verify integration trybot trybots treehugger run suite lint "
    "compilation compile builder result results status style formatted analysis "
    "deployment configure configuration upload package packaging documentation coverage scan "
    "benchmark"
)
_PASS = (
    frozenset(word for word in SPOKEN[Result.PASS] if not word.startswith("warn"))
    | word_set("passes succeeds okay lgtm partiallysucceeded succeededwithissues")
    | word_set("erfolgreich bestanden 👍 成功 通过 通過")
    | frozenset(GOOD)
)
_FAIL = (
    (SPOKEN[Result.FAIL] - {"red"})
    | word_set("failures error errors unhappy rejected broke crashed crashes hangs freezes")
    | word_set("regressed fehlgeschlagen gescheitert 👎 失败 失敗")
    | frozenset(BAD[:-2])
)
_START = word_set(
    "started starting starts start beginning running triggered triggering trying launched testing "
    "begun begins began building compiling deploying executing rerunning retesting rebuilding "
    "restarting restarted scheduled pending "
    "enqueued preparing 开始 開始"
)
_STOPPED = word_set(
    "canceled cancelled aborted aborting abort skipped superseded queued queue dequeued "
    "retriggered interrupted killed stopped"
)
_NOT = word_set(
    "not no nothing without zero never none nor neither cannot cant couldn't couldnt can't isn't "
    "didn't doesn't wasn't aren't weren't won't wouldn't hasn't haven't hadn't unable nicht"
)
_FINISHED = word_set("finished completed complete done ended finally")
_UNDONE = word_set("build compile start execute deploy apply complete finish install boot")
_CANNOT = word_set("cannot cant can't couldn't couldnt unable doesn't didn't")
_IDS = word_set("build builds job run patchset patch set change version step stage attempt shard")
# What "timeout" stands behind as a result ("Execution timeout").
_TELL = word_set(": = status result execution build job test tests run global")
_AGAIN = word_set("rerunning retrying restarting retriggering")
# "commit queue", "ok to start", "timeout while running"
_UNTOLD = word_set("commit merge to for before while until without 0")
_CLOSERS = frozenset(".,;:=!?/#")

_TOKEN = re.compile(
    rf"[a-z][a-z0-9]*(?:'[a-z]+)?|\d+(?:\.\d+)?(?![a-z0-9])%?|[{GOOD}{BAD}👍👎]|失败|失敗|成功|通过|通過|开始|開始|[.,;:=!?/#]"
)
_WORD = re.compile(rf"[a-z]+(?:'t)?|[{GOOD}{BAD}👍👎]|失败|失敗|成功|通过|通過|\b0\b")
_ASIDE = re.compile(r"[(\[]([^()\[\]]{0,200})[)\]]?")
_CLAUSE_END = re.compile(r"[.!?;](?:\s|$)|👉|\n")
_ADVICE = re.compile(
    r"(?:^|[\s,:.!])(?:"
    r"please\b|if\b|when(?:ever)?\b|unless\b|in case\b|(?:what|how|where) to\b|see\b|visit\b|"
    r"click\b|refer to\b|instructions?\b|you (?:can|may|should|could|must)\b|"
    r"(?:comment|reply|post|say|type|leave|use|write|add)\s+"
    r"(?:['\"`/“‘*<]|an?\b|the\b|with\b|on\b|here\b|below\b|re\w+|run\b)|"
    r"(?:in order )?to (?:re\w+|start|trigger|run|get|see|know|skip|ignore|debug|view|find|learn|"
    r"abort|cancel|test|request|look|do)\b|"
    r"for (?:more|details?|further|information|help|instructions|what|how)\b"
    r").*",
    re.DOTALL,
)


def words_of(line: str) -> list[str]:
    """The lower-case words and marks of a line's first `MAX_SENTENCE` characters."""
    return _WORD.findall(line[:MAX_SENTENCE].lower())


def says_result(text: str) -> bool:
    """Whether any word of the text could be a verdict."""
    seen = set(_WORD.findall(text[:5000].lower().replace("ok to ", "").replace("ok-to-", "")))
    return bool(seen & (_PASS | _FAIL))


@lru_cache(maxsize=4096)
def verdict(line: str) -> Outcome | None:
    """What a sentence says of a run, or None. A stop is NONE.

    What stands in brackets counts only where the rest says nothing.
    """
    lower = reworded(line[:MAX_SENTENCE].lower().replace("’", "'"))
    _, arrow, after = lower.partition("=>")
    if arrow and "=>" not in after and (said := _of_clauses(after)) is not None:
        return said  # "Run 1: failed, run 2: passed => PASSED"
    asides = _ASIDE.findall(lower) if "(" in lower or "[" in lower else ()
    said = _of_clauses(_ASIDE.sub(" , ", lower) if asides else lower)
    if said is None:
        others = [outcome for aside in asides if (outcome := _of_clauses(aside))]
        said = Outcome.FAILURE if Outcome.FAILURE in others else next(iter(others), None)
    return said


def _of_clauses(text: str) -> Outcome | None:
    passed = failed = late = False
    seen: set[str] = set()
    for clause in _CLAUSE_END.split(text):
        tokens = _TOKEN.findall(_ADVICE.sub("", clause))
        if tokens[:1] and tokens[0] in _AGAIN:
            return Outcome.STARTED
        good, bad = _weigh(tokens)
        passed, failed = passed or good, failed or bad
        if tokens[-1:] == ["timeout"] and (tokens[-2:-1] or [":"])[0] in _TELL:
            late = True
        elif "timedout" in tokens and tokens[tokens.index("timedout") - 1] != "0":
            late = _PASS.isdisjoint(tokens[tokens.index("timedout") :])
        elif good:
            late = False
        seen.update(
            word
            for index, word in enumerate(tokens)
            if not index
            or not (tokens[index - 1] in _UNTOLD or (word in _START and _unbegun(tokens[:index])))
            if word not in _STOPPED or not _counts(tokens, index + 1)
        )
    if failed:
        return Outcome.FAILURE
    stopped = seen & _STOPPED
    if stopped and not (passed and stopped <= {"skipped"}):
        return Outcome.NONE
    if late:
        return Outcome.FAILURE
    goes_on = "still" in seen or not seen & _FINISHED
    if seen & _START and goes_on and not (passed and "started" not in seen):
        return Outcome.STARTED
    return Outcome.SUCCESS if passed else None


def _counts(tokens: Sequence[str], at: int) -> bool:
    """Whether a number follows: "Skipped: 2", "Cancelled 0"."""
    return _count_after(tokens, at + (tokens[at : at + 1] in ([":"], ["="]))) is not None


def _weigh(tokens: Sequence[str]) -> tuple[bool, bool]:
    """Whether a clause tells of a success, and whether of a failure."""
    passed = failed = False
    start = 0  # after the last verdict word: its "not" does not belong to the next
    for index, word in enumerate(tokens):
        if word in _UNDONE and _negated(tokens[max(start, index - 3) : index], _CANNOT):
            failed = True
        if word not in _PASS and word not in _FAIL:
            continue
        good_word = (word in _PASS) != _negated(tokens[max(start, index - 4) : index])
        count = _count(tokens, index)
        good = _by_count(word in _PASS, *count, otherwise=good_word) if count else good_word
        start = index + 1
        if good is not None:
            passed, failed = passed or good, failed or not good
    return passed, failed


def _negated(before: Sequence[str], by: Collection[str] = _NOT) -> bool:
    """Whether one of the words before negates; a comma or colon ends what it negates."""
    for word in reversed(before):
        if word in _CLOSERS:
            return False
        if word in by:
            return True
    return False


def _unbegun(before: Sequence[str]) -> bool:
    """Whether what starts is denied: "could not be started", "0 VMs started"."""
    return _negated(before) or "0" in before[-3:]


def _by_count(passes: bool, number: float, total: float | None, *, otherwise: bool) -> bool | None:
    """What "NUMBER [of TOTAL] passed" or "… failed" says; None where that is nothing."""
    if total is not None:
        return number >= total if passes else number == 0
    if number == 0:
        return None if passes else True
    return otherwise


def _count(tokens: Sequence[str], index: int) -> tuple[float, float | None] | None:
    """The number, and the total, that belong to the word at ``index``."""
    index += tokens[index + 1 : index + 2] == ["rate"]  # "pass rate: 96.5%"
    if tokens[index + 1 : index + 2] in ([":"], ["="]):
        after = _count_after(tokens, index + 2)
        if after is not None:
            return after
    if tokens[index + 1 : index + 2] == ["0"]:  # "failed 0 tests"
        return 0.0, None
    if tokens[index + 2 : index + 3] == ["of"] and tokens[index + 1].isdigit():
        # "passed 11 of 12"
        return _count_after(tokens, index + 1)
    for at in range(index - 1, max(-1, index - 5), -1):
        word = tokens[at]
        if word in _CLOSERS or word in _PASS or word in _FAIL:
            return None
        if word[0].isdigit():
            return _count_ending(tokens, at)
    return None


def _count_after(tokens: Sequence[str], at: int) -> tuple[float, float | None] | None:
    """``Failed: 0,``, ``errors=0 skipped=3``, ``passed: 3/4``; not ``failed: 2 jobs``."""
    if tokens[at : at + 1] == ["none"]:
        return 0.0, None
    if tokens[at : at + 1] and tokens[at].endswith("%"):
        return float(tokens[at][:-1]), 100.0
    if at >= len(tokens) or not tokens[at].isdigit():
        return None
    after = tokens[at + 1 : at + 3]
    if after and after[0] in ("/", "of") and len(after) == 2 and after[1].isdigit():
        return float(tokens[at]), float(after[1])
    if not after or after[0] in _CLOSERS or after[1:] in ([":"], ["="]):
        return float(tokens[at]), None
    return None


def _count_ending(tokens: Sequence[str], at: int) -> tuple[float, float | None] | None:
    """``12``, ``2 of 9``, ``1 out of 2``, ``3/4`` or ``97%`` that ends at ``at``."""
    if tokens[at].endswith("%"):
        return float(tokens[at][:-1]), 100.0
    number = float(tokens[at])
    before = tokens[at - 1] if at else ""
    if before in ("of", "/"):
        first = at - 3 if before == "of" and tokens[at - 2 : at - 1] == ["out"] else at - 2
        if first >= 0 and tokens[first].isdigit():
            return float(tokens[first]), number
        return None if before == "of" else (number, None)  # "7 passed / 0 failed"
    if before in _IDS or before in ("#", "="):
        return None
    return number, None
