"""`make chaos N=300`: hundreds of kills by hand, and the table of what became of the messages."""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
import tempfile
from pathlib import Path

from tests.chaos.ledger import Ledger, table
from tests.chaos.trial import Outcome, trial
from tests.support.inspircd import InspIRCd
from tests.support.loopback import forbid_network
from tests.support.mariadb import MariaDB
from tests.support.ngircd import Ngircd
from tests.support.processes import server_directory
from tests.support.slack_server import SlackServer

_A_SERIES = 25  # kills of one bot on one database, until the books are compared


def main() -> int:
    """Runs series of kills on both databases in turn."""
    asked = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    asked.add_argument("--kills", type=int, default=100, help="how often the bot is killed")
    asked.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    asked.add_argument("--database", choices=["sqlite", "mariadb", "both"], default="both")
    words = asked.parse_args()
    forbid_network()
    kinds = ["sqlite", "mariadb"] if words.database == "both" else [words.database]
    outcomes: list[Outcome] = []
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
        print(f"seed {words.seed}")
        left, number = words.kills, 0
        while left > 0:
            kills = min(left, _A_SERIES)
            with tempfile.TemporaryDirectory() as place, SlackServer() as slack:
                url = f"sqlite:///{place}/cibot.db"
                if kinds[number % len(kinds)] == "mariadb" and mariadb:
                    url = mariadb.create_database()
                seed = words.seed + number
                with trial(Path(place), url, (*irc, slack), seed, breaking=8) as one:
                    outcomes.append(one.run(kills))
            left, number = left - kills, number + 1
            _tell(outcomes)
    return 1 if any(_faults(one) for one in outcomes) else 0


def _tell(outcomes: list[Outcome]) -> None:
    """The table of all series until now."""
    kills, incidents = sum(one.kills for one in outcomes), sum(one.incidents for one in outcomes)
    seconds = sum(one.seconds for one in outcomes)
    print(f"\n{kills} kills in {seconds:.0f} s; {incidents} incidents opened and resolved")
    ledgers: dict[str, Ledger] = {}
    for one in outcomes:
        for name, ledger in one.ledgers.items():
            ledgers[name] = ledgers.get(name, Ledger()) + ledger
    print(table(ledgers))
    for one in outcomes:
        for wrong in _faults(one):
            print(f"WRONG: {wrong}")
    sys.stdout.flush()


def _faults(outcome: Outcome) -> list[str]:
    return [*outcome.wrong, *broken(outcome)]


def broken(outcome: Outcome) -> list[str]:
    """Which promises were not kept."""
    found = []
    for name, ledger in outcome.ledgers.items():
        harm = {
            "lost": ledger.lost,
            "twice without a mark": ledger.unmarked,
            "out of order": ledger.disordered,
            "unwanted": len(ledger.strange),
        }
        if name == "slack":
            harm["twice"] = ledger.marked + ledger.needless
        found += [f"{name}: {count} messages {what}" for what, count in harm.items() if count]
    return found


if __name__ == "__main__":
    sys.exit(main())
