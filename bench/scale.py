"""What answers cost with 200 thousand and with 2 million reports stored, in one run.

Both databases are on one durable MariaDB. Samples of both and of the floors take
turns, so that whatever else the machine does meets all of them alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from statistics import median
from typing import Any

from sqlalchemy import select

from bench import answers, pages
from bench.load import CONFIG, failed_changes, load, refresh
from bench.servers import databases
from bench.table import Figure
from bench.webhooks import percentile
from cibot.config.models import Config
from cibot.reports.change import change
from cibot.reports.change_address import ChangeWanted
from cibot.reports.context import Context
from cibot.reports.history import history
from cibot.reports.listing import listing
from cibot.reports.status import status
from cibot.reports.summary import summary
from cibot.store import schema
from cibot.store.cis import all_cis
from cibot.store.engine import Store, Tx, open_store
from cibot.store.status import glance

_SAME, _THRICE = 1.2, 3.0
_MOST_MS = {"change N": 50.0}  # in the median, of the larger database
_QUESTIONS: Mapping[str, Callable[..., object]] = {
    "status NAME": lambda tx, ctx, name, **_: status(tx, ctx, name),
    "history NAME 30d": lambda tx, ctx, name, **_: history(tx, ctx, name, 30),
    "change N": lambda tx, ctx, number, **_: change(tx, ctx, ChangeWanted(number)),
    "list": lambda tx, ctx, **_: listing(tx, ctx),
    "summary": lambda tx, ctx, **_: summary(tx, ctx),
}


def figures(sizes: Sequence[int], samples: int) -> Iterator[Figure]:
    """Loads a database of each size; then questions, pages, and answers on the wire."""
    with databases() as makers:
        make = makers.get("MariaDB")
        if make is None:
            return
        now = datetime.now(UTC)
        urls = {size: make() for size in sizes}
        for size, url in urls.items():
            took = load(url, size, now)
            parts = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in took.items())
            yield Figure(f"loading {_short(size)} reports", parts)
        for url in urls.values():
            with closing(open_store(url)) as store:
                _settle(store)
                refresh(store)
        yield from _questions(urls, samples)
        for size, url in urls.items():
            yield from pages.figures(url, f"{_short(size)} reports", samples)
        for size, url in urls.items():
            yield from answers.figures(url, f"{_short(size)} reports", samples)


def _short(size: int) -> str:
    return f"{size // 1000} k" if size < 1_000_000 else f"{size / 1_000_000:g} M"


def _settle(store: Store) -> None:
    """As a database is that has been running: its statistics fit its rows."""
    with store.engine.connect() as link:
        for name in schema.metadata.tables:
            link.exec_driver_sql(f"ANALYZE TABLE `{name}`").all()


def _questions(urls: Mapping[int, str], samples: int) -> Iterator[Figure]:
    stores = {size: open_store(url) for size, url in urls.items()}
    ctx = Context(datetime.now(UTC), Config.model_validate(CONFIG))
    names = [ci.name for ci in next(iter(stores.values())).read(all_cis)]
    failed = {size: failed_changes(store) for size, store in stores.items()}
    yield from _query(stores[max(stores)], ctx, names, samples)
    for question, ask in _QUESTIONS.items():
        times: dict[int, list[float]] = {size: [] for size in stores}
        floor: list[float] = []
        for sample in range(samples + len(names)):
            name = names[sample % len(names)]
            for size, store in stores.items():
                asked = partial(ask, ctx=ctx, name=name, number=failed[size][name])
                times[size].append(_ms(store, asked))
                floor.append(_ms(store, _by_key))
        # Each CI once to warm up.
        yield from _compared(question, {k: v[len(names) :] for k, v in times.items()}, floor)
    for store in stores.values():
        store.close()


def _query(store: Store, ctx: Context, names: Sequence[str], samples: int) -> Iterator[Figure]:
    """What `status` asks the database of a CI by its name, rows read; and the floor."""

    def ask(tx: Tx, name: str) -> object:
        fresh = ctx.now - ctx.config.judgement.feed_stale
        return glance(tx, name, ctx.now, fresh)

    asked, floor = [], []
    for sample in range(samples + len(names)):
        asked.append(_ms(store, partial(ask, name=names[sample % len(names)])))
        floor.append(_ms(store, _by_key))
    title = "status NAME: its query, over a SELECT by primary key"
    yield _over_key(title, median(asked[len(names) :]), median(floor[len(names) :]), _THRICE)


def _over_key(title: str, above: float, bare: float, most: float | None = None) -> Figure:
    ratio = above / bare
    return Figure(
        title,
        f"p50 {above:.2f} ms",
        f"p50 {bare:.2f} ms",
        ratio,
        f"≤ {most:g}" if most else "",
        ratio <= most if most else None,
    )


def _ms(store: Store, work: Callable[[Tx], object]) -> float:
    start = time.perf_counter()
    store.read(work)
    return 1000 * (time.perf_counter() - start)


def _by_key(tx: Tx) -> object:
    """The floor: a row by its primary key, through the same pool and transaction."""
    return tx.execute(select(schema.ci.c.name).where(schema.ci.c.id == 1)).scalar_one()


def _compared(question: str, times: Mapping[int, list[float]], floor: list[float]) -> Iterator[Any]:
    small, large = min(times), max(times)
    below, above = median(times[small]), median(times[large])
    if small != large:
        target = question != "summary"
        yield Figure(
            f"{question}: {_short(large)} over {_short(small)}",
            _spread(times[large]),
            _spread(times[small]),
            above / below,
            f"≤ {_SAME:g}" if target else "",
            above / below <= _SAME if target else None,
        )
    most = _MOST_MS.get(question)
    if most is not None:
        title = f"{question}, {_short(large)}"
        yield Figure(title, f"p50 {above:.1f} ms", target=f"≤ {most:g} ms", meets=above <= most)
    if question == "status NAME":
        title = f"{question}, {_short(large)}, over a SELECT by primary key"
        yield _over_key(title, above, median(floor))


def _spread(times: list[float]) -> str:
    ordered = sorted(times)
    return f"p50 {percentile(ordered, 50):.2f} ms, p99 {percentile(ordered, 99):.2f} ms"
