"""What a server, a CI or a Gerrit wrote cannot make the terminal do anything."""

from __future__ import annotations

import errno
import json

import click
import pytest
from click.testing import CliRunner
from rich.console import Console

from cibot.cli import LazyGroup
from cibot.cli.view import Column, View, table
from cibot.cli.watch import print_csv, print_json, to_terminal
from cibot.errors import UserError
from cibot.text.cleaning import for_terminal

HOSTILE = "a\x1b]0;owned\x07b\x9b31mc\u202ed\rE"


@pytest.mark.parametrize(
    "show", [lambda: print_csv([["name"], [HOSTILE]]), lambda: print_json([HOSTILE])]
)
def test_csv_and_json_hold_nothing_that_a_terminal_obeys(
    show: object, capsys: pytest.CaptureFixture[str]
) -> None:
    show()  # type: ignore[operator]
    written = capsys.readouterr().out
    assert "owned" in written
    assert not set(written) & set("\x1b\x07\x9b\u202e")


def test_json_stays_what_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"x": HOSTILE + "é漢\u2028"})
    assert json.loads(capsys.readouterr().out) == {"x": HOSTILE + "é漢\u2028"}


def test_an_error_with_a_servers_words_is_harmless_and_keeps_its_lines() -> None:
    class Failing(LazyGroup):
        def get_command(self, ctx: click.Context, name: str) -> click.Command:
            @click.command()
            def fail() -> None:
                raise UserError(f"one\n{HOSTILE}")

            return fail

    answer = CliRunner().invoke(Failing("x"), ["fail"])
    assert answer.exit_code == 1
    assert "one\n" in answer.output
    assert not set(answer.output) & set("\x1b\x07\x9b\u202e\r")


def test_a_full_disk_is_said_in_a_line() -> None:
    class Full(LazyGroup):
        def get_command(self, ctx: click.Context, name: str) -> click.Command:
            @click.command()
            def fail() -> None:
                raise OSError(errno.ENOSPC, "No space left on device")

            return fail

    answer = CliRunner().invoke(Full("x"), ["list"])
    assert (answer.exit_code, answer.output.count("\n")) == (1, 1)
    assert "No space left on device" in answer.output


@pytest.mark.parametrize("width", [30, 40, 60, 80, 120])
def test_a_name_stays_readable_however_narrow_the_terminal_is(width: int) -> None:
    columns: tuple[Column[list[str]], ...] = (
        Column("State", lambda row: row[0]),
        Column("CI", lambda row: row[1], loose=True),
        *(Column(f"Figure {n}", lambda row: row[2], right=True) for n in range(5)),
    )
    shown = table([["failing", "Everstore Cluster CI", "12 %"]], *columns)
    console = Console(width=width, color_system=None)
    with console.capture() as written:
        console.print(to_terminal(View((shown,)), width))
    lines = written.get().splitlines()
    assert all(len(line) <= width for line in lines)
    assert "Everstore" in written.get()
    assert "…" not in written.get()
    assert lines[0].split()[:2] == ["State", "CI"]
    assert ("Figure 4" in lines[0]) == (width >= 80)


def test_lines_stay_lines() -> None:
    assert for_terminal("a\nb\x1b[1m") == "a\nb [1m"
