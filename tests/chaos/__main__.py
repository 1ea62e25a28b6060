"""`make chaos N=300`: hundreds of kills by hand, and the table of what became of the messages."""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import random
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.ledger import Ledger, table
from tests.chaos.trial import Outcome, trial
from tests.support.inspircd import InspIRCd
from tests.support.loopback import forbid_network
from tests.support.mariadb import MariaDB
from tests.support.ngircd import Ngircd
from tests.support.processes import lasting_port, server_directory
from tests.support.slack_server import SlackServer
from tests.support.zygote import Zygote

_A_SERIES = 100  # kills of one bot on one database, until the books are compared


@dataclass
class Scene:
    """The servers that all series share."""

    irc: tuple[Ngircd, InspIRCd]
    mariadb: MariaDB | None
    zygote: Zygote | None = None  # each series has one of its own where none is given

    def series(self, number: int, seed: int, kills: int, database: str | None) -> Outcome:
        """So many kills of one bot on a database of its own (SQLite where none is given)."""
        with (
            tempfile.TemporaryDirectory() as place,
            SlackServer(look_s=0.5) as slack,
            contextlib.nullcontext(self.zygote) if self.zygote else Zygote() as zygote,
        ):
            url = database or f"sqlite:///{place}/cibot.db"
            servers = (*self.irc, slack)
            port = lasting_port(20_000 + (os.getppid() + number) * 20 % 11_000)
            more = {"mark": f"{number}", "breaking": 3, "zygote": zygote, "port": port}
            with trial(Path(place), url, servers, seed + number, **more) as running:
                return running.run(kills)


_scene: Scene | None = None  # the workers, forked, have it from here


def _series(number: int, seed: int, kills: int, database: str | None) -> Outcome:
    assert _scene is not None
    try:
        return _scene.series(number, seed, kills, database)
    except Exception:  # noqa: BLE001 - whatever it was: the other series go on, and it is told
        return Outcome(0, 0, 0.0, wrong=[f"series {number}:\n{traceback.format_exc()}"])


@contextlib.contextmanager
def scene(kinds: list[str]) -> Iterator[Scene]:
    """Starts the servers."""
    with contextlib.ExitStack() as stack:

        def directory(name: str, user: str | None = None) -> Path:
            path = stack.enter_context(server_directory(name, user))
            path.chmod(0o755)
            return path

        irc = (Ngircd(directory("ngircd", "nobody")), InspIRCd(directory("inspircd", "nobody")))
        for server in irc:
            server.start()
            stack.callback(server.stop)
        mariadb = MariaDB(directory("mariadb")) if "mariadb" in kinds else None
        if mariadb:
            mariadb.start()
            stack.callback(mariadb.stop)
        yield Scene(irc, mariadb)


def main() -> int:
    """Runs series of kills on both databases in turn, some at once."""
    global _scene
    asked = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    asked.add_argument("--kills", type=int, default=100, help="how often the bot is killed")
    asked.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    asked.add_argument(
        "--jobs",
        type=int,
        default=4 * (os.cpu_count() or 1),
        help="series at once: a bot mostly waits",
    )
    asked.add_argument("--database", choices=["sqlite", "mariadb", "both"], default="both")
    words = asked.parse_args()
    forbid_network()
    kinds = ["sqlite", "mariadb"] if words.database == "both" else [words.database]
    print(f"seed {words.seed}", flush=True)
    sizes = [min(_A_SERIES, words.kills - done) for done in range(0, words.kills, _A_SERIES)]
    outcomes: list[Outcome] = []
    with scene(kinds) as _scene:
        for outcome in _all(_scene, sizes, kinds, words.seed, words.jobs):
            outcomes.append(outcome)
            _tell(outcomes)
    return 1 if any(_faults(outcome) for outcome in outcomes) else 0


def _all(
    scene: Scene, sizes: list[int], kinds: list[str], seed: int, jobs: int
) -> Iterator[Outcome]:
    """The outcome of each series as soon as it is there."""
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(jobs, mp_context=fork) as pool:
        databases: dict[Future[Outcome], str | None] = {}
        for number, kills in enumerate(sizes):
            url = None
            if kinds[number % len(kinds)] == "mariadb" and scene.mariadb:
                url = scene.mariadb.create_database()
            databases[pool.submit(_series, number, seed, kills, url)] = url
        for done in as_completed(databases):
            yield done.result()
            if scene.mariadb and (url := databases[done]):
                scene.mariadb.drop_database(url)


def _tell(outcomes: list[Outcome]) -> None:
    """The table of all series until now."""
    kills = sum(outcome.kills for outcome in outcomes)
    incidents = sum(outcome.incidents for outcome in outcomes)
    seconds = sum(outcome.seconds for outcome in outcomes)
    ways = sum((outcome.ways for outcome in outcomes), Counter[str]())
    print(f"\n{kills} kills in {seconds:.0f} s; {incidents} incidents opened and resolved")
    print("killed: " + ", ".join(f"{way} {count}" for way, count in sorted(ways.items())))
    ledgers: dict[str, Ledger] = {}
    for outcome in outcomes:
        for name, ledger in outcome.ledgers.items():
            ledgers[name] = ledgers.get(name, Ledger()) + ledger
    print(table(ledgers))
    for outcome in outcomes:
        for wrong in _faults(outcome):
            print(f"WRONG: {wrong}")
    sys.stdout.flush()


def _faults(outcome: Outcome) -> list[str]:
    return [*outcome.wrong, *broken(outcome)]


def broken(outcome: Outcome) -> list[str]:
    """Which promises were not kept."""
    faults = []
    for name, ledger in outcome.ledgers.items():
        harm = {
            "lost": ledger.lost,
            "twice without a mark": ledger.unmarked,
            "out of order": ledger.disordered,
            "unwanted": len(ledger.strange),
        }
        if name == "slack":
            harm["twice"] = ledger.marked + ledger.needless
        faults += [f"{name}: {count} messages {what}" for what, count in harm.items() if count]
    return faults


if __name__ == "__main__":
    sys.exit(main())
