"""Replays a recorded history: decode, parse, store and judge, as the bot does it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cibot.collector.ingest import Ingest
from cibot.collector.roster import Roster
from cibot.config.models import Config
from cibot.errors import UserError
from cibot.health.references import References
from cibot.health.signal import Health
from cibot.incidents.tracker import IncidentStep
from cibot.judging.judging import Judging
from cibot.judging.trackers import Advanced
from cibot.replay.reading import Line
from cibot.store.cis import KnownCi, all_cis, ensure_server
from cibot.store.engine import Store, open_store
from cibot.store.migrate import upgrade

_PAGE = 200  # changes in one transaction
_AHEAD = timedelta(hours=1)
Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Replayed:
    """What came of a history: every step of every incident, and how each CI is at its end."""

    steps: list[tuple[KnownCi, IncidentStep]] = field(default_factory=list)
    health: dict[int, Health] = field(default_factory=dict)
    cis: dict[int, KnownCi] = field(default_factory=dict)
    home_projects: dict[int, frozenset[str]] = field(default_factory=dict)
    references: References = field(default_factory=References)
    changes: int = 0
    messages: int = 0
    until: dict[int, datetime] = field(default_factory=dict)

    def watch(self, ci: KnownCi, advanced: Advanced) -> None:
        """Adds a CI and the steps of its incidents.

        The bot looks again at what it held back each time that it hears something; here it is
        enough to look when it came to be known who is at fault.
        """
        self.cis[ci.id] = ci
        self.steps += [(ci, step) for step in (*advanced.steps, *advanced.tracker.decided)]


@contextmanager
def opened(path: Path | None = None) -> Iterator[Store]:
    """An empty store: in ``path``, or one that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="cibot-replay-") as folder:
        store = open_store(f"sqlite:///{path or Path(folder) / 'replay.db'}")
        try:
            upgrade(store)
            yield store
        finally:
            store.close()


def take_in(
    store: Store, config: Config, lines: Iterable[Line], progress: Progress = lambda *_: None
) -> Replayed:
    """Stores a history through the bot's own ingest; its servers are those of ``config``."""
    replayed = Replayed()
    by_server: dict[str, list[Line]] = {}
    for line in lines:
        by_server.setdefault(line.server, []).append(line)
    total, done = sum(map(len, by_server.values())), 0
    for server, history in by_server.items():
        server_id = store.write(lambda tx, name=server: ensure_server(tx, name, f"https://{name}/"))  # type: ignore[misc]
        until = _end(history)
        replayed.until[server_id] = until
        roster = Roster.from_config(config, server)
        ingest = Ingest(store, server_id, roster, lambda at=until: at)  # type: ignore[misc]
        ingest.sync_roster()
        for start in range(0, len(history), _PAGE):
            page = [line.change for line in history[start : start + _PAGE]]
            counts = ingest.ingest(page, feed="replay", cursor=None, heard_at=until)
            replayed.messages += counts.comments_new
            done += len(page)
            progress("reading", done, total)
        replayed.changes += len({(line.change.project, line.change.number) for line in history})
    return replayed


def _end(history: Iterable[Line]) -> datetime:
    """When a history ends: its last message that lies not in the future.

    A history that as a whole does, a simulated one, ends with its last message.
    """
    times = sorted(at for line in history for at in _times(line))
    limit = datetime.now(UTC) + _AHEAD
    past = [time for time in times if time <= limit]
    return past[-1] if 2 * len(past) > len(times) else times[-1]


def _times(line: Line) -> Iterator[datetime]:
    yield line.change.created
    yield from (message.posted_at for message in line.change.messages)
    yield from (patch_set.uploaded_at for patch_set in line.change.patch_sets)


def judge(
    store: Store, config: Config, history: Replayed, progress: Progress = lambda *_: None
) -> Replayed:
    """Judges every CI through the whole history."""
    judged = Replayed(changes=history.changes, messages=history.messages, until=history.until)
    end = max(history.until.values())
    judging = Judging(
        store,
        config,
        lambda: end,
        history.until,
        tells=False,
        watch=judged.watch,
    )
    cis = store.read(all_cis)
    for number, ci in enumerate(cis, 1):
        health, _messages = judging.judge(ci.id)
        if health is not None:
            judged.health[ci.id] = health
        progress("judging", number, len(cis))
    judged.references = judging.references()
    judged.home_projects = {ci.id: frozenset(judged.references.projects_ever(ci.id)) for ci in cis}
    judged.steps.sort(key=lambda ci_step: (ci_step[1].transition.at, ci_step[0].name))
    return judged


def replay(lines: Iterable[Line], config: Config, progress: Progress = lambda *_: None) -> Replayed:
    """Both in a store that is thrown away. Raises UserError for an empty history."""
    with opened() as store:
        history = take_in(store, config, lines, progress)
        if not history.until:
            raise UserError("there is no change in that history")
        return judge(store, config, history, progress)
