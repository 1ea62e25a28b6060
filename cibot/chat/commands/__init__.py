"""Every command by its name: a new one is a file here and a line below."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from cibot.chat.command import Command
from cibot.chat.commands import (
    ack,
    change,
    compare,
    contact,
    feeds,
    history,
    incidents,
    jobs,
    missed,
    project,
    recheck,
    silence,
    silences,
    status,
    summary,
    unsilence,
    unwatch,
    version,
    watch,
    watching,
    why,
)
from cibot.chat.commands import help as help_command
from cibot.chat.commands import list as list_command

COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        module.COMMAND.name: module.COMMAND
        for module in (
            status,
            list_command,
            why,
            change,
            summary,
            jobs,
            history,
            compare,
            missed,
            project,
            incidents,
            ack,
            silence,
            unsilence,
            silences,
            watch,
            unwatch,
            watching,
            contact,
            recheck,
            feeds,
            version,
            help_command,
        )
    }
)
