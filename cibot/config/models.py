"""The models of ``config/cibot.toml``. `cibot.config.load` reads it.

Every model refuses unknown keys. Durations are written "90s", "5m", "2h",
"7d" and time zones by name; a secret can be given by file with ``*_file``.
A model checks one value at a time; what two keys have to do with each other
is checked in `cibot.config.checks`.
"""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import AnyHttpUrl, Field, SecretStr, create_model

from cibot.config.judgement import Judgement
from cibot.config.network import NetworkConfig
from cibot.config.networks import kinds
from cibot.config.signals import signals
from cibot.config.values import (
    ALL_DAYS,
    Account,
    ApiToken,
    BaseUrl,
    ChannelName,
    ChatAccount,
    Day,
    Duration,
    Glob,
    Limit,
    Listen,
    LocalTime,
    Name,
    Origin,
    ProjectPattern,
    Section,
    Share,
    StoreUrl,
    Text,
    TokenHash,
    UrlPrefix,
    WebhookToken,
    Zone,
)

DATABASE = "sqlite:///var/cibot.db"


class StoreConfig(Section):
    """``[store]``: where everything is kept; an SQLite file goes by the configuration's."""

    url: StoreUrl = SecretStr(DATABASE)


class WebConfig(Section):
    """``[web]``: webhooks, JSON API and dashboard."""

    listen: Listen = "127.0.0.1:8080"
    public_url: BaseUrl | None = None
    page_threads: Annotated[int, Field(ge=1, le=16)] = 2
    private: bool = False
    origins: tuple[Origin, ...] = ()
    proxies: Annotated[int, Field(ge=0, le=10)] = 0
    prefix: UrlPrefix | None = None


class TokenConfig(Section):
    """``[[token]]``: who may use the API under that name, and what they may change.

    One of ``hash`` and ``secret`` is given; ``owns`` are patterns of CIs' names.
    """

    name: Name
    hash: Annotated[TokenHash | None, Field(repr=False)] = None
    secret: ApiToken | None = None
    role: Literal["reader", "owner", "admin"] = "reader"
    owns: tuple[Text, ...] = ()


class ClientConfig(Section):
    """``[client]``: the server that ``cibot status`` and the like ask, and who we are there."""

    url: BaseUrl | None = None
    token: SecretStr | None = None
    ca_file: Path | None = None


class GerritConfig(Section):
    """``[[gerrit]]``: one server to read."""

    name: Name
    url: BaseUrl
    username: Text | None = None
    password: SecretStr | None = None
    ca_file: Path | None = None
    poll: bool = True
    poll_every: Duration = timedelta(minutes=5)
    overlap: Duration = timedelta(minutes=10)
    first_look: Duration = timedelta(days=28)
    projects: tuple[ProjectPattern, ...] = ()
    webhook_token: WebhookToken | None = None
    ci_groups: tuple[Text, ...] = ()
    not_cis: tuple[Account, ...] = ()
    discover: bool = True


class CiConfig(Section):
    """``[[ci]]``: one CI that you name yourself."""

    name: Annotated[Text, Field(max_length=100)]
    gerrit: Name | None = None
    accounts: Annotated[tuple[Account, ...], Field(min_length=1)]
    owner: Text | None = None
    wiki: AnyHttpUrl | None = None
    contact: Text | None = None
    recheck: Text | None = None
    projects: tuple[Glob, ...] = ("*",)
    branches: tuple[Glob, ...] = ("*",)
    retired: bool = False


class ReferenceConfig(Section):
    """``[[reference]]``: the CI that others are measured against, by project and branch."""

    ci: Text
    projects: tuple[Glob, ...] = ("*",)
    branches: tuple[Glob, ...] = ("*",)


ALERT_KINDS = tuple(name for name, signal in signals().items() if signal.counts)
if TYPE_CHECKING:
    AlertKind = str
else:
    AlertKind = Literal[ALERT_KINDS]


class RuleConfig(Section):
    """``[[rule]]``: what the CIs of some projects promise; `report` says who kept it."""

    projects: tuple[Glob, ...] = ("*",)
    branches: tuple[Glob, ...] = ("*",)
    reports: Share = 0.9
    within: Limit = timedelta(hours=24)
    agrees: Share | None = None
    silent_at_most: Duration | None = None
    jobs: Annotated[tuple[Text, ...], Field(max_length=50)] = ()


