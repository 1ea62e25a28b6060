"""GitHub Actions that vote on Gerrit: ``SUCCESS: https://github.com/…/actions/runs/1``.

The URL of a run names no job, so its builds have no name. Any ``RESULT: URL``
that stands alone is read here, whatever the server.
"""

from __future__ import annotations

from cibot.collector.formats.comment import MIXED, Comment
from cibot.collector.formats.conclude import conclude, outcome_of
from cibot.collector.formats.lines import read_line
from cibot.collector.results import RESULT_WORDS
from cibot.model import Outcome, Report

NAME = "github-actions"
URLS = "result-url"
PLAIN_TO_SEE = (NAME, URLS)
# What lints and people begin a line with.
_LABELS = frozenset({"error", "warning", "testing", "WARNING", "building", "running"})
_LONGEST = max(map(len, RESULT_WORDS))


def read(comment: Comment) -> Report | None:
    """A comment that starts with a result and the URL it is of."""
    if not _begins(comment.body):
        return None
    lines = [line for line in comment.lines if _begins(line)]
    builds = [b for line in lines if (b := read_line(line)) and b.url]
    if len(builds) < len(lines) and any(build.name for build in builds):
        return None  # a list of jobs, some without URL
    github = bool(builds) and all("/actions/runs/" in (build.url or "") for build in builds)
    if not builds:
        return None
    said = outcome_of(builds)
    if said in (Outcome.SUCCESS, Outcome.FAILURE):
        said = conclude(comment, None, builds)
    name = NAME if github else (URLS if comment.by_ci else MIXED)
    return Report(said, name, None, tuple(dict.fromkeys(builds))) if said is not None else None


def _begins(line: str) -> bool:
    at = line.find(": ", 0, _LONGEST + 2)
    word = line[:at] if at > 0 else ""
    if not (word.isupper() or word.islower()) or word in _LABELS:
        return False
    return word.upper() in RESULT_WORDS
