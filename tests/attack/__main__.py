"""``python -m tests.attack [NAME…]``: attacks a bot on this machine and prints the figures.

Bounded in number and time, and loopback only.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.attack import gerrit, growth, irc, web
from tests.attack.finding import Attack, Finding, Scale
from tests.support.loopback import forbid_network

ATTACKS: dict[str, Attack] = {
    "web": web.attacks,
    "gerrit": gerrit.attacks,
    "growth": growth.attacks,
    "irc": irc.attacks,
}


def show(findings: list[Finding]) -> None:
    """The figures as a table."""
    table = Table(title="cibot, attacked", title_justify="left")
    for heading in ("attack", "figure", "measured", "bar", ""):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        mark = {None: "", True: "holds", False: "DOES NOT HOLD"}[finding.holds]
        table.add_row(finding.attack, finding.figure, finding.measured, finding.bar, mark)
    Console(width=130).print(table)


def main() -> int:
    """Runs what was named, or everything."""
    asked = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    asked.add_argument("attacks", nargs="*", metavar="NAME", help=", ".join(ATTACKS))
    asked.add_argument("--seconds", type=float, default=Scale().seconds, help="for each attack")
    asked.add_argument("--crowd", type=int, default=Scale().crowd, help="strangers at most")
    words = asked.parse_args()
    unknown = set(words.attacks) - set(ATTACKS)
    if unknown:
        asked.error(f"no such attack: {', '.join(sorted(unknown))}")
    forbid_network()
    scale = Scale(seconds=min(600.0, words.seconds), crowd=min(1000, words.crowd))
    findings: list[Finding] = []
    for name in words.attacks or ATTACKS:
        with tempfile.TemporaryDirectory(prefix="cibot-attack-") as directory:
            for finding in ATTACKS[name](scale, Path(directory)):
                print(f"{finding.attack}: {finding.figure} {finding.measured}", flush=True)
                findings.append(finding)
    show(findings)
    return 1 if any(finding.holds is False for finding in findings) else 0


if __name__ == "__main__":
    sys.exit(main())
