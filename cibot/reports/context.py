"""What every question is asked with: the present moment, the configuration, a time zone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from cibot.config.models import CiConfig, Config

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Memory:
    """Answers that take long and change slowly, with the time of each."""

    answers: dict[str, tuple[datetime, Any]] = field(default_factory=dict)
    locks: dict[str, threading.Lock] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """``now`` is UTC; ``zone`` is that of the people who read the answer."""

    now: datetime
    config: Config = field(default_factory=Config)
    zone: tzinfo = UTC
    memory: Memory = field(default_factory=Memory)

    def remembered(self, name: str, length: timedelta, ask: Callable[[], T]) -> T:
        """The answer of ``ask``, or one that is less than ``length`` old.

        One thread asks while the others wait, so that a crowd asks once. ``name`` is one of a
        few, or of a few for each CI: an answer is kept for good.
        """
        with self.memory.locks.setdefault(name, threading.Lock()):
            last = self.memory.answers.get(name)
            if last is None or not timedelta(0) <= self.now - last[0] < length:
                last = self.memory.answers[name] = (self.now, ask())
            answer: T = last[1]
            return answer

    def entry(self, name: str) -> CiConfig:
        """A CI's ``[[ci]]``; one without accounts where the configuration does not name it."""
        unnamed = CiConfig.model_construct(name=name, accounts=())
        return next((ci for ci in self.config.ci if ci.name == name), unnamed)

    def page(self, *path: object, **query: object) -> str | None:
        """The address of a page of the dashboard, or None where it has no public address.

        What is None in ``query`` is left out.
        """
        base = self.config.web.public_url
        if base is None:
            return None
        address = "/".join([str(base).rstrip("/"), *(quote(str(part), safe="") for part in path)])
        given = {name: value for name, value in query.items() if value is not None}
        return f"{address}?{urlencode(given, safe='', quote_via=quote)}" if given else address


def same_fields(kind: type, source: object) -> dict[str, Any]:
    """The fields of the dataclass ``kind`` that ``source`` has under the same name."""
    return {name: getattr(source, name) for name in _names(kind) if hasattr(source, name)}


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def gerrit_page(
    server_url: str | None, project: str, number: int, patch_set: int | None = None
) -> str | None:
    """The address of a change on its Gerrit, ``…/c/PROJECT/+/NUMBER/PATCH_SET``.

    None where the Gerrit is not known any more.
    """
    if server_url is None:
        return None
    tail = f"/{patch_set}" if patch_set else ""
    return f"{server_url.rstrip('/')}/c/{quote(project, safe='/')}/+/{number}{tail}"
