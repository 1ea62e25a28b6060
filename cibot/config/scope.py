"""Where a configured CI is at home: which projects and branches are its business."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cibot.config.models import CiConfig
from cibot.text.patterns import fits_any


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a configured CI is at home; patterns are globs (``openstack/*``)."""

    projects: tuple[str, ...] = ("*",)
    branches: tuple[str, ...] = ("*",)

    @property
    def names_branches(self) -> bool:
        """Whether somebody said which branches are the CI's, so that nothing need be learnt."""
        return self.branches != ("*",)

    def covers(self, project: str, branch: str) -> bool:
        """Whether a change of this project and branch is the CI's business."""
        return fits_any(self.projects, project) and fits_any(self.branches, branch)


def scopes(cis: Sequence[CiConfig]) -> Mapping[str, Scope]:
    """The configured scopes that say anything, by CI."""
    return {
        ci.name: Scope(ci.projects, ci.branches)
        for ci in cis
        if (ci.projects, ci.branches) != (("*",), ("*",))
    }
