"""What the collectors read, as rows to be written. Pure."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from cibot.collector.formats import parse
from cibot.collector.match import CommentWrite, digest
from cibot.collector.results import report_result, result_class
from cibot.errors import reason_of
from cibot.model import Change, Message, PatchSet, Report, Vote
from cibot.store.accounts import KnownAccount
from cibot.store.changes import Place, place_of
from cibot.store.comments import CommentText

_END = r"(?![0-9A-Za-z])"
_REF = re.compile(
    r"(?:^|[^0-9A-Za-z])(?:refs(?:%2F|[/_-])changes(?:%2F|[/_-]))?"
    rf"(?P<end>\d\d)(?P<between>%2F|[/_-])(?P<change>\d{{1,9}})(?:%2F|[/_,-])\d{{1,4}}{_END}"
)
_NUMBERED = re.compile(
    r"[ /_-]*(?:"
    r"\(?#\d{1,9}\)?"  # Jenkins' display name: "verify #123"
    r"|\(build:? #?\d{1,9}\)|(?<= )build:? #?\d{1,9}"
    rf"|(?<![0-9A-Za-z])(?:change|review|cl)[ /_-]\d{{4,9}}(?:[/_,-]\d{{1,4}})?{_END}"
    rf"|(?<![0-9A-Za-z])\d{{4,9}},\d{{1,4}}{_END}"  # change and patch set: "912345,2"
    r")[ /_-]*",
    re.IGNORECASE,
)
_LONGEST = 1000  # characters of a name that are looked at
_LOWEST = 1000  # of a change in a name with dashes: "26-11-28" is a date


def lasting_name(job: str, url: str | None = None) -> str:
    """A job's name without the ref of the change that it ran on, and without its build's number.

    Jenkins' multibranch projects make a job of each patch set (``verify/64%2F7864%2F10``), and
    some CIs name a job with its change or build; what is one job for people is one here. What
    a number means is known by its form, or by the ``url`` of the build, which has it too.
    """
    job = job[:_LONGEST]
    if not any(letter.isdigit() for letter in job):
        return job
    name = _NUMBERED.sub(" ", _without_ref(job)).strip()
    for number in _numbers(url):
        if number not in name:
            continue  # each number is a pattern of its own, which would have to be compiled
        name = re.sub(rf"(?:^|[ /_#-]){number}(?:[/_,-]\d{{1,4}})?{_END}", "", name)
    return name.strip(" /_-") or job


def _without_ref(job: str) -> str:
    match = _REF.search(job)
    if match is None or int(match["change"]) % 100 != int(match["end"]):
        return job
    if match["between"] in "_-" and int(match["change"]) < _LOWEST:
        return job
    return f"{job[: match.start()]}{job[match.end() :]}"


def _numbers(url: str | None) -> list[str]:
    """The number of the change and that of the build that a URL shows, of three digits or more."""
    path = (url or "").split("?", 1)[0].split("#", 1)[0]
    parts = [part for part in path.split("/") if part]
    change = next((number for end, number in pairwise(parts) if _is_change(end, number)), "")
    build = next((part for part in parts[:-3:-1] if part.isdigit()), "")
    return [number for number in (change, build) if 3 <= len(number) <= 9]


def _is_change(end: str, number: str) -> bool:
    """Whether two parts of a path begin as a ref of Gerrit's does: "45/912345"."""
    return len(end) == 2 and number.isdigit() and 4 <= len(number) <= 9 and number[-2:] == end


log = logging.getLogger(__name__)
COMMENT = "comment"  # as what it is set aside


