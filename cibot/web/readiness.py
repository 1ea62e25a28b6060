"""What ``/readyz`` looks at: the database, each server's feeds, each chat network.

Messages that a network could not be told, and what raised and was set aside, are named; they
do not make the bot unready.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from cibot.chat.protocol import Backend
from cibot.errors import CibotError
from cibot.reports.undelivered import aside_words, undelivered_words
from cibot.store.cis import server_urls
from cibot.store.engine import Store
from cibot.store.histories import heard_at
from cibot.store.set_aside import set_aside
from cibot.web.probes import PartState

STALE = timedelta(minutes=15)
_NAMED = 20  # of what is set aside


def parts(
    store: Store, clock: Callable[[], datetime], backends: Mapping[str, Backend]
) -> dict[str, Callable[[], PartState]]:
    """A look at each part; each takes a query or none."""

    def database() -> PartState:
        try:
            store.ping()
        except CibotError as error:
            return PartState(False, str(error))
        return PartState(True, "answers")

    def feeds() -> PartState:
        try:
            names, heard = store.read(lambda tx: (server_urls(tx), heard_at(tx)))
        except CibotError as error:
            return PartState(False, str(error))
        ages = {names[name][0]: _age(heard.get(name), clock()) for name in names}
        stale = [name for name, age in ages.items() if age is None or age > STALE]
        said = ", ".join(f"{name} heard {_words(age)}" for name, age in sorted(ages.items()))
        return PartState(not stale, said or "no server is configured")

    def aside() -> PartState:
        try:
            found = store.read(lambda tx: set_aside(tx, clock()))
        except CibotError as error:
            return PartState(False, str(error))
        return PartState(True, "; ".join(map(aside_words, found[:_NAMED])) or "nothing")

    def link(backend: Backend) -> Callable[[], PartState]:
        def look() -> PartState:
            now = backend.link()
            said = now.detail or ("connected" if now.up else "not connected")
            with suppress(CibotError):  # the database has a part of its own
                unsaid = store.read(undelivered_words).get(backend.network)
                said = f"{said}; {unsaid}" if unsaid else said
            return PartState(now.up or now.standby, said)

        return look

    chats = {f"chat {name}": link(one) for name, one in sorted(backends.items())}
    return {"database": database, "feeds": feeds, "set aside": aside, **chats}


def _age(heard: datetime | None, now: datetime) -> timedelta | None:
    return None if heard is None else now - heard


def _words(age: timedelta | None) -> str:
    return "never" if age is None else f"{max(0, round(age.total_seconds()))} s ago"
