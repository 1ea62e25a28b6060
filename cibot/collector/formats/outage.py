"""Whether a CI's words say that its own system broke: "no executor available, please recheck".

Such a run judges no change, whatever the vote is. Each word is of a kind (a part of a CI, what
befalls it, a step before any test), and a few orders of kinds tell of an outage. Where a line
tells of failed tests, too, only what says outright that the system is to blame does.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from cibot.collector.formats.comment import Comment
from cibot.collector.formats.text import word_set
from cibot.model import NOTE, OUTAGE, Outcome, Report

_LINES = 4  # what follows are details, and may be a log's
_LINE = 300
FINDINGS = "findings"  # what follows are findings
_IN_WORDS = frozenset((NOTE, "sentence", "votes", FINDINGS))
"""Formats whose builds have their result from the sentence or the vote, not from a line."""
_HEADLINES = frozenset(("zuul", "jenkins"))

_KINDS = {
    "A": word_set(  # what only a CI has
        "nodepool agent slave executor worker runner bot testbed testbeds lab farm rack rig dut "
        "hypervisor sut chassis blade bmc ipmi pdu psu ups jumphost bastion minion"
    ),
    "M": word_set(  # machines, and what they are counted in
        "node builder vm vms instance pod host machine board device cluster capacity resources "
        "quota disk filer environment container space memory inodes"
    ),
    "P": word_set(  # services and places that a CI stands on
        "jenkins zuul ci infra infrastructure server network registry mirror proxy artifactory "
        "nexus hub daemon vpn dns dhcp cloud gerrit github gitlab vcs bucket swift nfs ldap vault "
        "gateway uplink hardware hw power storage array san fabric switch router controller "
        "scheduler queue channel datacenter site license credentials certificate index connection "
        "system target remote provider docker dockerd kubernetes apiserver etcd pypi npm quay "
        "firewall ssl tls ntp kerberos sso token cable fiber cooling air uplink session tunnel"
    ),
    "B": word_set(
        "down offline unreachable unavailable inaccessible unresponsive disconnected lost gone "
        "away died dead loss blocked wedged hung stuck broken broke exhausted expired reclaimed "
        "terminated termination killed deleted drained dropped refused closed reset disappeared "
        "vanished interrupted defective faulty overloaded overflow busy full flapped panic "
        "restart reboot shutdown hungup runout crash sealed stale stopped occupied taken exceeded "
        "upgraded replaced reimaged moved changed wrong misconfigured low httperror dip cut "
        "brownout blackout overheated froze frozen starved throttled revoked corrupted detached "
        "unplugged denied overran notready read-only readonly removed dirty collapsed tripped"
    ),
    "O": word_set(
        "downtime outage hiccup glitch maintenance novalidhost errimagepull imagepullbackoff "
        "preempted evicted misconfiguration disconnected"
    ),
    "W": word_set("problem issue trouble error failure fault exception bug flake difficulties"),
    "T": word_set("timedout"),
    "Y": word_set("waiting for"),
    "F": word_set("fails"),
    "N": word_set("cannot cant"),
    "X": word_set("not didn't doesn't isn't wasn't aren't never"),
    "Z": word_set("no insufficient without lack"),
    "S": word_set(  # only what precedes a test
        "clone checkout fetch provision provisioned lease reserve allocate allocation acquire "
        "rsync scp fulfil fulfill commission assign spawn ssh login contact reach schedule "
        "handshake claim obtain"
    ),
    "D": word_set(  # steps that need a part of the CI as their object
        "boot launch deploy deployment install connect start pull download upload resolve create "
        "creation lookup negotiation authentication registration discovery setup prepare mount "
        "bootstrap lock get find use executed talk initialize bring"
    ),
    "V": word_set(  # what only a machine that works does
        "come return answer respond reply react recover wake"
    ),
    "J": word_set("build job run result change image artifact"),
}
_ENDING = re.compile(r"(?:ations?|ings?|ed|es|e|s|ion)$")


def _stem(word: str) -> str:
    return _ENDING.sub("", word) if len(word) > 3 else word


_KIND = {_stem(word): kind for kind, words in _KINDS.items() for word in words}
_TOKEN = re.compile(r"[^\s,:()\[\]]*[a-z0-9][^\s,:()\[\]]*|[,:]")
_MARKS = ".;!?,:'\"`"
_ENDS = ".;!?,:"
_SAME = tuple(
    (re.compile(pattern), word)
    for pattern, word in (
        (r"\b(?:could not|couldn't|can not|can't|unable to|failed to|not able to) ", "cannot "),
        (
            r"\b(?:not|never) (?:yet )?(?:available|reachable|responding|ready|acquired|allocated|"
            r"provisioned|found|mounted)\b",
            "unavailable",
        ),
        (r"\b(?:timed out|timeout|time-out)\b", "timedout"),
        (r"\b(?:ran|runs|running) out of\b|\bbad gateway\b", "outage"),
        (r"\b(?:out|short) of\b|\bnot enough\b", "runout"),
        (r"\bshut(?:ting)? down\b", "shutdown"),
        (r"\bin (?:use|maintenance)\b", "busy"),
        (r"\bhung up\b", "hungup"),
        (
            r"\btest[ -](?=(?:bed|lab|farm|rig|environment|setup|system|vm|host|node|cluster|"
            r"machine)s?\b)",
            "",
        ),
        (r"\blog(?:ging)? in\b", "login"),
        (r"\bcheck(?:ing)? out\b", "checkout"),
        (r"\bset[ -]up\b", "setup"),
        (r"\b5\d\d\b(?! tests?\b)|\breturn(?:s|ed|ing) [45]\d\d\b", "httperror"),
        (
            r"\bno (\w+) (?:is |are |was |were )?(?:currently )?"
            r"(?:available|left|free|online|ready)\b",
            r"\1 unavailable",
        ),
        (r"\bfailed over\b", "down"),
        (r"\b(?:is|are|was|were|went) (?:\w+ )?down\b", "outage"),
        (r"\bname resolution\b", "dns"),
        (r"\bin the (?:\w+ )?queue\b", "waiting for queue"),
        (r"\bgiv(?:ing|en|e) up\b", "timedout"),
        (r"\S*outofmemoryerror\b", "runout"),
        (r"\b(?:never|not|didn't) (?:become|get) (?:active|ready|online)\b", "unavailable"),
        (r"\bretry quota\b", ""),
        (r"\b0(?:/| of )\d+ ", "no "),
        (r"\b(?:never|not|didn't) (?:get|got|find|found) (?:an? |any |its )?", "no "),
        (
            r"\b0 (?=\w+ (?:(?:were|are) )?(?:started|available|free|online|ready|left)\b)",
            "no ",
        ),
        (r"\bbuild-(?=\d)", "builder-"),
    )
)
_OUTAGE = re.compile(
    r"O|A[^,]*[BNZ]|[BNZ][^,]*A|X[^,]{0,3}A|[AMP][^,]{0,4}B|[AMP][^,]{0,2}[WT]|"
    r"B[^,]{0,5}[AMP]|T[^,]{0,2}Y[^,]{0,4}[AMPJ]|W[^,]{0,3}[AMP]|Z[^,]{0,3}M(?!W)|N[^,]{0,2}S|"
    r"N[^,]{0,2}D[^,]{0,5}[AMPJ]|S[^,]{0,6}[FWBT]|[AMPJ]D[^,]{0,1}[FWBT]|"
    r"D[^,]{0,2}[AM][^,]{0,2}[FBT]|[AMPJ][^,]{0,2}N[^,]{0,1}[DS]|[AMP]_{0,3}[XN]_?V|Y[^,]{0,5}[AM],?T"
)
_RESULTS = r"(?:runs?|jobs?|builds?|results?|verdicts?|failures?|votes?|outcomes?)"


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(patterns)})")


_SAID = _any(
    r"infra(?:structure)?[- ](?:\w+[- ])?(?:errors?|failures?|failed|faults?|issues?|problems?|"
    r"troubles?|flakes?|bugs?)\b",
    r"(?:not|un)[ -]?(?:caused by|related to|due to|because of|your|the fault of|"
    r"a (?:problem|fault) (?:of|in|with)) (?:your |this |the )?(?:change|patch|commit|fault)\b",
    r"nothing (?:was|has been) (?:tested|built|run)\b",
    r"says nothing about\b",
    r"false (?:negative|failure|alarm)\b",
    r"before (?:any|the) tests? (?:was|were|could be)? ?(?:executed|run|started?)\b",
    r"(?<!are )(?<!is )(?:not|never|no) (?:been )?"
    r"(?:tests? (?:executed|started|run)|tested|test this)\b",
    r"(?:builds?|tests?|jobs?) (?:were |was )?(?:not|never) (?:executed|started|run)\b",
    r"without running any",
    rf"{_RESULTS}(?: \S+){{0,4}} (?:was |is |were |are |got |been )?(?:discarded|invalid|void|lost|"
    r"interrupted|unknown(?=[.,;!]|$)|incomplete|not (?:valid|reliable))\b",
    r"(?:ignore|disregard) (?:(?:this|the|our)(?: \S+)? )?(?:results?|votes?|failures?|report|"
    r"comment|-1)\b",
    r"by mistake\b",
    r"(?:by|of|in|with) (?:the |our )?(?:ci )?infrastructure\b",
    r"internal (?:ci )?error in (?:the|our)\b",
    r"(?:ci internal|internal ci) error\b",
    r"(?:build|run|job|pipeline|task)(?: #?\d+)? (?:errored|fault)\b",
    r"rate limit (?:was |is )?(?:hit|reached|exceeded)\b",
)
_TESTED = _any(
    r"[1-9]\d* (?:\S+ ){0,2}(?:tests?|failures?|errors?)\b"
    r"(?! (?:were|have been) (?:not|skipped))",
    r"(?:tests?(?! (?:bed|environment|lab|farm|rig|setup|system|host|node|cluster|machine)s?\b)|"
    r"benchmarks?|style|docs?)(?: \S+){0,4} (?:failed|failing|timed out|broke|broken)\b",
    r"failed tests?\b",
    r"not compile\b",
    r"(?:compil\w+|syntax) (?:error|failed|failure)",
    r"\d+ of \d+\b",
    r"\S+\.(?:c|cc|cpp|h|py|go|java|rs|js|ts)\b",
    r"(?:after|with|since) (?:this|your) (?:change|patch)\b|in your \w+\b",
    r"(?:this|your) (?:change|patch|commit)(?: ?set)? (?:broke|breaks|fails|failed)\b",
    r"by \d+(?:\.\d+)? ?%|broken (?:link|reference|import|symlink)",
    r"(?:segmentation fault|segfault|assertion|benchmark|deadlock|test_\w+|partition)",
    r"fail\w*:.{1,200} test$",
    r"(?:section \.\w+|undefined reference|ld|linker|linking|collect2|cc1(?:plus)?)\b",
    r"in (?:the |an? )?(?:unit|integration|functional|regression|smoke|system|acceptance) tests?\b",
    r"\w*tests?\.\w+",
)
# "Fix infra failure in devstack: tests failed", "'No disk left' test failed": what a change is for
_TITLE = re.compile(
    r"^(?:fix|add|handle|avoid|revert|remove|update|improve|retry|ignore|allow|check|report|use)"
    r"(?:es|s|ed|ing)?\b[^:]{3,100}: |\"[^\"]{3,100}\"|(?<!\w)'[^']{3,100}'(?!\w)"
)
_DENIED = re.compile(
    r"\b(?:no|not an?|without|zero|isn't an?|0) (?:\w+ )?infra(?:structure)?[- ]"
    r"(?:errors?|failures?|faults?|issues?|problems?|troubles?|flakes?|bugs?)\b"
)
_CONDITION = re.compile(r"\bif\b[^,.;:!?]*")  # "if it is an infra problem, comment recheck"
_ANNOUNCED = _any(
    r"(?:will(?! not)|going to|planned|delayed|tomorrow|back (?:online|up|again)|up again|resolved|"
    r"superseded|newer patch ?set|"
    r"fixed|up and running|recovered|restored|is over|no longer|in case)\b",
    r"(?:re-?running|restarting|re-?triggering|repeating) (?:the |this |your )?"
    r"(?:build|job|jobs|run|tests?)\b",
)
_GIVEN_UP = re.compile(
    r"\b(?:(?:will|going to) (?:be )?(?:automatically )?(?:re|try again)|aborted|killed|overran)"
)
_BEGUN = re.compile(
    r"(?:(?:the )?(?:build|tests?|testing|jobs?|ci|run|verification|now|we are|we're) (?:#\d+ )?)?"
    r"(?:starting|started|running|triggered|queued|building|testing (?:started|begins|your))\b"
)


def corrected(comment: Comment, report: Report | None) -> Report | None:
    """The report, or that of an outage where the CI's own words tell of one.

    Only a known CI's or one that its name or tag shows, only where no line tells how a job
    went, and never over a success.
    """
    if not _open(comment, report) or not comment.by_ci:
        return report
    if not broke(comment, 1 if report is not None and report.format == FINDINGS else _LINES):
        return report
    builds = report.builds if report is not None else ()
    if report is not None and report.format in _IN_WORDS:
        builds = tuple(replace(build, result="INFRA_FAILURE") for build in builds)
    return Report(Outcome.FAILURE, OUTAGE, report.pipeline if report else None, builds)


def _open(comment: Comment, report: Report | None) -> bool:
    if report is None:
        return True
    if report.outcome in (Outcome.SUCCESS, Outcome.MERGE_FAILURE):
        return False
    if report.outcome is not Outcome.FAILURE and _BEGUN.match(comment.first.lower()):
        return False  # "Starting tests on node-3, node-2 is down"
    if report.format in _IN_WORDS:
        return True
    failed = report.outcome is Outcome.FAILURE and not report.builds
    return failed and report.format in _HEADLINES


def broke(comment: Comment, lines: int = _LINES) -> bool:
    """Whether one of the first ``lines`` says that the CI itself broke; indented ones do not."""
    flush = (line for line in comment.lines[:lines] if line[0] not in " \t")
    return any(_tells(line[:_LINE]) for line in flush)


@lru_cache(maxsize=1024)
def _tells(line: str) -> bool:
    text = line.lower().replace("’", "'")
    if "://" in text:
        text = " ".join(word for word in text.split() if "://" not in word)
    text = _TITLE.sub("", text)
    if _ANNOUNCED.search(text) and not _GIVEN_UP.search(text):
        return False
    if "if " in text:
        text = _CONDITION.sub("", text)
    if _DENIED.search(text):
        return False
    if _SAID.search(text):
        return True
    return not _TESTED.search(text) and _OUTAGE.search(_kinds(text)) is not None


def _kinds(text: str) -> str:
    """``M_B`` of "node is offline"; what stands for a file or a test is ``_``."""
    for pattern, same in _SAME:
        text = pattern.sub(same, text)
    return "".join(_kind(token) for token in _TOKEN.findall(text))


def _kind(token: str) -> str:
    word = token.strip(_MARKS).removesuffix("'s")
    number = word.rstrip("0123456789")
    kind = _KIND.get(_stem(number.rstrip("-") if number else word), "_") if word else ""
    return kind if word and token[-1] not in _ENDS else f"{kind},"
