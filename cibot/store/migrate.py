"""Brings the tables to the version that this cibot knows, and back.

An empty database gets the tables of `cibot.store.schema` at once; tables of an earlier version run
the migrations after it. Alembic is imported only where there is something to do: a start with the
tables as they should be is an eighth sooner there.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect

from cibot.errors import Permanent
from cibot.store.engine import Store, Tx
from cibot.store.schema import metadata

if TYPE_CHECKING:
    from alembic.config import Config

log = logging.getLogger(__name__)


class MigrationError(Permanent):
    """The tables are of a version that this cibot cannot use."""


_MIGRATIONS = Path(__file__).parent / "migrations"


def _config(tx: Tx | None = None) -> Config:
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = tx
    return config


def newest() -> str:
    """The version of the tables that this cibot works with: the files are numbered by it."""
    return max(path.name[:4] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def current(store: Store) -> str | None:
    """The version of the tables in the database; None for an empty one."""

    def look(tx: Tx) -> str | None:
        if not inspect(tx).has_table("alembic_version"):
            return None
        return tx.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()

    return store.read(look)


def upgrade(store: Store, revision: str = "head") -> None:
    """Brings the tables up to ``revision``; does nothing when they are there already.

    An empty database has the newest ones afterwards.
    """
    version = current(store)
    if revision == "head" and version == newest():
        return
    from alembic import command  # noqa: PLC0415

    def work(tx: Tx) -> None:
        if version is None:
            metadata.create_all(tx, checkfirst=False)  # another's of our name is refused
            command.stamp(_config(tx), "head")
        else:
            command.upgrade(_config(tx), revision)

    store.write(work)
    log.info("tables upgraded revision=%s", current(store))


def downgrade(store: Store, revision: str) -> None:
    """Takes the tables back to ``revision`` (``base`` for none); the newer tables' data is lost."""
    from alembic import command  # noqa: PLC0415

    store.write(lambda tx: command.downgrade(_config(tx), revision))


def require_current(store: Store) -> None:
    """Raises MigrationError unless the tables are of the newest version."""
    version = current(store)
    if version != newest():
        raise MigrationError(
            f"the database's tables are of version {version or 'none'}, this cibot needs"
            f" {newest()}: run `cibot db upgrade`"
        )