class RouteConfig(Section):
    """``[[route]]``: which alerts go where. A route without patterns takes all."""

    channels: Annotated[tuple[ChannelName, ...], Field(min_length=1)]
    cis: tuple[Text, ...] = ("*",)
    owners: tuple[Text, ...] = ("*",)
    projects: tuple[Glob, ...] = ("*",)
    branches: tuple[Glob, ...] = ("*",)
    kinds: tuple[AlertKind, ...] = ALERT_KINDS
    severity: Literal["degraded", "failing"] = "degraded"
    quiet: bool = True


class QuietConfig(Section):
    """``[[quiet]]``: hours in which alerts to some channels wait; ``days`` are when they begin.

    They end on the next day where ``end`` is not after ``begin``. Alerts at least as bad as
    ``through`` are sent at once.
    """

    channels: Annotated[tuple[ChannelName, ...], Field(min_length=1)]
    begin: LocalTime
    end: LocalTime
    time_zone: Zone = ZoneInfo("UTC")
    days: tuple[Day, ...] = ALL_DAYS
    through: Literal["degraded", "failing", "silent"] | None = None


class FloodConfig(Section):
    """``[flood]``: how many alerts a channel takes before a digest takes their place."""

    alerts_per_hour: Annotated[int, Field(ge=1, le=1000)] = 20


SummaryPart = Literal["worst", "silent", "changes", "new", "report", "totals"]
SUMMARY_PARTS: tuple[SummaryPart, ...] = get_args(SummaryPart)


class SummaryConfig(Section):
    """``[[summary]]``: the summary of one channel, over the CIs that all patterns fit.

    A weekly one is said on the first of its ``days``, a monthly one on the month's first of
    these. Both say who kept the rules since the one before.
    """

    channel: ChannelName
    every: Literal["day", "week", "month"] = "day"
    at: LocalTime = time(9, 0)
    time_zone: Zone = ZoneInfo("UTC")
    days: tuple[Day, ...] = ALL_DAYS
    parts: Annotated[tuple[SummaryPart, ...], Field(min_length=1)] = SUMMARY_PARTS
    cis: tuple[Text, ...] = ("*",)
    owners: tuple[Text, ...] = ("*",)
    projects: tuple[Glob, ...] = ("*",)
    branches: tuple[Glob, ...] = ("*",)


class PersonConfig(Section):
    """``[[person]]``: who may change things. ``owns`` are patterns of CIs' names."""

    name: Annotated[Text, Field(max_length=100)]
    accounts: Annotated[tuple[ChatAccount, ...], Field(min_length=1)]
    admin: bool = False
    owns: tuple[Text, ...] = ()


class LogConfig(Section):
    """``[log]``: one line an event on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


if TYPE_CHECKING:
    _ChatSections = Section
else:
    _ChatSections = create_model(
        "_ChatSections", __base__=Section, **{kind.section: kind.field() for kind in kinds()}
    )


class Config(_ChatSections):
    """The whole file. The sections of chat networks come from `cibot.config.networks`."""

    store: StoreConfig = StoreConfig()
    web: WebConfig = WebConfig()
    log: LogConfig = LogConfig()
    judgement: Judgement = Judgement()
    flood: FloodConfig = FloodConfig()
    client: ClientConfig = ClientConfig()
    gerrit: tuple[GerritConfig, ...] = ()
    ci: tuple[CiConfig, ...] = ()
    reference: tuple[ReferenceConfig, ...] = ()
    rule: Annotated[tuple[RuleConfig, ...], Field(max_length=20)] = ()
    route: tuple[RouteConfig, ...] = ()
    quiet: tuple[QuietConfig, ...] = ()
    summary: tuple[SummaryConfig, ...] = ()
    person: tuple[PersonConfig, ...] = ()
    token: tuple[TokenConfig, ...] = ()

    @property
    def networks(self) -> tuple[NetworkConfig, ...]:
        """Every configured chat network, in the order of the table of kinds."""
        return tuple(
            network for kind in kinds() for network in kind.networks(getattr(self, kind.section))
        )

    def network(self, name: str) -> NetworkConfig | None:
        """The chat network of that name."""
        return next((network for network in self.networks if network.name == name), None)
