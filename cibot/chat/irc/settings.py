"""``[[irc]]``: the settings of one IRC network, and what is true of IRC."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr

from cibot.config.network import NetworkConfig, Wrong, together
from cibot.config.values import (
    ChannelKeys,
    Host,
    IrcChannel,
    Nick,
    Prefix,
    Text,
    ascii_lower,
    is_loopback,
)

_ACCOUNT = re.compile(r"[^\s:,@!*?#]{1,60}")
_CHANNEL_SIGNS = "#&+!"


class IrcConfig(NetworkConfig):
    """``[[irc]]``: one IRC network."""

    section = "irc"
    backend = "cibot.chat.irc.backend:IrcBackend"
    probe = "cibot.chat.irc.backend:probe"
    nicks_change = True
    unidentified = (
        "I do not know who you are, and a nick proves nothing: log in to your services "
        "account (/msg NickServ IDENTIFY …), share a channel with me, and ask again."
    )
    first_config = """
# [[irc]]
# name = "libera"
# host = "irc.libera.chat"
# nick = "my-cibot"
# channels = ["#my-project-ci"]
"""

    host: Host
    port: Annotated[int, Field(ge=1, le=65535)] = 6697
    tls: bool = True
    ca_file: Path | None = None
    client_cert: Path | None = None
    nick: Nick = "cibot"
    realname: Text = "cibot"
    password: SecretStr | None = None
    sasl_username: Text | None = None
    sasl_password: SecretStr | None = None
    channels: tuple[IrcChannel, ...] = ()
    channel_keys: ChannelKeys | None = None
    prefix: Prefix = "!ci"
    colour: bool = False
    messages_per_second: Annotated[float, Field(gt=0, le=1000)] = 0.5
    burst: Annotated[int, Field(ge=1, le=1000)] = 5

    @property
    def called(self) -> tuple[str, ...]:
        """The nick that it should wear."""
        return (self.nick,)

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The prefix of channels."""
        return (self.prefix,)

    @classmethod
    def mistakes(cls, entry: Mapping[str, Any]) -> Iterator[Wrong]:
        """SASL's two halves; a certificate without TLS."""
        # with a client certificate SASL EXTERNAL needs no password
        if "client_cert" not in entry or "sasl_password" in entry:
            yield from together(entry, "sasl_username", "sasl_password")
        if "client_cert" in entry and entry.get("tls") is False:
            yield "client_cert", "is shown in TLS only; take `tls = false` out"

    @classmethod
    def unreachable(cls, entry: Mapping[str, Any], room: str) -> str | None:
        """A channel that the bot does not join; nicks need no joining."""
        channels = entry.get("channels", [])
        if room[:1] not in tuple(_CHANNEL_SIGNS) or not isinstance(channels, list):
            return None
        if room.casefold() in {name.casefold() for name in channels if isinstance(name, str)}:
            return None
        return "the bot does not join it"

    def warnings(self) -> Iterator[Wrong]:
        """A password that anybody on the way can read."""
        if (self.password or self.sasl_password) and not (self.tls or is_loopback(self.host)):
            yield "tls", "sends its password in clear; write `tls = true`"

    def keys(self) -> dict[str, str]:
        """The key of each channel that has one (mode +k), by the channel's name."""
        text = self.channel_keys.get_secret_value() if self.channel_keys else ""
        pairs = (pair.split() for pair in re.split(r"[,\n]", text) if pair.strip())
        return {pair[0]: pair[1] for pair in pairs}

    def private_room(self, nick: str, account: str | None) -> str:  # noqa: ARG002
        """The nick: services know accounts, the network delivers to nicks."""
        return nick

    def account_key(self, account: str) -> str:
        """Services compare accounts without case."""
        return ascii_lower(account)

    def is_account(self, text: str) -> bool:
        """Whether services could have an account of that name."""
        return _ACCOUNT.fullmatch(text) is not None
