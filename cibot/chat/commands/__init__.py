"""Every command by its name: a new one is a file here and a line below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from types import MappingProxyType

from cibot.chat.command import Command

MODULES = (
    "cibot.chat.commands.status",
    "cibot.chat.commands.list",
    "cibot.chat.commands.why",
    "cibot.chat.commands.change",
    "cibot.chat.commands.summary",
    "cibot.chat.commands.report",
    "cibot.chat.commands.jobs",
    "cibot.chat.commands.history",
    "cibot.chat.commands.compare",
    "cibot.chat.commands.missed",
    "cibot.chat.commands.project",
    "cibot.chat.commands.incidents",
    "cibot.chat.commands.ack",
    "cibot.chat.commands.silence",
    "cibot.chat.commands.unsilence",
    "cibot.chat.commands.silences",
    "cibot.chat.commands.watch",
    "cibot.chat.commands.unwatch",
    "cibot.chat.commands.watching",
    "cibot.chat.commands.contact",
    "cibot.chat.commands.recheck",
    "cibot.chat.commands.retire",
    "cibot.chat.commands.unretire",
    "cibot.chat.commands.exclude",
    "cibot.chat.commands.feeds",
    "cibot.chat.commands.version",
    "cibot.chat.commands.help",
)
"""In the order of `help` and of the documentation. Each module has its ``COMMAND``."""


def commands_in(modules: Iterable[str]) -> Mapping[str, Command]:
    """The commands of the modules by their names, in that order."""
    commands: Iterable[Command] = (import_module(module).COMMAND for module in modules)
    return MappingProxyType({command.name: command for command in commands})


COMMANDS = commands_in(MODULES)
