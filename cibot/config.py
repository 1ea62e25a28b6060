"""The models of ``config/cibot.toml``. `cibot.configfile` reads it.

Every model refuses unknown keys. Durations are written "90s", "5m", "2h",
"7d" and time zones by name; secrets can be given by file with ``*_file``.
"""

from __future__ import annotations

import re
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AnyHttpUrl,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
)

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def _duration(value: Any) -> Any:
    if isinstance(value, str):
        match = re.fullmatch(r"(\d{1,9})\s*([smhdw])", value.strip())
        if not match:
            raise ValueError(
                'write a duration as a number and a unit, like "90s", "5m", "2h", "7d"'
            )
        return timedelta(seconds=int(match[1]) * _UNITS[match[2]])
    if isinstance(value, timedelta):
        return value
    raise ValueError('write a duration as text with its unit, like "5m"')


def _zone(value: Any) -> Any:
    if isinstance(value, ZoneInfo):
        return value
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError('write a time zone by its name, like "Europe/Berlin" or "UTC"') from error


Duration = Annotated[timedelta, BeforeValidator(_duration), Field(gt=timedelta(0))]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
ChannelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*/\S+$")]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ALL_DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Section(BaseModel):
    """A part of the file: unknown keys are mistakes, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class StoreConfig(Section):
    """``[store]``: where everything is kept."""

    url: SecretStr = SecretStr("sqlite:///var/cibot.db")


class WebConfig(Section):
    """``[web]``: webhooks, JSON API and dashboard."""

    listen: Annotated[str, StringConstraints(pattern=r"^\S+:\d{1,5}$")] = "127.0.0.1:8080"
    public_url: AnyHttpUrl | None = None
    threads: Annotated[int, Field(ge=1, le=64)] = 8


class GerritConfig(Section):
    """``[[gerrit]]``: one server to read."""

    name: Name
    url: AnyHttpUrl
    username: str | None = None
    password: SecretStr | None = None
    ca_file: Path | None = None
    poll: bool = True
    poll_every: Duration = timedelta(minutes=5)
    overlap: Duration = timedelta(minutes=10)
    first_look: Duration = timedelta(days=28)
    projects: tuple[str, ...] = ()
    webhook_token: SecretStr | None = None
    ci_groups: tuple[str, ...] = ()
    discover: bool = True


class CiConfig(Section):
    """``[[ci]]``: one CI that you name yourself."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    gerrit: Name | None = None
    accounts: Annotated[tuple[int | str, ...], Field(min_length=1)]
    owner: str | None = None
    wiki: AnyHttpUrl | None = None
    contact: str | None = None
    recheck: str | None = None
    projects: tuple[str, ...] = ("*",)
    branches: tuple[str, ...] = ("*",)


class ReferenceConfig(Section):
    """``[[reference]]``: the CI that others are measured against, by project pattern."""

    ci: str
    projects: tuple[str, ...] = ("*",)


class IrcConfig(Section):
    """``[[irc]]``: one IRC network."""

    name: Name
    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 6697
    tls: bool = True
    ca_file: Path | None = None
    nick: Annotated[str, StringConstraints(pattern=r"^[A-Za-z\[\]\\`_^{|}][^\s:@!]{0,29}$")] = (
        "cibot"
    )
    realname: str = "cibot"
    password: SecretStr | None = None
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    channels: tuple[
        Annotated[str, StringConstraints(pattern=r"^[#&+!][^\s,\x07]{1,199}$")], ...
    ] = ()
    prefix: str = "!ci"
    colour: bool = False
    messages_per_second: Annotated[float, Field(gt=0, le=1000)] = 0.5
    burst: Annotated[int, Field(ge=1, le=1000)] = 5


class SlackConfig(Section):
    """``[[slack]]``: one Slack workspace, over HTTP or Socket Mode."""

    name: Name
    bot_token: SecretStr
    signing_secret: SecretStr | None = None
    app_token: SecretStr | None = None
    api_url: AnyHttpUrl = AnyHttpUrl("https://slack.com/api/")
    command: Annotated[str, StringConstraints(pattern=r"^/\S+$")] = "/ci"


class RouteConfig(Section):
    """``[[route]]``: which alerts go where. A route without patterns takes all."""

    channels: Annotated[tuple[ChannelName, ...], Field(min_length=1)]
    cis: tuple[str, ...] = ("*",)
    owners: tuple[str, ...] = ("*",)
    projects: tuple[str, ...] = ("*",)
    kinds: tuple[Literal["success", "silent"], ...] = ("success", "silent")
    severity: Literal["degraded", "failing"] = "degraded"


class SummaryConfig(Section):
    """``[[summary]]``: the daily summary of one channel."""

    channel: ChannelName
    at: time = time(9, 0)
    time_zone: Zone = ZoneInfo("UTC")
    days: tuple[Day, ...] = ALL_DAYS


class LogConfig(Section):
    """``[log]``: one line an event on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class Config(Section):
    """The whole file."""

    store: StoreConfig = StoreConfig()
    web: WebConfig = WebConfig()
    log: LogConfig = LogConfig()
    gerrit: tuple[GerritConfig, ...] = ()
    ci: tuple[CiConfig, ...] = ()
    reference: tuple[ReferenceConfig, ...] = ()
    irc: tuple[IrcConfig, ...] = ()
    slack: tuple[SlackConfig, ...] = ()
    route: tuple[RouteConfig, ...] = ()
    summary: tuple[SummaryConfig, ...] = ()
    console: bool = False
