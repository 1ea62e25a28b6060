"""Jobs under headings that say how they went: "1 failed:", "Passed jobs:", then ``* [job] URL``."""

from __future__ import annotations

from cibot.collector.formats.comment import Comment
from cibot.collector.formats.conclude import conclude
from cibot.collector.formats.person import by_hand
from cibot.collector.formats.places import name_and_url, tidy
from cibot.collector.formats.shapes import labels
from cibot.collector.formats.text import first_url, job_name
from cibot.collector.formats.verdict import verdict
from cibot.model import Build, Outcome, Report

NAME = "grouped"
PLAIN_TO_SEE = (NAME,)
_RESULTS = {Outcome.SUCCESS: "SUCCESS", Outcome.FAILURE: "FAILURE"}


def read(comment: Comment) -> Report | None:
    """At least one heading with jobs under it; other lines are looked over."""
    if ":\n" not in comment.body or "://" not in comment.body or _by_person(comment):
        return None
    builds: list[Build] = []
    result: str | None = None
    for line in comment.lines:
        if line.endswith(":"):
            said = verdict(line) if len(line) <= 60 else None
            result = _RESULTS.get(said) if said is not None else None
        elif result is not None:
            build = _job(line, result)
            if build is None:
                result = None
            elif not labels(build.name):
                builds.append(build)
    outcome = conclude(comment, None, builds) if builds else None
    return Report(outcome, NAME, None, tuple(builds)) if outcome is not None else None


def _by_person(comment: Comment) -> bool:
    return not comment.by_bot and by_hand(comment)


def _job(line: str, result: str) -> Build | None:
    """``* [lint] URL``, ``- unit: URL``, ``* [unit](URL)``; or indented, ``  [lint] URL``."""
    bare = line.lstrip("*-•\t ")
    if bare == line or (line[0] in "\t " and line.lstrip()[0] not in "*-•["):
        return None
    url = first_url(bare)
    if url is None:
        return None
    if "](" in bare:
        name, _ = name_and_url(bare)
    else:
        name = tidy(bare[: bare.find(url)].strip("[]:-( "))
    if len(name.split()) > 6:
        return None
    return Build(name or job_name(url), result, url)
