"""``cibot db``, on a real SQLite file."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from cibot.cli import main
from cibot.store import schema
from cibot.store.engine import open_store
from cibot.store.migrate import newest, upgrade
from tests.support.canned import canned


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "cibot.toml"
    path.write_text(f'[store]\nurl = "sqlite:///{tmp_path / "db"}"\n', encoding="utf-8")
    return path


def run(config: Path, *words: str) -> str:
    done = CliRunner().invoke(main, ["db", *words, "--config", str(config)])
    assert done.exit_code == 0, done.output
    return done.output


def test_upgrade_says_from_what_to_what(config: Path) -> None:
    assert run(config, "version") == f"tables: none; needed: {newest()}\n"
    assert run(config, "upgrade") == f"tables are of version {newest()}, were none\n"
    assert run(config, "upgrade") == f"tables are of version {newest()}\n"


def test_recount_names_what_it_mended(config: Path, tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'db'}")
    upgrade(store)
    canned(store)
    assert run(config, "recount") == "every count is right\n"
    store.write(lambda tx: tx.execute(update(schema.tally).values(infra=3)))
    store.close()
    assert "NetApp CI: " in run(config, "recount")
    assert run(config, "recount") == "every count is right\n"
