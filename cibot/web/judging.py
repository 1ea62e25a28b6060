"""How it judges: each signal in words, with the thresholds in force."""

from __future__ import annotations

from dataclasses import dataclass, fields

from cibot.health.policy import Policy
from cibot.health.share import SharePolicy
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
    shares = (
        _share(one.name, getattr(policy, one.name))
        for one in fields(policy)
        if isinstance(getattr(policy, one.name), SharePolicy)
    )
    return (_silent(policy), _success(policy), _drop(policy), *shares, _incidents(policy))


def _success(policy: Policy) -> SignalRules:
    own = policy.success
    return SignalRules(
        "success",
        "The share of results that passed, counting only patch sets that the reference CI passed:"
        " a failure on a broken change is the change’s, not the CI’s. The 95 % interval (Wilson’s)"
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


def _drop(policy: Policy) -> SignalRules:
    own = policy.chart
    return SignalRules(
        "drop",
        "A change chart compares each result with what the CI’s own past led to expect. It knows a"
        " real drop within a dozen results, dates its beginning, and is not moved by bad luck.",
        (
            Rule("False alerts, at most", f"{own.false_alerts:g} per CI and month"),
            Rule("Learns from, before anything is unusual", text.plural(own.minimum, "result")),
            Rule("A drop that lasts becomes how the CI is after", text.span(own.adopt)),
        ),
    )


_SHARES = {
    "disagreement": "The share of results that failed where the reference CI passed the same"
    " patch set.",
    "passes_everything": "The share of results that passed where the reference CI failed: who"
    " passes broken changes tests nothing.",
    "infra": "The share of results that broke by themselves: not the change failed, but the CI.",
}


def _share(name: str, own: SharePolicy) -> SignalRules:
    return SignalRules(
        name.replace("_", " "),
        _SHARES.get(name, "A share of results that are bad, compared by its 95 % interval."),
        (
            Rule("Looks at the last", text.span(own.window)),
            Rule("Judges from", text.plural(own.minimum, "result")),
            Rule("Degraded when surely above", text.percent(own.degraded)),
            Rule("Failing when surely above", text.percent(own.failing)),
            Rule("Well again below", text.percent(own.clears)),
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
