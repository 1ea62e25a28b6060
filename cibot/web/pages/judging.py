"""How it judges: each signal in words, with the thresholds in force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cibot.config.judgement import Policy
from cibot.config.policy import written
from cibot.config.signals import signals
from cibot.text import figures


@dataclass(frozen=True, slots=True)
class Rule:
    """One threshold: its subject and its value in words."""

    about: str
    value: str


@dataclass(frozen=True, slots=True)
class SignalRules:
    """A signal: what it looks at, in sentences, and its thresholds."""

    name: str
    says: str
    rules: tuple[Rule, ...]


def judging(policy: Policy) -> tuple[SignalRules, ...]:
    """Every signal, those first that explain most, and incidents."""
    stale = Rule("Feed counts as stale after", figures.span(policy.feed_stale))
    return (
        *(_rules(kind.name, kind.about, kind.rules(policy)) for kind in signals().values()),
        _rules("incidents", _INCIDENTS, written(policy.incident), stale),
    )


def _rules(name: str, says: str, rules: Iterable[tuple[str, str]], *more: Rule) -> SignalRules:
    return SignalRules(name, says, (*(Rule(*rule) for rule in rules), *more))


_INCIDENTS = (
    "A signal that turns bad opens an incident, which raises one alert. It ends when the signal"
    " has been well for a while; a trouble that comes back soon is the same incident."
)
