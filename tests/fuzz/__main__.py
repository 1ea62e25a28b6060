"""`make fuzz`: hostile IRC lines, Slack requests and Gerrit events; seconds, or N of each.

A run draws its seed and prints it; `make fuzz ARGS="--seed S --jobs J"` with the printed
numbers repeats it.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from cibot.store.engine import Store, open_store
from cibot.store.migrate import upgrade
from tests.fuzz.http import HttpFuzz
from tests.fuzz.irc import IrcFuzz
from tests.support.loopback import forbid_network
from tests.support.slack_server import SlackServer

_GERRIT_SHARE = 10  # lines for each event of Gerrit, which goes into the database


@dataclass(frozen=True)
class Numbers:
    """How many of each kind; None for as many as a third of the time allows."""

    irc: int | None
    slack: int | None
    gerrit: int | None

    def share(self, jobs: int) -> Numbers:
        """What one of so many processes does."""
        parts = (self.irc, self.slack, self.gerrit)
        return Numbers(*(None if number is None else -(-number // jobs) for number in parts))


class Complaints(logging.Handler):
    """What was logged as an exception or an error: nobody outside may cause that."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] == "cibot":
            self.lines.append(self.format(record))


@contextmanager
def complaints() -> Iterator[list[str]]:
    """The complaints of the block's time."""
    handler = Complaints()
    logging.getLogger().addHandler(handler)
    try:
        yield handler.lines
    finally:
        logging.getLogger().removeHandler(handler)


def repeat(feed: Callable[[], None], number: int | None, seconds: float) -> int:
    """Calls it so often, or for so long where ``number`` is None; how often it was."""
    end, count = time.monotonic() + seconds, 0
    while count < number if number is not None else time.monotonic() < end:
        feed()
        count += 1
    return count


def run(store: Store, seed: int, numbers: Numbers, seconds: float) -> list[str]:
    """All three kinds; lines that tell of them. Raises at a fault, with the seed."""
    with SlackServer() as slack:
        try:
            return _run(IrcFuzz(seed), HttpFuzz(seed, store, slack), numbers, seconds)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error}") from error


def _run(irc: IrcFuzz, http: HttpFuzz, numbers: Numbers, seconds: float) -> list[str]:
    try:
        with complaints() as errors:
            lines = repeat(irc.feed_line, numbers.irc, seconds / 3)
            slack = repeat(http.slack, numbers.slack, seconds / 3)
            gerrit = repeat(http.gerrit, numbers.gerrit, seconds / 3)
    finally:
        http.close()
    assert not errors, "\n".join(errors[:5])
    return [
        f"{lines} IRC lines, {irc.ended} connections ended",
        f"{slack} Slack requests, answered {_sorted(http.statuses['slack'])}",
        f"{gerrit} Gerrit events, answered {_sorted(http.statuses['gerrit'])}",
    ]


def _sorted(statuses: dict[int, int]) -> str:
    return ", ".join(f"{status} × {count}" for status, count in sorted(statuses.items()))


def _job(seed: int, numbers: Numbers, seconds: float) -> list[str]:
    """One process's part, on a database of its own."""
    logging.getLogger("cibot").addHandler(logging.NullHandler())
    logging.lastResort = None  # hostile requests are told of in the log, and they are many
    with tempfile.TemporaryDirectory() as directory:
        store = open_store(f"sqlite:///{directory}/cibot.db")
        upgrade(store)
        try:
            return run(store, seed, numbers, seconds)
        finally:
            store.close()


def main() -> int:
    """Reads the words of the command line."""
    asked = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    asked.add_argument("--number", type=int, help="IRC lines and Slack requests; a tenth of Gerrit")
    asked.add_argument("--irc", type=int, help="IRC lines, instead")
    asked.add_argument("--slack", type=int, help="Slack requests, instead")
    asked.add_argument("--gerrit", type=int, help="Gerrit events, instead")
    asked.add_argument("--seconds", type=float, default=15.0)
    asked.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    asked.add_argument("--jobs", type=int, default=1, help="processes, each with a seed of its own")
    words = asked.parse_args()
    forbid_network()
    print(f"seed {words.seed}", flush=True)
    tenth = None if words.number is None else -(-words.number // _GERRIT_SHARE)
    numbers = Numbers(
        *(whole if given is None else given for given, whole in (
            (words.irc, words.number), (words.slack, words.number), (words.gerrit, tenth)
        ))
    )  # fmt: skip
    seeds = range(words.seed, words.seed + words.jobs)
    fork = multiprocessing.get_context("fork")  # before anything has a thread
    with ProcessPoolExecutor(words.jobs, mp_context=fork) as pool:
        share = numbers.share(words.jobs)
        parts = [pool.submit(_job, seed, share, words.seconds) for seed in seeds]
        for seed, part in zip(seeds, parts, strict=True):
            print(f"seed {seed}:", *part.result(), sep="\n  ", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
