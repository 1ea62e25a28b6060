"""One sentence that says how a run went: "Core CI is happy: URL", "Quality gate passed!"."""

from __future__ import annotations

import re

from cibot.collector.formats.comment import Comment, reviewed, score
from cibot.collector.formats.conclude import conclude
from cibot.collector.formats.merging import unmerged
from cibot.collector.formats.parts import one_failed
from cibot.collector.formats.person import by_hand, reviews
from cibot.collector.formats.text import first_url, job_name, job_url, word_set
from cibot.collector.formats.verdict import SUBJECTS, verdict, words_of
from cibot.model import Build, Outcome, Report

NAME = "sentence"
_PRAISE = ("good job", "well done", "patch looks good", "correctly formatted", "looks good")
_LABELS = ("note", "ps", "the ", "this ", "that ", "a ")  # how a person's label begins
_OVERALL = word_set("result status state outcome verdict overall conclusion") | {
    "overall result",
    "build result",
    "test result",
    "final result",
}
_LEADS = word_set("see at because of in here by with from on is to this look")
_LONGEST_REST = 14  # words behind a program's label
_POINTED = ("this ", "that ", "a ")
_MARKED = "✔✅✖❌✗✓"
_ANNOUNCED = re.compile(
    r"\bfollowing (?:[\w-]+ ){1,3}(?:will|have|has|are|is)(?: now)?(?: be| been| being)? "
    r"(?:run|triggered|started|executed|tested|built)\b",
    re.IGNORECASE,
)
_SHOUTED = re.compile(r"(?:^|\s)BUILD (?:SUCCESS(?:FUL)?|FAIL(?:URE|ED))(?=\s|$)")


def read(comment: Comment) -> Report | None:
    """A short statement by a program; its link, if any, names the job."""
    first = comment.first
    if not first or len(first) > 300:
        return None
    outcome = _said(comment)
    if outcome is Outcome.SUCCESS and comment.by_bot and one_failed(comment):
        outcome = Outcome.FAILURE
    if outcome is None:
        outcome = _result_line(comment)
        named = comment.by_bot or SUBJECTS & set(words_of(first))
        if outcome is None or not named or (not comment.by_ci and by_hand(comment)):
            return None
    elif not _program(comment, first, outcome):
        return None
    builds = _build(comment, first, outcome)
    if outcome is Outcome.NONE and score(comment.votes):
        outcome = None  # a vote is a verdict, and a word in a sentence is not
    said = conclude(comment, outcome, builds) or Outcome.NONE
    return Report(said, NAME, None, builds)


def _said(comment: Comment) -> Outcome | None:
    first = comment.first
    if unmerged(comment):
        return Outcome.MERGE_FAILURE
    url = first_url(first)
    text = first[: first.find(url)] if url else first
    if "](" in text:  # "The change ([4711](URL)) failed one of the tests"
        text = first.replace(f"]({url})", "]")
    outcome = verdict(text)
    if outcome is None and url and len(aside := first[first.find(url) + len(url) :].split()) <= 2:
        outcome = verdict(" ".join(aside))
    if outcome is None and first.count("://") > 1:  # "Cross-check with URL running at URL"
        outcome = verdict(_without_urls(first[: first.rfind("://")]))
    if outcome is None and first.startswith("Submitted ") and SUBJECTS & set(words_of(text)):
        return Outcome.STARTED
    if outcome is Outcome.STARTED and first.startswith("Running ") and score(comment.votes):
        return None  # "Running 44 on URL": with its vote it has ended
    if outcome is None and any(words in first.lower() for words in _PRAISE):
        return Outcome.SUCCESS
    if outcome is None and _announced(comment):
        return Outcome.STARTED
    return outcome


def _announced(comment: Comment) -> bool:
    """``The following sessions will be run:``; of an unknown account with a list and a link."""
    listed = comment.first.endswith(":") and "://" in comment.body
    return (comment.by_bot or listed) and _ANNOUNCED.search(comment.first) is not None


def _result_line(comment: Comment) -> Outcome | None:
    """``Result: PASSED`` on a line of its own, or ``[INFO] BUILD SUCCESS`` as Maven has it."""
    for at, line in enumerate(comment.lines[1:12], 1):
        if match := _SHOUTED.search(line):
            return verdict(match[0])
        label, colon, word = line.strip("-* ").partition(": ")
        if not colon or "://" in line:
            continue
        overall = label.lower() in _OVERALL
        if (overall or (comment.by_bot and SUBJECTS & set(words_of(label)))) and (
            len(word.split()) <= 2 and (said := verdict(word)) is not None
        ):
            if said is Outcome.SUCCESS and one_failed(comment, at):
                return Outcome.FAILURE
            return said if said is not Outcome.STARTED or comment.by_bot else None
    return _below(comment) if comment.by_ci else None


