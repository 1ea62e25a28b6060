"""What CIs write, by families: one file each, one line each in `FAMILIES`.

Pure, and linear in the length of the text; what is longer than `MAX_CHARS` is
cut. Texts that no family understands are None: nothing is guessed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import Protocol, cast

from cibot.collector.formats.comment import MAX_CHARS, MIXED, Comment, score
from cibot.collector.formats.form import by_form
from cibot.collector.formats.notices import NAME as NOTICE
from cibot.collector.formats.notices import by_gerrit
from cibot.collector.formats.outage import corrected
from cibot.collector.formats.person import by_hand
from cibot.collector.formats.tags import gerrits_own, of_ci_tool, pipeline_of_tag
from cibot.collector.formats.verdict import says_result, words_of
from cibot.collector.formats.votes import NAME as VOTES
from cibot.collector.header import split_header
from cibot.collector.results import LISTED_ALONE
from cibot.model import Account, Outcome, Report, Vote

__all__ = ["FAMILIES", "gerrits_own", "looks_like_ci", "parse", "plain_to_see", "split_header"]

log = logging.getLogger(__name__)

# The first that understands a comment has it: the surest shapes stand first.
FAMILIES = [
    "cibot.collector.formats.notices",
    "cibot.collector.formats.zuul",
    "cibot.collector.formats.jenkins",
    "cibot.collector.formats.github_actions",
    "cibot.collector.formats.luci",
    "cibot.collector.formats.buildbot",
    "cibot.collector.formats.prow",
    "cibot.collector.formats.lists",
    "cibot.collector.formats.testlog",
    "cibot.collector.formats.listing",
    "cibot.collector.formats.grouped",
    "cibot.collector.formats.lint",
    "cibot.collector.formats.sentence",
    "cibot.collector.formats.votes",
    "cibot.collector.formats.remarks",
]
"""Modules with ``read(comment) -> Report | None``, and ``PLAIN_TO_SEE`` where it has formats
that alone show that their author is a CI."""


class _Family(Protocol):
    read: Callable[[Comment], Report | None]


@cache
def _families() -> tuple[_Family, ...]:
    return tuple(cast("_Family", import_module(module)) for module in FAMILIES)


@cache
def plain_to_see() -> frozenset[str]:
    """The formats that alone show that their author is a CI."""
    return frozenset(name for family in _families() for name in getattr(family, "PLAIN_TO_SEE", ()))


def _log(error: Exception) -> None:
    log.error("a comment could not be read", exc_info=error)


def parse(
    text: str,
    *,
    account: Account | None = None,
    tag: str | None = None,
    votes: Sequence[Vote] = (),
    ci: bool = False,
    form: bool = True,
    raised: Callable[[Exception], None] = _log,
) -> Report | None:
    """What one change message says, or None where it is not understood.

    ``votes`` are those that the source gives apart from the text; the ones in the
    text's head count first. ``ci`` says that the author is known to be a CI: configured,
    in a group, or discovered. Then what is read depends on the text, the tag and the votes
    alone; else ``account`` and ``tag`` help to tell a program from a person. Of an author
    without a name a text of a program's form is read as one's, unless ``form`` is false: to
    see whether it is evidence of a CI. Never raises: a mistake of ours goes to ``raised``,
    and the message is not understood. Time is linear and bounded (`MAX_CHARS`).
    """
    try:
        return _parse(text, account, tag, votes, ci=ci, form=form)
    except Exception as error:  # noqa: BLE001 - text is hostile, and the other comments are read
        raised(error)
        return None


def _parse(
    text: str,
    account: Account | None,
    tag: str | None,
    votes: Sequence[Vote],
    *,
    ci: bool,
    form: bool,
) -> Report | None:
    if len(text) > MAX_CHARS + 1000:
        text = text[: MAX_CHARS + 1000]
    _, in_head, body = split_header(text)
    comment = Comment(body, in_head, given=votes, account=account, tag=tag, ci=ci)
    report = corrected(comment, _read(comment))
    if form and not ci and not _settled(comment, report) and by_form(comment):
        report = _unproven(Comment(body, in_head, given=votes, ci=True), report)
    if report is None:
        return None
    if _plain(report) and not comment.by_ci and by_hand(comment):
        report = replace(report, format=MIXED)
    pipeline = pipeline_of_tag(tag) if tag and report.pipeline is None else None
    return replace(report, pipeline=pipeline) if pipeline else report


def _settled(comment: Comment, report: Report | None) -> bool:
    """Whether the comment would be read in the same way if its author were known to be a CI."""
    if report is None:
        return False
    if report.format in plain_to_see():
        # A failure without jobs may be an outage in words.
        return bool(report.builds) or report.outcome is not Outcome.FAILURE
    return report.format == NOTICE and by_gerrit(comment.body)


def _unproven(comment: Comment, otherwise: Report | None) -> Report | None:
    """What a text of a program's form says; its format shows nobody to be a CI.

    Where only a vote on a label of people says something, a reviewer's is none of a run.
    """
    report = corrected(comment, _read(comment))
    if report is None or (report.format == VOTES and not score(comment.votes)):
        return otherwise
    if otherwise is not None and comment.first.lower().startswith("recheck"):
        return otherwise
    if report.builds and not score(comment.votes) and _in_listed_words(comment.body):
        return otherwise
    return replace(report, format=MIXED) if _plain(report) else report


def _in_listed_words(text: str) -> bool:
    """Whether only words that are results in lists alone say anything: "naming: good"."""
    return not says_result(text) and not LISTED_ALONE.isdisjoint(words_of(text))


def _read(comment: Comment) -> Report | None:
    for family in _families():
        report = family.read(comment)
        if report is not None:
            return report
    return None


def looks_like_ci(report: Report, tag: str | None = None) -> bool:
    """Whether a message looks machine-written, by its text alone.

    True for a verdict with builds in the shape that CI systems write, and for
    one under the tag of a CI system. False for votes, sentences and job lines among
    prose, and for what other programs tag: reviewers and linters are no CIs.
    """
    if report.outcome not in (Outcome.SUCCESS, Outcome.FAILURE, Outcome.STARTED):
        return False
    return of_ci_tool(tag) or _plain(report)


def _plain(report: Report) -> bool:
    return bool(report.builds) and report.format in plain_to_see()
