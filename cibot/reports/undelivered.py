"""What could not be sent or was set aside, in sentences that all faces share."""

from __future__ import annotations

from cibot.store.digests import Undelivered, undelivered
from cibot.store.engine import Tx
from cibot.store.set_aside import SetAside
from cibot.text import figures

_NAME = 80
_ERROR = 160  # characters of what went wrong


def undelivered_words(tx: Tx) -> dict[str, str]:
    """A sentence by network, for those with messages that failed and are not out."""
    return {row.network: _words(row) for row in undelivered(tx)}


def aside_words(row: SetAside) -> str:
    """What was set aside, and why."""
    return f"{row.kind} {figures.cut(row.name, _NAME)}: {figures.cut(row.reason, _ERROR)}"


def _words(row: Undelivered) -> str:
    counts = []
    if row.waiting:
        counts.append(f"{figures.plural(row.waiting, 'message')} wait{'s' * (row.waiting == 1)}")
    if row.dead:
        counts.append(f"{figures.plural(row.dead, 'message')} given up")
    return f"{', '.join(counts)}: {figures.cut(row.error, _ERROR)}"
