"""``cibot policy explain``: what applies to a CI, and from where."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cibot.cli import main
from cibot.store.engine import open_store
from cibot.store.migrate import upgrade
from tests.support.canned import canned

CONFIG = """
[store]
url = "sqlite:///{db}"

[[ci]]
name = "NetApp CI"
accounts = ["netapp-ci"]
projects = ["openstack/cinder*"]

[judgement.infra]
degraded = 0.2
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("policy")
    store = open_store(f"sqlite:///{folder / 'db'}")
    upgrade(store)
    canned(store)
    store.close()
    path = folder / "cibot.toml"
    path.write_text(CONFIG.format(db=folder / "db"), encoding="utf-8")
    return path


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["policy", "explain", "--config", str(config), *words])


def test_what_applies_and_from_where(config: Path) -> None:
    shown = run(config, "netapp")
    assert shown.exit_code == 0, shown.output
    lines = [" ".join(line.split()) for line in shown.output.splitlines()]
    assert lines[0] == "NetApp CI"
    assert "projects openstack/cinder* (its [[ci]])" in lines
    assert "branches * (default)" in lines
    assert "reports on openstack/cinder (its last verdicts)" in lines
    assert "reference Zuul (who judges most on openstack/cinder)" in lines
    infra = lines.index("[judgement.infra]")
    assert lines[infra + 1 : infra + 4] == [
        "window 3 days (default)",
        "minimum 10 (default)",
        "degraded 0.2 (configuration)",
    ]


def test_whom_nobody_configured_has_the_defaults(config: Path) -> None:
    shown = run(config, "pure storage")
    assert "projects        *  (default)" in shown.output


def test_a_name_that_fits_nobody_is_asked_back(config: Path) -> None:
    shown = run(config, "nonesuch")
    assert shown.exit_code == 1
    assert "No CI is called" in shown.output
