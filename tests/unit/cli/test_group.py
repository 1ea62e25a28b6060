"""The command line's frame: lazy commands, errors as messages, which configuration."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
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


@pytest.mark.parametrize(("typed", "meant"), [("chek", "check"), ("lst", "list"), ("qwxzk", "")])
def test_what_is_almost_a_command_is_answered_with_it(typed: str, meant: str) -> None:
    said = CliRunner().invoke(main, [typed]).stderr
    assert f"No such command '{typed}'." in said
    hint = f"Did you mean '{meant}'?" if meant else "a change by `cibot change NUMBER`."
    assert said.rstrip().endswith(hint)


_TOO_LONG = "x" * 300


@pytest.mark.parametrize(
    "typed",
    [
        ["list", "--config", _TOO_LONG],
        ["list", "--db", f"sqlite:///{_TOO_LONG}"],
        ["list", "--url", "https://127.0.0.1:9", "--ca-file", _TOO_LONG],
        ["init", "https://127.0.0.1:9", "--output", _TOO_LONG],
    ],
)
def test_a_file_that_cannot_be_is_named_without_a_traceback(typed: list[str]) -> None:
    done = CliRunner().invoke(main, typed)
    assert done.exit_code == 1
    assert f"{_TOO_LONG}: " in done.stderr
    assert "File name too long" in done.stderr


def leaves(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Every command that does something, by its words."""
    if not isinstance(command, click.Group):
        yield path
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        yield from leaves(inner, (*path, name))


def examples(help_text: str) -> list[list[str]]:
    """The calls of cibot that a help shows, as the shell would hand them over."""
    calls = re.findall(r"(?:^|[|(] ?)\s*cibot ([^|\n)]*)", help_text, re.MULTILINE)
    return [shlex.split(call.rstrip('" ')) for call in calls]


@pytest.mark.parametrize("words", tuple(leaves(main, ())), ids=" ".join)
def test_every_command_has_an_example_that_can_be_typed(words: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(main, [*words, "--help"])
    assert shown.exit_code == 0
    command: click.Command = main
    context = click.Context(main)
    for word in words:
        assert isinstance(command, click.Group)
        subcommand = command.get_command(context, word)
        assert subcommand is not None
        command = subcommand
    typed = [
        example for example in examples(command.help or "") if example[: len(words)] == list(words)
    ]
    assert typed, f"`cibot {' '.join(words)} --help` has no example"
    for example in typed:
        command.make_context(" ".join(words), example[len(words) :])  # UsageError for what is wrong


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
