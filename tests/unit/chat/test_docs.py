"""docs/commands.md lists the commands as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

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


@pytest.mark.parametrize(("name", "asks"), [("irc", "<mika> !ci "), ("slack", "anna: /ci ")])
def test_the_recorded_session_has_every_command(name: str, asks: str) -> None:
    """Else run `make transcripts`: it asks them all on real servers."""
    page = (PAGE.parent / f"session-{name}.md").read_text("utf-8")
    parts = {part.partition("\n")[0]: part for part in page.split("\n## ")[1:]}
    assert list(parts)[: len(COMMANDS)] == list(COMMANDS)
    for command in COMMANDS.values():
        _before, asked, answer = parts[command.name].rpartition(f"{asks}{command.example}\n")
        assert asked, command.name
        assert "cibot" in answer, command.name
