"""What a server, a CI or a Gerrit wrote cannot make the terminal do anything."""

from __future__ import annotations

import json

import click
import pytest
from click.testing import CliRunner

from cibot.cli import LazyGroup
from cibot.cli.watch import print_csv, print_json
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


def test_lines_stay_lines() -> None:
    assert for_terminal("a\nb\x1b[1m") == "a\nb [1m"
