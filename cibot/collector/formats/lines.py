"""The reader of one job line, in the orders CIs write it.

``- job URL : RESULT text in 1h 2m 3s (non-voting)``, ``URL : RESULT (skipped)``,
``job job : RESULT``, ``RESULT: URL``, ``job: RESULT (URL)``, ``[job](URL) RESULT``,
``| job | RESULT | URL |``, ``✅ job : RESULT`` with its URL on the next line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from cibot.collector.formats.grammar import job_lines
from cibot.collector.formats.job_sentences import FoundJob, job_after_result
from cibot.collector.formats.naming import labels
from cibot.collector.formats.places import name_and_url
from cibot.collector.formats.shapes import (
    MARKS,
    finish,
    named_column,
    table_row,
    unabbreviated,
)
from cibot.collector.formats.text import first_url, is_url, job_name
from cibot.collector.formats.verdict import verdict
from cibot.collector.results import RESULT_WORDS, known_result
from cibot.model import Build, Outcome

MAX_BUILDS = 1_000
# Paragraphs whose lines may look like job lines: what follows tells of tests, or of Zuul itself.
_NO_JOBS = (
    "Warning:",
    "Warnings:",
    "Errors:",
    "Debug information:",
    "Failed tests:",
    "Failing tests:",
    "Test failures:",
)
_DIGITS = "0123456789"
_COLON = "colon"
_ROW = "row"
_SECTIONS = ("Optional ", "Required ", "Informational ", "VOTING", "NON-VOTING")
_LISTED = ("checks", "jobs", "tests", "builds", "stages")
# "-1 lint URL"
_VOTED = re.compile(r"(?P<sign>[+-])[12] (?P<name>[\w./-]{2,100}):? <?(?P<url>https?://[^\s>]+)>?")
_PAIR = re.compile(r"[A-Z]{2,20} [A-Z]{2,20}\b")
_HEAD_WITHIN = 4  # lines, without bars
_GAP = re.compile(r"\s*\t\s*|\s{2,}")
_BULLETS = "-*•+–—· \t"


def read_builds(lines: Sequence[str], said: Outcome | None = None) -> list[Build]:
    """Every job line among ``lines``; those under a "Non-voting" headline do not vote.

    Reading ends at a ``Warning:`` or ``Failed tests:`` paragraph. A job
    may have words of its own instead of a result; where they say nothing, it succeeded if
    ``said``, what the headline says of all, is a success. What could be prose is a job line
    only beside lines alike, where no line of another shape is surely one.
    """
    jobs = _with_urls_below(list(_job_lines(lines, said)))
    if all(job.sure for job in jobs):
        return [job.build for job in jobs]
    shapes = Counter(shape for shape, _ in {(job.shape, job.build.name) for job in jobs})
    surely = {job.shape for job in jobs if job.sure and not _titles(job, lines[0], shapes)}
    return [
        job.build
        for job in jobs
        if (job.sure and job.shape in surely) or (shapes[job.shape] > 1 and surely <= {job.shape})
    ]


def _titles(job: FoundJob, first: str, shapes: Mapping[str, int]) -> bool:
    """Whether a job without a URL is the whole that a list's first line sums up."""
    url, name = job.build.url, job.build.name
    return url is None and shapes[job.shape] == 1 and max(shapes.values()) > 1 and name in first


def _with_urls_below(jobs: list[FoundJob]) -> list[FoundJob]:
    """Gives each job without a URL the one on the line below it, if each has such a line."""
    unlinked = [job for job in jobs if job.build.url is None]
    if not unlinked or not all(job.below for job in unlinked):
        return jobs
    return [job._replace(build=replace(job.build, url=job.build.url or job.below)) for job in jobs]


def _job_lines(lines: Sequence[str], said: Outcome | None) -> Iterator[FoundJob]:
    voting = True
    column: int | None = None
    count = 0
    for index, line in enumerate(lines):
        spaced = (column is not None or index < _HEAD_WITHIN) and ("  " in line or "\t" in line)
        cells = _barred(line) if spaced or line[:1] == "|" else ""
        if cells and (head := named_column(cells)) is not None:
            column = head
            continue
        if " : " not in line:
            if count and line.startswith(_NO_JOBS):
                return
            section = _section(line)
            if section is not None:
                voting = section
                continue
        following = lines[index + 1] if index + 1 < len(lines) else ""
        row = table_row(cells, column) if column is not None and cells else None
        jobs = [FoundJob(row, _ROW, sure=True)] if row else jobs_of(line, following)
        if not jobs and said is Outcome.SUCCESS and (own := _own_words(line)):
            jobs = [FoundJob(own, _COLON, sure=True)]
        for job in jobs:
            if job.build.url is None and is_url(following):
                yield _with(job, voting=voting, below=following)
            else:
                yield job if voting else _with(job, voting=False, below=None)
            count += 1
            if count == MAX_BUILDS:
                return


def _with(job: FoundJob, *, voting: bool, below: str | None) -> FoundJob:
    build = replace(job.build, voting=job.build.voting and voting)
    return job._replace(build=build, below=below)


def _barred(line: str) -> str:
    """A row whose cells blanks or tabs divide, with bars; nothing where it is only indented."""
    text = line.strip()
    if line[:1] == "|":
        return line
    return _GAP.sub("|", text) if "  " in text or "\t" in text else ""


