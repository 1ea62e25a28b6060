"""A site to measure at: four weeks of thirty CIs, as they would have been collected.

All but the reference stand on the brink: all is well by the results they have,
and one failure more makes an incident. Failures are spread evenly, so that nothing but
the level of the last week is remarkable.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select

from cibot.collector.ingest import Ingest
from cibot.collector.roster import Roster
from cibot.config.judgement import Policy
from cibot.config.models import Config
from cibot.health.share import verdict_of
from cibot.judging import Monitor
from cibot.model import Account, Change, Message, PatchSet, State
from cibot.store import schema
from cibot.store.cis import all_cis, ensure_server
from cibot.store.engine import Store, open_store
from cibot.store.migrate import upgrade
from cibot.store.reports import drop_reports
from cibot.store.tally import counting
from tests.support.whole_bot import TOKEN, WholeBot

DAYS, CIS, A_DAY = 28, 30, 20
BRINK = CIS - 1  # all but the reference
REFERENCE = "Zuul"
SERVER, GERRIT = "bench", "https://bench.example.org"
_WEEK = timedelta(days=7)
_QUIET = timedelta(hours=2)  # no result comes into or leaves the week while it is measured


def name_of(number: int) -> str:
    """The name of a CI; 0 is the reference."""
    return f"Vendor {number:02d} CI" if number else REFERENCE


def said(number: int, change: int, *, passed: bool) -> str:
    """What a CI writes: a few jobs, as Zuul does."""
    verb, word = ("succeeded", "SUCCESS") if passed else ("failed", "FAILURE")
    jobs = "\n".join(
        f"- ci{number}-job{job} https://logs.example.org/{change}/{number}/{job} : {word} in 9m 05s"
        for job in range(4)
    )
    vote = "+1" if passed else "-1"
    return f"Patch Set 1: Verified{vote}\n\nBuild {verb} (check pipeline).\n\n{jobs}"


def fill(url: str, cis: int = CIS) -> int:
    """Collects and judges the history of so many CIs; returns how many comments it has."""
    store = open_store(url)
    upgrade(store)
    now = datetime.now(UTC)
    server = store.write(lambda tx: ensure_server(tx, SERVER, GERRIT))
    ingest = Ingest(store, server, Roster(SERVER), lambda: now)
    changes = list(_changes(now, cis))
    for first in range(0, len(changes), 100):
        ingest.ingest(changes[first : first + 100], feed="poll", cursor="", heard_at=now)
    config = Config.model_validate({"reference": [{"ci": REFERENCE}]})
    monitor = Monitor(store, config, lambda: now)
    for ci in store.read(all_cis):
        monitor.judge(ci.id)
    opened = store.read(lambda tx: len(tx.execute(select(schema.incident.c.id)).all()))
    store.close()
    if opened:
        raise RuntimeError(f"{opened} CIs of the history are over the brink already")
    return sum(len(change.messages) for change in changes)


def _changes(now: datetime, cis: int) -> Iterator[Change]:
    step = timedelta(days=1) / A_DAY
    times = [now - _QUIET - place * step for place in range(DAYS * A_DAY)]
    times = [at for at in reversed(times) if abs(now - at - _WEEK) > _QUIET]
    week = [at for at in times if now - at < _WEEK]
    failures = _brink(len(week))
    for place, at in enumerate(times):
        back = len(times) - 1 - place
        fails = (back + 1) * failures // len(week) > back * failures // len(week)
        yield _change(place + 1, at, cis, fails=fails)


def _brink(n: int) -> int:
    """The most failures of ``n`` that still are no incident: the reference passed them all."""
    policy = Policy().disagreement
    return max(k for k in range(n) if verdict_of(policy, k, n) is State.HEALTHY)


def _change(number: int, at: datetime, cis: int, *, fails: bool) -> Change:
    messages = [
        Message(
            at + timedelta(seconds=ci),
            said(ci, number, passed=not fails or ci == 0),
            Account(1000 + ci, f"ci{ci}", name_of(ci)),
            1,
            f"{number:020x}{ci:020x}",
            position=ci,
        )
        for ci in range(cis)
    ]
    return Change(
        number, f"project-{number % 5}", "master", f"Change {number}", "NEW",
        at - _QUIET / 2, at, tuple(messages), (PatchSet(1, at - _QUIET / 2),), complete=True,
    )  # fmt: skip


def event(number: int, change: int, *, passed: bool) -> str:
    """The event of a CI's comment now."""
    now = int(datetime.now(UTC).timestamp())
    return json.dumps(
        {
            "type": "comment-added",
            "author": {"name": name_of(number), "username": f"ci{number}"},
            "comment": said(number, change, passed=passed),
            "patchSet": {"number": 1, "revision": "0" * 40, "createdOn": now - 3600},
            "change": {
                "project": f"project-{change % 5}",
                "branch": "master",
                "number": change,
                "subject": f"Change {change}",
                "url": f"{GERRIT}/{change}",
                "status": "NEW",
                "createdOn": now - 3600,
            },
            "eventCreatedOn": now,
        }
    )


def take_back(store: Store, change: int) -> None:
    """Undoes what the last comment did: the report, the incident, what was told."""

    def work(tx: Any) -> None:
        report, numbered = schema.report.c, schema.change.c.number == change
        ours = select(schema.change.c.id).where(numbered).scalar_subquery()
        keys = tx.execute(select(report.change_id, report.seq).where(report.change_id == ours))
        with counting(tx) as tally:
            drop_reports(tx, [(change_id, seq) for change_id, seq in keys], tally)
        for table in (schema.transition, schema.incident, schema.outbox):
            tx.execute(delete(table))

    store.write(work)


@contextmanager
def running(directory: Path, url: str, **tables: Any) -> Iterator[WholeBot]:
    """`cibot run` on that history, as a process of its own."""
    source = {"name": SERVER, "url": GERRIT, "poll": False, "webhook_token": TOKEN}
    bot = WholeBot(directory, url, {"gerrit": [source], "reference": [{"ci": REFERENCE}], **tables})
    bot.start()
    try:
        yield bot
    finally:
        bot.stop()
