"""Buildbot's Gerrit reporter: "Builder NAME succeeded (build successful) - URL".

Source: ``defaultSummaryCB`` and ``defaultReviewCB`` of buildbot/reporters/gerrit.py.
"""

from __future__ import annotations

from cibot.collector.formats.comment import Comment
from cibot.collector.formats.conclude import conclude
from cibot.collector.formats.text import first_url
from cibot.model import Build, Outcome, Report

NAME = "buildbot"
_ENDS: tuple[tuple[str, str], ...] = (
    (" succeeded", "SUCCESS"),
    (" completed with warnings", "SUCCESS"),
    (" failed", "FAILURE"),
    (" encountered an exception", "EXCEPTION"),
    (" was cancelled", "CANCELLED"),
    (" skipped", "SKIPPED"),
)


def read(comment: Comment) -> Report | None:
    """Lines that each start with "Builder", or Buildbot speaking of itself."""
    body = comment.body
    if body.startswith("Buildbot "):
        return _review(comment)
    if not body.startswith("Builder "):
        return None
    builds = tuple(build for line in comment.lines if (build := _line(line)) is not None)
    outcome = conclude(comment, None, builds) if builds else None
    return Report(outcome, NAME, None, builds) if outcome is not None else None


def _line(line: str) -> Build | None:
    if not line.startswith("Builder "):
        return None
    for words, result in _ENDS:
        at = line.find(words, 8)
        if 0 < at < 200:
            return Build(line[8:at].strip(), result, first_url(line[at:]))
    return None


def _review(comment: Comment) -> Report | None:
    """``Buildbot finished compiling your patchset on configuration: NAME The result is: …``"""
    text = " ".join(comment.lines[:6])[:600]
    name = text.partition("on configuration: ")[2].partition(" The result is")[0].split(" ")[0]
    if not name:
        return None
    if "started compiling" in text:
        return Report(Outcome.STARTED, NAME, None, (Build(name, "STARTED"),))
    said = text.partition("The result is: ")[2].lower()
    result = "SUCCESS" if said.startswith("success") else "FAILURE"
    if not said:
        return None
    builds = (Build(name, result, first_url(text)),)
    outcome = conclude(comment, None, builds)
    return Report(outcome, NAME, None, builds) if outcome is not None else None
