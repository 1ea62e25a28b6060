"""Jobs under headings that say how they went: "1 failed:", "Passed jobs:", then ``* [job] URL``."""

from __future__ import annotations

import re

from cibot.collector.formats.comment import Comment
from cibot.collector.formats.conclude import conclude
from cibot.collector.formats.naming import (
    GENERAL,
    KINDS,
    LINKING,
    labels,
    like_a_name,
    names_test,
)
from cibot.collector.formats.person import by_hand
from cibot.collector.formats.places import name_and_url, tidy
from cibot.collector.formats.shapes import as_written
from cibot.collector.formats.text import (
    BAD,
    GOOD,
    duration_s,
    first_url,
    is_url,
    job_name,
    word_set,
)
from cibot.collector.formats.verdict import verdict, words_of
from cibot.collector.results import UNFINISHED, known_result, listed_result
from cibot.model import Build, Outcome, Report, Result

NAME = "grouped"
PLAIN_TO_SEE = (NAME,)
_COUNT = re.compile(r"\W{1,4}\d{1,5} (?:jobs?|builds?|checks?|tests?)\b")
# "[gate] bad: unit", "🔴 Failed: unit"
_PREFIX = re.compile(r"^(?:\[[\w-]{1,30}\]|:\w{1,30}:|[^\w\s\[:]{1,3}) ")
_STOP = re.compile(r"(?<=\w)[.;] ")
_JUDGED = (Result.PASS, Result.FAIL)
_RESULTS = {Outcome.SUCCESS: "SUCCESS", Outcome.FAILURE: "FAILURE"}
_NO_NAMES = GENERAL | LINKING | {"see", "yes"}
_SEVERAL = word_set("jobs builds builders checks platforms")
_JOBS = word_set(
    "job jobs build builds builder builders check checks stage stages platform platforms "
    "package packages target targets configuration configurations board boards module modules"
)


def read(comment: Comment) -> Report | None:
    """At least one heading with jobs under it; other lines are looked over."""
    if (":" not in comment.body and not comment.by_ci) or _by_person(comment):
        return None
    builds = under_headings(comment)
    if not builds and comment.by_ci:
        builds = _enumerated(comment)
    outcome = conclude(comment, None, builds) if builds else None
    return Report(outcome, NAME, None, tuple(builds)) if outcome is not None else None


def under_headings(comment: Comment) -> list[Build]:
    """The jobs of the lines below headings that say how they went."""
    builds: list[Build] = []
    result: str | None = None
    unlinked = False
    for index, line in enumerate(comment.lines):
        if line.endswith(":") or (
            len(line) < 60 and comment.by_ci and _heads(line, first=not index)
        ):
            brief = len(line) <= 60 and comment.by_bot
            result = _heading_result(line) if brief else None
            unlinked = comment.by_ci and _of_jobs(line)
        elif result is not None and any(map(str.isalnum, line)):
            jobs = _jobs(line, result, unlinked=unlinked)
            if not jobs:
                result = None
            builds += [build for build in jobs if not labels(build.name)]
    return builds


def _heading_result(line: str) -> str | None:
    """How the jobs below a heading went; ``SKIPPED`` below "Skipped builds:"."""
    result = _RESULTS.get(verdict(line) or Outcome.NONE)
    last = line.rstrip(":").rpartition(" ")[2]
    if result is None and listed_result(last) in _JUDGED:  # "2 packages built:"
        result = as_written(last)
    first = line.split(maxsplit=1)[0].strip("#*=:")
    if result is None and known_result(first) is Result.SKIPPED and _JOBS & set(words_of(line)):
        result = as_written(first) if as_written(first) not in UNFINISHED else None
    return result


def _by_person(comment: Comment) -> bool:
    return not comment.by_bot and by_hand(comment)


def _heads(line: str, *, first: bool) -> bool:
    """``Failed``, ``## Passed jobs``; and where it is the first, ``2 of 12 checks have failed``."""
    if first and line[0].isdigit() and not _JOBS.isdisjoint(words_of(line)):
        return True
    if line[0] in GOOD + BAD and _COUNT.match(line):  # "✗ 1 job did not make it"
        return True
    if line[0] in " \t-•" or len(line) > 30:
        return False
    words = line.lower().strip("#*= ").split()
    return (
        len(words) in (1, 2) and known_result(words[0]) in _JUDGED and _JOBS.issuperset(words[1:])
    )


