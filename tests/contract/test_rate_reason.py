"""Several CIs pass 65 %, and each face says why their states differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cibot.chat.dispatch import Dispatcher
from cibot.chat.protocol import Asker, Channel, Question
from cibot.cli import main
from cibot.health.chart import Drop
from cibot.health.intervals import wilson
from cibot.health.seen import OwnPast, PassRate, Period
from cibot.health.signal import Signal
from cibot.model import State
from cibot.reports import lists
from cibot.reports.context import Context
from cibot.reports.listing import all_lines
from cibot.reports.signals import RateCase
from cibot.store.engine import Store, open_store
from cibot.store.migrate import upgrade
from tests.support.canned import CONFIG
from tests.support.faces import client
from tests.support.history import NOW, History, ago, heard, passed, signal
from tests.support.reading import read, words

WORDS = {
    "Few CI": "20 results are needed to judge",
    "Unsure CI": "too few to be sure that it is below 80 %",
    "Low CI": "surely below 80 %",
    "Usual CI": "surely below 80 %, and 64 % is usual for it",
    "Taken CI": "acknowledged by mika: “old disks”",
    "Back CI": "well since it recovered Sun 16:10 UTC",
    "Dropped CI": "95 % before",
}


def rates(
    verdict: State, n: int, usual: float | None, drop: Drop | None = None, **seen: Any
) -> tuple[Signal, Signal]:
    """Success and level of a CI that passes 65 % of ``n``."""
    passes = round(0.65 * n)
    low, high = wilson(passes, n)
    rate: PassRate = replace(passed(passes, n), **seen)
    figures = {"figure": passes / n, "low": low, "high": high, "n": n}
    past = OwnPast(passed(passes, n), usual, n, 100, drop)
    fell = State.FAILING if drop else State.HEALTHY
    return (
        Signal("success", fell, seen=past, **figures),  # type: ignore[arg-type]
        Signal("level", verdict, seen=rate, **figures),  # type: ignore[arg-type]
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path / 'rates.db'}")
    upgrade(store)
    history = History(store).feed(ago(minutes=1))
    here = signal("silent", State.HEALTHY, heard(1), figure=1.0, n=25)
    back = Period(timedelta(7), NOW - ago(hours=12))
    drop = Drop(NOW - ago(hours=9), 0.95, 9, 1)
    states = {
        "Few CI": (State.UNKNOWN, rates(State.UNKNOWN, 17, None)),
        "Unsure CI": (State.HEALTHY, rates(State.HEALTHY, 20, 0.8)),
        "Low CI": (State.DEGRADED, rates(State.DEGRADED, 200, None)),
        "Usual CI": (State.DEGRADED, rates(State.DEGRADED, 200, 0.64)),
        "Taken CI": (State.DEGRADED, rates(State.DEGRADED, 200, 0.64)),
        "Back CI": (State.HEALTHY, rates(State.HEALTHY, 200, 0.9, period=back)),
        "Dropped CI": (State.FAILING, rates(State.HEALTHY, 200, 0.95, drop)),
    }
    for name, (state, signals) in states.items():
        history.ci(name).is_(state, ago(days=2), *signals, here)
    history.ci("Taken CI").incident(
        "level", ago(days=2), state="acknowledged", acknowledged_by="mika", note="old disks"
    )
    history.save()
    yield store
    store.close()


def test_each_has_its_case(store: Store) -> None:
    lines = store.read(lambda tx: all_lines(tx, Context(NOW, CONFIG)))
    assert {line.rate.share for line in lines if line.rate and line.name != "Few CI"} == {0.65}
    assert {line.name: line.reason and line.reason.case for line in lines} == {
        "Few CI": RateCase.FEW, "Unsure CI": RateCase.UNSURE, "Low CI": RateCase.LOW,
        "Usual CI": RateCase.USUAL, "Taken CI": RateCase.USUAL, "Back CI": RateCase.RECOVERED,
        "Dropped CI": RateCase.DROPPED,
    }  # fmt: skip


def test_chat_says_it_in_lists_and_of_one(store: Store) -> None:
    ctx = Context(NOW, CONFIG)
    lines = store.read(lambda tx: all_lines(tx, ctx))
    for line in lines:
        row = "".join(span.text for span in lists.brief(ctx, line))
        assert row.endswith(WORDS[line.name]) or f"{WORDS[line.name]};" in row, row
    ask = Dispatcher(store, CONFIG, lambda: NOW)
    for name in ("Unsure CI", "Usual CI", "Back CI", "Few CI"):
        question = Question(f"status {name}", Asker("b", "b"), Channel("irc", "#ci"), private=False)
        answer = ask(question)
        assert answer is not None
        assert WORDS[name] in answer.text()


def test_the_page_and_the_api_say_it(store: Store) -> None:
    site = client(store, CONFIG)
    text = words(read(site.get("/").get_data(as_text=True)))
    for name in ("Few CI", "Unsure CI", "Low CI", "Usual CI", "Back CI"):
        assert WORDS[name] in text
    items = {ci["name"]: ci for ci in site.get("/api/v1/cis").get_json()["items"]}
    assert items["Usual CI"]["reason"] == {
        "case": "usual", "limit": 0.8, "usual": 0.64, "least": 0, "recovered_at": None,
        "said": WORDS["Usual CI"],
    }  # fmt: skip
    assert items["Back CI"]["reason"]["recovered_at"] == "2026-11-22T16:10:00Z"
    answer = site.get("/api/v1/cis/Unsure%20CI").get_json()
    assert answer["reason"]["case"] == "unsure"


def test_the_shell_says_it(store: Store, tmp_path: Path) -> None:
    shown = CliRunner(env={"COLUMNS": "250"}).invoke(
        main, ["list", "--db", str(tmp_path / "rates.db")]
    )
    rows = {name: row for row in shown.output.splitlines() for name in WORDS if name in row}
    assert set(rows) == set(WORDS)
    for name in ("Few CI", "Unsure CI", "Low CI", "Usual CI", "Taken CI"):
        assert WORDS[name] in rows[name]
