"""Flips: shown only."""

from __future__ import annotations

from cibot.config.policy import FlipsPolicy
from cibot.health.disagreement import Flips
from cibot.health.inputs import Tried
from cibot.incidents.signal_words import said
from cibot.model import State
from tests.unit.health.facts import D, H, T, proof

POLICY = FlipsPolicy()


def tried(letters, until=T):
    """A letter a try: P or F is what it was, R a pass that proves the failure before a flake."""
    flips, last = Flips(POLICY), len(letters) - 1
    for i, letter in enumerate(letters):
        at = until - (last - i) * H
        flips.take(Tried(at, proof(i, at - H) if letter == "R" else None))
    return flips


def test_a_failure_that_passes_when_run_again_is_a_flip():
    signal = tried("P" * 22 + "FRF" + "FF").signal(T)
    assert (signal.n, signal.figure, signal.counts) == (27, 1 / 27, False)
    assert said(signal.seen) == "1 of 27 failed, and passed when run again in 14 days"
    assert [run.number for run in signal.evidence] == [23]
    assert signal.verdict is State.HEALTHY


def test_all_flips_still_accuse_nobody():
    flips = tried("FR" * 30)
    assert flips.signal(T).verdict is State.HEALTHY
    assert not flips.standing(T, True).bad


def test_few_or_old_results_say_nothing():
    assert said(tried("").signal(T).seen) == "nothing to judge by; 20 are needed to judge"
    assert tried("PP").signal(T).verdict is State.UNKNOWN
    assert tried("P" * 30, until=T - 16 * D).signal(T).n == 0
