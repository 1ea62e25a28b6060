"""What the collectors read, as rows to be written. Pure."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cibot.collector.formats import parse
from cibot.collector.job_names import lasting_name
from cibot.collector.match import CommentWrite
from cibot.collector.results import report_result, result_class
from cibot.errors import reason_of
from cibot.model import Message, PatchSet, Report, Vote
from cibot.store.accounts import KnownAccount
from cibot.store.changes import Place
from cibot.store.comments import CommentText

log = logging.getLogger(__name__)
COMMENT = "comment"  # as what it is set aside


@dataclass(slots=True)
class Batch:
    """What one transaction is about to write; patch sets stand beside their change's key."""

    heard_at: datetime
    rows: dict[Place, int] = field(default_factory=dict)  # of the changes
    patch_sets: list[tuple[int, PatchSet]] = field(default_factory=list)
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
    known: int = 0
    raised: dict[str, str] = field(default_factory=dict)  # comments set aside, and why
    forged: int = 0  # comments of events that Gerrit does not hold

    def read(self) -> None:
        """Makes the reports of the comments in ``unread``, each of the CI beside it."""
        for ci_id, one in self.unread:
            key = (one.row.change_id, one.row.seq)
            message = one.message
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
    """By what a comment is set aside: the row of its change and its number there."""
    return f"{key[0]}/{key[1]}"


def message_of(one: CommentText) -> Message:
    return Message(
        one.posted_at,
        one.text,
        None,
        one.patch_set,
        tag=one.tag,
        votes=_votes(one.votes),
    )


def _votes(stored: str | None) -> tuple[Vote, ...]:
    votes = json.loads(stored) if stored else {}
    return tuple(Vote(label, value) for label, value in votes.items())


def comment_row(one: CommentWrite) -> dict[str, Any]:
    message = one.message
    votes = {vote.label: vote.value for vote in message.votes}
    return one.row._asdict() | {
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
            "job": lasting_name(one.name, one.url)[:255],
            "word": one.result[:64],
            "result": result_class(one.result).value,
            "voting": one.voting,
            "duration_s": one.duration_s,
            "url": one.url,
        }
        for index, one in enumerate(report.builds[:32767])
    ]
