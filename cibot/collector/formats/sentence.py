"""One sentence that says how a run went: "Core CI is happy: URL", "Quality gate passed!"."""

from __future__ import annotations

from cibot.collector.formats.comment import Comment, score
from cibot.collector.formats.conclude import conclude
from cibot.collector.formats.person import by_hand
from cibot.collector.formats.text import SUBJECTS, first_url, job_name, verdict, words_of
from cibot.model import Build, Outcome, Report

NAME = "sentence"
_PRAISE = ("good job", "well done", "patch looks good", "correctly formatted", "looks good")
_TOLD = ("note", "ps", "the ", "this ", "that ", "a ")  # how a person's label begins
_UNMERGED = ("merge conflict", "unable to merge", "failed to merge", "not be merged")
_MARKED = "✔✅✖❌✗✓"


def read(comment: Comment) -> Report | None:
    """A short statement by a program; its link, if any, names the job."""
    first = comment.first
    if not first or len(first) > 300:
        return None
    outcome = _said(comment)
    if outcome is None:
        outcome = _result_line(comment)
        if outcome is None or by_hand(comment) or not SUBJECTS & set(words_of(first)):
            return None
    elif not _program(comment, first, outcome):
        return None
    builds = _build(comment, first, outcome)
    said = conclude(comment, outcome, builds) or outcome
    return Report(said, NAME, None, builds)


def _said(comment: Comment) -> Outcome | None:
    first = comment.first
    if comment.by_bot and any(words in first.lower() for words in _UNMERGED):
        return Outcome.MERGE_FAILURE
    text = first
    at = first.find("://")
    if at > 0:
        text = first[: first.rfind(" ", 0, at) + 1] or ""
    found = verdict(text)
    if found is None and any(words in first.lower() for words in _PRAISE):
        return Outcome.SUCCESS
    return found


def _result_line(comment: Comment) -> Outcome | None:
    """``Result: PASSED`` on a line of its own."""
    for line in comment.lines[1:12]:
        label, colon, word = line.strip("-* ").partition(": ")
        if not colon or "://" in line:
            continue
        known = label.lower() in ("result", "status", "overall result", "build result")
        if known or (comment.by_bot and SUBJECTS & set(words_of(label))):
            return verdict(word) if len(word.split()) <= 2 else None
    return None


def _program(  # noqa: PLR0911 - one return a form
    comment: Comment, first: str, outcome: Outcome
) -> bool:
    """Whether this is a CI's statement: by its account or tag, or plainly by its form."""
    if comment.by_bot:
        return True
    if _labelled(first):
        return True
    if by_hand(comment):
        return False
    if first[0] in _MARKED or first.startswith("==="):
        return True
    words = words_of(first)
    if not SUBJECTS & set(words):
        return False
    voted = score(comment.votes)
    if voted:
        return True
    label, colon, rest = first.partition(": ")
    if colon and rest and len(label) <= 60 and not label.lower().startswith(_TOLD):
        return len(first) <= 160 and "://" not in label
    spoken = [word for word in first.split() if "://" not in word]
    linked = any("://" in line for line in comment.lines[:6])
    return linked and len(spoken) <= 3 and outcome is not Outcome.NONE


def _labelled(first: str) -> bool:
    """``Continuous Integration: Passed``: a subject, a colon, one word."""
    label, colon, rest = first.partition(": ")
    told = bool(colon) and "://" not in rest and len(rest.split()) == 1
    return told and bool(SUBJECTS & set(words_of(label)))


def _build(comment: Comment, first: str, outcome: Outcome) -> tuple[Build, ...]:
    """The job a link names; a marked first line with its report below is a job by its words."""
    if outcome not in (Outcome.SUCCESS, Outcome.FAILURE, Outcome.STARTED):
        return ()
    word = {Outcome.SUCCESS: "SUCCESS", Outcome.FAILURE: "FAILURE"}.get(outcome, "STARTED")
    if word == "FAILURE" and "unstable" in first.lower():
        word = "UNSTABLE"
    builds: dict[str, Build] = {}
    for line in comment.lines[:12]:
        url = first_url(line)
        if url is None:
            continue
        name = job_name(url) or (_subject(first) if first[0] in _MARKED else "")
        if name:
            builds.setdefault(name, Build(name, word, url))
            if outcome is not Outcome.STARTED:  # what follows are the job's own links
                break
    return tuple(builds.values())


def _subject(first: str) -> str:
    """``Quality gate`` of ``✔ Quality gate passed!``"""
    words = first.lstrip(_MARKED + "\ufe0f ").partition("!")[0].rstrip(". ").split()
    kept = [w for w in words if verdict(w) is None and w.lower() not in ("has", "is", "was")]
    return " ".join(kept) if kept else " ".join(words)
