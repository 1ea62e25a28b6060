"""Whether a text shows by its form that a program wrote it, where nothing is known of its author.

Programs write lines of a kind: links, jobs, fields, headings, and short statements of how a run
went. People write sentences. What a text says is then read as a CI's; that it makes its author a
CI is another question (`looks_like_ci`), and the form alone is no answer to it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from cibot.collector.formats.comment import Comment, reviewed, score, withdrawn
from cibot.collector.formats.lines import jobs_of, read_builds
from cibot.collector.formats.person import by_hand, points, reviews
from cibot.collector.formats.rows import rows
from cibot.collector.formats.shapes import MARKS
from cibot.collector.formats.text import first_url, word_set
from cibot.collector.formats.verdict import SUBJECTS, verdict, words_of

_LINES = 40  # more say nothing else
_SHORT = 8  # words
_STATEMENT = 25
_LABEL = 6  # around a link
_NEAR = 4  # words from its begin a statement speaks of a run
_BULLETS = "-*•+> \t"
_SIGNS = MARKS + "|#=`~"
_PICTURE = re.compile(r"^\W+")
# Columns, and counts: "12 passed, 1 failed"
_FORMED = re.compile(
    r"[^.!?:,\s](?:\t| {3,}|  \S+  | \.{2,} )\S|"
    r"\b\d+ (?:pass(?:ed)?|fail(?:ed|ures?)?|errors?|ok|skipped|success\w*)[,;] \d+ \w"
)
_TRIED = re.compile(
    r"\b(?:this|the|your) (?:change|patch ?set|patch|series|commit) (?:passed|failed) the\b"
)
_FIELD = re.compile(r"(?:[^\s:]+ ){0,2}[^\s:]+ ?(?:::?(?=\s)|::)")
_REMARKS = word_set("the this that these it and but so since if also see please")
"""Words that begin a person's sentence more often than a program's."""
_REASONS = word_set("because until unless but")


def by_form(comment: Comment) -> bool:
    """Whether nobody is named as the author, and most lines are of a form that programs write."""
    if not comment.anonymous or not comment.lines or points(comment):
        return False
    if by_hand(comment) and not comment.first.startswith("==="):  # a banner
        return False
    if reviews(comment) and not _TRIED.search(comment.first.lower()):
        return False
    lines = comment.lines[:_LINES]
    kinds = Counter(map(_kind, lines, [*lines[1:], ""]))
    prose, said = kinds.pop("prose", 0), kinds.pop("said", 0)
    states = _states(comment.first, voted=score(comment.votes) != 0)
    if states and _kind(*lines[:2]) == "prose":
        prose, said = prose - 1, said + 1
    formed = kinds.total()
    if prose and reviewed(comment.votes):
        return False
    if score(comment.votes):
        return formed + said >= prose or _all_jobs(lines)
    if not formed:
        formed = said if states or withdrawn(comment.votes) else 0
    return (formed > 0 and formed + said >= 2 * prose) or _all_jobs(lines)


def _all_jobs(lines: Sequence[str]) -> bool:
    """Whether lines tell of a job each, or a line of several: "unit ok" and "docs failed"."""
    jobs = len(read_builds(lines))
    if len(lines) == 1:
        return jobs > 1
    return len(lines) in (jobs, len(rows(lines, ())[0]))


def _states(first: str, *, voted: bool) -> bool:
    """``A try job has started on builder linux_rel``: a sentence on a run."""
    text = _PICTURE.sub("", first)
    words = text.partition(". ")[0].split(maxsplit=_STATEMENT)
    if len(words) > _STATEMENT or not text[:1].isupper():
        return False
    if not _TRIED.search(text.lower()):
        if _argues(text.lower().split()):
            return False
        words = words if voted or text != first else words[:_NEAR]
    return not SUBJECTS.isdisjoint(words_of(" ".join(words))) and verdict(first) is not None


def _argues(words: Sequence[str]) -> bool:
    return words[:1] != [] and (words[0] in _REMARKS or not _REASONS.isdisjoint(words))


def _kind(line: str, following: str = "") -> str:  # noqa: PLR0911 - one return a kind
    text = line.strip(_BULLETS)
    if not text or text[0] in _SIGNS or text[0] == "[" or _FORMED.search(text):
        return "sign"
    if first_url(text):
        label = [word for word in text.lower().split() if "://" not in word]
        if len(label) <= _LABEL and not _argues(label):
            return "link"
    if len(text) <= 200 and any(job.sure for job in jobs_of(line)):
        return "job"
    words = text.split(maxsplit=2 * _SHORT)
    if all("=" in word for word in words):
        return "field"
    if following[:1] in ("\t", " ") and line[0] not in "\t " and len(words) <= _NEAR:
        return "heading"
    if text[-1] == ":" and len(words) <= _SHORT:
        return "prose" if _argues(text.lower().split()) else "heading"
    if _FIELD.match(text) and (len(words) <= _SHORT or text != line):
        return "field"
    if len(words) <= _SHORT and verdict(text) is not None:
        return "said"
    return "value" if all(map(_coded, words)) else "prose"


def _coded(word: str) -> bool:
    """Whether a word is a version, an address or the like rather than one of a sentence."""
    return any(c in "/_@.-" or c.isdigit() for c in word[1:-1]) or word[0].isdigit()
