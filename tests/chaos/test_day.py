"""A day of simulated time with all outages in sequence; the ledger of it must be equal.

Run it with ``-s`` to see the ledger.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.chaos.day import Day, day, until
from tests.chaos.hearing import unequal
from tests.chaos.outages import Outage, outages
from tests.chaos.setting import ACCOUNT, PASSWORD, Servers
from tests.support.gate import Gate
from tests.support.inspircd import InspIRCd
from tests.support.mariadb import MariaDB
from tests.support.ngircd import Ngircd
from tests.support.processes import server_directory
from tests.support.slack_server import SlackServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]
_PATIENCE_S = 3600  # of a server with a silent person


@pytest.fixture
def servers() -> Iterator[Servers]:
    """Servers of the test's own: it stops them and changes their accounts."""
    with contextlib.ExitStack() as stack:

        def directory(name: str, user: str | None = None) -> Path:
            path = stack.enter_context(server_directory(name, user))
            path.chmod(0o755)
            return path

        mariadb = MariaDB(directory("mariadb"))
        # Our people answer no PING while they are not asked to read.
        ngircd, stranger = (
            Ngircd(directory("ngircd", "nobody"), ping_s=_PATIENCE_S) for _ in range(2)
        )
        inspircd = InspIRCd(directory("inspircd", "nobody"), ping_s=_PATIENCE_S)
        for server in (mariadb, ngircd, stranger, inspircd):
            server.start()
            stack.callback(server.stop)
        inspircd.register(ACCOUNT, PASSWORD)
        gate = stack.enter_context(Gate(ngircd.tls_port))
        gate_i = stack.enter_context(Gate(inspircd.tls_port))
        slack = stack.enter_context(SlackServer())
        yield Servers(mariadb, ngircd, stranger, inspircd, slack, gate, gate_i)


def outlive(day: Day, outage: Outage, log: pytest.LogCaptureFixture) -> None:
    """One outage: two CIs break in it, one of them recovers before it is over."""
    log.clear()
    outage.begin(day)
    first = day.breaks()
    if outage.stored:
        day.settled(first)
        day.said(but=outage.mute)  # what can be said is said at once
    says(day, outage, log)
    day.pass_time(outage.lasts)
    if not outage.stored:  # what Gerrit could not post comes all at once, when that is over
        outage.end(day)
        day.settled(first)
    day.mends(first)
    day.settled(first)
    second = day.breaks()
    day.settled(second)
    if outage.stored:
        outage.end(day)
    day.quiet()
    outage.after(day)
    for network, heard in day.heard().items():
        late = network == outage.mute
        what = f"{outage.name}: {first.ci} in {network}"
        assert heard.digest[first.ci] == late, what
        alerts = heard.alerts[first.ci, "opened"] + heard.repeats[first.ci, "opened"]
        assert bool(alerts) != late, what
        assert not unequal([trouble.ci for trouble in day.truth], heard, [second.ci]), what
    day.mends(second)
    day.settled(second)
    day.quiet()
    until(lambda: day.ready_says(outage.part).startswith("ok"), f"the end of {outage.name}")


def says(day: Day, outage: Outage, log: pytest.LogCaptureFixture) -> None:
    """The bot goes on, and says what it cannot do."""
    asked_on = "inspircd" if outage.mute != "inspircd" else "ngircd"
    if outage.mute and (outage.check or "").startswith("given up"):
        day.gives_up(outage.mute)
    expected: list[tuple[str, str | None, Callable[[], str]]] = [
        ("/readyz", outage.ready, lambda: day.ready_says(outage.part)),
        ("the log", outage.log, lambda: log.text),
        ("cibot check", outage.check, day.check_says),
        ("feeds", outage.feeds, lambda: day.feeds_says(asked_on)),
    ]
    for where, words, look in expected:
        if words:
            heard_in(look, words, f"{outage.name}: {words!r} in {where}")


def heard_in(look: Callable[[], str], words: str, what: str) -> None:
    """Waits for words in a text; a failure shows the last one."""
    text = ""

    def seen() -> bool:
        nonlocal text
        text = look()
        return words in text

    try:
        until(seen, what)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{text}") from error


def test_a_day_of_outages(
    servers: Servers, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "cibot")
    with day(servers, tmp_path) as simulated:
        for outage in outages():
            start = simulated.clock()
            outlive(simulated, outage, caplog)
            print(f"{start - simulated.began}  {outage.name}")
        left = timedelta(days=1) - (simulated.clock() - simulated.began)
        simulated.pass_time(left)
        simulated.quiet()
        print(f"{simulated.clock() - simulated.began}  the day is over\n{ledger(simulated)}")
        for network, heard in simulated.heard().items():
            assert not unequal([each.ci for each in simulated.truth], heard), network
        assert simulated.summaries() == {"sent": 3}


def ledger(day: Day) -> str:
    """The day's books as lines of text."""
    lines = [f"{len(day.truth)} incidents opened and ended"]
    for network, heard in day.heard().items():
        counts = {
            step: sum(n for (_ci, name), n in heard.alerts.items() if name == step)
            for step in ("opened", "recovered")
        }
        lines.append(
            f"{network}: {counts['opened']} openings, {counts['recovered']} recoveries, "
            f"{sum(heard.digest.values())} in digests, {sum(heard.repeats.values())} marked as "
            f"possible repeats, {heard.elsewhere} notes about other rooms; unequal: "
            f"{len(unequal([trouble.ci for trouble in day.truth], heard))}"
        )
    return "\n".join(lines)
