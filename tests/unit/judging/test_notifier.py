"""Who hears of an incident, and when: silences and what is over."""

from cibot.model import State
from tests.support.scenario import HOUR, Scenario


def test_only_the_first_alert_after_a_silence_says_that_it_ended(scenario: Scenario) -> None:
    scenario.well()
    scenario.silence(1)
    scenario.now += 2 * HOUR
    scenario.breaks(100)
    scenario.judge()
    scenario.change(times=200)
    scenario.judge()
    assert "resolved" in scenario.steps()
    first, *rest = scenario.alerts()
    assert "The silence by Mika ended" in first
    assert rest
    assert not any("The silence" in text for text in rest)


def test_what_opens_and_ends_in_a_silence_makes_no_noise(scenario: Scenario) -> None:
    scenario.well()
    scenario.silence(24 * 60, "A*")
    scenario.breaks(100)
    scenario.judge()
    scenario.change(times=200)
    assert scenario.judge() is State.HEALTHY
    scenario.now += 24 * 60 * HOUR
    scenario.poll()
    scenario.judge()
    assert "resolved" in scenario.steps()
    assert scenario.alerts() == []


def test_what_got_worse_in_a_silence_is_told_after_each(scenario: Scenario) -> None:
    """Twice kept back and twice told: the second time is no repeat of the first."""
    scenario.change(times=150)
    for number in range(100):  # up to the first alert
        scenario.change(acme=number % 2 == 0)
        if number % 5 == 0:
            scenario.judge()
        if scenario.alerts():
            break
    assert len(scenario.alerts()) == 1
    scenario.silence(100)
    scenario.breaks(99)
    assert scenario.judge() is State.FAILING
    assert len(scenario.alerts()) == 1
    scenario.now += 2 * HOUR
    scenario.poll()
    scenario.judge()
    assert len(scenario.alerts()) == 2
    assert "Acme got worse: failing" in scenario.alerts()[1]
