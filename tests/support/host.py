"""``cibot run`` as one of several hosts: ``python -m tests.support.host CONFIG SKEW_S``.

The host's clock is wrong by ``SKEW_S`` seconds.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cibot import logs
from cibot.bootstrap import build
from cibot.cli.common import when_asked_to_end
from cibot.cli.run import live
from cibot.config.load import load


def main(config: str, skew_s: str) -> None:
    """Runs until it is asked to end."""
    logs.set_up("info", "text", secrets=())
    skew = timedelta(seconds=float(skew_s))
    bot = build(load(Path(config), {}), clock=lambda: datetime.now(UTC) + skew)
    when_asked_to_end(bot.ask_to_stop)
    live(bot)


if __name__ == "__main__":
    main(*sys.argv[1:])
