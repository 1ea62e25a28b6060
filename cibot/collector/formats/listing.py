"""Vendors' own scripts: whatever they say first, then job lines."""

from __future__ import annotations

from cibot.collector.formats.comment import Comment, score
from cibot.collector.formats.conclude import conclude, unanimous
from cibot.collector.formats.lines import read_builds
from cibot.collector.formats.person import by_hand, points
from cibot.collector.formats.verdict import SUBJECTS, verdict, words_of
from cibot.collector.results import UNFINISHED
from cibot.model import Build, Outcome, Report

NAME = "listing"
MIXED = "mixed"  # prose and job lines: a CI's, where its account says so


def read(comment: Comment) -> Report | None:
    """Any comment with job lines, unless a person wrote the words around them."""
    body = comment.body
    if "://" not in body and " : " not in body and ": " not in body and "|" not in body:
        return None
    builds = tuple(read_builds(comment.lines))
    if not builds or (not comment.by_bot and _pasted(comment, builds)):
        return None
    first = comment.first
    headline = None if _is_job(first, builds) else verdict(first)
    if headline is not None and (agreed := unanimous(builds)):
        headline = agreed  # free text does not overrule what all jobs say
    elif headline in (Outcome.STARTED, Outcome.NONE) and any(
        build.result not in UNFINISHED for build in builds
    ):
        headline = None
    outcome = conclude(comment, headline, builds)
    if outcome is None:
        return None
    told = headline is not None and bool(SUBJECTS & set(words_of(first)))
    clean = _is_job(first, builds) or comment.by_bot or told
    return Report(outcome, NAME if clean else MIXED, None, builds)


def _is_job(line: str, builds: tuple[Build, ...]) -> bool:
    build = builds[0]
    return bool(build.url and build.url in line) or bool(build.name and build.name in line)


def _pasted(comment: Comment, builds: tuple[Build, ...]) -> bool:
    """Lines without any URL prove nothing; with a person's words around they are a paste."""
    if not any(build.url for build in builds):
        spaced = all(" : " in line or line[0] == "|" for line in comment.lines)
        return not (spaced and comment.lines) and not score(comment.votes)
    return by_hand(comment) or points(comment)
