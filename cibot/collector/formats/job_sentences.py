"""Jobs of which a sentence tells: "Failed test unit on arm: URL", "lint: 3 errors"."""

from __future__ import annotations

import re
from typing import NamedTuple

from cibot.collector.formats.naming import (
    LINKING,
    counted,
    like_a_name,
    nameless,
    names_author,
    names_test,
)
from cibot.collector.formats.text import first_url
from cibot.collector.formats.verdict import SUBJECTS, verdict, words_of
from cibot.collector.results import known_result
from cibot.model import Build, Outcome, Result

_TEST_SENTENCE = re.compile(
    r"(?P<word>[A-Z][a-zA-Z]{3,12}) (?:(?P<kind>optional|enforced|required|mandatory|voting|"
    r"non-voting|informational) )?(?:test|job|build|suite|check) (?P<name>[\w./+-]{2,100})"
    r"(?= |:|$)"
)
_LONGEST_TOLD = 200
_TOLD = re.compile(
    r"(?P<name>[\w./-][^\s:#|()]{0,60}(?: [^\s:#|().-][^\s:#|()]{0,60}| :: [^:#|()]{1,60}){0,3})"
    r"(?P<number> #\d[\w.]{0,30})?"
    r"(?P<divider>\s{0,20}:\s|\s?\.{3,80}\s|\s{1,20}(?:-{1,2}>?|=>|[—–|→])\s)\s{0,20}"
    r"(?P<text>\S.+)"
)
_TESTS = {"test", "tests", "suites"}  # "Test Suites: 1 failed" counts
_SHORT = 6  # words
_PLAIN = (Result.PASS, Result.FAIL)


class FoundJob(NamedTuple):
    """What a line tells of a job. Unless ``sure``, it counts only next to a line of its shape."""

    build: Build
    shape: str
    sure: bool
    below: str | None = None  # a URL that stands alone on the next line


def job_after_result(text: str) -> FoundJob | None:
    """``Failed optional test review-zfs on Rocky 10 …: URL``: a sentence of one job."""
    match = _TEST_SENTENCE.match(text)
    url = first_url(text) if match else None
    result = known_result(match["word"]) if match else None
    if match is None or url is None or result not in _PLAIN or match["name"] in LINKING:
        return None
    voting = (match["kind"] or "").lower() not in ("optional", "non-voting", "informational")
    return FoundJob(
        Build(match["name"], match["word"].upper(), url, None, voting), "url", sure=True
    )


def job_before_sentence(text: str) -> list[FoundJob]:
    """A job of which a sentence tells, where lines alike do: ``lint: 3 errors``.

    ``Acme :: Core #231: Tests failed: 2 (1 new), passed: 1830 URL``, as TeamCity has it, too.
    """
    if len(text) > _LONGEST_TOLD:
        return []
    match = _TOLD.match(text)
    return _before(match["name"].rstrip("."), match) if match else []


def _before(name: str, match: re.Match[str]) -> list[FoundJob]:
    words = match["text"]
    if nameless(name, listed=True) or names_author(name) or counted(name.split()):
        return []
    if verdict(name) is not None or _TESTS.issuperset(words_of(name)):
        return []
    url = first_url(words)
    said = verdict(words.partition(url)[0] if url else words)
    counts = any(c.isdigit() for c in words.partition("://")[0])
    if said not in (Outcome.SUCCESS, Outcome.FAILURE):
        return []
    divider = match["divider"].strip()
    if not (counts or url):  # "x86_gcc2: still broken", "am62x: does not boot"
        spoken = words_of(words)
        short = len(spoken) <= _SHORT and SUBJECTS.isdisjoint(spoken) and not names_test(name)
        still = FoundJob(Build(name, said.name), f"name {divider} word", sure=False)
        return [still] if short else []
    shape = f"counted {match['number'] and '#'}{divider}"
    named = " " not in name and not match["number"] and like_a_name(name)
    sure = url is not None and counts and named
    return [FoundJob(Build(name, said.name, url), shape, sure=sure)]