def _below(comment: Comment) -> Outcome | None:
    """What a CI says below a title or a greeting, in the first lines, of a build or tests."""
    for at, line in enumerate(comment.lines[1:4], 1):
        if "://" in line or len(line) > 160 or not SUBJECTS & set(words_of(line)):
            continue
        said = verdict(line)
        if said in (Outcome.SUCCESS, Outcome.FAILURE):
            return Outcome.FAILURE if one_failed(comment, at) else said
    return None


def _program(  # noqa: PLR0911 - one return a form
    comment: Comment, first: str, outcome: Outcome
) -> bool:
    """Whether this is a CI's statement: by its account or tag, or plainly by its form."""
    if comment.by_bot:
        return True
    if _labelled(first):
        return True
    if by_hand(comment) or reviewed(comment.votes) or reviews(comment):
        return False
    if outcome is Outcome.MERGE_FAILURE or _shaped(first):
        return True
    if outcome is Outcome.STARTED and (_names_job(first) or _announced(comment)):
        return True
    if not SUBJECTS & set(words_of(_without_urls(first))) or first.lower().startswith(_LABELS):
        return False
    voted = score(comment.votes)
    if voted:
        return True
    label, colon, rest = first.partition(": ")
    if colon and rest and len(label) <= 60:
        return len(rest.split()) <= _LONGEST_REST and "://" not in label
    spoken = _without_urls(first).split()
    linked = any("://" in line for line in comment.lines[:6])
    longest = 6 if first.endswith(">") else 3  # "Test failed on SYSTEM <URL>"
    return linked and len(spoken) <= longest and outcome is not Outcome.NONE


def _without_urls(line: str) -> str:
    return " ".join(word for word in line.split() if "://" not in word)


def _shaped(first: str) -> bool:
    """Whether the line is built as programs build theirs."""
    if first[0] in _MARKED or first.startswith(("===", "Build finished")):
        return True
    return _terse(first)


def _terse(first: str) -> bool:
    """``Initial testing succeeded``, ``Build OK (POSIX)``: a subject, and at its end a verdict."""
    spoken = _without_urls(first).partition(" (")[0].rstrip(" .!:[]()")
    words = words_of(spoken)
    if not 2 <= len(words) <= 8 or not SUBJECTS & set(words):
        return False
    if spoken.lower().startswith(_LABELS) or "," in spoken or not spoken[0].isupper():
        return False
    return spoken.lower().endswith(words[-1]) and verdict(words[-1]) is not None


def _names_job(first: str) -> bool:
    """Whether a word reads as a job's name (``review-dne-part-5``), or a URL names one."""
    if (url := first_url(first)) and job_name(url):
        return True
    return any(
        "-" in word and any(c.isdigit() for c in word) and "://" not in word
        for word in first.split()
    )


def _labelled(first: str) -> bool:
    """``Continuous Integration: Passed``: a subject, a colon, one word."""
    label, colon, rest = first.partition(": ")
    one_word = bool(colon) and "://" not in rest and len(rest.split()) == 1
    return one_word and bool(SUBJECTS & set(words_of(label)))


def _build(comment: Comment, first: str, outcome: Outcome) -> tuple[Build, ...]:
    """The job a link names; a marked first line with its report below is a job by its words."""
    if outcome not in (Outcome.SUCCESS, Outcome.FAILURE, Outcome.STARTED):
        return ()
    word = {Outcome.SUCCESS: "SUCCESS", Outcome.FAILURE: "FAILURE"}.get(outcome, "STARTED")
    if word == "FAILURE" and "unstable" in first.lower():
        word = "UNSTABLE"
    builds: dict[str, Build] = {}
    for line in comment.lines[:12]:
        url = job_url(line)
        if url is None:
            continue
        name = job_name(url) or (_subject(first) if first[0] in _MARKED else "")
        if name:
            builds.setdefault(name, Build(name, word, url))
            if outcome is not Outcome.STARTED:  # what follows are the job's own links
                break
    return tuple(builds.values())


def _subject(first: str) -> str:
    """``Quality gate`` of ``✔ Quality gate passed!``; nothing of ``✅ All checks passed``."""
    words = first.lstrip(_MARKED + "\ufe0f ").partition("!")[0].rstrip(". ").split()
    others = [w for w in words if verdict(w) is None and w.lower() not in ("has", "is", "was")]
    says_more = any(
        w.lower() not in SUBJECTS and w.lower() != "all" and w.isalpha() for w in others
    )
    return " ".join(others) if says_more else ""
