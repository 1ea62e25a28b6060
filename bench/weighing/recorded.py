"""Reads recorded servers: changes as REST gives them, one file or more a server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.weighing.history import History, JudgedReport, Review
from cibot.collector.formats import parse
from cibot.collector.results import report_result, result_class
from cibot.health.weighing.runs import BuildRun
from cibot.model import UNCHANGED, Change, Message, Outcome, Result
from cibot.replay.reading import BrokenLine, read

_FEW = 20  # understood messages; who wrote fewer is taken for a person
_RAN = {Result.PASS, Result.FAIL, Result.INFRA}


def recorded(files: Iterable[Path]) -> list[History]:
    """The histories of the servers that the files' names begin with."""
    by_server: dict[str, list[Path]] = {}
    for path in sorted(files):
        by_server.setdefault(path.name.split("__")[0], []).append(path)
    return [_server(name, paths) for name, paths in by_server.items()]


def _server(name: str, paths: list[Path]) -> History:
    history = History(name)
    for path in paths:
        for line in read([path], BrokenLine()):
            _add(history, line.change)
    authors = Counter(report.ci for report in history.reports)
    history.reports = [report for report in history.reports if authors[report.ci] >= _FEW]
    history.reports.sort(key=lambda report: report.at)
    return history


def _add(history: History, change: Change) -> None:
    uploads = {
        patch_set.number: patch_set.uploaded_at.timestamp() for patch_set in change.patch_sets
    }
    closed = change.closed.timestamp() if change.closed else None
    history.reviews[change.number] = Review(uploads, closed)
    history.unchanged.update(
        (change.number, patch_set.number)
        for patch_set in change.patch_sets
        if patch_set.kind in UNCHANGED
    )
    for message in change.messages:
        if message.patch_set is not None and message.author is not None:
            history.reports.extend(_judged_reports(change, message, message.patch_set))


def _judged_reports(change: Change, message: Message, patch_set: int) -> Iterator[JudgedReport]:
    report = parse(message.text, account=message.author, tag=message.tag, votes=message.votes)
    result = report_result(report) if report else None
    if report is None or result is None or report.outcome is Outcome.MERGE_FAILURE:
        return
    assert message.author is not None
    at, jobs = message.posted_at.timestamp(), {}
    for build in report.builds:
        counts_as = result_class(build.result)
        if build.voting and counts_as in _RAN:
            run = BuildRun(at, change.number, patch_set, counts_as, build.result)
            jobs.setdefault(build.name, run)
    yield JudgedReport(at, str(message.author.gerrit_id), change.number, patch_set, result, jobs)
