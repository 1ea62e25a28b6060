"""What the report of 90 days of sixty CIs costs, beside reading its rows of the roll-up.

As with 20 million reports a year: every day has all that a day can have. Reports are not
read, so none are stored.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter

from sqlalchemy import select

from bench.servers import databases
from bench.table import Figure
from cibot.config.models import Config, RuleConfig
from cibot.reports.context import Context
from cibot.reports.period import period_report, read_period
from cibot.store import schema
from cibot.store.cis import ensure_ci
from cibot.store.engine import Store, Tx, open_store
from cibot.store.migrate import upgrade
from cibot.store.references import RecordRow, put_records
from cibot.store.rollup import RollUpRow, put_rollup

_CIS, _DAYS, _MOST_MS, _MOST = 60, 181, 300.0, 4.0
_PLACES = (("openstack/cinder", "master"), ("openstack/cinder", "stable/2026.1"))


def figures(samples: int) -> Iterator[Figure]:
    """On each database: milliseconds, and the ratio to reading the rows."""
    with databases() as makers:
        for kind, make in makers.items():
            with closing(open_store(make())) as store:
                yield _measured(kind, store, samples)


def _measured(kind: str, store: Store, samples: int) -> Figure:
    upgrade(store)
    now = datetime.now(UTC)
    store.write(lambda tx: _fill(tx, now))
    ctx = Context(now, Config(rule=(RuleConfig(agrees=0.95, jobs=("job-1",)),)))
    days = read_period(now)
    times: list[float] = []
    floor: list[float] = []
    for _ in range(samples):
        times.append(_ms(store, lambda tx: period_report(tx, ctx, days)))
        floor.append(_ms(store, lambda tx: tx.execute(select(schema.rollup)).all()))
    ratio = median(times) / median(floor)
    return Figure(
        f"report of 90 days of {_CIS} CIs, {kind}",
        f"{median(times):.0f} ms",
        f"reading its rows, {median(floor):.0f} ms",
        ratio,
        f"≤{_MOST_MS:.0f} ms, ratio ≤{_MOST:g}",
        ratio <= _MOST and median(times) <= _MOST_MS,
    )


def _ms(store: Store, ask: object) -> float:
    start = perf_counter()
    store.read(ask)  # type: ignore[arg-type]
    return 1000 * (perf_counter() - start)


def _fill(tx: Tx, now: datetime) -> None:
    rng, today = random.Random(1), now.toordinal() - datetime(1970, 1, 1).toordinal()  # noqa: DTZ001
    records = []
    for number in range(_CIS):
        ci_id = ensure_ci(tx, f"CI {number}", "configured", now)
        records.append(RecordRow(ci_id, _PLACES[0][0], 0, now - timedelta(days=300)))
        rows = [
            RollUpRow(
                ci_id, day, *place, day + late, 300, 20, 0, 200, 10, 20, 3, 450 * (not late),
                {1: 100, 2: 80, 3: 50, 4: 30, 6: 20},
                {} if late else {rng.randint(-20, 60): rng.randint(1, 60) for _ in range(50)},
                {} if late else {f"job-{job}": 400 for job in range(5)},
            )
            for day in range(today - _DAYS, today)
            for place in _PLACES[: 1 + bool(number % 3)]
            for late in (0, 1)
        ]  # fmt: skip
        put_rollup(tx, ci_id, 0, rows)
    put_records(tx, records)
