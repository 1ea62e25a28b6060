"""The migrations make what the schema says, on both databases, and can be taken back."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from cibot.store import migrate
from cibot.store.engine import Store
from cibot.store.schema import metadata


def test_up_is_the_schema_and_down_is_nothing(empty_store: Store) -> None:
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


def test_old_tables_are_refused_with_the_remedy(empty_store: Store) -> None:
    with pytest.raises(migrate.MigrationError, match="cibot db upgrade"):
        migrate.require_current(empty_store)


def test_every_table_has_a_primary_key_and_binary_collation() -> None:
    for table in metadata.tables.values():
        assert list(table.primary_key), table.name
        assert table.dialect_options["mysql"]["collate"] == "utf8mb4_bin"
