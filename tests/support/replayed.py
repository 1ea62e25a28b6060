"""Recorded history as cibot would have met it: read, judged, remembered.

Four Gerrit servers in the summer of 2018, while one of them moved from Jenkins
to Zuul. What was written is stored in the order of its time, and the CIs are
judged every fourth day, so that states, incidents and their steps are the
monitor's own.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import pytest

from cibot.collector.decode import change_from_rest
from cibot.collector.ingest import Ingest
from cibot.collector.roster import Roster
from cibot.config.models import CiConfig, Config, GerritConfig, ReferenceConfig
from cibot.judging import Monitor
from cibot.model import Change
from cibot.store.cis import all_cis, ensure_server
from cibot.store.engine import Store
from tests.support.collecting import Clock
from tests.support.needs import shared_file

BEGIN = datetime(2018, 6, 5, tzinfo=UTC)
END = datetime(2018, 7, 25, 15, tzinfo=UTC)
_ROUND = timedelta(days=4)
_JUDGED_FOR = timedelta(days=32)  # a month is shown
_FILES = {
    "rdo": (
        "https://review.rdoproject.org",
        ("review.rdoproject.org__config", "review.rdoproject.org__rdo-infra+ci-config"),
    ),
    "onap": ("https://gerrit.onap.org", ("gerrit.onap.org__integration",)),
    "opnfv": ("https://gerrit.opnfv.org", ("gerrit.opnfv.org__functest",)),
    "sf": (
        "https://softwarefactory-project.io",
        ("softwarefactory-project.io__software-factory+sf-config",),
    ),
}
CONFIG = Config(
    gerrit=tuple(GerritConfig(name=name, url=url) for name, (url, _files) in _FILES.items()),
    ci=(
        CiConfig(name="RDO Zuul", gerrit="rdo", accounts=(499,), owner="RDO infrastructure"),
        CiConfig(
            name="RDO Jenkins",
            gerrit="rdo",
            accounts=(2,),
            owner="RDO infrastructure",
            contact="rdo@example.org",
            recheck="recheck",
        ),
        CiConfig(name="ONAP Jenkins", gerrit="onap", accounts=(459,), owner="Linux Foundation"),
        CiConfig(name="ONAP Integration Lab", gerrit="onap", accounts=(2933,)),
        CiConfig(name="OPNFV Jenkins", gerrit="opnfv", accounts=(470,), owner="Linux Foundation"),
        CiConfig(name="Software Factory CI", gerrit="sf", accounts=(458,)),
    ),
    reference=(ReferenceConfig(ci="RDO Zuul", projects=("config", "rdo-infra/*")),),
)


@dataclass
class _Replay:
    """The servers' changes, and what of them has been read so far."""

    store: Store
    clock: Clock
    sinks: dict[str, Ingest] = field(default_factory=dict)
    changes: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    messages: list[tuple[datetime, str, int]] = field(default_factory=list)

    def read(self, until: datetime, written: Sequence[tuple[datetime, str, int]]) -> None:
        """A poll of each server: the changes that were written to, as they stood then."""
        self.clock.now = until
        for name, sink in self.sinks.items():
            numbers = {number for _at, server, number in written if server == name}
            changes = [_as_of(self.changes[name, number], until) for number in sorted(numbers)]
            sink.ingest(changes, feed="poll", cursor="", heard_at=until)


def recorded() -> bool:
    """Whether the recordings are here; without them `replay` skips the test."""
    try:
        shared_file("gerrit")
    except pytest.skip.Exception:
        return False
    return True


def replay(store: Store) -> datetime:
    """Fills a store; returns the moment at which the history ends. Skips without recordings."""
    replay = _Replay(store, Clock(BEGIN))
    for name, (url, files) in _FILES.items():
        server = store.write(lambda tx, name=name, url=url: ensure_server(tx, name, url))
        roster = Roster.from_config(CONFIG, name)
        replay.sinks[name] = Ingest(store, server, roster, replay.clock)
        for change in _recorded(files):
            key = name, change["_number"]
            replay.changes[key] = change
            dates = {_moment(message["date"]) for message in change["messages"]}
            replay.messages += [(at, *key) for at in dates if BEGIN <= at < END]
    monitor = Monitor(store, CONFIG, replay.clock)
    rounds = groupby(sorted(replay.messages), lambda message: (message[0] - BEGIN) // _ROUND)
    written = {place: list(messages) for place, messages in rounds}
    for place in range((END - BEGIN) // _ROUND + 1):
        replay.read(min(END, BEGIN + (place + 1) * _ROUND), written.get(place, []))
        if END - replay.clock.now < _JUDGED_FOR:
            for ci in store.read(all_cis):
                monitor.judge(ci.id)
    return replay.clock.now


def _recorded(files: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The changes of some files that lived in that time."""
    for name in files:
        with gzip.open(shared_file(f"gerrit/{name}.jsonl.gz"), "rt", encoding="utf-8") as lines:
            for line in lines:
                change = json.loads(line)
                if change["created"] < f"{END:%F}" and change["updated"] >= f"{BEGIN:%F}":
                    yield change


def _as_of(change: dict[str, Any], until: datetime) -> Change:
    said = [message for message in change["messages"] if _moment(message["date"]) < until]
    over = _moment(change["updated"]) < until
    status = change["status"] if over else "NEW"
    updated = max(message["date"] for message in said)
    return change_from_rest(change | {"messages": said, "status": status, "updated": updated})


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(f"{written[:19]}+00:00")
