"""Says that events told what Gerrit does not hold: the webhook's token may be known to others."""

from __future__ import annotations

import logging
from datetime import datetime

from cibot.store.engine import Tx
from cibot.store.feeds import feed_failed, feed_rejected

log = logging.getLogger(__name__)

FEED = "webhook"
_MOST_COUNTED = 100  # of one transaction


def report_forged(tx: Tx, server_id: int, server: str, comments: int, now: datetime) -> None:
    """Notes with the feed that so many comments were taken back."""
    if not comments:
        return
    said = (
        f"{comments} comments that events told of were taken back: Gerrit does not hold them;"
        " if this comes again, give the webhook another token"
    )
    log.warning("events were forged server=%s: %s", server, said)
    feed_failed(tx, server_id, FEED, said, now)
    for _ in range(min(comments, _MOST_COUNTED)):
        feed_rejected(tx, server_id, FEED)
