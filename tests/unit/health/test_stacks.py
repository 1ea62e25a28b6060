"""Stacks: what fails together on one broken change, and what only came at the same time."""

import json

from cibot.health.facts import Upload
from cibot.health.series import Stacks
from cibot.model import State
from tests.unit.health.facts import H, T, change, changes, tracked

M = 60.0


def failing(
    n: int, every: float, *, owner: int | None = None, base: int | None = None
) -> list[object]:
    """Changes that fail ten minutes after their uploads, which came ``every`` seconds.

    By as many authors, each by itself, unless ``owner`` and ``base`` say otherwise.
    """
    all_facts = []
    for i in range(n):
        at = T - 3 * H + i * every
        facts = change([(1 / 6, 1, "F")], (), (0,), 3000 + i, at, referenced=lambda _at: False)
        facts.origins = {1: (owner or 500 + i, base or facts.change_id)}
        all_facts.append(facts)
    return all_facts


def verdict(made: list[object]) -> State:
    before = changes("P" * 400, until=T - 4 * H, every=H, reference=None)
    return tracked([*before, *made], T).judge.success.signal(T).verdict


def test_one_change_on_the_other_is_one_failure_however_far_apart_they_came():
    assert verdict(failing(12, 10 * M, base=3000)) is State.HEALTHY
    assert verdict(failing(12, 10 * M)).bad


def test_changes_of_several_authors_in_one_minute_are_no_stack():
    """A busy server hides no outage: six failures in six seconds are six."""
    assert verdict(failing(6, 1.0)).bad


def test_what_one_author_pushes_at_once_is_one_failure():
    stacks = Stacks()
    assert stacks.add(Upload(T, 1, 10), 10)
    assert not stacks.add(Upload(T + 60, 1, 11), 11)
    assert stacks.add(Upload(T + 121, 1, 12), 12)
    assert verdict(failing(6, 1.0, owner=500)) is State.HEALTHY


def test_what_came_together_is_a_stack_where_nobody_says_otherwise():
    made = failing(6, 1.0)
    for facts in made:
        facts.origins = {}
    assert verdict(made) is State.HEALTHY


def test_one_of_them_that_is_not_known_may_belong_to_any_that_came_with_it():
    stacks = Stacks()
    assert stacks.add(Upload(T, 1, 10), 10)
    assert stacks.count(Upload(T + 30), 11) == 1
    assert stacks.count(Upload(T + 30, 2, 11), 11) == 0
    assert stacks.count(Upload(T + 61), 11) == 0


def test_a_stack_ends_a_day_after_the_last_failure():
    stacks = Stacks()
    stacks.add(Upload(T, 1, 10), 10)
    stacks.add(Upload(T + 20 * H, 1, 10), 11)
    assert stacks.count(Upload(T + 40 * H, 2, 10), 12) == 2  # the second is of another author
    assert stacks.count(Upload(T + 45 * H, 2, 10), 12) == 0


def test_its_state_goes_to_plain_values_and_back():
    stacks, again = Stacks(), Stacks()
    stacks.add(Upload(T, 1, 10), 12)
    stacks.add(Upload(T + 1, 1, 10), 11)
    stacks.add(Upload(T + H), 13)
    again.read(json.loads(json.dumps(stacks.row())))
    assert again.row() == stacks.row()
    assert again.count(Upload(T, 1, 10), 14) == 2
