"""docs/commands.md lists the commands as they are."""

from __future__ import annotations

from pathlib import Path

from cibot.chat.commands import COMMANDS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "commands.md"
GOLDEN = Path(__file__).parent / "golden" / "status.txt"


def rows() -> list[list[str]]:
    found = []
    for row in PAGE.read_text(encoding="utf-8").splitlines():
        if row.startswith("| `"):
            cells = row.replace("\\|", "\0").strip("| ").split(" | ")
            found.append([cell.replace("\0", "|").strip("`") for cell in cells])
    return found


def test_every_command_is_there_in_order() -> None:
    assert rows() == [
        [one.usage, f"{one.does}. {one.more}" if one.more else one.does, one.example]
        for one in COMMANDS.values()
    ]


def test_the_shown_answer_is_a_real_one() -> None:
    shown = [row.strip() for row in PAGE.read_text("utf-8").splitlines() if row[:4] == "    "]
    answer = GOLDEN.read_text("utf-8").splitlines()
    place = answer.index(shown[0])
    assert answer[place : place + len(shown)] == shown
