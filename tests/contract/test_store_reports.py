"""The query layer gives the same answers on both databases, and every query has its index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from cibot.actions.roles import Actor
from cibot.chat.commands import COMMANDS
from cibot.chat.dispatch import Dispatcher
from cibot.errors import UserError
from cibot.model import Result, State
from cibot.reports.change import change
from cibot.reports.change_address import ChangeWanted
from cibot.reports.compare import compare
from cibot.reports.context import Context
from cibot.reports.history import history
from cibot.reports.incidents import incident
from cibot.reports.jobs import jobs
from cibot.reports.listing import listing
from cibot.reports.missed import missed
from cibot.reports.status import status
from cibot.reports.summary import summary
from cibot.store import schema
from cibot.store.engine import Store, Tx
from cibot.store.schema import metadata
from tests.support.canned import CONFIG
from tests.support.history import NOW, History, ago

ADMIN = Actor("irc", "mika", "mika", "#ci")
CTX = Context(NOW, CONFIG)
SMALL = {
    "ci", "server", "feed", "health", "account", "incident", "silence", "watch",
    "project_record", "reference_period", "chances", "set_aside",
}  # fmt: skip
LARGE = set(metadata.tables) - SMALL


@pytest.fixture
def full(canned_store: Store) -> Store:
    return canned_store


def test_the_questions_are_answered_alike(full: Store) -> None:
    def asked(tx: Tx) -> None:
        answer = status(tx, CTX, "netapp")
        assert answer.state is State.FAILING
        assert answer.worst_job is not None
        assert answer.worst_job.job == "netapp-iscsi"
        assert answer.reference == "Zuul"
        assert [ci.name for ci in listing(tx, CTX).cis][:2] == ["Quobyte CI", "NetApp CI"]
        assert len(listing(tx, CTX, State.HEALTHY, "cinder").cis) == 2
        days = history(tx, CTX, "netapp", 7).days
        assert [(day.passes, day.fails) for day in days[-3:]] == [(5, 5), (0, 12), (0, 3)]
        assert compare(tx, CTX, "netapp", "zuul").only_first_failed == 20
        assert missed(tx, CTX, "quobyte").in_a_row == 11
        assert missed(tx, CTX, "zuul").due == 0
        assert jobs(tx, CTX, "netapp").jobs[0].streak == 20
        assert summary(tx, CTX).totals.reports == 41
        assert [step.name for step in incident(tx, CTX, 1).steps] == ["opened"]

    full.read(asked)


def test_a_change_shows_the_last_words_and_who_is_missing(full: Store) -> None:
    report = full.read(lambda tx: change(tx, CTX, ChangeWanted(912345, 3)))
    words = {verdict.ci.name: (verdict.result, verdict.running) for verdict in report.verdicts}
    assert words == {
        "NetApp CI": (Result.FAIL, False),
        "Zuul": (Result.PASS, False),
        "Pure-Storage CI": (None, True),
    }
    (job,) = report.verdicts[0].jobs
    assert job.weight is not None
    assert (job.name, job.weight.verdict, job.weight.streak) == ("netapp-iscsi", "says_nothing", 19)
    assert (job.weight.cis_failed, job.weight.cis_passed) == ((), ("Zuul",))
    assert [absent.ci.name for absent in report.missing] == ["Quobyte CI"]
    assert (report.patch_set, report.latest, report.reference_result) == (3, 3, Result.PASS)


def _fill(store: Store) -> None:
    """Enough rows of other CIs and projects that an index is worth its while, and statistics."""
    history = History(store)
    others = [history.ci(f"Other {place}") for place in range(25)]
    for number in range(1, 1500):
        project = f"filler/{number % 50}"
        history.change(number, project, uploads=[ago(days=number % 90, hours=1)])
        others[number % 25].report(number, at=ago(days=number % 90), jobs={"job": "SUCCESS"})
    history.save()
    _fill_days(store)
    sqlite = store.engine.dialect.name == "sqlite"
    with store.engine.begin() as tx:
        for table in metadata.sorted_tables:
            tx.exec_driver_sql("ANALYZE" if sqlite else f"ANALYZE TABLE `{table.name}`")


def _fill_days(store: Store) -> None:
    """What judging counted of many CIs of which no question asks."""
    counts = dict.fromkeys(("within", "took", "jobs"), "{}") | dict.fromkeys(
        ("due", "missed", "unheard", "paired", "false_failures", "refused", "false_passes", "runs"),
        1,
    )
    day = int(NOW.timestamp() // 86_400)
    days = [
        {"ci_id": 10_000 + ci, "day": day - back, "noted": day, "project": "filler", "branch": "b"}
        | counts
        for ci in range(300)
        for back in range(10)
    ]
    spells = [
        {"ci_id": 10_000 + ci, "signal": "success", "state": "failing",
         "since": NOW - ago(days=back), "until": NOW - ago(days=back, hours=-1)}
        for ci in range(300)
        for back in range(1, 10)
    ]  # fmt: skip
    with store.engine.begin() as tx:
        tx.execute(schema.rollup.insert(), days)
        tx.execute(schema.spell.insert(), spells)


@contextmanager
def plans(store: Store) -> Iterator[list[tuple[str, str]]]:
    """Each step of the plan of each SELECT that runs: "TABLE all" reads all of a table."""
    seen: list[tuple[str, str]] = []
    sqlite = store.engine.dialect.name == "sqlite"
    word = "EXPLAIN QUERY PLAN" if sqlite else "EXPLAIN"

    @event.listens_for(store.engine, "before_cursor_execute")
    def explain(connection, cursor, statement, parameters, context, executemany) -> None:  # type: ignore[no-untyped-def]
        if statement.startswith("SELECT"):
            side = connection.connection.cursor()
            side.execute(f"{word} {statement}", parameters)
            names = [column[0] for column in side.description]
            rows = [dict(zip(names, row, strict=True)) for row in side.fetchall()]
            side.close()
            seen.extend((_step(row, sqlite=sqlite), statement) for row in rows)

    try:
        yield seen
    finally:
        event.remove(store.engine, "before_cursor_execute", explain)


def _step(row: dict[str, object], *, sqlite: bool) -> str:
    if sqlite:
        words = str(row["detail"]).split()
        return f"{words[1]} all" if words[0] == "SCAN" else f"{words[1]} part"
    return f"{row['table']} {'all' if row['type'] in {'ALL', 'index'} else 'part'}"


def test_no_question_reads_a_whole_table(full: Store) -> None:
    _fill(full)
    dispatcher = Dispatcher(full, CONFIG, clock=lambda: NOW)
    for command in COMMANDS.values():
        with plans(full) as seen:
            reply = dispatcher.run(tuple(command.example.split()), actor=ADMIN)[1]
        assert not reply.error, reply.text()
        for step, statement in seen:
            table, _, much = step.partition(" ")
            if much == "all" and table in LARGE and not _skips(statement):
                pytest.fail(f"{command.example} reads all of {table}:\n{statement}")


def _skips(statement: str) -> bool:
    """The names of the projects are read by skipping through an index of changes."""
    return bool(re.match(r"SELECT DISTINCT .?change.?\.project\s+FROM .?change.? ORDER", statement))


@pytest.mark.parametrize("typed", ["\ud800", "\0", "x" * 300_000, "é" * 200, "' OR 1=1 -- ", "🦀"])
def test_no_name_that_is_typed_trips_the_database(full: Store, typed: str) -> None:
    with pytest.raises(UserError, match=r"^(No CI is called|Which CI\?) "):
        full.read(lambda tx: status(tx, CTX, typed))
    assert full.read(lambda tx: status(tx, CTX, "NetApp CI\ud83d")).name == "NetApp CI"
