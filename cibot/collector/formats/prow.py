"""Prow: its status of all jobs on Gerrit, and its table of failed tests.

Source: GenerateReport of prow/crier/reporters/gerrit ("Prow Status: 1 out of 2 pjs passed!",
a line for each job, with its URL or, where the comment would be too long, without), the Gerrit
adapter's "Triggered 2 prow jobs", and prow/github/report (the table).
"""

from __future__ import annotations

import re

from cibot.collector.formats.comment import Comment
from cibot.collector.formats.conclude import conclude
from cibot.collector.formats.lines import read_builds
from cibot.collector.formats.text import first_url
from cibot.collector.formats.verdict import verdict
from cibot.model import Build, Outcome, Report

NAME = "prow"
PLAIN_TO_SEE = (NAME,)
_STATUS = "Prow Status:"
_TRIGGERED = re.compile(r"Triggered \d+ (?:prow jobs?|presubmit|postsubmit)")


def read(comment: Comment) -> Report | None:
    """Prow's status, its table, or what it triggered."""
    start = comment.body[:300]
    if _STATUS in start:
        return _status(comment)
    if start.startswith("Triggered ") and _TRIGGERED.match(start):
        return Report(Outcome.STARTED, NAME)
    if "following test" not in start or "failed" not in start or " | " not in comment.body:
        return None
    return _table(comment)


def _status(comment: Comment) -> Report | None:
    builds = read_builds(comment.lines[1:])
    headline = None if builds else verdict(comment.first)
    outcome = conclude(comment, headline, builds)
    return Report(outcome, NAME, None, tuple(builds)) if outcome is not None else None


def _table(comment: Comment) -> Report | None:
    builds = []
    for line in comment.lines:
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        url = first_url(line)
        if len(cells) >= 3 and url is not None and " " not in cells[0]:
            voting = "false" not in (cell.lower() for cell in cells[3:])
            builds.append(Build(cells[0].strip("*`"), "FAILURE", url, None, voting))
    return Report(Outcome.FAILURE, NAME, None, tuple(builds)) if builds else None
