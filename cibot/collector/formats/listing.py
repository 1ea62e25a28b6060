"""Vendors' own scripts: whatever they say first, then job lines."""

from __future__ import annotations

from cibot.collector.formats.comment import MIXED, Comment, score
from cibot.collector.formats.conclude import conclude, one_fails, unanimous
from cibot.collector.formats.grouped import under_headings
from cibot.collector.formats.lines import read_builds
from cibot.collector.formats.parts import whole_failed
from cibot.collector.formats.person import by_hand, points
from cibot.collector.formats.rows import rows
from cibot.collector.formats.shapes import MARKS
from cibot.collector.formats.tags import of_ci_tool
from cibot.collector.formats.verdict import verdict
from cibot.collector.results import STOPPED, UNFINISHED
from cibot.model import NOTE, Build, Outcome, Report

NAME = "listing"
PLAIN_TO_SEE = (NAME,)


def read(comment: Comment) -> Report | None:
    """Any comment with job lines, unless a person wrote the words around them."""
    builds = tuple(read_builds(comment.lines))
    listed, odd = rows(comment.lines, {job.name for job in builds}) if comment.by_ci else ([], [])
    builds += tuple(listed)
    if not builds or (not comment.by_bot and _pasted(comment, builds)):
        return None
    if comment.by_ci:
        builds += tuple(_headed(comment, builds))
    first = comment.first
    headline = None if _is_job(first, builds) else verdict(first)
    marked = first[0] in MARKS
    if headline is not None and not marked and (agreed := unanimous(builds)):
        headline = agreed  # free text does not overrule what all jobs say
    elif headline in (Outcome.STARTED, Outcome.NONE) and not _stands(headline, builds):
        headline = None
    if headline in (None, Outcome.SUCCESS) and (one_fails(builds) or whole_failed(comment)):
        headline = Outcome.FAILURE  # a listed job did, or the run though all that are listed passed
    outcome = conclude(comment, headline, builds)
    if outcome is None:
        return None
    if odd:
        if outcome is Outcome.FAILURE and unanimous(builds) is Outcome.SUCCESS:
            builds += tuple(Build(name, "FAILURE", None) for name in odd)
        elif outcome is Outcome.SUCCESS and headline is None and not score(comment.votes):
            return Report(Outcome.NONE, NOTE, None, builds)  # no sure success
    clean = _by_a_ci(comment, builds) or _canonical(comment, builds)
    return Report(outcome, NAME if clean else MIXED, None, builds)


def _by_a_ci(comment: Comment, builds: tuple[Build, ...]) -> bool:
    """Not where only a name says so and nothing is voted or linked: bots list checks, too."""
    if comment.ci or of_ci_tool(comment.tag):
        return True
    linked = any(build.url for build in builds) or score(comment.votes) != 0
    return comment.by_ci and linked


def _stands(headline: Outcome, builds: tuple[Build, ...]) -> bool:
    """Whether a start's jobs have not ended, or of a stopped run's jobs one was stopped."""
    words = {build.result for build in builds}
    if headline is Outcome.NONE:
        return bool(words & STOPPED) and not one_fails(builds)
    return words <= UNFINISHED


def _headed(comment: Comment, builds: tuple[Build, ...]) -> list[Build]:
    """The jobs below headings that are no job lines: "Succeeded:", then ``- unit@a lint@b``."""
    names = {build.name for build in builds}
    urls = {build.url for build in builds}
    headed = under_headings(comment)
    return [build for build in headed if build.name not in names and build.url not in urls - {None}]


def _canonical(comment: Comment, builds: tuple[Build, ...]) -> bool:
    """Whether the text is only a headline and Zuul's job lines, so machine-written.

    Each job has a URL; a single one without a bullet may be pasted.
    """
    jobs = [line for line in comment.lines if " : " in line]
    if len(jobs) < len(builds) or any(build.url is None for build in builds):
        return False
    if len(builds) == 1 and (
        jobs[0].lstrip()[:1] not in ("-", "*", "•", "+")
        or (comment.first != jobs[0] and verdict(comment.first) is None)
    ):
        return False
    others = (line for line in comment.lines[1:] if " : " not in line and "://" not in line)
    return all(len(line.split()) <= 3 for line in others)


def _is_job(line: str, builds: tuple[Build, ...]) -> bool:
    build = builds[0]
    return bool(build.url and build.url in line) or bool(build.name and build.name in line)


def _pasted(comment: Comment, builds: tuple[Build, ...]) -> bool:
    """Lines without any URL prove nothing; with a person's words around they are a paste."""
    if not any(build.url for build in builds):
        spaced = all(" : " in line or line[0] == "|" for line in comment.lines)
        return not (spaced and comment.lines) and not score(comment.votes)
    return by_hand(comment) or points(comment)
