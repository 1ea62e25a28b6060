"""The kinds of value that the configuration knows, each with its check in people's words.

A failed check raises ValueError with what to write instead; it never repeats
the value, which may be a secret.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import time, timedelta
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from cibot.errors import ConfigError
from cibot.text.cleaning import UNSEEN, one_line
from cibot.text.projects import check_pattern

_HOST = r"[^\s/:@\[\]]{1,253}|[0-9A-Fa-f:.]{2,45}"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
LONGEST = timedelta(days=3660)
WITHIN_HOURS = (1, 2, 3, 4, 6, 8, 12, 18, 24, 36, 48, 72, 96, 120, 168, 240, 336)
"""Limits that reports are counted by, so that one of them is exact."""


def _duration(value: Any) -> Any:
    if isinstance(value, str):
        match = re.fullmatch(r"([0-9]{1,9})\s*([smhdw])", value.strip())
        if not match:
            raise ValueError(
                'write a duration as a number and a unit, like "90s", "5m", "2h", "7d"'
            )
        seconds = int(match[1]) * _UNITS[match[2]]
        value = timedelta(seconds=min(seconds, 2 * LONGEST.total_seconds()))
    if not (isinstance(value, timedelta) and timedelta(0) < value <= LONGEST):
        raise ValueError(
            'a duration has a unit, like "5m", is longer than nothing and at most ten years'
        )
    return value


def _limit(value: timedelta) -> timedelta:
    if value / timedelta(hours=1) not in WITHIN_HOURS:
        hours = ", ".join(f"{within_hour}h" for within_hour in WITHIN_HOURS if within_hour <= 48)
        days = ", ".join(
            f"{within_hour // 24}d" for within_hour in WITHIN_HOURS if within_hour > 48
        )
        raise ValueError(f"reports are counted by {hours}, {days}: take one of these")
    return value


def _zone(value: Any) -> Any:
    if isinstance(value, ZoneInfo):
        return value
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError('write a time zone by its name, like "Europe/Berlin" or "UTC"') from error


def _local_time(value: Any) -> Any:
    if isinstance(value, str):
        match = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", value.strip())
        value = time(int(match[1]), int(match[2])) if match else None
    if not isinstance(value, time) or value.tzinfo:
        raise ValueError('write a time of day, like "09:00"; its zone goes to time_zone')
    return value


def _account(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    if isinstance(value, str) and value.strip() and value.isprintable():
        return value.strip()
    raise ValueError(
        'write an account as its number (35648), or its username or e-mail in quotes ("acme-ci")'
    )


def _listen(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not re.fullmatch(rf"{_HOST}|\*|\[[0-9A-Fa-f:.]{{2,45}}\]", host) or not (
        re.fullmatch("[0-9]{1,5}", port) and int(port) <= 65535
    ):
        raise ValueError(
            'write "HOST:PORT" alone, without http:// and without a path, like "127.0.0.1:8080"'
        )
    return value


def _base_url(value: AnyHttpUrl) -> AnyHttpUrl:
    if value.username or value.password:
        raise ValueError("leave name and password out of the URL; they have keys of their own")
    if value.query or value.fragment:
        raise ValueError("write the URL without ? and #")
    return value


def _host(value: str) -> str:
    if not re.fullmatch(_HOST, value):
        raise ValueError("write a host name or an address alone; the port has its own key")
    return value


def _glob(value: str) -> str:
    """Shell-like; what only a regular expression would mean fits no project and no branch."""
    if value.startswith("^") or value.endswith("$") or re.search(r"(?:^|/)\.\*", value):
        raise ValueError(
            'patterns here are shell-like, like "openstack/*"; only `projects` of [[gerrit]]'
            " takes ^ and a regular expression"
        )
    return value


def _project(value: str) -> str:
    """A name, a name with *, or ^ and a regular expression of those that Gerrit knows."""
    try:
        check_pattern(value)
    except ConfigError as error:
        raise ValueError(str(error)) from error
    return value


def _text(value: str) -> str:
    """Characters that are seen, in one line."""
    hidden = re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", value) or UNSEEN.search(value)
    if hidden or not one_line(value) or len(value) > 255:
        raise ValueError("write 1 to 255 characters, one line, none of them invisible")
    return value


def _like(pattern: str, words: str) -> AfterValidator:
    """A check of the whole text against ``pattern`` that says ``words`` when it fails."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(words)
        return value

    return AfterValidator(check)


