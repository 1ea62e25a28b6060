"""Brings the tables to the version that this cibot knows, and back."""

from __future__ import annotations

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from cibot.errors import Permanent
from cibot.store.engine import Store, Tx

log = logging.getLogger(__name__)


class MigrationError(Permanent):
    """The tables are of a version that this cibot cannot use."""


def _config(tx: Tx | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = tx
    return config


def newest() -> str:
    """The version of the tables that this cibot works with."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def current(store: Store) -> str | None:
    """The version of the tables in the database; None for an empty one."""
    return store.read(lambda tx: MigrationContext.configure(tx).get_current_revision())


def upgrade(store: Store, revision: str = "head") -> None:
    """Brings the tables up to ``revision``; does nothing when they are there already."""
    if revision == "head" and current(store) == newest():
        return
    store.write(lambda tx: command.upgrade(_config(tx), revision))
    log.info("tables upgraded revision=%s", current(store))


def downgrade(store: Store, revision: str) -> None:
    """Takes the tables back to ``revision`` (``base`` for none); what they held is lost."""
    store.write(lambda tx: command.downgrade(_config(tx), revision))


def require_current(store: Store) -> None:
    """Raises MigrationError unless the tables are of the newest version."""
    found = current(store)
    if found != newest():
        raise MigrationError(
            f"the database's tables are of version {found or 'none'}, this cibot needs"
            f" {newest()}: run `cibot db upgrade`"
        )
