"""What a bot holds in memory under comments without end is bounded: counted, not timed."""

from __future__ import annotations

import gc
from collections import Counter
from datetime import timedelta
from weakref import ref

import pytest

from cibot.collector import ingest
from cibot.health.intervals import wilson
from cibot.model import Change, Message, PatchSet
from cibot.store.cis import all_cis
from cibot.store.engine import Store
from tests.support.scenario import ACME, ZUUL, Scenario, comment

_ROUND, _EVERY = 80, timedelta(minutes=5)


def burst(scenario: Scenario) -> None:
    """As the webhook brings them: each comment on a change of its own; then everybody is judged."""
    scenario.now += _EVERY
    for number in range(scenario.changes + 1, scenario.changes + _ROUND + 1):
        at = scenario.now - timedelta(seconds=number % 60)
        said = tuple(Message(at, comment(True), who, 1) for who in (ZUUL, ACME))
        uploads = (PatchSet(1, at - timedelta(minutes=1)),)
        scenario.ingest.ingest(
            [Change(number, "demo", "master", "S", "NEW", at, at, said, uploads)],
            feed="webhook", cursor=None, heard_at=scenario.now,
        )  # fmt: skip
    scenario.changes += _ROUND
    for ci in scenario.store.read(all_cis):
        scenario.monitor.judge(ci.id)


def held() -> Counter[str]:
    """How many objects of each type are alive, but for what has a bound of its own.

    That is a cache of figures, and the references to 200 closed cursors that a connection to
    SQLite keeps until it looks through them.
    """
    wilson.cache_clear()
    gc.collect()
    alive = (
        instance
        for instance in gc.get_objects()
        if not (type(instance) is ref and instance() is None)
    )
    return Counter(type(instance).__qualname__ for instance in alive)


def test_where_the_changes_are_is_not_kept_when_they_are_judged(sqlite_store: Store) -> None:
    scenario = Scenario(sqlite_store)
    burst(scenario)
    assert scenario.monitor._judge._trackers._loaded
    for loaded in scenario.monitor._judge._trackers._loaded.values():
        assert loaded.tracker.judge.rollup.places == {}


@pytest.mark.no_cover  # tracing would triple its time; shorter tests cover each line
def test_comments_without_end_leave_nothing_behind(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is due to report waits for the deadline: after that nothing waits."""
    monkeypatch.setattr(ingest, "_MOST_REMEMBERED", _ROUND)
    scenario = Scenario(sqlite_store)
    counts = []
    for _ in range(3):
        for _ in range(5):
            burst(scenario)
        scenario.now += timedelta(days=3)
        burst(scenario)
        counts.append(held())
    grown = {kind: n for kind, n in (counts[2] - counts[1]).items() if n > 2 * _ROUND}
    assert grown == {}, f"these grew while {12 * _ROUND} comments were heard"