def _secret(check: Callable[[str], str | None]) -> AfterValidator:
    """A check of a secret that never shows it: ``check`` answers what is wrong, or None."""

    def validate(value: SecretStr) -> SecretStr:
        wrong = check(value.get_secret_value())
        if wrong:
            raise ValueError(wrong)
        return value

    return AfterValidator(validate)


_TOKEN_BITS = 128


def _webhook_token(value: str) -> str | None:
    if not re.fullmatch(r"[A-Za-z0-9._~-]*", value):
        return "a webhook token is part of a URL: letters, digits and - . _ ~ only"
    if len(value) < 16:
        return "a webhook token has at least 16 characters: `openssl rand -hex 24` makes one"
    if _bits(value) < _TOKEN_BITS:
        return (
            f"a webhook token holds at least {_TOKEN_BITS} bits (32 hex digits, 22 letters and"
            " digits): `openssl rand -hex 24` makes one"
        )
    return None


def _bits(token: str) -> float:
    """The most that a token of these characters can hold."""
    kinds = ((10, "[0-9]"), (6, "[a-f]"), (20, "[g-z]"), (26, "[A-Z]"), (4, "[._~-]"))
    alphabet = sum(size for size, kind in kinds if re.search(kind, token))
    return len(token) * math.log2(alphabet) if len(set(token)) > 4 else 0.0


def _channel_keys(value: str) -> str | None:
    for pair in filter(str.strip, re.split(r"[,\n]", value)):
        if not re.fullmatch(r"[#&+!][^\s,\x00-\x1f]{1,199}\s+[^\s,:][^\s,]{0,49}", pair.strip()):
            return 'write a channel and its key, as in "#my-ci its-key"; a comma or line a channel'
    return None


def _api_token(value: str) -> str | None:
    if not re.fullmatch(r"[A-Za-z0-9._~+/=-]{32,512}", value):
        return "a token has at least 32 letters, digits and -._~+/=: `cibot token NAME` makes one"
    return None


_DATABASE = re.compile(
    r"[a-z+]+://([^\s:/@?#[\]]*(:[^\s/@?#[\]]*)?@)?([A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?"
    r"/[^\s/@?#[\]]+(\?[^\s[\]]*)?"
)


def _store_url(value: str) -> str | None:
    if not value.startswith(("sqlite:///", "mysql+pymysql://", "mariadb+pymysql://")):
        return (
            'write "sqlite:///PATH", "mysql+pymysql://USER:PASSWORD@HOST/DATABASE" or the same '
            "with mariadb+pymysql"
        )
    if not value.startswith("sqlite:") and not _DATABASE.fullmatch(value):
        return (
            'write "mysql+pymysql://USER:PASSWORD@HOST/DATABASE"; in a name or password write'
            " %40 for @, %2F for /, %3F for ?, %23 for #, %5B for [ and %25 for %"
        )
    if value.removeprefix("sqlite:///") in ("", ":memory:"):
        return 'name a file, like "sqlite:///var/cibot.db": a database in memory is lost on stop'
    return None


_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"

