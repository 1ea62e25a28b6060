"""GitHub Actions that vote on Gerrit: ``SUCCESS: https://github.com/…/actions/runs/1``.

The URL of a run names no job, so its builds have no name. Any ``RESULT: URL``
that stands alone is read here, whatever the server.
"""

from __future__ import annotations

from cibot.collector.formats.comment import Comment
from cibot.collector.formats.conclude import conclude, outcome_of
from cibot.collector.formats.lines import read_line
from cibot.model import Build, Outcome, Report

NAME = "github-actions"
_WORDS = (
    "STARTED: ",
    "SUCCESS: ",
    "FAILURE: ",
    "CANCELLED: ",
    "CANCELED: ",
    "SKIPPED: ",
    "TIMED_OUT: ",
    "NEUTRAL: ",
    "UNSTABLE: ",
    "ABORTED: ",
    "FAILED: ",
    "PASSED: ",
    "ERROR: ",
)


def read(comment: Comment) -> Report | None:
    """A comment that starts with a result and the URL it is of."""
    if not comment.body.startswith(_WORDS):
        return None
    builds = [b for line in comment.lines if line.startswith(_WORDS) and (b := read_line(line))]
    if not builds:
        return None
    said = outcome_of(builds)
    if said in (Outcome.SUCCESS, Outcome.FAILURE):
        said = conclude(comment, None, builds)
    github = all("github" in (build.url or "") for build in builds)
    name = NAME if github else "result-url"
    return Report(said, name, None, tuple(_once(builds))) if said is not None else None


def _once(builds: list[Build]) -> list[Build]:
    return list(dict.fromkeys(builds))
