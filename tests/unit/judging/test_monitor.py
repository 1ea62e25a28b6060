"""Who is judged when: news first, everybody every few minutes."""

from datetime import timedelta
from typing import Any

from cibot.model import State
from cibot.store.cis import all_cis
from cibot.store.unjudged import put_unjudged, unjudged
from tests.support.processes import wait_until
from tests.support.told_life import Life


def test_judge_all_finds_what_is_due(life: Life) -> None:
    for _ in range(3):
        life.change()
    heard: list[Any] = []
    life.monitor.heard = lambda ids, **_: heard.append(ids)  # type: ignore[method-assign]
    life.monitor.judge_all()
    assert heard == [{1, 2}]
    life.judge()
    life.now += timedelta(minutes=4)
    life.monitor.judge_all()
    assert heard[1] == set()
    life.now += timedelta(minutes=2)
    life.monitor.judge_all()
    assert heard[2] == {1, 2}


def test_one_that_is_half_way_to_silence_is_judged_at_every_tick(life: Life) -> None:
    """Silence comes without a report: nobody would wake the monitor when the deadline passes."""
    for _ in range(40):
        life.change()
    for _ in range(3):
        life.change(acme=None)
    assert life.judge() is State.HEALTHY
    life.change(acme=None)
    life.now += timedelta(minutes=1)
    life.hear()
    life.monitor.start()
    try:
        life.monitor.judge_all()
        wait_until(life.told, what="the alert")
    finally:
        life.monitor.stop(5)
    assert "silent" in life.told()[0]


def test_what_another_process_stored_is_judged_once_it_is_looked_for(life: Life) -> None:
    life.well()
    ids = {one.id for one in life.store.read(all_cis)}
    life.store.write(lambda tx: put_unjudged(tx, ids))
    life.monitor.judge_unjudged()
    assert life.store.read(unjudged) == set()
    taken = {life.monitor._next() for _ in ids}
    assert taken == {(ci_id, True) for ci_id in ids}
    life.monitor.judge_unjudged()
    assert life.monitor._next() is None
    life.monitor.judge_everybody()
    assert {life.monitor._next() for _ in ids} == {(ci_id, False) for ci_id in ids}
