"""The policies that ``[judgement]`` of the configuration asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from typing import Any

from cibot.config.judgement import JudgementConfig, OverrideConfig
from cibot.errors import ConfigError
from cibot.health.policy import Policy


@dataclass(frozen=True, slots=True)
class Rule:
    """Thresholds of its own for the CIs that it fits; ``values`` by part and key."""

    number: int  # of the [[judgement.override]], from 1
    cis: tuple[str, ...]
    projects: tuple[str, ...]
    pipelines: tuple[str, ...]
    values: dict[str, dict[str, Any]]

    def fits(self, name: str, project: str | None, pipeline: str | None) -> bool:
        """Whether it is for a CI of that name, main project and main pipeline."""
        return all(
            "*" in patterns or any(fnmatchcase((one or "").lower(), p.lower()) for p in patterns)
            for patterns, one in (
                (self.cis, name),
                (self.projects, project),
                (self.pipelines, pipeline),
            )
        )


@dataclass(frozen=True, slots=True)
class Policies:
    """The policy for all, and the rules that change it for some; a later rule wins."""

    default: Policy
    rules: tuple[Rule, ...] = ()

    @property
    def differ(self) -> bool:
        """Whether anybody is judged by something else."""
        return bool(self.rules)

    @property
    def by_pipeline(self) -> bool:
        """Whether a CI's main pipeline matters."""
        return any("*" not in one.pipelines for one in self.rules)

    def of(self, name: str, project: str | None, pipeline: str | None) -> Policy:
        """What a CI is judged by."""
        found = self.default
        for one in self.rules:
            if one.fits(name, project, pipeline):
                found = _with(found, one.values)
        return found

    def sources(
        self, name: str, project: str | None, pipeline: str | None
    ) -> Iterator[tuple[str, str, int]]:
        """(part, key, number of the rule) of each threshold that a rule gives to a CI."""
        for one in self.rules:
            if one.fits(name, project, pipeline):
                for part, values in one.values.items():
                    yield from ((part, key, one.number) for key in values)


def policies_from(judgement: JudgementConfig) -> Policies:
    """Raises ConfigError, naming every contradiction, when thresholds make no sense."""
    default = policy_from(judgement)
    rules = tuple(_rule(number, one) for number, one in enumerate(judgement.override, 1))
    for one in rules:
        try:
            _with(default, one.values)
        except ConfigError as error:
            raise ConfigError(f"judgement.override {one.number}: {error}") from error
    return Policies(default, rules)


def policy_from(judgement: JudgementConfig) -> Policy:
    """The policy for all. Raises ConfigError as `policies_from`."""
    default = Policy()
    parts = {}
    for part in fields(Policy):
        value = getattr(judgement, part.name)
        if part.name in ("feed_stale", "uncounted"):
            parts[part.name] = value
        else:
            kind = type(getattr(default, part.name))
            parts[part.name] = kind(**value.model_dump())
    return Policy(**parts)


def _rule(number: int, one: OverrideConfig) -> Rule:
    values = {
        part: {key: getattr(section, key) for key in sorted(section.model_fields_set)}
        for part in sorted(one.model_fields_set - {"cis", "projects", "pipelines"})
        if (section := getattr(one, part)) is not None
    }
    return Rule(number, one.cis, one.projects, one.pipelines, values)


def _with(policy: Policy, values: dict[str, dict[str, Any]]) -> Policy:
    parts = {part: replace(getattr(policy, part), **keys) for part, keys in values.items()}
    return replace(policy, **parts)
