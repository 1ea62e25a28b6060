"""The migrations make what the schema says, on both databases, and can be taken back."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from cibot.store import migrate
from cibot.store.engine import Store, Tx
from cibot.store.schema import metadata

_FIRST = "0023"
_TABLES = Path(__file__).parent / "tables"


def _make_first_tables(store: Store) -> None:
    """The tables as the first migrations left them, recorded from a database of each kind."""
    file = _TABLES / f"{_FIRST}.{'sqlite' if store.engine.name == 'sqlite' else 'mariadb'}.sql"
    note = f"""
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
INSERT INTO alembic_version VALUES ('{_FIRST}')"""

    def fill(tx: Tx) -> None:
        for statement in (file.read_text(encoding="utf-8").strip() + note).split(";\n"):
            tx.exec_driver_sql(statement)

    store.write(fill)


@pytest.mark.parametrize("made_before", [False, True])
def test_up_is_the_schema_and_down_is_nothing(empty_store: Store, made_before: bool) -> None:
    if made_before:
        _make_first_tables(empty_store)
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


def test_other_tables_than_ours_are_refused(empty_store: Store) -> None:
    _make_first_tables(empty_store)
    for version, remedy in (("0012", "bring them to 0023"), ("9999", "take a newer cibot")):
        note = text(f"UPDATE alembic_version SET version_num = '{version}'")
        empty_store.write(lambda tx, note=note: tx.execute(note))  # type: ignore[misc]
        with pytest.raises(migrate.MigrationError, match=remedy):
            migrate.upgrade(empty_store)
        assert migrate.current(empty_store) == version


@pytest.mark.parametrize("turn", range(2))
def test_a_store_of_a_test_knows_the_tables_of_its_own_database(store: Store, turn: int) -> None:
    store.write(lambda tx: tx.execute(text(f"CREATE TABLE turn_{turn} (number INTEGER)")))
    tables = store.read(lambda tx: inspect(tx).get_table_names())
    assert [name for name in tables if name.startswith("turn_")] == [f"turn_{turn}"]