def _of_jobs(line: str) -> bool:
    """Whether a heading speaks of jobs, or of nothing: "Failed jobs:", "Passed (2):"."""
    words = words_of(line)
    return not _JOBS.isdisjoint(words) or len(words) == 1


def _enumerated(comment: Comment) -> list[Build]:
    """``FAILED: build-x86, docs``, ``2 jobs failed: unit (URL), lint (URL)``: jobs by name."""
    builds: list[Build] = []
    surely = False
    pieces = [piece for line in comment.lines[:100] for piece in _STOP.split(line.rstrip("."))]
    for piece in pieces:
        head, colon, rest = _PREFIX.sub("", piece).rpartition(": ")
        head = head.rpartition(": ")[2]
        if (
            not colon
            or len(head) > 40
            or head.count("(") > head.count(")")
            or rest.lower() == "none"
        ):
            continue
        listed = not _SEVERAL.isdisjoint(words_of(head))
        parts = rest.split(", ") if ", " in rest else _names(rest, listed=listed)
        jobs = [name_and_url(_bare(part)) for part in parts]
        if is_url(rest) or rest.lower() in _NO_NAMES:
            continue
        if not all(name[:1].isalpha() and " " not in name for name, _ in jobs):
            continue
        first = head.partition(" ")[0]
        word = as_written(first) if listed_result(first) in _JUDGED else ""
        plural = word and " " in head and _of_jobs(head) and "stage" not in head
        if not word and _of_jobs(head):
            word = _RESULTS.get(verdict(head) or Outcome.NONE, "")
            plural = bool(_SEVERAL & set(words_of(head)))
        surely = surely or bool(plural)
        builds += [Build(name, word, url) for name, url in jobs if word]
    names = [build.name for build in builds]
    surely = surely or any(map(like_a_name, names)) or len({build.result for build in builds}) > 1
    return builds if surely and not any(map(names_test, names)) else []


def _names(rest: str, *, listed: bool) -> list[str]:
    """``unit-a lint-b`` of names that blanks divide; behind "Failed jobs", ``listed``, any."""
    names = rest.split()
    plain = listed and all(name.isalnum() and name.islower() for name in names)
    plain = plain and _NO_NAMES.isdisjoint(names)
    return names if len(names) > 1 and (plain or all(map(like_a_name, names))) else [rest]


def _bare(part: str) -> str:
    """``linux-arm`` of "linux-arm (compile error in foo.c)"."""
    return part if "://" in part else part.partition(" (")[0]


def _jobs(line: str, result: str, *, unlinked: bool) -> list[Build]:
    """The job of a line, or several by name: ``- unit@zfs lint@zfs``."""
    build = _job(line, result, unlinked=unlinked)
    names = [] if build or not unlinked or "://" in line else line.strip("*-•\t ").split()
    if len(names) > 1 and all(like_a_name(name) and "(" not in name for name in names):
        return [Build(name, result, None) for name in names if not names_test(name)]
    return [build] if build else []


def _job(line: str, result: str, *, unlinked: bool) -> Build | None:
    """``* [lint] URL``, ``- unit: URL``, ``* [unit](URL)``; or indented, ``  [lint] URL``.

    Where the heading speaks of jobs, ``unlinked``, a bullet and a name are enough.
    """
    bare = line.lstrip("*-•\t ")
    if bare == line:  # "build-x86 URL"
        word, _, link = line.partition(" ")
        named = unlinked and (not link or is_url(link)) and not is_url(word) and like_a_name(word)
        return Build(tidy(word), result, link or None) if named else None
    url = first_url(bare)
    if url is None:
        name = tidy(bare.partition(" (")[0])
        plain = unlinked and len(name.split()) <= 1 and not names_test(name)
        return Build(name, result, None) if plain else None
    if "](" in bare:
        name, _ = name_and_url(bare)
    else:
        name = tidy(bare[: bare.find(url)].strip("[]:-( "))
        kind, _, alone = name.partition(" ")
        if kind.istitle() and kind.lower() in KINDS and " " not in alone:
            name = alone or name  # "Builder debian12"
    before, _, inside = name.rpartition(" (")
    seconds = duration_s(inside.rstrip(")")) if before else None
    name = name if seconds is None else before
    return Build(name or job_name(url), result, url, seconds) if len(name.split()) <= 6 else None
