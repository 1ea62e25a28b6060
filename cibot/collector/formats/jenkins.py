"""Jenkins' Gerrit Trigger: the default messages and what servers make of them.

Source: GerritTriggerParameters and ParameterExpander of the plugin. The result
lines follow the headline, each perhaps with its own failure text and log links.
"""

from __future__ import annotations

from cibot.collector.formats.comment import Comment
from cibot.collector.formats.conclude import conclude, outcome_of
from cibot.collector.formats.lines import read_builds
from cibot.collector.formats.person import goes_on
from cibot.collector.formats.text import is_url, job_name, job_url
from cibot.collector.formats.verdict import verdict
from cibot.collector.results import RESULT_WORDS
from cibot.model import Build, Outcome, Report

NAME = "jenkins"
PLAIN_TO_SEE = (NAME,)
_HEADLINES: tuple[tuple[str, Outcome], ...] = (
    ("build success", Outcome.SUCCESS),
    ("build passed", Outcome.SUCCESS),
    ("build failed", Outcome.FAILURE),
    ("build failure", Outcome.FAILURE),
    ("build unstable", Outcome.FAILURE),
    ("build error", Outcome.FAILURE),
    ("build aborted", Outcome.NONE),
    ("build not built", Outcome.NONE),
    ("no builds executed", Outcome.NONE),
)
_OF = frozenset(("for", "on", "of", "at", "in", "by", "with"))
_STARTS = ("build started", "build start:", "started build", "build triggered", "builds started")


def read(comment: Comment) -> Report | None:
    """A report of the Gerrit Trigger plugin, known by its headline."""
    if comment.body[:1] not in "BbNSs\U0001f6a7":
        return _started(comment) if _starts_below(comment) else None
    first = comment.first.lower()
    if first.startswith(_STARTS):
        return None if _goes_on(comment) else _started(comment)
    for phrase, outcome in _HEADLINES:
        if first.startswith(phrase):
            return _finished(comment, outcome)
    return None


def _starts_below(comment: Comment) -> bool:
    """``User approved, CI ok to start``, and then ``Build Started URL``."""
    if "\nBuild Started " not in comment.body[:600] or not comment.by_bot:
        return False
    judged = verdict(comment.first) in (Outcome.SUCCESS, Outcome.FAILURE)
    return not judged and not read_builds(comment.lines)


def _goes_on(comment: Comment) -> bool:
    """Whether a person goes on: "Build started failing since yesterday"."""
    if comment.by_bot:
        return False
    following = comment.first.split()[2:3]
    return bool(following) and following[0].isalpha() and following[0].lower() not in _OF


def _started(comment: Comment) -> Report:
    builds: list[Build] = []
    for line in comment.lines[:50]:
        if not any(build.name for build in builds) or line.lower().startswith(_STARTS):
            build = _start_of(line)
            if build is not None:
                builds.append(build)
    if len(builds) > 1 and any(build.name for build in builds):  # others link to documentation
        builds = [build for build in builds if build.name]
    return Report(Outcome.STARTED, NAME, None, tuple(builds))


def _start_of(line: str) -> Build | None:
    """``Build Started URL (1/3)``, ``nulljob/NAME/1/`` for a server without a root URL."""
    url = job_url(line)
    name = job_name(url) if url else ""
    if url is None:
        place = next((t for t in line.split()[2:] if "job/" in t), None)
        if place is None:
            return None
        name = job_name(place)
        url = place if "." in place.partition("/")[0] else None
    before = line[: line.find(url)] if url else ""
    if not name and "(" in before and ")" in before:  # "Started build (NAME): URL"
        name = before[before.find("(") + 1 : before.rfind(")")]
    return Build(name, "STARTED", url) if name or url else None


def _finished(comment: Comment, outcome: Outcome) -> Report | None:
    lines = comment.lines
    builds = tuple(read_builds(lines[1:], outcome))
    if not builds and " : " in lines[0]:  # all on one line
        head = lines[0].find("://")
        start = lines[0].rfind(" ", 0, head) + 1
        builds = tuple(read_builds([lines[0][start:]]))
    if not builds and outcome is not Outcome.NONE:
        builds = _only_build(lines, _word(outcome, comment))
    if outcome is Outcome.FAILURE and outcome_of(builds) is Outcome.SUCCESS:
        outcome = Outcome.SUCCESS  # "Build Failed" over jobs that passed and do not vote
    if goes_on(comment, "build ") and not any(build.url for build in builds):
        return None
    said = conclude(comment, outcome, builds)
    return Report(said, NAME, None, builds) if said is not None else None


def _only_build(lines: list[str], word: str) -> tuple[Build, ...]:
    """The job that the headline links; or a line of its own, with the job's own words or none."""
    for line in (lines[0], *(line for line in lines[1:4] if is_url(line.split()[0]))):
        url = job_url(line)
        if url and (name := job_name(url)):
            return (Build(name, word, url),)
    return ()


def _word(outcome: Outcome, comment: Comment) -> str:
    written = comment.first.split(None, 2)[1].rstrip(":.,")
    if written.isupper() and written in RESULT_WORDS:
        return written
    if comment.first.lower().startswith("build unstable"):
        return "UNSTABLE"
    return "SUCCESS" if outcome is Outcome.SUCCESS else "FAILURE"
