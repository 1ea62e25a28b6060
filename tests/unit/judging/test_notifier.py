"""Who hears of an incident, and when: silences and what is over."""

from cibot.model import State
from tests.support.told_life import HOUR, Life


def test_only_the_first_alert_after_a_silence_says_that_it_ended(life: Life) -> None:
    life.well()
    life.silence(1)
    life.now += 2 * HOUR
    life.breaks(100)
    life.judge()
    for _ in range(200):
        life.change()
    life.judge()
    assert "resolved" in life.steps()
    first, *rest = life.told()
    assert "The silence by Mika ended" in first
    assert rest
    assert not any("The silence" in text for text in rest)


def test_what_opens_and_ends_in_a_silence_makes_no_noise(life: Life) -> None:
    life.well()
    life.silence(24 * 60, "A*")
    life.breaks(100)
    life.judge()
    for _ in range(200):
        life.change()
    assert life.judge() is State.HEALTHY
    life.now += 24 * 60 * HOUR
    life.hear()
    life.judge()
    assert "resolved" in life.steps()
    assert life.told() == []


def test_what_got_worse_in_a_silence_is_told_after_each(life: Life) -> None:
    """Twice kept back and twice told: the second time is no repeat of the first."""
    for _ in range(150):
        life.change()
    for number in range(100):  # up to the first alert
        life.change(acme=number % 2 == 0)
        if number % 5 == 0:
            life.judge()
        if life.told():
            break
    assert len(life.told()) == 1
    life.silence(100)
    life.breaks(99)
    assert life.judge() is State.FAILING
    assert len(life.told()) == 1
    life.now += 2 * HOUR
    life.hear()
    life.judge()
    assert len(life.told()) == 2
    assert "Acme got worse: failing" in life.told()[1]
