"""The command line's frame: lazy commands, errors as messages, which configuration."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cibot.cli import COMMANDS, main
from cibot.cli.common import find_config, read_config
from cibot.errors import ConfigError


def test_every_command_is_there_and_has_help() -> None:
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        assert command.help, name


def test_help_names_every_command_and_imports_none_of_them() -> None:
    script = (
        "import sys; from cibot.cli import main; main(['--help'], standalone_mode=False);"
        "assert not {'pydantic', 'sqlalchemy', 'requests', 'flask'} & set(sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0, shown.stderr
    assert all(name in shown.stdout for name in COMMANDS)


def test_an_unknown_command_is_refused() -> None:
    result = CliRunner().invoke(main, ["chekc"])
    assert result.exit_code == 2
    assert "chekc" in result.output


def test_the_chosen_file_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_config(Path("a"), {"CIBOT_CONFIG": "b"}) == Path("a")
    assert find_config(None, {"CIBOT_CONFIG": "b"}) == Path("b")
    assert find_config(None, {"CIBOT_STORE__URL": "x"}) is None
    with pytest.raises(ConfigError, match="`cibot init URL` writes a first one"):
        find_config(None, {"CIBOT_CONFIG": ""})
    (tmp_path / "config").mkdir()
    (tmp_path / "config/cibot.toml").touch()
    assert find_config(None, {}) == Path("config/cibot.toml")
    assert read_config(None, {}).config.gerrit == ()
