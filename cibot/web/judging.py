"""How it judges: each signal in words, with the thresholds in force."""

from __future__ import annotations

from dataclasses import dataclass

from cibot.health.policy import Policy
from cibot.reports import text


@dataclass(frozen=True, slots=True)
class Rule:
    """One threshold: what it is about, and its value as people write it."""

    about: str
    value: str


@dataclass(frozen=True, slots=True)
class SignalRules:
    """A signal: what it looks at, in sentences, and its thresholds."""

    name: str
    says: str
    rules: tuple[Rule, ...]


def judging(policy: Policy) -> tuple[SignalRules, ...]:
    """Every signal, worst kind first."""
    return (_silent(policy), _success(policy), _incidents(policy))


def _success(policy: Policy) -> SignalRules:
    own = policy.success
    return SignalRules(
        "success",
        "The share of results that passed, counting only patch sets that the reference CI passed:"
        " a failure on a broken change is the change's, not the CI's. The 95 % interval (Wilson's)"
        " is compared, not the share itself, so few results accuse nobody.",
        (
            Rule("Looks at the last", text.span(own.window)),
            Rule("Reaches back for enough results, at most", text.span(own.reach)),
            Rule("Judges from", text.plural(own.minimum, "result")),
            Rule("Degraded when surely below", text.percent(own.degraded)),
            Rule("Failing when surely below", text.percent(own.failing)),
            Rule("Well again from", text.percent(own.clears)),
        ),
    )


def _silent(policy: Policy) -> SignalRules:
    own = policy.silence
    return SignalRules(
        "silent",
        "Patch sets in a row that the CI should have reported on and did not, after the time that"
        " it usually takes. How many it takes follows from how much it usually covers. When our"
        " own feed is stale, nobody is called silent.",
        (
            Rule("Learns what is usual from the last", text.span(own.window)),
            Rule("Judges from", text.plural(own.minimum, "patch set")),
            Rule("Chance of so many missed by luck", f"1 in {text.number(round(1 / own.doubt))}"),
            Rule("Uploads this close count as one chance", text.span(own.burst)),
            Rule("Well again after", text.plural(own.clears, "report")),
            Rule("Feed counts as stale after", text.span(policy.feed_stale)),
        ),
    )


def _incidents(policy: Policy) -> SignalRules:
    own = policy.incident
    return SignalRules(
        "incidents",
        "A signal that turns bad opens an incident, which is told once. It ends when the signal"
        " has been well for a while; what comes back soon is the same incident, not a new one.",
        (
            Rule("The same incident when back within", text.span(own.reopen)),
            Rule("Must stay well after coming back for", text.span(own.hold)),
        ),
    )
