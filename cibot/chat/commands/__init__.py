"""Every command by its name: a new one is a file here and a line below."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from cibot.chat.command import Command
from cibot.chat.commands import change, help, list, status, summary, why  # noqa: A004

COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        module.COMMAND.name: module.COMMAND
        for module in (
            status,
            list,
            why,
            change,
            summary,
            help,
        )
    }
)
