"""Loads a MariaDB with a year of reports, quickly: ``python -m bench.load URL [REPORTS]``.

Rows as ingest would have written them go through LOAD DATA in the order of
their keys; counts and states come from the product's own code, so that what is
measured on them is real.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pymysql
from sqlalchemy.engine import make_url

from bench.shape import REFERENCE, ReviewedChange, Said, Vendor, judged, vendors
from cibot.config.models import Config
from cibot.incidents.incident import Incident, Phase
from cibot.incidents.stored import columns
from cibot.incidents.symptom import Symptom, SymptomPhase
from cibot.judging import Monitor
from cibot.model import Account, State
from cibot.reports.failures import failures
from cibot.store import schema
from cibot.store.accounts import accounts_of, add_accounts
from cibot.store.changes import change_id
from cibot.store.cis import all_cis, ensure_ci, ensure_server, server_urls
from cibot.store.engine import Store, Tx, open_store
from cibot.store.feeds import feed_heard
from cibot.store.incidents import StoredIncident, StoredTransition, add_incident, add_transitions
from cibot.store.migrate import upgrade
from cibot.store.tally import recount

SERVER, GERRIT = "bench", "https://bench.example.org"
CONFIG: dict[str, Any] = {"reference": [{"ci": REFERENCE}]}
_A_FILE = 5_000  # changes that are written and loaded at once
_TABLES = (schema.change, schema.patch_set, schema.comment, schema.report, schema.build)
_OUTCOMES = {"pass": "success", "fail": "failure", "infra": "failure", None: "started"}
_VERBS = {"pass": "succeeded", "fail": "failed", "infra": "failed"}
_CLASSES = {"SUCCESS": "pass", "FAILURE": "fail", "NODE_FAILURE": "infra"}


@dataclass(frozen=True, slots=True)
class Ids:
    """The rows that others refer to."""

    server: int
    cis: dict[str, int]
    accounts: dict[str, int]


def load(url: str, reports: int, until: datetime) -> dict[str, float]:
    """Fills an empty database with a year that ends at ``until``; the seconds of each part."""
    store = open_store(url)
    upgrade(store)
    ids = store.write(lambda tx: _people(tx, until))
    took = {"rows": _timed(lambda: _load_rows(url, ids, reports, until))}
    took["counts"] = _timed(lambda: _count(store))
    store.write(lambda tx: _past_incidents(tx, ids, until))
    took["states"] = _timed(lambda: judge(store, until))
    store.close()
    return took


def refresh(store: Store) -> None:
    """The feed was heard just now: else every answer would say that it is stale."""
    now = datetime.now(UTC)

    def work(tx: Tx) -> None:
        for server in server_urls(tx):
            feed_heard(tx, server, "poll", None, now)

    store.write(work)


def failed_changes(store: Store) -> dict[str, int]:
    """The change that each CI failed last, by the CI's name; another CI's where it failed none."""

    def work(tx: Tx) -> dict[str, int]:
        by_ci = {ci.name: failures(tx, ci.id, limit=1) for ci in all_cis(tx)}
        some = next(last for last in by_ci.values() if last)
        return {name: (last or some)[0].number for name, last in by_ci.items()}

    return store.read(work)


def judge(store: Store, now: datetime) -> None:
    """Judges every CI once, as the bot would."""
    monitor = Monitor(store, Config.model_validate(CONFIG), lambda: now)
    for ci in store.read(all_cis):
        monitor.judge(ci.id)


def _timed(work: Any) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _count(store: Store) -> None:
    for ci in store.read(all_cis):
        store.write(lambda tx, ci_id=ci.id: recount(tx, ci_id))  # type: ignore[misc]


def _people(tx: Tx, until: datetime) -> Ids:
    """The server, the CIs and their accounts; the feed is fresh for the hours to come."""
    server = ensure_server(tx, SERVER, GERRIT)
    names = [vendor.name for vendor in vendors(random.Random(1))]
    cis = {name: ensure_ci(tx, name, "discovered", until - timedelta(365)) for name in names}
    accounts = [
        (Account(1000 + number, f"ci{number}", name), cis[name])
        for number, name in enumerate(names)
    ]
    add_accounts(tx, server, accounts)
    feed_heard(tx, server, "poll", None, until)
    rows = {str(account.account.name): account.id for account in accounts_of(tx, server)}
    return Ids(server, cis, rows)


def _load_rows(url: str, ids: Ids, reports: int, until: datetime) -> None:
    parsed = make_url(url)
    link = pymysql.connect(
        host=parsed.host, port=parsed.port or 3306, user=parsed.username,
        password=parsed.password or "", database=parsed.database, charset="utf8mb4",
        local_infile=True,
    )  # fmt: skip
    changes = judged(until, reports)
    with closing(link), tempfile.TemporaryDirectory() as name:
        link.cursor().execute("SET unique_checks=0, foreign_key_checks=0")
        while batch := list(islice(changes, _A_FILE)):
            _write_files(Path(name), ids, batch)
            for table in _TABLES:
                _load_file(link, Path(name), table)
            link.commit()


def _load_file(link: Any, directory: Path, table: Any) -> None:
    columns = ", ".join(f"`{column.name}`" for column in table.columns)
    with link.cursor() as cursor:
        cursor.execute(
            f"LOAD DATA LOCAL INFILE '{directory / table.name}' INTO TABLE `{table.name}`"
            f" CHARACTER SET utf8mb4 ({columns})"
        )


def _write_files(directory: Path, ids: Ids, batch: list[ReviewedChange]) -> None:
    with ExitStack() as stack:
        files = {
            table.name: stack.enter_context((directory / table.name).open("w", encoding="utf-8"))
            for table in _TABLES
        }
        for change in batch:
            for table, line in _lines(ids, change):
                files[table].write(line)


def _lines(ids: Ids, change: ReviewedChange) -> Iterator[tuple[str, str]]:
    """A change's rows, as LOAD DATA takes them; in the order of the tables' columns."""
    key = change_id(ids.server, change.number)
    last = max([*change.uploads, *(said.at for said in change.said)])
    yield (
        "change",
        (
            f"{key}\t{ids.server}\t{change.number}\t{change.project}\t{change.branch}"
            f"\tChange {change.number}\t{change.status}\t{_at(change.uploads[0])}\t{_at(last)}\n"
        ),
    )
    for number, at in enumerate(change.uploads, 1):
        yield "patch_set", f"{key}\t{number}\t{_at(at)}\n"
    for seq, said in enumerate(change.said, 1):
        at, ci = _at(said.at), said.vendor
        account, ci_id = ids.accounts[ci.name], ids.cis[ci.name]
        yield (
            "comment",
            (
                f"{key}\t{seq}\t{account}\t{said.patch_set}\t{at}\t{change.number:08x}{seq:032x}\t\\N"
                f"\t{seq - 1}\tautogenerated:ci\t{key * 1000 + seq}\t{_text(change, said)}\t\\N\n"
            ),
        )
        yield (
            "report",
            (
                f"{key}\t{seq}\t{ci_id}\t{said.patch_set}\t{at}\t{said.pipeline}"
                f"\t{_OUTCOMES[said.result]}\t{said.result or chr(92) + 'N'}\tzuul\t{at}\n"
            ),
        )
        for index, word in enumerate(said.words):
            yield (
                "build",
                (
                    f"{key}\t{seq}\t{index}\t{ci.jobs[index]}\t{word}\t{_CLASSES[word]}\t1"
                    f"\t{300 + (seq * 37 + index * 211) % 2400}\t{_log(change, ci, index)}\n"
                ),
            )


def _at(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(" ")


def _log(change: ReviewedChange, ci: Vendor, index: int) -> str:
    return f"https://logs.example.org/{change.number}/{ci.number}/{ci.jobs[index]}"


def _text(change: ReviewedChange, said: Said) -> str:
    """What the CI wrote, its line ends escaped."""
    head = f"Patch Set {said.patch_set}:\\n\\n"
    if said.result is None:
        return f"{head}Starting {said.pipeline} jobs."
    jobs = "\\n".join(
        f"- {said.vendor.jobs[index]} {_log(change, said.vendor, index)} : {word} in 9m 05s"
        for index, word in enumerate(said.words)
    )
    return f"{head}Build {_VERBS[said.result]} ({said.pipeline} pipeline).\\n\\n{jobs}"


def _past_incidents(tx: Tx, ids: Ids, until: datetime) -> None:
    """Each vendor had three, each over after a day."""
    for number, ci_id in enumerate(list(ids.cis.values())[1:], 1):
        for past in (20, 90, 200):
            opened = until - timedelta(days=past + number % 7)
            _past_incident(tx, ci_id, opened, opened + timedelta(days=1))


def _past_incident(tx: Tx, ci_id: int, opened: datetime, over: datetime) -> None:
    symptom = Symptom(
        "success", SymptomPhase.CLEARED, State.FAILING, opened, opened, cleared_at=over
    )
    incident = Incident(opened, Phase.RESOLVED, over, (symptom,), opened, over)
    stored = StoredIncident(0, ci_id, **columns(incident) | {"notified": True})
    incident_id = add_incident(tx, stored)
    steps = (opened, "opened", "success"), (over, "resolved", "success")
    add_transitions(tx, [StoredTransition(incident_id, *step) for step in steps])


def main() -> None:
    """Loads the database that the command line names."""
    url, reports = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200_000
    took = load(url, reports, datetime.now(UTC))
    print(", ".join(f"{name} {seconds:.1f} s" for name, seconds in took.items()))


if __name__ == "__main__":
    main()
