"""The table of commands in docs/commands.md, made from the commands themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cibot.chat.command import Command

_TABLE = re.compile(r"^\| Write \|.*?(?=\n\n)", re.MULTILINE | re.DOTALL)


def table(commands: Iterable[Command]) -> str:
    """A row for each command, in their order."""
    rows = ["| Write | to learn | for example |", "|---|---|---|"]
    for command in commands:
        does = f"{command.does}. {command.more}" if command.more else command.does
        cells = (f"`{command.usage}`", does, f"`{command.example}`")
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(rows)


def with_table(page: str, commands: Iterable[Command]) -> str:
    """The page with the commands as they are now."""
    return _TABLE.sub(lambda _old: table(commands), page, count=1)
