"""docs/session-irc.md and -slack.md were recorded with the commands as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from cibot.chat.commands import COMMANDS
from tests.support.inspircd import InspIRCd

pytestmark = pytest.mark.e2e
DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize(("name", "asks"), [("irc", "<mika> !ci "), ("slack", "anna: /ci ")])
def test_the_recorded_session_has_every_command(
    inspircd: InspIRCd,
    name: str,
    asks: str,
) -> None:
    """Else run `make transcripts`: it asks them all on real servers."""
    page = (DOCS / f"session-{name}.md").read_text("utf-8")
    parts = {part.partition("\n")[0]: part for part in page.split("\n## ")[1:]}
    assert list(parts)[: len(COMMANDS)] == list(COMMANDS)
    for command in COMMANDS.values():
        _before, asked, answer = parts[command.name].rpartition(f"{asks}{command.example}\n")
        assert asked, command.name
        assert "cibot" in answer, command.name
