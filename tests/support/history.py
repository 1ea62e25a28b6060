"""Writes a history into a store, as collectors and monitor would: CIs, reports, states.

``History(store)`` collects; ``save()`` writes all in one transaction. Times are
`ago`'s: a length of time before ``history.now``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cibot.config.models import Config
from cibot.health.branches import branches_json, read_branches
from cibot.health.facts import DAY
from cibot.health.intervals import wilson
from cibot.health.latency import step_of
from cibot.health.seen import EarlierWords, LastHeard, PassRate, Period, Seen
from cibot.health.signal import BranchHealth, Signal, signals_json
from cibot.incidents.incident import Incident, Phase
from cibot.incidents.stored import columns
from cibot.incidents.symptom import Symptom, SymptomPhase
from cibot.judging.references import ReferenceLearner
from cibot.model import Change, Outcome, PatchSet, PatchSetKind, Report, Result, State
from cibot.store import schema
from cibot.store.changes import change_id, place_of, put_changes
from cibot.store.cis import ensure_ci, ensure_server
from cibot.store.comments import add_comments
from cibot.store.engine import Store, Tx
from cibot.store.feeds import feed_failed, feed_heard
from cibot.store.incidents import (
    StoredHealth,
    StoredIncident,
    StoredTransition,
    add_incident,
    add_transitions,
    put_health,
)
from cibot.store.patch_sets import put_patch_sets
from cibot.store.reports import put_reports
from cibot.store.rollup import (
    MissedRow,
    RollUpRow,
    SpellRow,
    StoredChances,
    put_chances,
    put_rollup,
    put_spells,
)
from cibot.store.tally import counting

NOW = datetime(2026, 11, 23, 4, 10, tzinfo=UTC)  # a Monday
_RESULTS = {
    Outcome.SUCCESS: Result.PASS,
    Outcome.FAILURE: Result.FAIL,
    Outcome.MERGE_FAILURE: Result.INFRA,
}
_PEOPLE = ("acknowledged_by", "acknowledged_at", "note", "reopened", "notified")
_PHASES = {
    "pending": SymptomPhase.PENDING,
    "recovering": SymptomPhase.RECOVERING,
}
_INFRA = {"POST_FAILURE", "RETRY_LIMIT", "TIMED_OUT", "NODE_FAILURE", "LOST", "ERROR"}


def ago(days: float = 0, hours: float = 0, minutes: float = 0) -> timedelta:
    """A length of time, to be counted back from a history's present."""
    return timedelta(days=days, hours=hours, minutes=minutes)


def signal(
    name: str, verdict: State, seen: Seen | str, threshold: str = "", **fields: Any
) -> Signal:
    """A signal; text is what an earlier version wrote."""
    if isinstance(seen, str):
        seen = EarlierWords(seen, threshold)
    return Signal(name, verdict, seen=seen, **fields)


def passed(passes: int, n: int, days: int = 7, least: int = 20, *, beside: bool = True) -> PassRate:
    """What a pass rate saw."""
    return PassRate(passes, n, Period(timedelta(days)), least, beside, 0.8, 0.5)


def heard(hours: float, missed: int = 0) -> LastHeard:
    """What the silence saw of a CI that takes nearly all of its chances."""
    quiet = timedelta(hours=hours)
    return LastHeard(NOW - quiet, quiet, missed, patience=9, takes=0.8)


@dataclass
class _Made:
    """A change as built so far."""

    number: int
    project: str
    subject: str
    status: str
    patch_sets: dict[int, datetime]
    updated: datetime
    branch: str = "master"
    closed: datetime | None = None


