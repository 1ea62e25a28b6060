"""The table of chat networks: one line a kind."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from cibot.config.network import NetworkConfig

KINDS = [
    "cibot.chat.irc.settings:IrcConfig",
    "cibot.chat.slack.settings:SlackConfig",
    "cibot.chat.console:ConsoleConfig",
]


def kinds() -> list[type[NetworkConfig]]:
    """Every kind of network, in the order of the table."""
    return [named(place) for place in KINDS]


def named(place: str) -> Any:
    """What ``module:name`` means, imported now."""
    module, _colon, name = place.partition(":")
    return getattr(import_module(module), name)
