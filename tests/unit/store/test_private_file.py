"""What is stored in SQLite is readable by the bot's own user only."""

from __future__ import annotations

from pathlib import Path

from cibot.store.engine import open_store
from cibot.store.migrate import upgrade


def _open_to_others(directory: Path) -> list[str]:
    return [path.name for path in directory.glob("cibot.db*") if path.stat().st_mode & 0o077]


def test_nobody_else_may_read_the_database(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/cibot.db")
    upgrade(store)
    store.ping()
    names = {path.name for path in tmp_path.glob("cibot.db*")}
    assert names == {"cibot.db", "cibot.db-wal", "cibot.db-shm"}
    assert _open_to_others(tmp_path) == []
    store.close()


def test_one_of_an_older_cibot_is_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "cibot.db"
    path.touch()
    path.chmod(0o644)
    store = open_store(f"sqlite:///{path}")
    upgrade(store)
    assert _open_to_others(tmp_path) == []
    store.close()
