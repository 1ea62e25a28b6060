"""The migrations make what the schema says, on both databases, and can be taken back."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, inspect, select, text

from cibot.health.seen import Fault
from cibot.health.signal import read_signals
from cibot.incidents.signal_words import said, threshold_words
from cibot.incidents.stored import read_incident, read_seen
from cibot.model import State
from cibot.store import migrate, schema
from cibot.store.engine import Store, Tx, open_store
from cibot.store.incidents import every_incident, health_of, transitions_of
from cibot.store.schema import metadata
from tests.support.old_tables import make_tables


@pytest.mark.parametrize("from_the_first", [False, True])
def test_up_is_the_schema_and_down_is_nothing(empty_store: Store, from_the_first: bool) -> None:
    if from_the_first:
        make_tables(empty_store, "0001")
    migrate.upgrade(empty_store)
    difference = empty_store.read(
        lambda tx: compare_metadata(
            MigrationContext.configure(tx, opts={"compare_type": True}), metadata
        )
    )
    assert difference == []
    migrate.require_current(empty_store)
    migrate.downgrade(empty_store, "base")
    assert set(empty_store.read(lambda tx: inspect(tx).get_table_names())) <= {"alembic_version"}
    migrate.upgrade(empty_store)
    assert migrate.current(empty_store) == migrate.newest()
    scripts = ScriptDirectory(str(Path(migrate.__file__).parent / "migrations"))
    assert migrate.newest() == scripts.get_current_head()


def test_who_makes_the_tables_need_not_have_read_the_schema(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    alone = (
        "from cibot.store.engine import open_store; from cibot.store import migrate;"
        f" migrate.upgrade(open_store({url!r}))"
    )
    subprocess.run([sys.executable, "-c", alone], check=True, timeout=60)
    store = open_store(url)
    tables = store.read(lambda tx: set(inspect(tx).get_table_names()))
    store.close()
    assert tables == {*metadata.tables, "alembic_version"}


def test_tables_of_others_are_left_alone(empty_store: Store) -> None:
    empty_store.write(lambda tx: tx.execute(text("CREATE TABLE wiki (page INTEGER)")))
    migrate.upgrade(empty_store)
    migrate.downgrade(empty_store, "base")
    left = set(empty_store.read(lambda tx: inspect(tx).get_table_names()))
    assert left - {"alembic_version"} == {"wiki"}


def test_old_tables_are_refused_with_the_remedy(empty_store: Store) -> None:
    with pytest.raises(migrate.MigrationError, match="cibot db upgrade"):
        migrate.require_current(empty_store)


def test_every_table_has_a_primary_key_and_binary_collation() -> None:
    for table in metadata.tables.values():
        assert list(table.primary_key), table.name
        assert table.dialect_options["mysql"]["collate"] == "utf8mb4_bin"


def test_the_table_of_checkpoints_keeps_its_rows_under_its_new_name(empty_store: Store) -> None:
    make_tables(empty_store, "0020")
    at = "2026-11-23 12:00:00"
    empty_store.write(
        lambda tx: tx.execute(
            text(f"INSERT INTO life VALUES (1, '{at}', '{at}', 'basis', :body)"), {"body": b"x"}
        )
    )
    migrate.upgrade(empty_store)
    rows = empty_store.read(lambda tx: tx.execute(select(schema.checkpoint)).all())
    assert [(row.ci_id, row.basis, row.body) for row in rows] == [(1, "basis", b"x")]
    migrate.downgrade(empty_store, "0020")
    query = text("SELECT count(*) FROM life")
    assert empty_store.read(lambda tx: tx.execute(query).scalar()) == 1


def test_account_zero_was_nobody(empty_store: Store) -> None:
    make_tables(empty_store, "0003")
    empty_store.write(_imported_authors)
    migrate.upgrade(empty_store)

    def look(tx: Tx) -> None:
        count = {
            table.name: tx.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }
        assert (count["ci"], count["account"], count["comment"]) == (1, 1, 3)
        assert (count["report"], count["incident"], count["transition"], count["health"]) == (
            1, 0, 0, 0,
        )  # fmt: skip
        assert count["tally"] == 2  # an hour and a day of the one report that is left
        authors = select(schema.comment.c.account_id).order_by(schema.comment.c.seq)
        assert list(tx.execute(authors).scalars()) == [None, None, 2]

    empty_store.read(look)


def _imported_authors(tx: Tx) -> None:
    """The tables of version 0003 with an account 0 that became a CI, and a true one."""
    at = "2026-11-23 12:00:00"
    for statement in (
        "INSERT INTO server (id, name, url) VALUES (1, 'review', 'https://r')",
        f"INSERT INTO ci (id, name, origin, created_at) VALUES (1, 'account-0', 'discovered',"
        f" '{at}'), (2, 'Zuul', 'configured', '{at}')",
        "INSERT INTO account (id, server_id, identity, gerrit_id, service_user, ci_id)"
        " VALUES (1, 1, 'id:0', 0, 0, 1), (2, 1, 'id:7', 7, 0, 2)",
        *(
            f"INSERT INTO comment (change_id, seq, account_id, posted_at, digest, text)"
            f" VALUES (5, {seq}, {account}, '{at}', {seq}, 'x')"
            for seq, account in ((1, 1), (2, 1), (3, 2))
        ),
        *(
            f"INSERT INTO report (change_id, seq, ci_id, posted_at, outcome, result, heard_at)"
            f" VALUES (5, {seq}, {ci}, '{at}', 'failure', 'fail', '{at}')"
            for seq, ci in ((1, 1), (2, 1), (3, 2))
        ),
        "INSERT INTO incident (id, ci_id, kind, body, state, changed_at, told)"
        f" VALUES (9, 1, 'success', '{{}}', 'firing', '{at}', 0)",
        "INSERT INTO transition (incident_id, seq, at, name, reason)"
        f" VALUES (9, 1, '{at}', 'open', '')",
        "INSERT INTO health (ci_id, state, assessed_at, signals)"
        f" VALUES (1, 'failing', '{at}', '[]')",
    ):
        tx.exec_driver_sql(statement)


def test_a_stored_silence_is_a_pattern_unless_a_ci_has_its_name(empty_store: Store) -> None:
    make_tables(empty_store, "0007")
    at = "2026-11-23 12:00:00"

    def fill(tx: Tx) -> None:
        tx.exec_driver_sql(
            "INSERT INTO ci (name, origin, created_at) VALUES ('[!Acme7]*', 'discovered', "
            f"'{at}'), ('NetApp CI', 'configured', '{at}')"
        )
        for pattern in ("[!acme7]*", "NetApp CI", "net*", "NetApp C?"):
            tx.execute(
                text(
                    "INSERT INTO silence (pattern, since, until, made_by, reason)"
                    " VALUES (:pattern, :at, :at, 'mika', 'r')"
                ),
                {"pattern": pattern, "at": at},
            )

    empty_store.write(fill)
    migrate.upgrade(empty_store)
    query = select(schema.silence.c.is_pattern).order_by(schema.silence.c.id)
    kinds = empty_store.read(lambda tx: tx.execute(query).scalars().all())
    assert list(map(bool, kinds)) == [False, False, True, True]


def _body(kind: str, began: str, over: str | None, **fields: object) -> str:
    """An incident as version 0012 stored it."""
    phase = "resolved" if over else "firing"
    return json.dumps({
        "kind": kind, "phase": phase, "severity": "degraded", "changed_at": over or began,
        "opened_at": began, "since": began, "resolved_at": over, "recovering_at": None,
        "said": f"{kind} is bad", "figure": 0.5, "n": 20, "first_evidence": [], "evidence": [],
        "acknowledged_by": None, "acknowledged_at": None, "note": None, "reopened": 0,
        "began_at": began, "told": ["degraded", over is not None, began, 1],
    } | fields)  # fmt: skip


def _old_incidents(tx: Tx) -> None:
    day = "2026-11-{:02}T12:00:00+00:00"
    bodies = [
        (3, 1, _body("success", day.format(1), day.format(3))),
        (4, 1, _body("level", day.format(2), day.format(4), severity="failing")),
        (5, 1, _body("silent", day.format(10), None, phase="acknowledged", severity="silent",
                     acknowledged_by="mika", acknowledged_at=day.format(11), note="disks",
                     told=["silent", False, day.format(10), 2])),
        (6, 1, _body("job", day.format(9), day.format(10), told=None)),
        (7, 1, _body("infra", day.format(20), day.format(20), opened_at=None, told=None)),
        (8, 2, "{}"),
    ]  # fmt: skip
    for number, ci, body in bodies:
        tx.execute(
            text(
                "INSERT INTO incident (id, ci_id, kind, body, state, changed_at, told)"
                " VALUES (:id, :ci, :kind, :body, 'x', :at, 1)"
            ),
            {"id": number, "ci": ci, "kind": f"k{number}", "body": body, "at": "2026-11-23"},
        )
        tx.execute(
            text(
                "INSERT INTO transition (incident_id, seq, at, name, reason)"
                " VALUES (:id, 1, :at, 'opened', 'r'), (:id, 2, :at, 'acknowledged', 'r')"
            ),
            {"id": number, "at": f"2026-11-{number:02} 12:00:00"},
        )


def test_incidents_of_one_time_become_one_and_keep_what_people_did(empty_store: Store) -> None:
    make_tables(empty_store, "0012")
    empty_store.write(_old_incidents)
    migrate.upgrade(empty_store)
    first, silent = empty_store.read(lambda tx: sorted(every_incident(tx), key=lambda row: row.id))
    assert (first.id, first.state, first.severity, first.notified) == (
        3, "resolved", "failing", True,
    )  # fmt: skip
    incident = read_incident(first.body, 3)
    assert [symptom.signal for symptom in incident.symptoms] == ["success", "level"]
    assert incident.notified is not None
    assert (incident.notified.over, incident.notified.count) == (True, 2)
    assert (silent.id, silent.state, silent.resolved_at) == (5, "acknowledged", None)
    incident = read_incident(silent.body, 5)
    assert (incident.acknowledged_by, incident.note) == ("mika", "disks")
    assert [symptom.signal for symptom in incident.standing] == ["silent"]
    assert incident.notified is not None
    assert [part.family for part in incident.notified.parts] == ["presence"]
    steps = empty_store.read(lambda tx: transitions_of(tx, 3))
    assert [(step.name, step.signal) for step in steps] == [
        ("opened", "success"), ("acknowledged", None), ("opened", "level"), ("acknowledged", None),
    ]  # fmt: skip
    assert not empty_store.read(lambda tx: transitions_of(tx, 7))
    migrate.downgrade(empty_store, "0012")
    migrate.upgrade(empty_store)
    assert empty_store.read(every_incident) == []


def _stored_sentences(tx: Tx) -> None:
    """What version 0013 stored of a CI: its signals, its incident and the steps of that."""
    at = "2026-11-23T12:00:00+00:00"
    run = {"said": "failed, the reference passed", "change_id": 5, "number": 5, "patch_set": 1,
           "at": at, "job": None, "url": None}  # fmt: skip
    symptom = {"signal": "success", "phase": "firing", "severity": "failing", "came_at": at,
               "said": "5 of 25 passed “so”", "first_evidence": [run],
               "evidence": [run | {"said": "?"}]}  # fmt: skip
    body = {"began_at": at, "phase": "acknowledged", "changed_at": at, "opened_at": at,
            "symptoms": [symptom], "acknowledged_by": "mika", "note": "disks"}  # fmt: skip
    signal = {"name": "success", "verdict": "failing", "figure": 0.2, "low": 0.1, "high": 0.4,
              "n": 25, "threshold": "below 50 %", "said": "5 of 25", "evidence": [run],
              "clears": False, "rising": False, "since": None, "counts": True}  # fmt: skip
    tx.execute(
        text(
            "INSERT INTO incident (id, ci_id, open_slot, body, state, severity, opened_at,"
            " changed_at, notified) VALUES"
            " (7, 1, 1, :body, 'acknowledged', 'failing', :at, :at, 1),"
            " (8, 2, 1, 'odd', 'firing', 'failing', :at, :at, 1)"
        ),
        {"body": json.dumps(body), "at": "2026-11-23 12:00:00"},
    )
    tx.execute(
        text(
            "INSERT INTO transition (incident_id, seq, at, name, reason) VALUES"
            " (7, 1, :at, 'opened', :why), (7, 2, :at, 'acknowledged', '')"
        ),
        {"at": "2026-11-23 12:00:00", "why": 'it said "5 of 25" – ß'},
    )
    tx.execute(
        text(
            "INSERT INTO health (ci_id, state, assessed_at, signals)"
            " VALUES (1, 'failing', :at, :signals), (2, 'failing', :at, '{')"
        ),
        {"at": "2026-11-23 12:00:00", "signals": json.dumps([signal])},
    )


def test_stored_sentences_are_kept_as_words_beside_the_figures(empty_store: Store) -> None:
    make_tables(empty_store, "0013")
    empty_store.write(_stored_sentences)
    for _again in range(2):
        migrate.upgrade(empty_store)
        stored, odd = empty_store.read(every_incident)
        incident = read_incident(stored.body, 7)
        assert (incident.acknowledged_by, incident.note) == ("mika", "disks")
        assert said(incident.cause.seen) == "5 of 25 passed “so”"
        assert [run.fault for run in incident.first_evidence] == [Fault.FAILED_ALONE]
        assert [run.fault for run in incident.cause.evidence] == [None]
        assert odd.body == "odd"
        opened, acknowledged = empty_store.read(lambda tx: transitions_of(tx, 7))
        assert said(read_seen(opened.seen)) == 'it said "5 of 25" – ß'
        assert acknowledged.seen is None
        signals = {row.ci_id: read_signals(row.signals) for row in empty_store.read(health_of)}
        (signal,) = signals[1]
        assert (signal.figure, signal.n, signal.verdict) == (0.2, 25, State.FAILING)
        assert (said(signal.seen), threshold_words(signal.seen)) == ("5 of 25", "below 50 %")
        assert [run.fault for run in signal.evidence] == [Fault.FAILED_ALONE]
        assert signals[2] == ()
        migrate.downgrade(empty_store, "0013")


@pytest.mark.parametrize("turn", range(2))
def test_a_store_of_a_test_knows_the_tables_of_its_own_database(store: Store, turn: int) -> None:
    store.write(lambda tx: tx.execute(text(f"CREATE TABLE turn_{turn} (number INTEGER)")))
    tables = store.read(lambda tx: inspect(tx).get_table_names())
    assert [name for name in tables if name.startswith("turn_")] == [f"turn_{turn}"]
