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


def aside_words(one: SetAside) -> str:
    """What was set aside, and why."""
    return f"{one.kind} {figures.cut(one.name, _NAME)}: {figures.cut(one.reason, _ERROR)}"


def _words(one: Undelivered) -> str:
    counts = []
    if one.waiting:
        counts.append(f"{figures.plural(one.waiting, 'message')} wait{'s' * (one.waiting == 1)}")
    if one.dead:
        counts.append(f"{figures.plural(one.dead, 'message')} given up")
    return f"{', '.join(counts)}: {figures.cut(one.error, _ERROR)}"
