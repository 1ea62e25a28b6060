"""``[judgement]`` of the configuration: the policy by which CIs are judged, and its overrides."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import create_model

from cibot.config.policy import (
    UNCOUNTED,
    BranchPolicy,
    ChartPolicy,
    CoveragePolicy,
    DisagreementPolicy,
    FlipsPolicy,
    IncidentPolicy,
    InfraPolicy,
    JobPolicy,
    LatencyPolicy,
    SilencePolicy,
    SuccessPolicy,
    Thresholds,
)
from cibot.config.signals import kinds
from cibot.config.values import Duration, Glob, Section, Text
from cibot.text.patterns import fits_any

if TYPE_CHECKING:
    _SignalThresholds = Section
else:
    _SignalThresholds = create_model(
        "_SignalThresholds",
        __base__=Section,
        **{name: (kind.thresholds, kind.thresholds()) for name, kind in kinds().items()},
    )


class Policy(_SignalThresholds):
    """Everything that judging one CI needs to know."""

    success: SuccessPolicy = SuccessPolicy()
    chart: ChartPolicy = ChartPolicy()
    silence: SilencePolicy = SilencePolicy()
    infra: InfraPolicy = InfraPolicy()
    disagreement: DisagreementPolicy = DisagreementPolicy()
    coverage: CoveragePolicy = CoveragePolicy()
    latency: LatencyPolicy = LatencyPolicy()
    flips: FlipsPolicy = FlipsPolicy()
    job: JobPolicy = JobPolicy()
    branch: BranchPolicy = BranchPolicy()
    incident: IncidentPolicy = IncidentPolicy()
    feed_stale: Duration = timedelta(minutes=15)
    uncounted: tuple[Text, ...] = UNCOUNTED  # words of pipelines whose results do not count

    def contradictions(self) -> Iterator[tuple[str, str, str]]:
        """(part, key, what is wrong) of each threshold that contradicts another one."""
        for part in _parts():
            for key, wrong in getattr(self, part).contradictions():
                yield part, key, wrong


def _parts() -> dict[str, type[Thresholds]]:
    """The sections of the policy, each with its thresholds."""
    kinds = ((part, field.annotation) for part, field in Policy.model_fields.items())
    return {
        part: kind
        for part, kind in kinds
        if isinstance(kind, type) and issubclass(kind, Thresholds)
    }


if TYPE_CHECKING:
    _Overridden = Section
else:
    _Overridden = create_model(
        "_Overridden",
        __base__=Section,
        **{part: (kind | None, None) for part, kind in _parts().items()},
    )


class Override(_Overridden):
    """``[[judgement.override]]``: thresholds of their own for some CIs.

    It is for the CIs whose name fits ``cis``, whose main project fits ``projects`` and
    whose main pipeline fits ``pipelines``; keys that it does not name stay as they are.
    """

    cis: tuple[Text, ...] = ("*",)
    projects: tuple[Glob, ...] = ("*",)
    pipelines: tuple[Text, ...] = ("*",)

    def fits(self, name: str, project: str | None, pipeline: str | None) -> bool:
        """Whether it is for a CI of that name, main project and main pipeline."""
        return (
            fits_any(self.cis, name)
            and fits_any(self.projects, project or "")
            and fits_any(self.pipelines, pipeline or "")
        )

    def thresholds(self) -> Iterator[tuple[str, Thresholds]]:
        """Each part of the policy that it changes; only the keys that were set count."""
        for part in _parts():
            own = getattr(self, part)
            if own is not None:
                yield part, own

    def over(self, policy: Policy) -> Policy:
        """The policy with the thresholds of this override."""
        changed = {
            part: getattr(policy, part).model_copy(
                update={key: getattr(own, key) for key in own.model_fields_set}
            )
            for part, own in self.thresholds()
        }
        return policy.model_copy(update=changed)


class Judgement(Policy):
    """``[judgement]``: the policy for all CIs, and overrides for some; a later one wins."""

    override: tuple[Override, ...] = ()

    @property
    def default(self) -> Policy:
        """The policy of a CI that no override fits."""
        return Policy.model_construct(**{part: getattr(self, part) for part in Policy.model_fields})

    @property
    def by_pipeline(self) -> bool:
        """Whether a CI's main pipeline matters for its policy."""
        return any("*" not in override.pipelines for override in self.override)

    def policy_of(self, name: str, project: str | None, pipeline: str | None) -> Policy:
        """The policy of a CI with that main project and main pipeline."""
        policy = self.default
        for override in self.override:
            if override.fits(name, project, pipeline):
                policy = override.over(policy)
        return policy

    def sources(
        self, name: str, project: str | None, pipeline: str | None
    ) -> Iterator[tuple[str, str, int]]:
        """(part, key, number of the override, from 1) of each threshold that an override sets."""
        for number, override in enumerate(self.override, 1):
            if override.fits(name, project, pipeline):
                for part, own in override.thresholds():
                    yield from ((part, key, number) for key in sorted(own.model_fields_set))
