"""Prow's table of failed tests: "The following test **failed**, say `/retest` …".

Source: prow/github/report of kubernetes/test-infra.
"""

from __future__ import annotations

from cibot.collector.formats.comment import Comment
from cibot.collector.formats.text import first_url
from cibot.model import Build, Outcome, Report

NAME = "prow"


def read(comment: Comment) -> Report | None:
    """The table under Prow's sentence; its rows are the failed jobs."""
    start = comment.body[:300]
    if "following test" not in start or "failed" not in start or " | " not in comment.body:
        return None
    builds = []
    for line in comment.lines:
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        url = first_url(line)
        if len(cells) >= 3 and url is not None and " " not in cells[0]:
            voting = "false" not in (cell.lower() for cell in cells[3:])
            builds.append(Build(cells[0].strip("*`"), "FAILURE", url, None, voting))
    return Report(Outcome.FAILURE, NAME, None, tuple(builds)) if builds else None
