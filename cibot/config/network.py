"""The settings of a chat network, and what else its kind must say of itself.

A kind of network is a subclass of `NetworkConfig` in the network's own folder
or file under `cibot.chat`, and one line in `cibot.config.networks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

from cibot.config.values import Name, Section

Wrong = tuple[str, str]
"""A key of the section (empty for the section itself) and what to write instead."""


class NetworkConfig(Section):
    """One configured network; the class is its kind.

    ``backend``, ``probe`` and ``hooks`` are ``module:name``, imported when they
    are needed: a network that is not configured costs nothing.

    - ``backend``: takes the settings, makes a `cibot.chat.protocol.Backend`.
    - ``probe``: takes the settings and the rooms that the routes name, yields
      the `cibot.chat.findings.Finding` lines of ``cibot check``; may be empty.
    - ``hooks``: takes the backends of the kind by name, makes the Flask
      blueprint at which the network calls; empty where it never does.
    """

    section: ClassVar[str]
    """The table in ``cibot.toml``, as ``irc`` for ``[[irc]]``."""
    backend: ClassVar[str]
    probe: ClassVar[str] = ""
    hooks: ClassVar[str] = ""
    first_config: ClassVar[str] = ""
    """The section as ``cibot init`` writes it, commented out."""
    account_example: ClassVar[str] = "an account as NETWORK:ACCOUNT"
    nicks_change: ClassVar[bool] = False
    """Whether a watcher is reached under the name that was seen last."""
    unidentified: ClassVar[str] = "I do not know who you are: nothing here proves your name."
    """Said to somebody whom the network does not vouch for."""

    name: Name

    @property
    def called(self) -> tuple[str, ...]:
        """The bot's own names there."""
        return ()

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The words that begin a question there."""
        return ()

    @classmethod
    def field(cls) -> tuple[Any, Any]:
        """The annotation and the default of the section in the whole configuration."""
        return tuple[cls, ...], ()  # type: ignore[valid-type]  # known when it runs

    @classmethod
    def networks(cls, value: Sequence[Self]) -> tuple[Self, ...]:
        """The networks that the section's value means."""
        return tuple(value)

    @classmethod
    def mistakes(cls, entry: Mapping[str, Any]) -> Iterator[Wrong]:  # noqa: ARG003
        """What two keys of a raw table have to do with each other."""
        yield from ()

    @classmethod
    def unreachable(cls, entry: Mapping[str, Any], room: str) -> str | None:  # noqa: ARG003
        """Why an alert for ``room`` would never arrive, by the raw table; None where it would."""
        return None

    def warnings(self) -> Iterator[Wrong]:
        """Settings that are allowed but unwise, such as a password sent in clear text."""
        yield from ()

    def private_room(self, nick: str, account: str | None) -> str:  # noqa: ARG002
        """Where a private message reaches somebody; empty where nowhere."""
        return account or ""

    def account_key(self, account: str) -> str:
        """The account in the form by which the network compares accounts."""
        return account

    def is_account(self, text: str) -> bool:
        """Whether a text may be an account of this network."""
        return bool(text.strip())


def together(entry: Mapping[str, Any], first: str, second: str) -> Iterator[Wrong]:
    """Two keys that only make sense together."""
    for here, there in ((first, second), (second, first)):
        if here in entry and there not in entry:
            yield here, f"needs `{there}`, too"
