"""How it judges: each signal in words, with the thresholds in force."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from cibot.config.judgement import Policy
from cibot.config.signals import signals
from cibot.health.kind import SignalKind
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
    """Every signal, worst kind first."""
    return (
        *(_rules(policy, *row) for row in _SIGNALS),
        *(_kind(kind, policy) for kind in signals()),
        *(_rules(policy, *row) for row in _LAST),
    )


def _kind(kind: type[SignalKind], policy: Policy) -> SignalRules:
    """A signal with a file of its own."""
    rules = kind.rules(getattr(policy, kind.name))
    return SignalRules(kind.name, kind.about, tuple(Rule(*rule) for rule in rules))


def _rules(policy: Policy, name: str, says: str, *rules: _Threshold) -> SignalRules:
    values = (Rule(about, write(attrgetter(where)(policy))) for about, where, write in rules)
    return SignalRules(name, says, tuple(values))


def _counted(noun: str) -> Callable[[int], str]:
    return lambda count: figures.plural(count, noun)


def _share(section: str) -> tuple[_Threshold, ...]:
    """The thresholds of a share that is bad when it is high."""
    return (
        ("Looks at the last", f"{section}.window", figures.span),
        ("Judges from", f"{section}.minimum", _counted("result")),
        ("Degraded when surely above", f"{section}.degraded", figures.percent),
        ("Failing when surely above", f"{section}.failing", figures.percent),
        ("Well again at or below", f"{section}.clears", figures.percent),
    )


_Threshold = tuple[str, str, Callable[[Any], str]]
"""What it is about, where it stands in the policy, and how it is written."""

_SIGNALS: tuple[tuple[Any, ...], ...] = (
    (
        "silent",
        "Patch sets in a row that the CI should have reported on and did not, after the time that"
        " it usually takes. How many of them mean silence follows from the share that it usually"
        " covers. While our own feed is stale, no CI is called silent.",
        ("Learns what is usual from the last", "silence.window", figures.span),
        ("Judges from", "silence.minimum", _counted("patch set")),
        (
            "Chance of so many missed by luck",
            "silence.doubt",
            lambda doubt: f"1 in {figures.number(round(1 / doubt))}",
        ),
        ("Uploads this close count as one chance", "silence.burst", figures.span),
        ("Well again after", "silence.clears", _counted("report")),
        ("Feed counts as stale after", "feed_stale", figures.span),
    ),
    (
        "success",
        "A change chart compares each result with what the CI’s own past led to expect. It knows a"
        " real drop within a dozen results, dates its beginning, and is not moved by bad luck.",
        ("False alerts, at most", "chart.false_alerts", "{:g} per CI and month".format),
        ("Learns from, before anything is unusual", "chart.minimum", _counted("result")),
        ("A drop that lasts becomes the usual after", "chart.adopt", figures.span),
    ),
    (
        "level",
        "The share of results that passed, whatever it used to be, counting only patch sets that"
        " the reference CI passed: a failure on a broken change is the change’s, not the CI’s. The"
        " interval (Wilson’s) is compared, not the share itself, so a few results prove nothing.",
        ("Looks at the last", "success.window", figures.span),
        ("Reaches back for enough results, at most", "success.reach", figures.span),
        ("Judges from", "success.minimum", _counted("result")),
        ("Degraded when surely below", "success.degraded", figures.percent),
        ("Failing when surely below", "success.failing", figures.percent),
        ("Well again from", "success.clears", figures.percent),
    ),
    (
        "infra",
        "Runs that broke by themselves (a node was lost, a merge or the log upload failed), of all"
        " runs that were not skipped. They count neither for nor against the change.",
        *_share("infra"),
    ),
    (
        "disagreement",
        "Patch sets that the CI failed and the reference CI passed; a change that fails with one"
        " patch set after the other counts once. The reverse, what it passed and the reference"
        " failed, is shown as “passes everything” and does not count here: a CI with other jobs"
        " may rightly pass.",
        *_share("disagreement"),
    ),
    (
        "passes_everything",
        "What the CI passed of the changes that the reference failed, over four weeks. It is bad"
        " where it passes surely three quarters of them for two weeks, without one failure with"
        " the reference, and fails nothing else.",
    ),
    (
        "job",
        "Changes in a row that one voting job failed and the reference CI passed. How many of them"
        " raise an alert follows from how often that job failed before and from how much the CI"
        " runs. A job that always fails raises none.",
        ("Looks at the last", "job.window", figures.span),
        ("Knows a job from", "job.minimum", _counted("result")),
        ("No alert for fewer than", "job.changes", _counted("change")),
        ("False alerts a CI and month, at most", "job.false_alerts", "{:g}".format),
        ("Well again after", "job.clears", "{} passes".format),
    ),
    (
        "branch",
        "One branch that passes less than it used to, or surely fails although it has few results,"
        " while the other branches do not: a CI may be broken on a stable branch only, where all"
        " results together show little.",
        ("False alerts a CI and month, at most", "branch.false_alerts", "{:g}".format),
        ("Compares with, on the others", "branch.others", _counted("result")),
    ),
    (
        "coverage",
        "The share of its chances on which the CI reported in time, compared with its own share of"
        " the weeks before: many CIs look only at a part of a project. Chances that it missed while"
        " it was silent are not counted again.",
        ("Looks at the last", "coverage.window", figures.span),
        ("Judges from", "coverage.minimum", _counted("chance")),
        ("Degraded when surely below, of its usual", "coverage.degraded", figures.percent),
        ("Failing when surely below, of its usual", "coverage.failing", figures.percent),
        ("Well again from", "coverage.clears", figures.percent),
    ),
    (
        "latency",
        "The time from upload to the first verdict, within which 95 % come, compared with the CI's"
        " own weeks before. It must be slow on several days: one busy afternoon is not enough.",
        ("Looks at the last", "latency.window", figures.span),
        ("Judges from", "latency.minimum", _counted("result")),
        ("Degraded from", "latency.degraded", "{:g} times its usual".format),
        ("Well again below", "latency.clears", "{:g} times its usual".format),
        ("Slow on at least", "latency.slow_days", _counted("day")),
    ),
)
_LAST: tuple[tuple[Any, ...], ...] = (
    (
        "flips",
        "Failures that passed when the same patch set was run again. Shown only: every CI flips"
        " now and then, so it sets no state and raises no alert.",
        ("Looks at the last", "flips.window", figures.span),
        ("Shown from", "flips.minimum", _counted("result")),
    ),
    (
        "incidents",
        "A signal that turns bad opens an incident, which raises one alert. It ends when the signal"
        " has been well for a while; a trouble that comes back soon is the same incident.",
        ("The same incident when back within", "incident.reopen", figures.span),
        ("Must stay well after coming back for", "incident.hold", figures.span),
    ),
)
