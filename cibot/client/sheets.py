"""Which columns an answer has as CSV, by the path of its question. Pure."""

from __future__ import annotations

from typing import Any

from cibot.web.api.periods import period_lines
from cibot.web.api.tables import Lines, columns

_SHEETS = {
    "/cis": columns(
        "items", "id", "name", "state", "since", "rate.share", "rate.low", "rate.high",
        "rate.passes", "rate.n", "last_heard_at", "reference", "owner", "projects", "said", "page",
    ),
    "/cis/<name>": columns(
        "signals", "name", "verdict", "figure", "low", "high", "n", "threshold", "said", "counts"
    ),
    "/cis/<name>/jobs": columns(
        "jobs", "job", "rate.share", "rate.low", "rate.high", "rate.passes", "rate.n", "infra",
        "streak", "streak_of", "median_s", "last_pass_at", "last_url", "voting",
    ),
    "/cis/<name>/history": columns("days", "day", "passes", "fails", "infra", "share"),
    "/cis/<name>/missed": columns(
        "patch_sets", "number", "patch_set", "project", "subject", "uploaded_at", "deadline",
        "gerrit",
    ),
    "/compare": columns(
        "examples", "number", "patch_set", "project", "subject", "pipeline", "result", "posted_at",
        "page",
    ),
    "/changes/<number>": columns(
        "verdicts", "ci.name", "ci.state", "pipeline", "result", "posted_at", "running",
        "builds",
    ),
    "/incidents": columns(
        "items", "id", "ci", "kind", "state", "opened_at", "resolved_at", "said",
        "acknowledged_by", "note", "page",
    ),
    "/incidents/<id>": columns("steps", "at", "name", "reason"),
    "/silences": columns("items", "id", "ci", "since", "until", "by", "reason"),
    "/report": period_lines,
    "/feeds": columns("items", "server", "url", "heard_at", "age", "stale"),
}  # fmt: skip


def sheet(path: str, answer: Any) -> Lines:
    """The lines of an answer to the question at ``path``, heads first."""
    return _SHEETS[path](answer)
