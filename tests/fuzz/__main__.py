"""`make fuzz`: hostile IRC lines, Slack requests and Gerrit events; seconds, or N of each kind."""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cibot.store.engine import Store, open_store
from cibot.store.migrate import upgrade
from tests.fuzz.http import HttpFuzz
from tests.fuzz.irc import IrcFuzz
from tests.support.loopback import forbid_network
from tests.support.slack_server import SlackServer

_HTTP_SHARE = 10  # lines for each request: a request is that much dearer


class Complaints(logging.Handler):
    """What was logged as an exception or an error: nobody outside may cause that."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] == "cibot":
            self.found.append(self.format(record))


@contextmanager
def complaints() -> Iterator[list[str]]:
    """The complaints of the block's time."""
    handler = Complaints()
    logging.getLogger().addHandler(handler)
    try:
        yield handler.found
    finally:
        logging.getLogger().removeHandler(handler)


def repeat(one: Callable[[], None], number: int | None, seconds: float) -> int:
    """Calls it so often, or for so long where ``number`` is None; how often it was."""
    end, count = time.monotonic() + seconds, 0
    while count < number if number is not None else time.monotonic() < end:
        one()
        count += 1
    return count


def run(store: Store, seed: int, number: int | None, seconds: float) -> list[str]:
    """All three kinds, a third of the time each; lines that tell of them. Raises at a fault."""
    with SlackServer() as slack:
        return _run(IrcFuzz(seed), HttpFuzz(seed, store, slack), number, seconds)


def _run(irc: IrcFuzz, http: HttpFuzz, number: int | None, seconds: float) -> list[str]:
    few = None if number is None else max(1, number // _HTTP_SHARE)
    try:
        with complaints() as found:
            lines = repeat(irc.one, number, seconds / 3)
            slack = repeat(http.slack, few, seconds / 3)
            gerrit = repeat(http.gerrit, few, seconds / 3)
    finally:
        http.close()
    assert not found, "\n".join(found[:5])
    return [
        f"{lines} IRC lines, {irc.ended} connections ended",
        f"{slack} Slack requests, answered {_sorted(http.statuses['slack'])}",
        f"{gerrit} Gerrit events, answered {_sorted(http.statuses['gerrit'])}",
    ]


def _sorted(statuses: dict[int, int]) -> str:
    return ", ".join(f"{status} × {count}" for status, count in sorted(statuses.items()))


def main() -> int:
    """Reads the words of the command line."""
    asked = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    asked.add_argument("--number", type=int, help="IRC lines; a tenth of that of each request")
    asked.add_argument("--seconds", type=float, default=15.0)
    asked.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    words = asked.parse_args()
    forbid_network()
    print(f"seed {words.seed}", flush=True)
    logging.getLogger("cibot").addHandler(logging.NullHandler())
    logging.lastResort = None  # hostile requests are told of in the log, and they are many
    with tempfile.TemporaryDirectory() as directory:
        store = open_store(f"sqlite:///{directory}/cibot.db")
        upgrade(store)
        print("\n".join(run(store, words.seed, words.number, words.seconds)))
        store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
