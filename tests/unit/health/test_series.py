"""Series: one author's failures over hours are hardly more than one, and hide no outage."""

import json
import random

import pytest

from cibot.health.facts import ChangeFacts
from cibot.health.inputs import FirstVerdict, VerdictKind
from cibot.health.series import Series
from cibot.model import State
from tests.unit.health.facts import H, T, change, inputs, tracked

M = 60.0
A_DAY = 24.0


def made(
    letters: str, *, owners: list[int | None], until: float = T, every: float = H
) -> list[ChangeFacts]:
    """A change a letter, each by itself, judged by no reference, by these authors in turn."""
    all_facts = []
    for i, letter in enumerate(letters):
        at = until - (len(letters) - 1 - i) * every
        facts = change([(0, 1, letter)], (), (-0.1,), int(at), at, referenced=lambda _at: False)
        owner = owners[i % len(owners)]
        if owner is not None:
            facts.origins = {1: (owner, facts.change_id)}
        all_facts.append(facts)
    return all_facts


def dropped(*parts: list[ChangeFacts]) -> bool:
    signal = tracked([facts for part in parts for facts in part], T).judge.success.signal(T)
    return signal.verdict not in {State.HEALTHY, State.UNKNOWN}


def healthy(rate: float, owners: list[int | None], until: float = T - 12 * H) -> list[ChangeFacts]:
    dice = random.Random(1)
    letters = "".join("P" if dice.random() < rate else "F" for _ in range(600))
    return made(letters, owners=owners, until=until)


MANY: list[int | None] = [*range(1, 16)]


def test_a_series_of_one_author_is_no_drop():
    """Ten changes with one mistake, an hour apart."""
    before = healthy(0.95, MANY)
    assert not dropped(before, made("F" * 10, owners=[3]))
    assert dropped(before, made("F" * 5, owners=MANY))


def test_an_outage_is_told_as_soon_as_a_second_author_meets_it():
    before = healthy(0.95, MANY)
    assert dropped(before, made("F" * 7, owners=[3, 3, 4, 5, 6, 3, 3]))


@pytest.mark.parametrize(("owners", "within"), [([7], 9), ([7, 8], 8)])
def test_where_one_author_or_two_upload_everything_an_outage_is_told(owners, within):
    """A bot's failures do not hang together: what is learnt of it lets them count."""
    before = healthy(0.9, owners)
    assert dropped(before, made("F" * within, owners=owners))


def test_where_nobody_is_known_a_burst_of_failures_is_no_drop():
    """Ten uploads two minutes apart, where one an hour is usual, are one author's."""
    before = healthy(0.95, [None])
    assert not dropped(before, made("F" * 10, owners=[None], every=1.6 * M))
    assert dropped(before, made("F" * 10, owners=[None], every=20 * M))


def verdict(passed: bool, owner: int | None, hours: float, number: int) -> FirstVerdict:
    (facts,) = made("P" if passed else "F", owners=[owner], until=T + hours * H)
    (first_verdict,) = [each for each in inputs([facts]) if isinstance(each, FirstVerdict)]
    return first_verdict._replace(proof=first_verdict.proof._replace(change_id=number))


def standings(*verdicts: FirstVerdict, per_day: float = A_DAY) -> list[str]:
    series, names = Series(), []
    for verdict in verdicts:
        names.append(series.standing(verdict, per_day).name)
        series.add(verdict, per_day)
        series.read(json.loads(json.dumps(series.row())))
    return names


def test_a_pass_ends_a_series_and_so_do_six_hours():
    assert standings(
        verdict(False, 1, 0, 1), verdict(False, 1, 3, 2), verdict(False, 1, 8, 3),
        verdict(True, 1, 9, 4), verdict(False, 1, 10, 5), verdict(False, 1, 16.5, 6),
    ) == ["FAIR", "SERIES", "LONG_SERIES", "LONG_SERIES", "FAIR", "FAIR"]  # fmt: skip


def test_each_author_has_a_series_of_his_own():
    assert standings(
        verdict(False, 1, 0, 1), verdict(False, 2, 1, 2), verdict(True, 2, 2, 3),
        verdict(False, 1, 3, 4), verdict(False, None, 3.1, 5),
    ) == ["FAIR", "FAIR", "SERIES", "SERIES", "FAIR"]  # fmt: skip


def test_how_close_a_burst_is_follows_from_how_much_comes():
    verdicts = [verdict(False, None, hour, i) for i, hour in enumerate((0, 0.05, 0.1))]
    assert standings(*verdicts, per_day=10) == ["FAIR", "BURST", "LONG_BURST"]
    assert standings(*verdicts, per_day=100) == ["FAIR", "FAIR", "FAIR"]
    apart = [verdict(False, None, 1.1 * i, i) for i in range(2)]
    assert standings(*apart, per_day=0.1) == ["FAIR", "FAIR"]  # an hour is never close


def test_only_the_newest_authors_are_kept():
    series = Series()
    for owner in range(1, 100):
        series.add(verdict(False, owner, owner / 100, owner), A_DAY)
    assert len(series.row()[0]) == 64
    assert series.standing(verdict(True, 1, 1, 200), A_DAY) is VerdictKind.FAIR
    assert series.standing(verdict(True, 99, 1, 200), A_DAY) is VerdictKind.SERIES
