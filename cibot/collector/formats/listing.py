"""Vendors' own scripts: whatever they say first, then job lines."""

from __future__ import annotations

from cibot.collector.formats.comment import MIXED, Comment, score
from cibot.collector.formats.conclude import conclude, one_fails, unanimous
from cibot.collector.formats.lines import read_builds
from cibot.collector.formats.parts import whole_failed
from cibot.collector.formats.person import by_hand, points
from cibot.collector.formats.rows import rows
from cibot.collector.formats.tags import of_ci_tool
from cibot.collector.formats.verdict import verdict
from cibot.model import NOTE, Build, Outcome, Report

NAME = "listing"
PLAIN_TO_SEE = (NAME,)


def read(comment: Comment) -> Report | None:
    """Any comment with job lines, unless a person wrote the words around them."""
    builds = tuple(read_builds(comment.lines))
    listed, odd = rows(comment.lines, {job.name for job in builds}) if comment.by_ci else ([], [])
    if listed:
        builds = tuple(sorted((*builds, *listed), key=lambda job: comment.body.find(job.name)))
    if not builds or (not comment.by_bot and _pasted(comment, builds)):
        return None
    first = comment.first
    said = None if _is_job(first, builds) else verdict(first)
    failed = one_fails(builds) or whole_failed(comment)
    failed = failed or (said is Outcome.FAILURE and unanimous(builds) is not Outcome.SUCCESS)
    outcome = conclude(comment, Outcome.FAILURE if failed else None, builds)
    if outcome is None:
        return None
    if odd:
        if outcome is Outcome.FAILURE and unanimous(builds) is Outcome.SUCCESS:
            builds += tuple(Build(name, "FAILURE", None) for name in odd)
        elif outcome is Outcome.SUCCESS and said is None and not score(comment.votes):
            return Report(Outcome.NONE, NOTE, None, builds)  # no sure success
    clean = _by_a_ci(comment, builds) or _canonical(comment, builds)
    return Report(outcome, NAME if clean else MIXED, None, builds)


def _by_a_ci(comment: Comment, builds: tuple[Build, ...]) -> bool:
    """Not where only a name says so and nothing is voted or linked: bots list checks, too."""
    if comment.ci or of_ci_tool(comment.tag):
        return True
    linked = any(build.url for build in builds) or score(comment.votes) != 0
    return comment.by_ci and linked


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
