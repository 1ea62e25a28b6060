"""What is asked of stored signals."""

from __future__ import annotations

from cibot.health.signal import Signal, share_of
from cibot.model import State
from cibot.reports.signals import Rate, is_rate, success_rate, usual_coverage, worst_signal

BAD = Signal("success", State.FAILING, 0.125, 0.05, 0.3, 32)


def test_the_rate_is_the_success_signals() -> None:
    assert success_rate([Signal("infra", State.HEALTHY, 0.5, n=9), BAD]) == Rate(4, 32, 0.05, 0.3)
    assert success_rate([Signal("success", State.UNKNOWN)]) is None
    assert success_rate([]) is None


def test_the_worst_of_those_that_count_makes_the_state() -> None:
    shown = Signal("flips", State.SILENT, counts=False)
    milder = Signal("level", State.DEGRADED)
    assert worst_signal([shown, milder, BAD]) is BAD
    assert worst_signal([shown, Signal("level", State.UNKNOWN)]) is None


def test_what_is_usual_is_known_after_some_chances() -> None:
    assert usual_coverage([Signal("silent", State.HEALTHY, 0.9, n=3)]) == 0.9
    assert usual_coverage([Signal("silent", State.HEALTHY, 0.9, n=2)]) is None
    assert usual_coverage([]) is None


def test_every_signal_shows_a_share_with_its_interval_or_hours_without_one() -> None:
    assert is_rate(Signal("branch_coverage", State.DEGRADED, **share_of(5, 15)))
    assert not is_rate(Signal("latency", State.HEALTHY, 0.5, n=20))
    assert not is_rate(Signal("success", State.UNKNOWN, **share_of(0, 0)))