def _section(line: str) -> bool | None:
    """Whether a headline starts a section of voting (True) or non-voting jobs."""
    if len(line) > 60 or "://" in line or not ("oting" in line or line.startswith(_SECTIONS)):
        return None
    bare = line.partition(" (")[0] if line.rstrip()[-2:] == "):" else line
    words = bare.strip(_BULLETS + "#=:_[]()").lower().replace("-", " ").split()
    if words[:2] == ["non", "voting"] or words[:1] == ["nonvoting"]:
        return False if len(words) <= 4 else None
    if words[0] in ("optional", "informational") and words[-1] in _LISTED and len(words) <= 3:
        return False
    return True if words[0] in ("voting", "required") and len(words) <= 3 else None


def read_line(line: str, following: str = "") -> Build | None:
    """The build that one line surely tells of, or None; ``following`` may hold its URL."""
    jobs = jobs_of(line, following)
    return jobs[0].build if len(jobs) == 1 and jobs[0].sure else None


def jobs_of(line: str, following: str = "") -> list[FoundJob]:
    """What a line tells of jobs; ``following`` may hold the URL of one."""
    return _jobs_of(line, following if following[:1] in (" ", "\t") else "")


@lru_cache(maxsize=1024)  # the lines of a comment that is read twice
def _jobs_of(line: str, following: str) -> list[FoundJob]:
    at = line.find(" : ")
    if at > 0:
        build = _colon_line(line, at)
        if build is not None:
            return [FoundJob(build, _COLON, sure=True)]
    text = line.strip()
    mark = text[:1]
    if mark == "|":
        row = table_row(text)
        return [FoundJob(row, _ROW, sure=True)] if row else []
    if text[:2] in ("+1", "-1") and (match := _VOTED.fullmatch(text)):
        word = "SUCCESS" if match["sign"] == "+" else "FAILURE"
        return [FoundJob(Build(match["name"], word, match["url"]), _COLON, sure=True)]
    text, numbered = _unnumbered(text)
    bulleted = numbered or (mark in "-*•+–—" and len(text) > 2)
    if bulleted:
        text = text.lstrip(_BULLETS)
    if text[:4] in ("[ ] ", "[x] ", "[X] "):
        text, bulleted = text[4:], True
    text = unabbreviated(text)
    job = job_after_result(text) if "://" in text else None
    return [job] if job else job_lines(text, following, bulleted=bulleted)


def _unnumbered(text: str) -> tuple[str, bool]:
    """``2. lint: FAIL`` without its number, and whether it had one."""
    if text[:1] not in _DIGITS or not text:
        return text, False
    number, mark, _ = text[:6].partition(" ")
    if mark and number[-1] in ".)" and number[:-1].isdigit():
        return text[len(number) + 1 :].lstrip(), True
    return text, False


def _colon_line(line: str, at: int) -> Build | None:
    """``- job URL : RESULT text in 1h 2m``, as most lines are; ``job : RESULT : URL``."""
    left, right = line[:at].strip(_BULLETS), line[at + 3 :].strip()
    name, url = name_and_url(left)
    if left[:1] in MARKS or name in RESULT_WORDS:
        return None
    listed = line[:1] in "-*" or "job/" in left  # a server without a root URL: "nulljob/NAME/7/"
    word, _, rest = right.partition(" ")
    if (pair := _PAIR.match(right)) and known_result(pair[0]) is not None:
        word, rest = pair[0], right[pair.end() :].lstrip()  # "BUILD FAILURE"
    elif word not in RESULT_WORDS:
        word = word.strip("*.,;!`")
        if not url or (known_result(word) is None and not (listed and _shouted(word))):
            return _in_words(name, url, right) if url or (name and "job/" in left) else None
    if url and " " in name and (left.endswith(f": {url}") or name[-1] in ".!"):
        name = job_name(url) or name  # "Updated build: URL : RESULT", "Tests passed. URL : RESULT"
    if url is None and (link := first_url(rest)):
        rest, _, after = rest.partition(link)
        url, rest = link, rest.rstrip(" :-–—(<[") + after.lstrip(")>]")
    plain = bool(name) and "://" not in left
    return finish(name, word, url, rest) if url or (plain and listed) else None


def _shouted(word: str) -> bool:
    """A result we have no name for: capitals and underscores, in a job's place."""
    letters = word.replace("_", "")
    shouted = 3 <= len(word) <= 30 and letters.isalpha() and letters.isupper()
    return shouted and not labels(word)  # "packages URL : LINK"


def _own_words(line: str) -> Build | None:
    """``- job URL : words of the job's own``, below a headline that says that all is well."""
    left, colon, right = line.partition(" : ")
    if not colon or left[:2] != "- " or not right.strip() or len(right) > 200:
        return None
    name, url = name_and_url(left[2:].strip())
    if url is None or not name or name == left[2:].strip():
        return None
    return finish(name, "SUCCESS", url, right)


def _in_words(name: str, url: str | None, right: str) -> Build | None:
    """``URL : Test ran successfully``: the job's own words instead of a result."""
    said = verdict(right.replace(" ran ", " success ") if "successfully" in right else right)
    if len(right) > 200 or said not in (Outcome.SUCCESS, Outcome.FAILURE):
        return None
    return Build(name, said.name, url)
