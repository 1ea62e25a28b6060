"""Which of several changes of one number a link means, that would else have the number only."""

from __future__ import annotations

from cibot.store.changes import changes_by_number
from cibot.store.cis import server_urls
from cibot.store.engine import Tx


def distinguished(
    tx: Tx, number: int, change_id: int | None = None, project: str | None = None
) -> dict[str, str]:
    """``project`` and ``server`` of the change, where its number alone is not enough."""
    rows = changes_by_number(tx, number)
    if len(rows) < 2:
        return {}
    meant = [row for row in rows if row.id == change_id or row.project == project]
    if not meant:
        return {}
    return {"project": meant[0].project, "server": server_urls(tx)[meant[0].server_id][0]}