@dataclass(slots=True)
class Batch:
    """What one transaction is about to write; patch sets with their change's key."""

    heard_at: datetime
    rows: dict[Place, int] = field(default_factory=dict)  # of the changes
    patch_sets: list[tuple[int, PatchSet]] = field(default_factory=list)
    owners: dict[int, int] = field(default_factory=dict)  # accounts by change, where not stored
    confirmed: set[int] = field(default_factory=set)  # changes that REST gave whole
    comments: list[dict[str, Any]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    builds: list[dict[str, Any]] = field(default_factory=list)
    unread: list[tuple[int, CommentWrite]] = field(default_factory=list)
    reread: set[tuple[int, int]] = field(default_factory=set)
    votes: dict[tuple[int, int], str] = field(default_factory=dict)
    suspects: dict[int, KnownAccount] = field(default_factory=dict)
    joined: dict[int, int] = field(default_factory=dict)  # accounts that are a CI's from now on
    drops: set[tuple[int, int]] = field(default_factory=set)
    waiting: dict[int, datetime] = field(default_factory=dict)  # changes that REST lags behind on
    withdrawn: set[int] = field(default_factory=set)  # CIs that lost reports
    repeated: int = 0  # comments that were stored like this already
    raised: dict[str, str] = field(default_factory=dict)  # comments set aside, and why
    forged: int = 0  # comments of events that Gerrit does not hold

    def read(self) -> None:
        """Makes the reports of the comments in ``unread``, pairs of a CI and its comment."""
        for ci_id, comment in self.unread:
            key = (comment.row.change_id, comment.row.seq)
            message = comment.message
            if key in self.votes:  # an event brought them, and REST does not repeat them
                message = replace(message, votes=_votes(self.votes[key]))
            self.add_report(ci_id, key, message)

    def add_report(self, ci_id: int, key: tuple[int, int], message: Message) -> None:
        """Reads one message of that CI. Who wrote it is no question: what is read depends on
        what is stored of the message alone, so that reading it again gives the same."""

        def raised(error: Exception) -> None:
            self.raised[comment_name(key)] = reason_of(error)
            log.error("set aside comment=%s", comment_name(key), exc_info=error)

        report = parse(message.text, tag=message.tag, votes=message.votes, ci=True, raised=raised)
        self.reports.append(report_row(ci_id, key, message, report, self.heard_at))
        if report is not None:
            self.builds.extend(build_rows(key, report))


def comment_name(key: tuple[int, int]) -> str:
    """The name under which a comment is set aside: its change's row and its number there."""
    return f"{key[0]}/{key[1]}"


def message_of(comment: CommentText) -> Message:
    return Message(
        comment.posted_at,
        comment.text,
        None,
        comment.patch_set,
        tag=comment.tag,
        votes=_votes(comment.votes),
    )


def _votes(stored: str | None) -> tuple[Vote, ...]:
    votes = json.loads(stored) if stored else {}
    return tuple(Vote(label, value) for label, value in votes.items())


def comment_row(comment: CommentWrite) -> dict[str, Any]:
    message = comment.message
    votes = {vote.label: vote.value for vote in message.votes}
    return comment.row._asdict() | {
        "patch_set": message.patch_set,
        "text": message.text,
        "votes": json.dumps(votes, ensure_ascii=False) if votes else None,
    }


def report_row(
    ci_id: int, key: tuple[int, int], message: Message, report: Report | None, heard_at: datetime
) -> dict[str, Any]:
    result = report_result(report) if report else None
    return {
        "change_id": key[0],
        "seq": key[1],
        "ci_id": ci_id,
        "patch_set": message.patch_set,
        "posted_at": message.posted_at,
        "pipeline": report.pipeline[:100] if report and report.pipeline else None,
        "outcome": report.outcome.value if report else None,
        "result": result.value if result else None,
        "format": report.format if report else None,
        "heard_at": heard_at,
    }


def build_rows(key: tuple[int, int], report: Report) -> list[dict[str, Any]]:
    return [
        {
            "change_id": key[0],
            "seq": key[1],
            "idx": index,
            "job": lasting_name(build.name, build.url)[:255],
            "word": build.result[:64],
            "result": result_class(build.result).value,
            "voting": build.voting,
            "duration_s": build.duration_s,
            "url": build.url,
        }
        for index, build in enumerate(report.builds[:32767])
    ]


def once(changes: Sequence[Change]) -> Sequence[Change]:
    """The changes, each only once as a whole: the newest of those with all messages."""
    newest: dict[Place, Change] = {}
    for change in changes:
        before = newest.get(place_of(change))
        if change.complete and (before is None or before.updated <= change.updated):
            newest[place_of(change)] = change
    return [*newest.values(), *(change for change in changes if not change.complete)]


def digests(changes: Sequence[Change]) -> set[int] | None:
    """The digests by which stored comments are looked up, where only events are stored."""
    if any(change.complete for change in changes):
        return None
    return {digest(message.text) for change in changes for message in change.messages}
