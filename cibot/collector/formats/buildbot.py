"""Buildbot's Gerrit reporter: "Builder NAME succeeded (build successful) - URL".

Source: ``defaultSummaryCB``, ``defaultReviewCB`` and ``defaultStartCB`` of
buildbot/reporters/gerrit.py, and the results that buildbot/process/results.py numbers.
"""

from __future__ import annotations

import re
from itertools import takewhile

from cibot.collector.formats.comment import Comment
from cibot.collector.formats.conclude import conclude
from cibot.collector.formats.text import first_url
from cibot.collector.formats.verdict import verdict
from cibot.collector.results import known_result
from cibot.model import Build, Outcome, Report

NAME = "buildbot"
PLAIN_TO_SEE = (NAME,)
_ENDS = {
    "succeeded": "SUCCESS",
    "completed with warnings": "SUCCESS",
    "failed": "FAILURE",
    "encountered an exception": "EXCEPTION",
    "cancelled": "CANCELLED",
    "was cancelled": "CANCELLED",
    "was canceled": "CANCELLED",
    "skipped": "SKIPPED",
    "was skipped": "SKIPPED",
    "was retried": "RETRY",
}
# The reporter has no words for these: "completed with unknown result 6".
_NUMBERED = {
    "0": "SUCCESS",
    "1": "SUCCESS",
    "2": "FAILURE",
    "3": "SKIPPED",
    "4": "EXCEPTION",
    "5": "RETRY",
    "6": "CANCELLED",
}
_WORDS = {"WARNINGS": "SUCCESS", "EXCEPTION": "EXCEPTION", "RETRY": "RETRY"}
# The name ends at the words before the brackets: "Builder test failed-over failed (…)".
_LINE = re.compile(
    r"Builder (?P<name>.{1,200}?) (?:(?P<end>"
    + "|".join(sorted(map(re.escape, _ENDS), key=len, reverse=True))
    + r")|completed with unknown result (?P<number>\d))(?= \(|\.| - |$)"
)
_RESULT = re.compile(r"(?:the )?result is:? +(?P<word>[A-Za-z_]+)", re.IGNORECASE)
_CONFIGURATION = re.compile(
    r"on configuration:? +(?P<name>.{1,200}?)[ \t]*"
    r"(?=\n|$|(?:the )?result is| Buildbot Url)",
    re.IGNORECASE,
)


def read(comment: Comment) -> Report | None:
    """Lines that start with "Builder", in a list of a CI's or alone, or Buildbot's own words."""
    body = comment.body
    if body.startswith(("Buildbot ", "buildbot ")):
        return _review(comment)
    if "Builder " not in body or not (body.startswith("Builder ") or comment.by_ci):
        return None
    builds = tuple(build for line in comment.lines if (build := _line(line.lstrip())) is not None)
    headline = None if body.startswith("Builder ") else verdict(comment.first)
    outcome = conclude(comment, headline, builds) if builds else None
    return Report(outcome, NAME, None, builds) if outcome is not None else None


def _line(line: str) -> Build | None:
    match = _LINE.match(line)
    if match is None:
        return None
    result = _ENDS[match["end"]] if match["end"] else _NUMBERED.get(match["number"], "ERROR")
    return Build(match["name"].strip(), result, first_url(line[match.end() :]))


def _failed_checks(comment: Comment) -> tuple[Build, ...]:
    """`` - NAME: failed (see URL)`` below "Failed checks:", as buildbot-nix lists them."""
    if "Failed checks:" not in comment.lines:
        return ()
    listed = comment.lines[comment.lines.index("Failed checks:") + 1 :]
    checks = takewhile(lambda line: line.lstrip().startswith("- "), listed)
    parts = [line.strip().removeprefix("- ").partition(": ") for line in checks]
    return tuple(Build(name, "FAILURE", first_url(rest)) for name, _, rest in parts)


def _review(comment: Comment) -> Report | None:
    """``Buildbot finished compiling your patchset / on configuration: NAME / The result is: …``"""
    text = "\n".join(comment.lines[:8])[:900]
    named = _CONFIGURATION.search(text)
    url = first_url(text)
    if "started compiling" in text[:60]:
        started = (Build(named["name"], "STARTED", url),) if named else ()
        return Report(Outcome.STARTED, NAME, None, started)
    said = _RESULT.search(text)
    if said is None or "compiling" not in text[:60]:
        return None
    word = said["word"].upper()
    result = _WORDS.get(word, word if known_result(word) else "FAILURE")
    builds = _failed_checks(comment)
    if not builds and (named or url):
        builds = (Build(named["name"] if named else "", result, url),)
    outcome = conclude(comment, None, builds or (Build("", result),))
    return Report(outcome, NAME, None, builds) if outcome is not None else None