class CiHistory:
    """One CI of a history."""

    def __init__(self, history: History, name: str, origin: str, since: datetime) -> None:
        self.history, self.name, self.origin, self.since = history, name, origin, since
        self.incidents: list[tuple[StoredIncident, list[tuple[datetime, str, str]]]] = []
        self.health: StoredHealth | None = None
        self.missed: tuple[int, int, int, tuple[tuple[int, int], ...]] | None = None
        self.rollup: dict[tuple[int, str, str], RollUpRow] = {}
        self.spells: list[SpellRow] = []

    def report(
        self,
        change: int,
        ps: int = 1,
        outcome: str | None = "success",
        at: timedelta = timedelta(0),
        jobs: Mapping[str, str] | None = None,
        pipeline: str | None = "check",
    ) -> CiHistory:
        """It wrote on a patch set; ``outcome`` None is a comment that nobody understood."""
        self.history.add_report(self, change, ps, outcome, at, jobs or {}, pipeline)
        return self

    def is_(self, state: State, since: timedelta | None, *signals: Signal) -> CiHistory:
        """The monitor found it in that state."""
        now = self.history.now
        self.health = StoredHealth(
            0, state.value, now - since if since else None, now, signals_json(signals)
        )
        return self

    def on(
        self,
        branch: str,
        state: State,
        passes: int,
        n: int,
        usual: float | None = None,
        since: timedelta | None = None,
    ) -> CiHistory:
        """The monitor found it in that state on a branch, after `is_`."""
        assert self.health is not None
        now, (low, high) = self.history.now, wilson(passes, n)
        began = now - since if since else None
        branches = read_branches(self.health.branches)
        health = BranchHealth(branch, state, passes, n, low, high, usual, began, now - ago(hours=1))
        self.health = replace(self.health, branches=branches_json((*branches, health)))
        return self

    def incident(
        self,
        kind: str,
        opened: timedelta,
        resolved: timedelta | None = None,
        state: str | None = None,
        said: str | None = None,
        others: tuple[Symptom, ...] = (),
        **body: Any,
    ) -> CiHistory:
        """It had, or has, an incident; ``others`` are symptoms in addition to its own."""
        now = self.history.now
        end = now - resolved if resolved is not None else None
        word = state or ("resolved" if end else "firing")
        began = now - opened
        severity = State.SILENT if kind == "silent" else State.FAILING
        people = {name: body.pop(name) for name in _PEOPLE if name in body}
        seen = EarlierWords(said) if said else None
        shown = {"came_at": began, "cleared_at": end, "seen": seen, **body}
        phase = SymptomPhase.CLEARED if end else _PHASES.get(word, SymptomPhase.FIRING)
        symptoms = (Symptom(kind, phase, severity, **shown), *others)
        pure = Incident(began, Phase(word), end or began, symptoms, began, end, **people)
        stored = StoredIncident(0, 0, **columns(pure) | {"notified": True})
        steps = [(now - opened, "opened", kind), *([(end, "resolved", kind)] if end else [])]
        self.incidents.append((stored, steps))
        return self

    def chances(
        self, due: int, missed: Sequence[tuple[int, int]] = (), in_a_row: int = 0
    ) -> CiHistory:
        """Of its chances it missed some; ``missed`` are patch sets, newest first."""
        self.missed = (due, len(missed) - in_a_row, in_a_row, tuple(missed))
        return self

    def counted(
        self,
        days: int = 30,
        due: int = 4,
        missed: int = 0,
        *,
        wrong: int = 0,
        hours: int = 2,
        jobs: Sequence[str] = (),
        project: str = "openstack/cinder",
        branch: str = "master",
    ) -> CiHistory:
        """What judging counted on each of the last days, today not; all it did took ``hours``."""
        today = int(self.history.now.timestamp() // DAY)
        taken = due - missed
        for day in range(today - days, today):
            numbers = (due, missed, 0, taken, wrong, 0, 0, taken)
            tables = ({hours: taken}, {step_of(hours): taken}, dict.fromkeys(jobs, taken))
            row = RollUpRow(0, day, project, branch, day, *numbers, *tables)
            self.rollup[day, project, branch] = row
        return self

    def accused(
        self, kind: str, state: State, since: timedelta, until: timedelta | None = None
    ) -> CiHistory:
        """A signal accused it for a while, or does."""
        now = self.history.now
        end = None if until is None else now - until
        self.spells.append(SpellRow(0, kind, now - since, state.value, end))
        return self


class History:
    """What happened before ``now`` on one Gerrit server."""

    def __init__(self, store: Store, now: datetime = NOW) -> None:
        self.store, self.now = store, now
        self._cis: dict[str, CiHistory] = {}
        self._changes: dict[int, _Made] = {}
        self._kinds: dict[tuple[int, int], PatchSetKind] = {}
        self._reports: list[tuple[CiHistory, int, int, Report | None, datetime]] = []
        self._builds: list[dict[str, str]] = []  # of each report, by job
        self._feeds: list[tuple[str, datetime, str | None]] = []

    def ci(
        self, name: str, origin: str = "discovered", since: timedelta = timedelta(60)
    ) -> CiHistory:
        """A CI, new or as before."""
        made = CiHistory(self, name, origin, self.now - since)
        return self._cis.setdefault(name, made)

    def change(
        self,
        number: int,
        project: str = "openstack/cinder",
        subject: str = "Fix a driver",
        uploads: Sequence[timedelta] = (timedelta(days=1),),
        status: str = "NEW",
        kinds: Mapping[int, PatchSetKind] | None = None,
        branch: str = "master",
        merged: timedelta | None = None,
    ) -> History:
        """A change and when its patch sets came, the first first; ``kinds`` of some of them."""
        times = {place: self.now - age for place, age in enumerate(uploads, 1)}
        self._kinds |= {(number, place): kind for place, kind in (kinds or {}).items()}
        closed = None if merged is None else self.now - merged
        self._changes[number] = _Made(
            number, project, subject, "MERGED" if closed else status, times,
            closed or max(times.values()), branch, closed,
        )  # fmt: skip
        return self

    @property
    def numbers(self) -> set[int]:
        """Those of its changes so far."""
        return set(self._changes)

    def feed(self, heard: timedelta, name: str = "poll", error: str | None = None) -> History:
        """A feed was last heard."""
        self._feeds.append((name, self.now - heard, error))
        return self

    def add_report(
        self,
        ci: CiHistory,
        number: int,
        ps: int,
        outcome: str | None,
        at: timedelta,
        jobs: Mapping[str, str],
        pipeline: str | None,
    ) -> None:
        """`CiHistory.report` comes here."""
        if number not in self._changes:
            self.change(number, uploads=[at + timedelta(hours=1)] * ps)
        moment = self.now - at
        made = self._changes[number]
        made.updated = max(made.updated, moment)
        report = Report(Outcome(outcome), "zuul", pipeline) if outcome else None
        self._reports.append((ci, number, ps, report, moment))
        self._builds.append(dict(jobs))

    def save(self) -> History:
        """Writes everything; once."""
        self.store.write(self._write)
        return self

    def _write(self, tx: Tx) -> None:
        server = ensure_server(tx, "review", "https://review.example.org")
        for name, at, error in self._feeds:
            feed_heard(tx, server, name, None, at)
            if error:
                feed_failed(tx, server, name, error, self.now)
        changes = [self._as_change(change) for change in self._changes.values()]
        rows = put_changes(tx, server, changes)
        for change in changes:
            put_patch_sets(tx, [(rows[place_of(change)], upload) for upload in change.patch_sets])
        ids = {name: self._write_ci(tx, ci) for name, ci in self._cis.items()}
        self._write_reports(tx, server, ids)
        learner = ReferenceLearner(Config())
        learner.learn(tx, min(ids.values(), default=0), self.now)
        learner.store(tx)

    def _as_change(self, change: _Made) -> Change:
        sets = tuple(
            PatchSet(number, at, self._kinds.get((change.number, number)))
            for number, at in change.patch_sets.items()
        )
        return Change(
            change.number, change.project, change.branch, change.subject, change.status,
            min(change.patch_sets.values()), change.updated, (), sets, closed=change.closed,
        )  # fmt: skip

    def _write_ci(self, tx: Tx, ci: CiHistory) -> int:
        ci_id = ensure_ci(tx, ci.name, ci.origin, ci.since)  # type: ignore[arg-type]
        if ci.health:
            fields = {name: getattr(ci.health, name) for name in StoredHealth.__slots__}
            put_health(tx, StoredHealth(**fields | {"ci_id": ci_id}))
        if ci.missed:
            due, missed, in_a_row, patch_sets = ci.missed
            server = ensure_server(tx, "review", "https://review.example.org")
            put_chances(
                tx,
                StoredChances(
                    ci_id,
                    due,
                    missed,
                    in_a_row,
                    9600.0,
                    tuple(self._missed(server, *each) for each in patch_sets),
                ),
            )
        put_rollup(tx, ci_id, 0, [row._replace(ci_id=ci_id) for row in ci.rollup.values()])
        put_spells(tx, ci_id, ci.since, [row._replace(ci_id=ci_id) for row in ci.spells])
        for stored, steps in ci.incidents:
            fields = {name: getattr(stored, name) for name in StoredIncident.__slots__}
            incident_id = add_incident(tx, StoredIncident(**fields | {"ci_id": ci_id}))
            add_transitions(tx, [StoredTransition(incident_id, *step) for step in steps])
        return ci_id

    def _missed(self, server: int, number: int, patch_set: int) -> MissedRow:
        uploaded = next(
            made.patch_sets[patch_set] for made in self._changes.values() if made.number == number
        )
        deadline = uploaded + timedelta(seconds=9600)
        return MissedRow(change_id(server, number), patch_set, uploaded, deadline)

    def _write_reports(self, tx: Tx, server: int, ids: Mapping[str, int]) -> None:
        comments, reports, builds = [], [], []
        counts: dict[int, int] = {}
        for place, (ci, number, ps, report, at) in enumerate(self._reports):
            row_id = change_id(server, number)
            seq = counts[row_id] = counts.get(row_id, 0) + 1
            key = {"change_id": row_id, "seq": seq}
            comments.append(
                key
                | {"account_id": None, "patch_set": ps, "posted_at": at, "position": seq,
                   "message_id": f"m{place}", "event_at": None, "tag": None, "digest": place,
                   "text": "", "votes": None}
            )  # fmt: skip
            outcome = report.outcome if report else None
            result = _RESULTS.get(outcome) if outcome else None
            reports.append(
                key
                | {"ci_id": ids[ci.name], "patch_set": ps, "posted_at": at, "heard_at": at,
                   "pipeline": report.pipeline if report else None,
                   "outcome": outcome.value if outcome else None,
                   "result": result.value if result else None, "format": "zuul"}
            )  # fmt: skip
            builds += [
                key
                | {"idx": idx, "job": job, "word": word, "result": _result(word), "voting": True,
                   "duration_s": 600.0,
                   "url": f"https://logs.example.org/{number}/{ps}/{job}"}
                for idx, (job, word) in enumerate(self._builds[place].items())
            ]  # fmt: skip
        add_comments(tx, comments)
        with counting(tx) as tally:
            put_reports(tx, reports, builds, tally)


def _result(word: str) -> str:
    if word == "SUCCESS":
        return Result.PASS.value
    return Result.INFRA.value if word in _INFRA else Result.FAIL.value


def make_tables(store: Store) -> Store:
    """The tables, without the migrations that a test of queries need not wait for."""
    schema.metadata.create_all(store.engine)
    return store
