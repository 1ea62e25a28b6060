"""A database as an early version of cibot left it: the first tables, recorded from each kind."""

from pathlib import Path

from cibot.store import migrate
from cibot.store.engine import Store, Tx

_TABLES = Path(__file__).parent / "tables"
_VERSION = """
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
INSERT INTO alembic_version VALUES ('0001')"""


def make_tables(store: Store, version: str) -> None:
    """Fills an empty database with the tables of that version."""
    kind = "sqlite" if store.engine.name == "sqlite" else "mariadb"
    text = (_TABLES / f"0001.{kind}.sql").read_text(encoding="utf-8").strip() + _VERSION

    def work(tx: Tx) -> None:
        for statement in text.split(";\n"):
            tx.exec_driver_sql(statement)

    store.write(work)
    migrate.upgrade(store, version)
