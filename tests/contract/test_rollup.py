"""The roll-up by day is what judging counted, however its reports came."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from cibot.health.facts import DAY
from cibot.health.latency import percentile_of
from cibot.incidents.tracker import Tracker
from cibot.judging.judging import Judging
from cibot.model import Change, Message, PatchSet
from cibot.store import schema
from cibot.store.checkpoints import forget_checkpoints
from cibot.store.engine import open_store
from cibot.store.migrate import upgrade
from cibot.store.rollup import RollUpRow, put_rollup, rollup_sums
from tests.support.scenario import ACME, CONFIG, HOUR, NOON, ZUUL, Scenario, comment

_BRANCHES = ("master", "stable/2026.1")
_COUNTS = ("due", "missed", "unheard", "paired", "false_failures", "refused", "false_passes")


def changes_of(rng: random.Random, days: int) -> list[Change]:
    """A history in which Acme is slow, wrong, away for some days, and now and then replaced."""
    changes: list[Change] = []
    away = (rng.uniform(0.3, 0.5) * days, rng.uniform(0.6, 0.8) * days)
    at, number = NOON, 0
    while at < NOON + timedelta(days=days):
        number += 1
        uploads = [at]
        if rng.random() < 0.2:
            uploads.append(at + timedelta(hours=rng.uniform(1, 30)))
        messages: list[Message] = []
        passed = rng.random() < 0.8
        for patch_set, uploaded in enumerate(uploads, 1):
            gone = away[0] < (uploaded - NOON) / timedelta(days=1) < away[1]
            said = [(ZUUL, passed, rng.uniform(0.1, 40 if rng.random() < 0.1 else 2))]
            if not gone and rng.random() < 0.85:
                right = passed if rng.random() < 0.8 else not passed
                said.append((ACME, right, rng.choice([0.3, 1, 1.5, 3, 26, 50])))
                if rng.random() < 0.2:
                    said.append((ACME, not right, said[-1][2] + 2))
            messages += [
                Message(uploaded + hours * HOUR, comment(verdict), author, patch_set,
                        message_id=f"{number}-{patch_set}-{place}")
                for place, (author, verdict, hours) in enumerate(said)
            ]  # fmt: skip
        changes.append(
            Change(
                number, rng.choice(["demo", "other"]), rng.choice(_BRANCHES), "S", "NEW", at,
                max([at, *(message.posted_at for message in messages)]),
                tuple(sorted(messages, key=lambda message: message.posted_at)),
                tuple(PatchSet(place, uploaded) for place, uploaded in enumerate(uploads, 1)),
                complete=True,
            )
        )  # fmt: skip
        at += timedelta(minutes=rng.choice([2, 40, 200, 400]))
    return changes


def until_then(change: Change, now: datetime) -> Change | None:
    """What of a change is there by then."""
    uploads = tuple(patch_set for patch_set in change.patch_sets if patch_set.uploaded_at <= now)
    said = tuple(message for message in change.messages if message.posted_at <= now)
    if not uploads:
        return None
    updated = max([uploads[-1].uploaded_at, *(message.posted_at for message in said)])
    return Change(
        change.number, change.project, change.branch, "S", "NEW", change.created, updated,
        said, uploads, complete=True,
    )  # fmt: skip


def ids(scenario: Scenario) -> dict[str, int]:
    query = select(schema.ci.c.name, schema.ci.c.id)
    return {row.name: row.id for row in scenario.store.read(lambda tx: tx.execute(query).all())}


def judged(scenario: Scenario) -> Tracker:
    """Judges both CIs in a new process; Acme's tracker."""
    trackers: list[Tracker] = []
    judging = Judging(
        scenario.store,
        CONFIG,
        lambda: scenario.now,
        watch=lambda _ci, advanced: trackers.append(advanced.tracker),
    )
    for name in ("Zuul", "Acme"):
        judging.judge(ids(scenario)[name])
    return trackers[-1]


def stored(scenario: Scenario) -> list[tuple[Any, ...]]:
    """Every row of the two tables."""
    return [
        tuple(row)
        for table in (schema.rollup, schema.spell)
        for row in scenario.store.read(
            lambda tx, table=table: tx.execute(select(table).order_by(*table.primary_key)).all()
        )
    ]


def rows_of(scenario: Scenario, name: str = "Acme") -> list[RollUpRow]:
    ci_id = ids(scenario)[name]
    table = schema.rollup
    query = select(*(table.c[name] for name in RollUpRow._fields)).order_by(*table.primary_key)
    stored = scenario.store.read(lambda tx: tx.execute(query.where(table.c.ci_id == ci_id)).all())
    return [
        RollUpRow(*numbers, by_number(within), by_number(took), json.loads(jobs))
        for *numbers, within, took, jobs in stored
    ]


def by_number(text: str) -> dict[int, int]:
    return {int(key): n for key, n in json.loads(text).items()}


@pytest.mark.parametrize("seed", range(2))
def test_what_was_counted_as_it_came_is_what_a_rebuild_counts(
    scenario: Scenario, seed: int
) -> None:
    rng = random.Random(seed)
    history = changes_of(rng, 16)
    end = max(change.updated for change in history)
    late = {id(change): rng.choice([0, 0, 0, 5, 70]) * HOUR for change in history}
    while scenario.now < end + timedelta(days=4):
        scenario.now += timedelta(hours=rng.choice([2, 15, 60]))
        seen = [until_then(change, scenario.now - late[id(change)]) for change in history]
        scenario.poll([change for change in seen if change is not None])
        if rng.random() < 0.3:
            scenario.restart()
        scenario.judge()
    counted = stored(scenario)
    assert len(counted) > 20
    scenario.store.write(forget_checkpoints)
    judged(scenario)
    assert stored(scenario) == counted


