"""Other words for a verdict, brought to those that `verdict` weighs.

"exited with status 1", "VERDICT: -1", "Change verified", "compiles cleanly", "P:412 F:0",
"Timeout after 60 minutes", "kernel panic", "back to normal".
"""

from __future__ import annotations

import re

_SAME = (
    ("(s)", "s"),
    ("non-", "non"),
    ("could not ", "couldn't "),
    ("can not ", "cannot "),
    ("does not ", "doesn't "),
    ("did not ", "didn't "),
    ("timed out", "timedout"),
    ("ok to ", "may "),
    ("ok-to-", "may "),
    ("all good", "ok"),
    ("work in progress", "wip"),
    ("in_progress", "running"),
    ("in progress", "running"),
    ("went bad", "failed"),
    ("went well", "passed"),
    ("is wrong with", "failed"),
    ("kicked off", "started"),
    ("good to go", "passed"),
    ("none of the ", "no "),
)
_FOREIGN = re.compile(
    r"(?P<good>réussie?s?|успешно|успех|성공|exitos[ao]|éxito|úspěšn\w+)|"
    r"échouée?s?|échec|ошибк\w+|провал\w*|неудач\w+|실패|fallad[ao]|falló|fallid[ao]|neúspěšn\w+|[未不]通[过過]"
)


