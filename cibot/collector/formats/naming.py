"""Whether words before or after a result name a job, or only tell, label or point."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cibot.collector.formats.text import word_set

_NAMELESS = word_set(
    "name job test status result results outcome overall build verdict conclusion state summary "
    "note warning error message details reason log logs finished completed done ended still"
)
_LABELS = word_set(
    "log logs file files output console report reports artifact artifacts detail details result "
    "results link links url page summary full more here info information dashboard view see at "
    "visit"
)
"""Words that alone name what a link leads to, and no job ("Log files: URL")."""
_WHOLE_RUN = word_set("result results status outcome verdict conclusion overall summary")
_EARLIER = word_set("previous previously last earlier former old before")
_PROGRAMS = word_set("ci bot jenkins zuul")
_POINTERS = word_set("the this that these those a an my our your its some any no")
GENERAL = _POINTERS | word_set("tests test build builds ci jobs it all still now and but")
EVERY = word_set("all every each no none")
LINKING = word_set("at by in on of for from to with until is was has and")
WHOLE = word_set("tests test builds build checks jobs job")
_TELLING = word_set("status result results outcome verdict conclusion with is was are has")
"""Words that end what stands before a result, where it is no job's name."""
KINDS = word_set("job stage builder task check workflow")
RUNS = KINDS | {"run"}
STEPS = KINDS | word_set("step part phase")
_COUNTED = word_set("build pipeline run workflow job")
_COUNTED_JOBS = re.compile(r"\d+ (?:jobs?|builds?|checks?|tests?|targets?)\b")
_VERBS = word_set("finished completed ended concluded done has have been is was as state")
_DONE = word_set("built tested compiled booted ran failed")
_WORK = word_set("to build compile test boot run start on")
_TESTED = re.compile(
    r"(?:ps|patch[ -]?set|change|commit|revision)[ #-]*(?:\d+|[0-9a-f]{7,40})", re.IGNORECASE
)
_TEST = re.compile(r"::|^//|(?:^|[./])test_|\.py\b|^tests?\.[\w.]+$|^\w+(?:\.\w+){2,}$")


def nameless(name: str, *, listed: bool = False) -> bool:
    """Whether these words before a result name no job ("Build result", "finished with").

    In a list "build" does: many call their first job so.
    """
    if listed and name.lower() in ("build", "test"):
        return False
    if name.lower() in _NAMELESS or tells(name) or labels(name) or _TESTED.fullmatch(name):
        return True
    kind, _, number = name.lower().partition(" ")
    if kind in _COUNTED and number.isdigit():  # "pipeline 4411"
        return True
    if _COUNTED_JOBS.match(name):  # "OK: 14 jobs"
        return True
    return not listed and names_author(name)  # "Acme CI: FAILURE" names its author


def names_author(name: str) -> bool:
    """Whether these words are a CI's own name ("Acme ML2 CI")."""
    return _last(name) in _PROGRAMS or name.lower().endswith("continuous integration")


def names_whole(label: str) -> bool:
    """Whether what is labelled so is the run as a whole ("CI result", "Acme CI"), and this one."""
    words = label.lower().split()
    whole = _last(label) in _WHOLE_RUN or names_author(label)
    return whole and len(words) <= 4 and _EARLIER.isdisjoint(words)


def names_test(name: str) -> bool:
    """Whether this is a test's name and no job's: ``tests/test_a.py::test_b``, ``//lib:test``."""
    return _TEST.search(name) is not None


def tells(name: str) -> bool:
    """Whether these words end in one that only tells ("CI status", "finished with")."""
    return _last(name) in _TELLING and name.count("-") < 2  # "test-python3-status"


def _last(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").rpartition(" ")[2].lower()


def labels(name: str) -> bool:
    """Whether these words only say what a link leads to ("Log files", "Full report")."""
    words = name.lower().split()
    return bool(words) and _LABELS.issuperset(words)


def counted(words: Sequence[str]) -> bool:
    """Whether these words name what CIs count: "Pipeline #12 failed" tells of the whole."""
    return words[-1].lower() in _COUNTED


def points(text: str) -> bool:
    """Whether words only point at a link ("See the full build log at")."""
    words = text.lower().strip(" :").split()
    return all(word in _LABELS or word in GENERAL or word in LINKING for word in words)


def without_telling(written: Sequence[str]) -> list[str]:
    """``build-x86`` of "build-x86 finished with status", and of "Result of build-x86"."""
    words = list(written)
    if words[0].lower() in _DONE and _WORK.issuperset(words[1:-1]) and like_a_name(words[-1]):
        return words[-1:]  # "Built linux-arm", "Failed to build linux-arm"
    while words and (words[-1].lower() in _TELLING or words[-1].lower() in _VERBS):
        words.pop()
    if len(words) == 3 and words[1].lower() in ("of", "for") and words[0].lower() in _TELLING:
        words = words[2:]
    if len(words) == 3 and words[0].lower() in KINDS and words[1].lower() == "run":
        del words[1]  # "Check run unit-tests"
    if len(words) > 2 and words[0].lower() in ("test", "build") and words[1].lower() in KINDS:
        del words[:2]  # "Test stage functional"
    if len(words) == 3 and words[0].lower() in ("the", "our"):
        del words[0]  # "The smoke-test job"
    if len(words) == 2 and words[1].lower() in RUNS and like_a_name(words[0]):
        words.pop()
    return words


def like_a_name(word: str) -> bool:
    """Whether a word is written as jobs are: ``build-gcc``, ``py39``, ``api/unit``."""
    if not word[0].isalpha():
        return False
    return any(sign in word[1:-1] for sign in "-_/.@+:") or any(c.isdigit() for c in word)
