"""What every question is asked with: the present moment, the configuration, a time zone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, TypeVar
from urllib.parse import quote

from cibot.config.models import CiConfig, Config

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Memory:
    """Answers that are dear to ask and slow to change, with when each was asked."""

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
            kept = self.memory.answers.get(name)
            if kept is None or not timedelta(0) <= self.now - kept[0] < length:
                kept = self.memory.answers[name] = (self.now, ask())
            answer: T = kept[1]
            return answer

    def configured(self, name: str) -> CiConfig | None:
        """What the configuration says of a CI, where it names it."""
        return next((ci for ci in self.config.ci if ci.name == name), None)

    def retires(self, name: str) -> bool:
        """Whether the configuration calls the CI retired."""
        return any(ci.retired for ci in self.config.ci if ci.name == name)

    def page(self, *path: str) -> str | None:
        """The address of a page of the dashboard, or None where it has no public address."""
        base = self.config.web.public_url
        if base is None:
            return None
        return "/".join([str(base).rstrip("/"), *(quote(part, safe="") for part in path)])

    def ci_page(self, name: str, branch: str | None = None) -> str | None:
        """The address of a CI's page; with ``branch`` of how it is there."""
        page = self.page("ci", name)
        return f"{page}?branch={quote(branch, safe='')}" if page and branch else page

    def change_page(self, number: int, project: str | None = None) -> str | None:
        """The address of a change's page; with its project where the number alone is not enough."""
        page = self.page("change", str(number))
        return f"{page}?project={quote(project, safe='')}" if page and project else page

    def incident_page(self, incident_id: int) -> str | None:
        """The address of an incident's page."""
        return self.page("incidents", str(incident_id))


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