_OTHER: tuple[tuple[str, str], ...] = (
    (
        r"\bback to (?:normal|green|passing|success)\b|^verified (?:by|via)\b|^recovered\b|"
        r"\b(?:builds?|jobs?|ci|tests?|pipelines?) (?:has |have )?recovered\b|"
        r"^approved by (?:the |our )?(?:\S+ ){0,3}(?:ci|bot|jenkins|zuul)\b",
        "passed",
    ),
    (  # what was before is over: "green again after 3 failures"
        r"\b((?:passed|passes|passing|green|ok|fixed|success\w*)\b[^.;]{0,40}?) "
        r"(?:after|despite|following) (?:\w+ ){0,3}fail\w*(?: \w+)?",
        r"\1",
    ),
    (
        r"\bpreviously failed \w+|"
        r"\b(?:previous|earlier|former|last) (?:failures?|errors?|(?:failed|red) \w+)",
        "",
    ),
    (
        r"(?:regressions?|\b[1-9]\d* (?:new )?(?:defect|violation)s?) "
        r"(?:(?:was|were) )?(?:detected|found)|^[1-9]\d* (?:issue|problem)s?$|"
        r"\b[1-9]\d* new (?:defect|violation|issue|finding)s?\b|\bfound [1-9]\d* defects?\b",
        "failure",
    ),
    (
        r"\b(?:no|0) (?:new )?(?:regressions?|(?<=new )(?:defects|findings|violations)|"
        r"(?:issues|problems)$|(?:issues|problems|findings|defects|"
        r"violations)(?: were)? (?:found|detected|reported))\b",
        "passed",
    ),
    (
        r"\b(?:tests?|analysis|scan|checks?|lint|builds?)(?: run)?:? "
        r"(?:is |are |was |were )?clean\b",
        "passed",
    ),
    (  # "everything passed except docs"
        r"\b(?:all|everything) (?:(?:\w+ ){0,4}?(?:passed|succeeded|ok|green) "
        r"(?:except|apart from)|(?:except|but|apart from) [^.;]{1,60} (?:passed|ok|green))\b"
        r"(?! (?:known|expected|skipped|optional|flaky|\d+ skip))",
        "failed",
    ),
    (
        r"\bbeing (?:tested|built|verified)\b|\bwaiting for \d+ (?:builds?|jobs?|tests?)\b|"
        r"(?<![#.\w])[1-9]\d*(?: \w+)? (?:running|queued)\b",
        "testing",
    ),
    (  # "no failures yet", "all passed so far"
        r"^(?!.*\bnot\b)[^.;]{0,80}\b(?:pass(?:ed|ing)|ok|"
        r"(?:no|0) (?:failure|error|problem|issue)s?(?: \w+)?),? (?:yet|so far)\b",
        "running",
    ),
    (  # not yet: "a job will start once a maintainer has voted"
        r"\b(?:testing )?will (?:only )?(?:be )?(?:start|begin|run|started|triggered) "
        r"(?:automatically )?"
        r"(?:once (?!per |an? (?:day|night|week|hour))|when|as soon as|only|after|if)\b.*",
        "",
    ),
    (r"\bwaiting for (?:an? |the )?(?:\w+ )?(?:maintainer|approval|review|committer|owner).*", ""),
    (r"^pipeline(?: \S{1,40})?(?: was| has been)? created\b(?=:|\.?$)", "started"),
    (r"\b(?:finished|completed|done|ended) with [1-9]\d* (?:problem|issue)s?\b", "failed"),
    (r"\bbreaks (?:the |our )?(?:build|tests?|compilation)\b", "failed"),
    (
        r"\b(?:change|patch|patch ?set|commit)(?: \S{1,45})?? "
        r"(?:is |was |has been )?(?:successfully )?verified\b",
        "passed",
    ),
    (r"\b(?:couldn't|cannot|can't|not) be verified\b", "failed"),
    (
        r"\b(?:kernel (?:panic|oops|bug)|segmentation fault|segfault(?:ed)?|core dumped|"
        r"[1-9]\d* (?:red|"
        r"(?:jobs?|builds?|tests?|checks?) (?:are |is |were )?red))\b|(?<=[:→>] )red$",
        "failed",
    ),
    (
        r"\b(?:builds?|built|compiles?|compiled) (?:cleanly|fine|without (?:any )?"
        r"(?:warnings|errors|problems|issues)|with \d+ (?:new )?warnings)",
        "passed",
    ),
    (r"\btimeout (?:after|reached|exceeded|expired)\b|\bdeadline exceeded\b", "timedout"),
    (r"\b(?:tests?|build|boot|run|job) (?:hangs?|hung|got stuck|is stuck)\b", "failed"),
)
_EITHER = (  # of what passed or failed: it passed where there is a group "good"
    r"(?:\brc(?=[= ])|\breturned(?= [0-2]\b)|exit(?:ed|s)?(?: with)?(?: (?:status|code)"
    r"(?: of \S{1,40}?)?)?)(?::? |=)(?:(?P<good>0+)|\d{1,3})\b",
    r"\b(?:verdict|result|outcome|vote|score|verified)(?: is| was)?(?: ?[:=] ?| )"
    r"(?:verified ?)?(?<!\w)(?:(?P<good>\+)|-)[12](?![\w%]|\.\d)",
    r"\b(?:verdict|result|outcome)s?(?: is| was)? ?[:=] ?"
    r"(?:(?P<good>positive|good|go)|negative|bad|red|no[ -]go)\b",
    r"^(?:(?P<good>good)|bad): ",
    r"^(?:(?P<good>\+)|-)[12] (?:from|by) ",
    r"\bp(?:ass)?[:=] ?\d+[ ,/]{1,3}f(?:ail)?[:=] ?(?:(?P<good>0+)|\d+)\b",
    # "tests 38/40"
    r"(?<!running )\btests:? (?:(?P<good>\d{1,6})/(?P=good)|\d{1,6}/\d{1,6})(?=[,;)]|$)",
    # "(PASS/FAIL/TOTAL): 4/0/4"
    r"\(?\bpass(?:ed)?/fail(?:ed)?(?:/\w+)*\)?:? ?\d+/(?:(?P<good>0+)|\d+)(?:/\d+)*",
)
_WORDS = tuple((re.compile(pattern), meaning) for pattern, meaning in _OTHER)
_SIGNS = tuple(re.compile(pattern) for pattern in _EITHER)
_HINT = re.compile(
    r"approved by|recovered|being |running|queued|"
    r"exit|rc[= ]|kernel|segm|segf|core d| red|no |regress|breaks|[+-][12]|verified|clean|"
    r"[:=] ?(?:pos|neg|good|bad|red|go|no)|^bad|^good|defect|violation|finding|issue|problem|"
    r"fine|without|warnings|f[:=]|timeout|deadline|"
    r"return|hang|hung|stuck|fail[:=/]|back to|after|despite|following|"
    r"created|waiting for|once |as soon|when |only |"
    r" with |tests|yet|so far|except|apart|all but|everything but|previous|earlier|former|last "
)


def reworded(lower: str) -> str:
    """The sentence, in lower case, with the usual words for what it says."""
    for words, meaning in _SAME:
        if words in lower:
            lower = lower.replace(words, meaning)
    if not lower.isascii():
        lower = _FOREIGN.sub(_passed_or_failed, lower)
    if _HINT.search(lower):
        for sign in _SIGNS:
            lower = sign.sub(_passed_or_failed, lower)
        for pattern, meaning in _WORDS:
            lower = pattern.sub(meaning, lower)
    return lower


def _passed_or_failed(match: re.Match[str]) -> str:
    return " passed " if match["good"] else " failed "
