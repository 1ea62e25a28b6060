"""``cibot rebuild``: what was read or judged otherwise is mended, and all else stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from click.testing import CliRunner
from sqlalchemy import select, update

from cibot.cli import main
from cibot.model import State
from cibot.store import schema
from cibot.store.checkpoints import forget_checkpoints
from cibot.store.cis import all_cis
from cibot.store.engine import Store
from cibot.store.tally import recount
from tests.support.scenario import Scenario
from tests.support.stores import store_after

CONFIG = """
[store]
url = "{url}"
[[gerrit]]
name = "review"
url = "https://review.example.org"
[[ci]]
name = "Zuul"
accounts = ["zuul"]
[[ci]]
name = "Acme"
accounts = ["acme-ci"]
[[reference]]
ci = "Zuul"
"""


def live(store: Store) -> None:
    """Acme was well, failed twelve changes, and is well again."""
    scenario = Scenario(store)
    for passed, times in ((True, 60), (False, 12), (True, 30)):
        for _ in range(times):
            scenario.change(acme=passed)
            if scenario.changes % 6 == 0:
                scenario.judge()


@pytest.fixture(params=["sqlite", "mariadb"])
def scenario(request: pytest.FixtureRequest) -> Iterator[Scenario]:
    """A new process after all that, on each database in turn."""
    with store_after(request, request.param, live) as store:
        yield Scenario.gone_on(store)


def rebuild(scenario: Scenario, folder: Path, more: str = "") -> list[str]:
    url = scenario.store.engine.url.render_as_string(hide_password=False)
    config = folder / "cibot.toml"
    config.write_text(CONFIG.format(url=url) + more)
    with time_machine.travel(scenario.now, tick=False):
        done = CliRunner().invoke(main, ["rebuild", "--config", str(config)])
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines()


def stored(scenario: Scenario) -> list[list[tuple[Any, ...]]]:
    """Everything that people see of incidents, and what they were told."""
    tables = (schema.incident, schema.transition, schema.outbox, schema.tally)
    queries = [select(table).order_by(*table.primary_key.columns) for table in tables]
    return [
        scenario.store.read(lambda tx, q=query: [tuple(r) for r in tx.execute(q)])
        for query in queries
    ]


def reports_of_acme(scenario: Scenario) -> list[tuple[int, int]]:
    report, ci = schema.report.c, schema.ci.c
    query = (
        select(report.change_id, report.seq)
        .join(schema.ci, ci.id == report.ci_id)
        .where(ci.name == "Acme")
        .order_by(report.posted_at)
    )
    return scenario.store.read(lambda tx: [(row[0], row[1]) for row in tx.execute(query)])


def test_where_nothing_differs_nothing_changes(scenario: Scenario, tmp_path: Path) -> None:
    before = stored(scenario)
    assert before[0]
    assert rebuild(scenario, tmp_path) == [
        "204 comments read, 0 of them differently; 2 CIs judged",
        "no incident differs",
    ]
    assert stored(scenario) == before


def test_what_an_older_version_misread_is_read_and_judged_anew(
    scenario: Scenario, tmp_path: Path
) -> None:
    before = stored(scenario)
    misread = reports_of_acme(scenario)[-20:]
    report = schema.report

    def spoil(tx: Any) -> None:
        for change_id, seq in misread:
            mine = (report.c.change_id == change_id) & (report.c.seq == seq)
            tx.execute(update(report).where(mine).values(outcome="failure", result="fail"))
        for ci in all_cis(tx):
            recount(tx, ci.id)

    scenario.store.write(spoil)
    scenario.store.write(forget_checkpoints)
    scenario.restart()
    assert scenario.judge() is State.DEGRADED
    said = rebuild(scenario, tmp_path)
    assert said[0] == "204 comments read, 20 of them differently; 2 CIs judged"
    assert said[-1] == "Acme: degraded became healthy"
    assert [line for line in said if line.startswith("~ ") and " Acme " in line], said
    assert stored(scenario)[3] == before[3]
    assert rebuild(scenario, tmp_path)[1:] == ["no incident differs"]


def test_other_thresholds_judge_the_past_otherwise(scenario: Scenario, tmp_path: Path) -> None:
    (said, *differ) = rebuild(scenario, tmp_path, "[judgement.job]\nchanges = 40\n")
    assert said == "204 comments read, 0 of them differently; 2 CIs judged"
    assert [line for line in differ if line.startswith("- ") and " Acme job " in line]
    (said, *differ) = rebuild(scenario, tmp_path)
    assert [line for line in differ if line.startswith("+ ") and " Acme job " in line]
