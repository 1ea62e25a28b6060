"""A server's history as the bench weighs it: what CIs said of which patch set, in order of time."""

from __future__ import annotations

from dataclasses import dataclass, field

from cibot.health.weighing.runs import BuildRun, PatchSetKey
from cibot.model import Result


@dataclass(slots=True)
class JudgedReport:
    """One judging report: its voting builds that ran, and what it counts as.

    ``guilty`` are the jobs that the change really breaks, where that is known.
    """

    at: float
    ci: str
    change_id: int
    patch_set: int
    result: Result
    jobs: dict[str, BuildRun]
    guilty: frozenset[str] = frozenset()


@dataclass(slots=True)
class Review:
    """A change: when its patch sets came, in seconds, and when it was closed."""

    uploads: dict[int, float]
    closed: float | None = None

    def current(self, patch_set: int, at: float) -> bool:
        """Whether the change was open then, and had no newer patch set."""
        newer = (when for number, when in self.uploads.items() if number > patch_set)
        return (self.closed is None or at <= self.closed) and all(when > at for when in newer)


@dataclass(slots=True)
class History:
    """Everything of one server; ``unchanged`` are patch sets with the code of the one before."""

    server: str
    reports: list[JudgedReport] = field(default_factory=list)
    reviews: dict[int, Review] = field(default_factory=dict)
    unchanged: set[PatchSetKey] = field(default_factory=set)
