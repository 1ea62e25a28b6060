"""How it judges: each signal in words, with the thresholds in force."""

from __future__ import annotations

from dataclasses import dataclass

from cibot.config.judgement import Policy
from cibot.config.policy import SharePolicy
from cibot.config.signals import signals
from cibot.health.kind import SignalKind
from cibot.text import figures


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
    return (
        _silent(policy),
        _drop(policy),
        _level(policy),
        _share("infra", _INFRA, policy.infra),
        _share("disagreement", _DISAGREEMENT, policy.disagreement),
        SignalRules("passes_everything", _PASSES_EVERYTHING, ()),
        _job(policy),
        _branch(policy),
        _coverage(policy),
        _latency(policy),
        *(_kind(kind, policy) for kind in signals()),
        _flips(policy),
        _incidents(policy),
    )


def _kind(kind: type[SignalKind], policy: Policy) -> SignalRules:
    """A signal with a file of its own."""
    rules = kind.rules(getattr(policy, kind.name))
    return SignalRules(kind.name, kind.about, tuple(Rule(*rule) for rule in rules))


_PASSES_EVERYTHING = (
    "What the CI passed of the changes that the reference failed, over four weeks. It is bad"
    " where it passes surely three quarters of them for two weeks, without one failure with the"
    " reference, and fails nothing else."
)
_INFRA = (
    "Runs that broke by themselves (a node was lost, a merge or the log upload failed), of all"
    " runs that were not skipped. They count neither for nor against the change."
)
_DISAGREEMENT = (
    "Patch sets that the CI failed and the reference CI passed; a change that fails with one patch"
    " set after the other counts once. The reverse, what it passed and the reference failed, is"
    " shown as “passes everything” and judges nothing: a CI with other jobs may rightly pass."
)


def _share(name: str, says: str, own: SharePolicy) -> SignalRules:
    return SignalRules(
        name,
        says,
        (
            Rule("Looks at the last", figures.span(own.window)),
            Rule("Judges from", figures.plural(own.minimum, "result")),
            Rule("Degraded when surely above", figures.percent(own.degraded)),
            Rule("Failing when surely above", figures.percent(own.failing)),
            Rule("Well again at or below", figures.percent(own.clears)),
        ),
    )


def _job(policy: Policy) -> SignalRules:
    own = policy.job
    return SignalRules(
        "job",
        "Changes in a row that one voting job failed and the reference CI passed. How many are too"
        " many follows from how often that job failed before and from how much the CI runs. A job"
        " that always fails is no news.",
        (
            Rule("Looks at the last", figures.span(own.window)),
            Rule("Knows a job from", figures.plural(own.minimum, "result")),
            Rule("Never told of fewer than", figures.plural(own.changes, "change")),
            Rule("False alerts a CI and month, at most", f"{own.false_alerts:g}"),
            Rule("Well again after", f"{own.clears} passes"),
        ),
    )


def _branch(policy: Policy) -> SignalRules:
    own = policy.branch
    return SignalRules(
        "branch",
        "One branch that passes less than it used to, or surely fails while little is known of it,"
        " and the others do not: a CI may be broken on a stable branch and well on the rest, where"
        " all results together show little.",
        (
            Rule("False alerts a CI and month, at most", f"{own.false_alerts:g}"),
            Rule("Compares with, on the others", figures.plural(own.beside, "result")),
        ),
    )


def _coverage(policy: Policy) -> SignalRules:
    own = policy.coverage
    return SignalRules(
        "coverage",
        "The share of its chances on which the CI reported in time, beside what is usual for it in"
        " the weeks before: many CIs look only at a part of a project. What it missed while it was"
        " silent is not counted again.",
        (
            Rule("Looks at the last", figures.span(own.window)),
            Rule("Judges from", figures.plural(own.minimum, "chance")),
            Rule("Degraded when surely below, of its usual", figures.percent(own.degraded)),
            Rule("Failing when surely below, of its usual", figures.percent(own.failing)),
            Rule("Well again from", figures.percent(own.clears)),
        ),
    )


def _latency(policy: Policy) -> SignalRules:
    own = policy.latency
    return SignalRules(
        "latency",
        "The time from upload to the first verdict, within which 95 % come, beside the CI's own"
        " weeks before. It must be slow on several days: one busy afternoon is no news.",
        (
            Rule("Looks at the last", figures.span(own.window)),
            Rule("Judges from", figures.plural(own.minimum, "result")),
            Rule("Degraded from", f"{own.degraded:g} times its usual"),
            Rule("Well again below", f"{own.clears:g} times its usual"),
            Rule("Slow on at least", figures.plural(own.slow_days, "day")),
        ),
    )


def _flips(policy: Policy) -> SignalRules:
    own = policy.flips
    return SignalRules(
        "flips",
        "Failures that passed when the same patch set was run again. Shown only: every CI flips"
        " now and then, so it sets no state and alerts nobody.",
        (
            Rule("Looks at the last", figures.span(own.window)),
            Rule("Says how often from", figures.plural(own.minimum, "result")),
        ),
    )


def _level(policy: Policy) -> SignalRules:
    own = policy.success
    return SignalRules(
        "level",
        "The share of results that passed, whatever it used to be, counting only patch sets that"
        " the reference CI passed: a failure on a broken change is the change’s, not the CI’s. The"
        " interval (Wilson’s) is compared, not the share itself, so few results accuse nobody.",
        (
            Rule("Looks at the last", figures.span(own.window)),
            Rule("Reaches back for enough results, at most", figures.span(own.reach)),
            Rule("Judges from", figures.plural(own.minimum, "result")),
            Rule("Degraded when surely below", figures.percent(own.degraded)),
            Rule("Failing when surely below", figures.percent(own.failing)),
            Rule("Well again from", figures.percent(own.clears)),
        ),
    )


def _drop(policy: Policy) -> SignalRules:
    own = policy.chart
    return SignalRules(
        "success",
        "A change chart compares each result with what the CI’s own past led to expect. It knows a"
        " real drop within a dozen results, dates its beginning, and is not moved by bad luck.",
        (
            Rule("False alerts, at most", f"{own.false_alerts:g} per CI and month"),
            Rule("Learns from, before anything is unusual", figures.plural(own.minimum, "result")),
            Rule("A drop that lasts becomes how the CI is after", figures.span(own.adopt)),
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
            Rule("Learns what is usual from the last", figures.span(own.window)),
            Rule("Judges from", figures.plural(own.minimum, "patch set")),
            Rule(
                "Chance of so many missed by luck", f"1 in {figures.number(round(1 / own.doubt))}"
            ),
            Rule("Uploads this close count as one chance", figures.span(own.burst)),
            Rule("Well again after", figures.plural(own.clears, "report")),
            Rule("Feed counts as stale after", figures.span(policy.feed_stale)),
        ),
    )


def _incidents(policy: Policy) -> SignalRules:
    own = policy.incident
    return SignalRules(
        "incidents",
        "A signal that turns bad opens an incident, which is told once. It ends when the signal"
        " has been well for a while; what comes back soon is the same incident, not a new one.",
        (
            Rule("The same incident when back within", figures.span(own.reopen)),
            Rule("Must stay well after coming back for", figures.span(own.hold)),
        ),
    )