Duration = Annotated[timedelta, BeforeValidator(_duration)]
Limit = Annotated[timedelta, BeforeValidator(_duration), AfterValidator(_limit)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
LocalTime = Annotated[time, BeforeValidator(_local_time)]
Name = Annotated[
    str, _like(_NAME, "a name has letters, digits, - . _ only, and at most 63 of them")
]
Text = Annotated[str, AfterValidator(_text)]
ChannelName = Annotated[
    str,
    _like(
        _NAME + r"/\S{1,200}",
        'write a channel as NETWORK/ROOM, like "libera/#my-ci", "work/#ci-alerts", "console/here"',
    ),
]
ChatAccount = Annotated[
    str,
    _like(
        _NAME + r":\S{1,190}",
        'write who somebody is as NETWORK:ACCOUNT, like "libera:mika" (the services account, not '
        'the nick) or "work:U012AB3CD" (the Slack member id)',
    ),
]
IrcChannel = Annotated[
    str,
    _like(
        r"[#&+!][^\s,\x00-\x1f]{1,199}", 'write an IRC channel with its sign, like "#my-project-ci"'
    ),
]
ChannelKeys = Annotated[SecretStr, _secret(_channel_keys)]
Nick = Annotated[
    str,
    _like(
        r"[A-Za-z\[\]\\`_^{|}][A-Za-z0-9\[\]\\`_^{|}-]{0,29}",
        "a nick has at most 30 letters, digits and [ ] \\ ` _ ^ { | } -, and starts with no digit",
    ),
]
BaseUrl = Annotated[AnyHttpUrl, AfterValidator(_base_url)]
Listen = Annotated[str, AfterValidator(_listen)]
Host = Annotated[str, AfterValidator(_host)]
Share = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
SlashCommand = Annotated[str, _like(r"/\S+", 'write a slash command, like "/ci"')]
SlackApp = Annotated[
    str, _like(r"A[A-Z0-9]{5,30}", 'write the app id from Basic Information, like "A012ABCD0A0"')
]
TeamId = Annotated[str, _like(r"[TE][A-Z0-9]{5,30}", 'write the workspace\'s id, like "T012AB3CD"')]
Prefix = Annotated[str, _like(r"\S{1,20}", 'write a word without blanks, like "!ci"')]
Glob = Annotated[Text, AfterValidator(_glob)]
ProjectPattern = Annotated[Text, AfterValidator(_project)]
Account = Annotated[int | str, BeforeValidator(_account)]
StoreUrl = Annotated[SecretStr, _secret(_store_url)]
WebhookToken = Annotated[SecretStr, _secret(_webhook_token)]
ApiToken = Annotated[SecretStr, _secret(_api_token)]
TokenHash = Annotated[
    str,
    _like(
        r"sha256:[0-9a-f]{64}",
        'write "sha256:" and 64 hex digits, as `cibot token NAME` prints them; never the token',
    ),
]
Origin = Annotated[
    str,
    _like(
        r"\*|https?://([a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(:[0-9]{1,5})?",
        'write a site as its scheme and host in small letters, like "https://review.example.org", '
        'or "*" for all',
    ),
]
UrlPrefix = Annotated[
    str,
    _like(r"(/[A-Za-z0-9._~-]+)+", 'write a path like "/cibot": a slash before it, none behind'),
]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ALL_DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Section(BaseModel):
    """A part of the file: unknown keys are mistakes, values do not change."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )

    @field_validator("*", mode="before")
    @classmethod
    def _as_meant(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuses what pydantic would take and nobody means."""
        field = cls.model_fields[info.field_name or ""]
        kinds = kinds_in(field.annotation)
        if isinstance(value, str) and (meant := unquoted(field.annotation, value)) is not value:
            raise PydanticCustomError("quoted", f"write {json.dumps(meant)}, without quotes")
        if isinstance(value, str) and SecretStr in kinds and not value.strip():
            raise PydanticCustomError("blank", "is empty; leave the key out where there is none")
        if isinstance(value, bool) and bool not in kinds and {int, float} & {*kinds}:
            raise PydanticCustomError("truth", "write a number")
        fits_all = field.default == ("*",) or any(get_origin(kind) is Literal for kind in kinds)
        if value == [] and fits_all:
            text = "is empty, which fits nothing; name one, or leave the key out for all"
            raise PydanticCustomError("nothing", text)
        return value


def kinds_in(annotation: Any) -> list[Any]:
    """The types that a value may have, also within a tuple."""
    if get_origin(annotation) in (Union, UnionType, tuple):
        return [kind for part in get_args(annotation) for kind in kinds_in(part)]
    if hasattr(annotation, "__metadata__"):
        return kinds_in(get_args(annotation)[0])
    return [annotation]


def unquoted(annotation: Any, text: str) -> bool | int | float | str:
    """The number or truth value that the text is, where only that is one; else the text."""
    kinds = kinds_in(annotation)
    kind = next((kind for kind in (bool, int, float) if kind in kinds), None)
    if kind is None or str in kinds:
        return text
    try:
        value: bool | int | float = TypeAdapter(kind).validate_python(text)
    except ValidationError:
        return text
    return value


def is_loopback(host: str) -> bool:
    """Whether what is sent to a host never leaves this machine."""
    return host in ("localhost", "::1", "[::1]") or host.startswith("127.")


def ascii_lower(text: str) -> str:
    """Small letters for A-Z only, so that no letter that merely looks alike becomes another's."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)