@pytest.mark.parametrize("seed", [0, 2])
def test_the_days_add_up_to_what_judging_holds(scenario: Scenario, seed: int) -> None:
    history = changes_of(random.Random(100 + seed), 26)
    for length in (9, 22, 30):
        scenario.now = NOON + timedelta(days=length)
        scenario.poll(
            [change for each in history if (change := until_then(each, scenario.now)) is not None]
        )
        judge, rows = judged(scenario).judge, rows_of(scenario)
        chances, now = judge.chances, scenario.now.timestamp()
        for day in (now // DAY - 20, now // DAY - 5, now // DAY - 1):
            sums = sums_of(row for row in rows if row.day >= day)
            opened = sum(slot * chances._slot >= day * DAY for slot, _proof in chances._open)
            # Of all that was due, coverage leaves out what a silence has, or may yet have.
            assert chances.long.since(day * DAY) == (
                sums["due"] - sums["unheard"] - opened,
                sums["missed"] - sums["unheard"] - opened,
            )
        assert since(judge.disagreement, day) == (sums["paired"], sums["false_failures"])
        assert since(judge.refused, day) == (sums["refused"], sums["false_passes"])
        assert all(sums_of(rows)[name] for name in ("missed", "paired", "refused"))
        assert length < 30 or sums_of(rows)["unheard"]
        week = [row.took for row in rows if now // DAY - 6 <= row.day <= now // DAY]
        took = sum((Counter(times) for times in week), Counter())
        said = judge.latency.signal(now)
        assert said.n == took.total()
        assert said.figure == (percentile_of(took, 0.95) if took else None)
        for row in rows:
            assert row.runs <= sum(row.jobs.values()) <= 2 * row.runs


def sums_of(rows: Iterable[RollUpRow]) -> dict[str, int]:
    """The counts of some rows together; what was not missed was reported at some time."""
    listed = list(rows)
    sums = {name: sum(getattr(row, name) for row in listed) for name in _COUNTS}
    assert sums["due"] - sums["missed"] == sum(sum(row.within.values()) for row in listed)
    return sums


def since(share: Any, day: float) -> tuple[int, int]:
    """What a share took in since that day began."""
    return tuple(share._tally.since(day * DAY))


def test_places_are_told_apart_and_what_was_missed_in_a_silence_is_due(scenario: Scenario) -> None:
    scenario.change(times=60)
    scenario.change(acme=None, times=30)
    scenario.change(project="other")
    scenario.change(times=8)
    scenario.judge()
    rows = rows_of(scenario)
    assert {(row.project, row.branch) for row in rows} == {("demo", "master"), ("other", "master")}
    assert sum(row.missed for row in rows) == 30
    assert sum(row.unheard for row in rows) == 30
    (silence,) = [row for row in stored(scenario) if len(row) == 5]
    assert silence[1:4:2] == ("silent", "silent")
    assert silence[2].replace(tzinfo=UTC) == NOON + 59 * HOUR + timedelta(minutes=20)
    assert silence[4] is not None


def test_a_day_is_that_of_the_upload_and_a_late_report_takes_back_what_was_missed(
    scenario: Scenario,
) -> None:
    scenario.change(times=60)
    scenario.change(acme=None)
    number, uploaded = scenario.changes, scenario.now - HOUR
    scenario.change(times=30)
    scenario.judge()
    assert sum(row.missed for row in rows_of(scenario)) == 1
    said = Message(scenario.now, comment(True), ACME, 1, message_id="late")
    scenario.now += timedelta(minutes=5)
    late = Change(
        number,
        "demo",
        "master",
        "S",
        "NEW",
        uploaded,
        scenario.now,
        (said,),
        (PatchSet(1, uploaded),),
    )
    scenario.poll([late])
    scenario.judge()
    day = int(uploaded.timestamp() // DAY)
    assert [row.missed for row in rows_of(scenario) if row.missed] == [1, -1]
    assert [row.day for row in rows_of(scenario) if row.missed] == [day, day]
    later = next(row for row in rows_of(scenario) if row.missed < 0)
    assert later.within[36] == 1


def test_texts_are_not_sorted_by_the_long_key_of_their_rows(mariadb_url: str) -> None:
    with closing(open_store(mariadb_url)) as store:
        upgrade(store)
        day = RollUpRow(1, 20_000, "p", "b", 20_000, *(1,) * 8, {1: 1}, {2: 1}, {"unit": 1})
        store.write(lambda tx: put_rollup(tx, 1, 0, [day, day._replace(day=20_001)]))
        statements: list[tuple[str, Any]] = []

        def note(_link: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
            statements.append((statement, values))

        event.listen(store.engine, "before_cursor_execute", note)
        summed = store.read(lambda tx: rollup_sums(tx, [1], 19_999, 20_010))
        statement, values = statements[-1]
        plan = store.read(
            lambda tx: tx.exec_driver_sql(f"EXPLAIN FORMAT=JSON {statement}", values).scalar_one()
        )
    assert [(row.due, row.within, row.jobs) for row in summed] == [(2, {1: 2}, {"unit": 2})]
    # A row of a derived table is named by its place, one of the roll-up by a key of 2 KB.
    assert re.search(r'"filesort": \{[^{]*"table": \{\s*"table_name": "<derived2>"', plan), plan
