"""How a CI is on each branch: its results there, judged as those of the whole CI are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter, ValidationError

from cibot.config.policy import Policy
from cibot.health.facts import moment
from cibot.health.inputs import Counted, FirstVerdict, Heard
from cibot.health.level import Level
from cibot.health.references import AT_HOME
from cibot.health.signal import BranchHealth
from cibot.health.success import Success

_JSON = TypeAdapter(tuple[BranchHealth, ...])
_MOST = 24  # branches of a CI; the one heard longest ago makes room


class Branch:
    """The results of one branch, and when the CI was last heard there."""

    def __init__(self, policy: Policy) -> None:
        self.level = Level(policy.success)
        self.success = Success(policy.success, policy.chart, self.level)
        self.heard = 0.0

    def health(self, name: str, now: float) -> BranchHealth:
        """How it is: the worse of its level and its drop."""
        n, bad = self.level.counted(now)
        level, drop = self.level.signal(now), self.success.signal(now)
        worse = drop if drop.verdict.bad and drop.verdict.rank < level.verdict.rank else level
        baseline = self.success.chart.baseline
        usual = baseline.mean if baseline.ready else None
        return BranchHealth(
            name, worse.verdict, n - bad, n, level.low, level.high, usual, worse.since,
            moment(self.heard),
        )  # fmt: skip


class Branches:
    """Every branch that the CI reported on."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._branches: dict[str, Branch] = {}

    def hear(self, one: Heard) -> None:
        """The CI wrote something on a change of a branch."""
        branch = self._branches.setdefault(one.branch, Branch(self._policy))
        branch.heard = max(branch.heard, one.at)
        if len(self._branches) > _MOST:
            del self._branches[min(self._branches, key=lambda name: self._branches[name].heard)]

    def count(self, one: Counted) -> None:
        """A result that speaks of the CI, or one less."""
        branch = self._branches.get(one.proof.branch)
        if branch is not None:
            branch.level.take(one)

    def take(self, one: FirstVerdict) -> None:
        """The first verdict on a patch set."""
        branch = self._branches.get(one.proof.branch)
        if branch is not None:
            branch.success.take(one)

    def health(self, now: float) -> tuple[BranchHealth, ...]:
        """The branches where the CI is at home, those with most results first."""
        oldest = max((branch.heard for branch in self._branches.values()), default=now) - AT_HOME
        found: Iterable[BranchHealth] = (
            branch.health(name, now)
            for name, branch in self._branches.items()
            if branch.heard >= oldest
        )
        return tuple(sorted(found, key=lambda one: (-one.n, one.branch)))

    def row(self) -> Any:
        """Its state as plain JSON values."""
        return {
            name: [branch.heard, branch.level.row(), branch.success.row()]
            for name, branch in self._branches.items()
        }

    def read(self, row: Any) -> None:
        """Takes over what `row` gave."""
        self._branches = {}
        for name, (heard, level, success) in row.items():
            branch = self._branches[name] = Branch(self._policy)
            branch.heard = float(heard)
            branch.level.read(level)
            branch.success.read(success)


def branches_json(branches: tuple[BranchHealth, ...]) -> str:
    """Branches as JSON text, for the store."""
    return _JSON.dump_json(branches).decode()


def read_branches(text: str | None) -> tuple[BranchHealth, ...]:
    """Reads what `branches_json` wrote; nothing of what another version wrote otherwise."""
    try:
        return _JSON.validate_json(text or "[]")
    except ValidationError:
        return ()
