"""A day of simulated time with all outages in sequence; the ledger of it must be equal.

Run it with ``-s`` to see the ledger.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cibot.store import schema
from tests.chaos.day import ACCOUNT, PASSWORD, Day, Servers, day
from tests.chaos.hearing import unequal
from tests.chaos.outages import Outage, outages
from tests.support.gate import Gate
from tests.support.inspircd import InspIRCd
from tests.support.mariadb import MariaDB
from tests.support.ngircd import Ngircd
from tests.support.processes import server_directory
from tests.support.slack_server import SlackServer
from tests.support.whole_bot import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]


@pytest.fixture
def servers() -> Iterator[Servers]:
    """Servers of the test's own: it stops them and changes their accounts."""
    with contextlib.ExitStack() as stack:

        def directory(name: str, user: str | None = None) -> Path:
            path = stack.enter_context(server_directory(name, user))
            path.chmod(0o755)
            return path

        mariadb = MariaDB(directory("mariadb"))
        ngircd, stranger = (Ngircd(directory("ngircd", "nobody")) for _ in range(2))
        inspircd = InspIRCd(directory("inspircd", "nobody"))
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
    says(day, outage, log)
    day.pass_time(outage.lasts)
    if outage.stored:
        day.mends(first)
        day.settled(first)
        second = day.breaks()
        day.settled(second)
        outage.end(day)
    else:  # what Gerrit could not post comes all at once, and CIs are judged as they are then
        outage.end(day)
        day.settled(first)
        day.mends(first)
        day.settled(first)
        second = day.breaks()
        day.settled(second)
    day.quiet()
    outage.after(day)
    for network, heard in day.heard().items():
        late = network == outage.mute
        what = f"{outage.name}: {first.ci} in {network}"
        assert heard.digest[first.ci] == late, what
        told = heard.alerts[first.ci, "opened"] + heard.repeats[first.ci, "opened"]
        assert bool(told) != late, what
        assert not unequal([one.ci for one in day.truth], heard, [second.ci]), outage.name
    day.mends(second)
    day.settled(second)
    day.quiet()
    eventually(lambda: day.ready_says(outage.part).startswith("ok"), f"the end of {outage.name}")


def says(day: Day, outage: Outage, log: pytest.LogCaptureFixture) -> None:
    """The bot goes on, and says what it cannot do."""
    eventually(lambda: outage.ready in day.ready_says(outage.part),
               f"{outage.name}: /readyz saying {outage.ready!r}")  # fmt: skip
    eventually(lambda: outage.log in log.text, f"{outage.name}: {outage.log!r} in the log")
    if outage.check:
        told = day.check_says()
        assert outage.check in told, f"{outage.name}: {told}"
    if outage.feeds:
        told = day.feeds_says("inspircd" if outage.mute != "inspircd" else "ngircd")
        assert outage.feeds in told, f"{outage.name}: {told}"


def test_a_day_of_outages(
    servers: Servers, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "cibot")
    with day(servers, tmp_path) as one:
        for outage in outages():
            start = one.clock()
            outlive(one, outage, caplog)
            print(f"{start - one.began}  {outage.name}")
        left = timedelta(days=1) - (one.clock() - one.began)
        one.pass_time(left)
        one.quiet()
        print(f"{one.clock() - one.began}  the day is over\n{ledger(one)}")
        for network, heard in one.heard().items():
            assert not unequal([each.ci for each in one.truth], heard), network
        assert summaries(one) == {"sent": 3}


def summaries(day: Day) -> dict[str, int]:
    """How the day's summaries ended, by state."""
    table = schema.outbox.c
    query = select(table.state).where(table.dedupe_key.startswith("summary:"))
    states = day.store.read(lambda tx: tx.execute(query).scalars().all())
    return {one: list(states).count(one) for one in states}


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
            f"{len(unequal([one.ci for one in day.truth], heard))}"
        )
    return "\n".join(lines)
