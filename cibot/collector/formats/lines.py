"""The reader of one job line, in the orders CIs write it.

``- job URL : RESULT text in 1h 2m 3s (non-voting)``, ``URL : RESULT (skipped)``,
``job job : RESULT``, ``RESULT: URL``, ``job: RESULT (URL)``, ``[job](URL) RESULT``,
``| job | RESULT | URL |``, ``✅ job : RESULT`` with its URL on the next line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cibot.collector.formats.columns import apart, voted_line
from cibot.collector.formats.places import name_and_url
from cibot.collector.formats.shapes import (
    MARKS,
    finish,
    marked_line,
    named_column,
    names_author,
    other_line,
    rooted,
    table_row,
    tells,
    test_sentence,
    unabbreviated,
)
from cibot.collector.formats.text import clean_url, is_url, job_name
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
_BULLETS = "-*•+–—· \t"


def read_builds(lines: Sequence[str], said: Outcome | None = None) -> list[Build]:
    """Every job line among ``lines``; those under a "Non-voting" headline do not vote.

    Reading ends at a ``Warning:`` or ``Failed tests:`` paragraph. A job
    may have words of its own instead of a result; where they say nothing, it succeeded if
    ``said``, what the headline says of all, is a success.
    """
    builds: list[Build] = []
    voting = True
    column = 0
    for index, line in enumerate(lines):
        if line[:1] == "|" and (head := named_column(line)) is not None:
            column = head
            continue
        if " : " not in line:
            if builds and line.startswith(_NO_JOBS):
                break
            section = _section(line)
            if section is not None:
                voting = section
                continue
        following = lines[index + 1] if index + 1 < len(lines) else ""
        build = table_row(line, column) if column and line[:1] == "|" else None
        build = build or read_line(line, following)
        if build is None and said is Outcome.SUCCESS:
            build = _own_words(line)
        if build is not None:
            if not voting and build.voting:
                build = Build(build.name, build.result, build.url, build.duration_s, voting=False)
            builds.append(build)
            if len(builds) == MAX_BUILDS:
                break
    return builds


def _section(line: str) -> bool | None:
    """Whether a headline starts a section of voting (True) or non-voting jobs."""
    if len(line) > 60 or "oting" not in line.lower() or "://" in line:
        return None
    words = line.strip(_BULLETS + "#=:_[]()").lower().replace("-", " ").split()
    if words[:2] == ["non", "voting"] or words[:1] == ["nonvoting"]:
        return False if len(words) <= 4 else None
    return True if words[:1] == ["voting"] and len(words) <= 3 else None


def read_line(line: str, following: str = "") -> Build | None:
    """The build that one line tells of, or None; ``following`` may hold its URL."""
    at = line.find(" : ")
    if at > 0:
        build = _colon_line(line, at)
        if build is not None:
            return build
    text = unabbreviated(line.strip())
    mark = text[:1]
    if mark in "([" and mark and text[1:2] in MARKS and text[1:2]:  # "(✓) unit URL"
        text = text[1:]
        mark = text[:1]
    if mark == "|":
        return table_row(text)
    if mark in MARKS and mark:
        return marked_line(text, following)
    if text[:2] in ("+1", "-1") and (voted := voted_line(text)):
        return voted
    text, numbered = _unnumbered(text)
    bulleted = numbered or (mark in "-*•+–—" and len(text) > 2)
    if bulleted:
        text = text.lstrip(_BULLETS)
        if text[:1] in MARKS and text:
            return marked_line(text, following)
    return _without_middle(text, following, bulleted=bulleted)


def _without_middle(text: str, following: str, *, bulleted: bool) -> Build | None:
    """A line that neither " : " nor a mark divides."""
    if text[:4] == "http" and text.partition(" ")[0].endswith(":"):
        return rooted(text) or other_line(text, bulleted=bulleted)
    build = other_line(text, bulleted=bulleted)
    if build is None:
        sentence = test_sentence(text) if "://" in text else None
        return sentence or apart(text, bulleted=bulleted)
    if build.url is None and following[:1] in (" ", "\t"):
        return replace(build, url=_url_below(following))
    return build


def _url_below(following: str) -> str | None:
    """The URL of an indented line that has nothing else, or ``log: URL``."""
    label, _, place = following.strip().rpartition(" ")
    return clean_url(place) if is_url(place) and (not label or label.endswith(":")) else None


def _unnumbered(text: str) -> tuple[str, bool]:
    """``2. lint: FAIL`` without its number, and whether it had one."""
    if text[:1] not in _DIGITS or not text:
        return text, False
    number, mark, _ = text[:6].partition(" ")
    if mark and number[-1] in ".)" and number[:-1].isdigit():
        return text[len(number) + 1 :].lstrip(), True
    return text, False


def _colon_line(line: str, at: int) -> Build | None:
    left = _named_once(line[:at].strip(_BULLETS))
    right = line[at + 3 :].strip()
    if right[:4] == "http" and " : " in right:  # "job : URL : RESULT"
        url, _, right = right.partition(" : ")
        left = f"{left} {url}"
    if left[:1] in MARKS:
        return None
    word, _, rest = right.partition(" ")
    name, url_found = name_and_url(left)
    if word not in RESULT_WORDS:
        plain = word.strip("*.,;!`")
        if known_result(plain) is not None and (url_found or line.lstrip()[:1] in "-*"):
            word = plain
        elif not _shouted(plain, url_found) or line.lstrip()[:1] not in "-*":
            return _in_words(name, url_found, right, placed="job/" in left)
    if url_found and " " in name and left.endswith(f": {url_found}"):
        name = job_name(url_found) or name  # "Updated build: URL : RESULT"
    if url_found is None:  # "job : RESULT URL", "job : RESULT : URL"
        place = next((token for token in rest.split(None, 3)[:2] if is_url(token.strip("()"))), "")
        if place:
            url_found, rest = clean_url(place), rest.replace(place, "").lstrip(" :-")
    unnamed = not name or ((tells(name) or names_author(name)) and line[:1] not in "-*")
    if (unnamed and url_found is None) or name in RESULT_WORDS:
        return None
    return finish(name, word, url_found, rest)


def _named_once(left: str) -> str:
    """``job URL`` of ``job URL FAILURE``, where the result follows once more."""
    if not left[-1:].isupper():  # most end in a URL's slash or number
        return left
    head, _, word = left.rpartition(" ")
    return head if word in RESULT_WORDS and is_url(head.rpartition(" ")[2]) else left


def _shouted(word: str, url: str | None) -> bool:
    """A result we have no name for: capitals and underscores, in a job's place."""
    letters = word.replace("_", "")
    return url is not None and 3 <= len(word) <= 30 and letters.isalpha() and letters.isupper()


def _own_words(line: str) -> Build | None:
    """``- job URL : words of the job's own``, below a headline that says that all is well."""
    left, colon, right = line.partition(" : ")
    if not colon or left[:2] != "- " or not right.strip() or len(right) > 200:
        return None
    name, url = name_and_url(left[2:].strip())
    if url is None or not name or name == left[2:].strip():
        return None
    return finish(name, "SUCCESS", url, right)


def _in_words(name: str, url: str | None, right: str, *, placed: bool) -> Build | None:
    """``URL : Test ran successfully``: the job's own words instead of a result.

    ``placed`` says that the name is of a path (``nulljob/NAME/7/``)."""
    if (url is None and not (name and placed)) or len(right) > 200:
        return None
    said = verdict(right.replace(" ran ", " success ") if "successfully" in right else right)
    if said not in (Outcome.SUCCESS, Outcome.FAILURE):
        return None
    return Build(name, said.name, url)
