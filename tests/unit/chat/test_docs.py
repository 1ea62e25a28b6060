"""docs/commands.md lists the commands as they are."""

from __future__ import annotations

from pathlib import Path

from cibot.chat.commands import COMMANDS
from tests.transcripts.table import with_table

PAGE = Path(__file__).resolve().parents[3] / "docs" / "commands.md"
GOLDEN = Path(__file__).parent / "golden" / "status.txt"


def test_the_table_is_made_from_the_commands() -> None:
    """Else run `make docs`."""
    page = PAGE.read_text("utf-8")
    assert page == with_table(page, COMMANDS.values())
    assert page.count("\n| `") == len(COMMANDS)


def test_the_shown_answer_is_a_real_one() -> None:
    shown = [row.strip() for row in PAGE.read_text("utf-8").splitlines() if row[:4] == "    "]
    answer = GOLDEN.read_text("utf-8").splitlines()
    place = answer.index(shown[0])
    assert answer[place : place + len(shown)] == shown
