"""Rows of CIs. What the configuration says of one stays in the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select, update

from cibot.store import schema
from cibot.store.bulk import upsert
from cibot.store.engine import Tx

Origin = Literal["configured", "group", "discovered"]


@dataclass(frozen=True, slots=True)
class KnownCi:
    """A CI as stored; its name is what people call it and never changes by itself."""

    id: int
    name: str
    origin: str


def all_cis(tx: Tx) -> list[KnownCi]:
    """Every CI, by name."""
    query = select(schema.ci.c.id, schema.ci.c.name, schema.ci.c.origin).order_by(schema.ci.c.name)
    return [KnownCi(*row) for row in tx.execute(query)]


def ensure_ci(tx: Tx, name: str, origin: Origin, now: datetime) -> int:
    """The id of the CI of that name, which is stored if it was not."""
    table = schema.ci
    query = select(table.c.id).where(table.c.name == name)
    found = tx.execute(query).scalar()
    if found is None:
        # Another process may add it at this moment.
        upsert(tx, table, [{"name": name, "origin": origin, "created_at": now}])
        found = tx.execute(query).scalar_one()
    elif origin == "configured":
        tx.execute(update(table).where(table.c.id == found).values(origin=origin))
    return int(found)


def ensure_server(tx: Tx, name: str, url: str) -> int:
    """The id of a Gerrit server, whose URL may have moved."""
    table = schema.server
    query = select(table.c.id, table.c.url).where(table.c.name == name)
    found = tx.execute(query).one_or_none()
    if found is None:
        upsert(tx, table, [{"name": name, "url": url}])  # another process may add it, too
        return int(tx.execute(query).one().id)
    if found.url != url:
        tx.execute(update(table).where(table.c.id == found.id).values(url=url))
    return int(found.id)


def server_urls(tx: Tx) -> dict[int, tuple[str, str]]:
    """Each server's name and URL by its id."""
    return {row.id: (row.name, row.url) for row in tx.execute(select(schema.server))}
