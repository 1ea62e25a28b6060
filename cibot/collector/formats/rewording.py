"""Other words for a verdict, brought to those that `verdict` weighs.

"exited with status 1", "VERDICT: -1", "Change verified", "compiles cleanly", "P:412 F:0",
"Timeout after 60 minutes", "kernel panic", "back to normal".
"""

from __future__ import annotations

import re
from collections.abc import Callable

_SAME = (
    ("could not ", "couldn't "),
    ("can not ", "cannot "),
    ("does not ", "doesn't "),
    ("did not ", "didn't "),
    ("timed out", "timedout"),
    ("ok to ", "may "),
    ("all good", "ok"),
    ("work in progress", "wip"),
    ("in_progress", "running"),
    ("in progress", "running"),
    ("went wrong", "failed"),
    ("went well", "passed"),
    ("is wrong with", "failed"),
    ("kicked off", "started"),
    ("good to go", "passed"),
)
_FOREIGN = re.compile(
    r"(?P<passed>réussie?s?|успешно|успех|성공|exitos[ao]|éxito|úspěšn\w+)|"
    r"échouée?s?|échec|ошибк\w+|провал\w*|неудач\w+|실패|fallad[ao]|falló|fallid[ao]|neúspěšn\w+|[未不]通[过過]"
)
_Said = Callable[[re.Match[str]], str]


def _as(word: str) -> _Said:
    return lambda _match: word


def _either(*, passed: bool) -> str:
    return " passed " if passed else " failed "


_OTHER: tuple[tuple[re.Pattern[str], _Said], ...] = (
    (
        re.compile(
            r"(?:\brc(?=[= ])|\breturned(?= [0-2]\b)|"
            r"exit(?:ed|s)?(?: with)?(?: (?:status|code)(?: of \S{1,40}?)?)?)"
            r"(?::? |=)(\d{1,3})\b"
        ),
        lambda match: _either(passed=int(match[1]) == 0),
    ),
    (re.compile(r"\bback to (?:normal|green|passing|success)\b"), _as("passed")),
    (  # what was before is over: "green again after 3 failures"
        re.compile(
            r"(?<=\b)((?:passed|passes|passing|green|ok|fixed|success\w*)\b[^.;]{0,40}?) "
            r"(?:after|despite|following) (?:\w+ ){0,3}fail\w*(?: \w+)?"
        ),
        lambda match: match[1],
    ),
    (
        re.compile(r"\b(?:previous|earlier|former|last) (?:failures?|errors?|(?:failed|red) \w+)"),
        _as(""),
    ),
    (  # "(PASS/FAIL/TOTAL): 4/0/4"
        re.compile(r"\(?\bpass(?:ed)?/fail(?:ed)?(?:/\w+)*\)?:? ?\d+/(\d+)(?:/\d+)*"),
        lambda match: _either(passed=int(match[1]) == 0),
    ),
    (
        re.compile(r"regressions? (?:(?:was|were) )?(?:detected|found)"),
        _as("failure"),
    ),
    (
        re.compile(
            r"\bno (?:new )?(?:regressions?|(?:issues|problems|findings|defects|violations)"
            r"(?: were)? (?:found|detected|reported))\b"
        ),
        _as("passed"),
    ),
    (
        re.compile(
            r"\b(?:tests?|analysis|scan|checks?|lint|builds?)(?: run)?:? "
            r"(?:is |are |was |were )?clean\b"
        ),
        _as("passed"),
    ),
    (re.compile(r"\bbreaks (?:the |our )?(?:build|tests?|compilation)\b"), _as("failed")),
    (
        re.compile(
            r"\b(?:verdict|result|outcome|vote|score|verified)(?: is| was)?(?: ?[:=] ?| )"
            r"(?:verified ?)?(?<!\w)([+-])[12](?![\w%]|\.\d)"
        ),
        lambda match: _either(passed=match[1] == "+"),
    ),
    (
        re.compile(
            r"\b(?:verdict|result|outcome)s?(?: is| was)? ?[:=] ?"
            r"(?:(positive|good)|negative|bad|red)\b"
        ),
        lambda match: _either(passed=bool(match[1])),
    ),
    (
        re.compile(
            r"\b(?:change|patch|patch ?set|commit)(?: \S{1,45})?? "
            r"(?:is |was |has been )?(?:successfully )?verified\b"
        ),
        _as("passed"),
    ),
    (
        re.compile(r"^([+-])[12] (?:from|by) "),
        lambda match: _either(passed=match[1] == "+"),
    ),
    (re.compile(r"\b(?:couldn't|cannot|can't|not) be verified\b"), _as("failed")),
    (
        re.compile(
            r"\b(?:kernel (?:panic|oops|bug)|segmentation fault|segfault(?:ed)?|core dumped|"
            r"[1-9]\d* red (?:jobs?|builds?|tests?|checks?))\b|(?<=: )red$"
        ),
        _as("failed"),
    ),
    (
        re.compile(
            r"\b(?:builds?|built|compiles?|compiled) (?:cleanly|fine|without (?:any )?"
            r"(?:warnings|errors|problems|issues)|with \d+ (?:new )?warnings)"
        ),
        _as("passed"),
    ),
    (
        re.compile(r"\bp(?:ass)?[:=] ?\d+[ ,/]{1,3}f(?:ail)?[:=] ?(\d+)\b"),
        lambda match: _either(passed=int(match[1]) == 0),
    ),
    (
        re.compile(r"\btimeout (?:after|reached|exceeded|expired)\b|\bdeadline exceeded\b"),
        _as("timedout"),
    ),
    (
        re.compile(r"\b(?:tests?|build|boot|run|job) (?:hangs?|hung|got stuck|is stuck)\b"),
        _as("failed"),
    ),
)
_HINT = re.compile(
    r"exit|rc[= ]|kernel|segm|segf|core d| red|no |regress|breaks|[+-][12]|verified|clean|"
    r"[:=] ?(?:pos|neg|good|bad|red)|fine|without|warnings|f[:=]|timeout|deadline|"
    r"return|hang|hung|stuck|fail[:=/]|back to|after|despite|following|"
    r"previous|earlier|former|last "
)


def reworded(lower: str) -> str:
    """The sentence, in lower case, with the usual words for what it says."""
    for words, meaning in _SAME:
        if words in lower:
            lower = lower.replace(words, meaning)
    if not lower.isascii():
        lower = _FOREIGN.sub(lambda match: _either(passed=bool(match["passed"])), lower)
    if _HINT.search(lower):
        for pattern, said in _OTHER:
            lower = pattern.sub(said, lower)
    return lower
