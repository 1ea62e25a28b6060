"""Reads from the store what judging one CI needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from cibot.config import Config
from cibot.health.observation import Eligible, Judged
from cibot.health.policy import Policy
from cibot.monitor import pairing
from cibot.scope import Scope, scopes
from cibot.store.cis import KnownCi, all_cis
from cibot.store.engine import Tx
from cibot.store.queries_judging import (
    Attempt,
    DuePatchSet,
    attempts_on,
    heard_at,
    last_report_of,
    patch_sets_judged_by,
    servers_of,
)
from cibot.store.reports import StoredReport, builds_of, judging_counts, reports_of

_NEWEST = 400  # reports whose jobs are looked at, passed or not
_LEARNT_FOR = timedelta(minutes=10)  # who is at home where changes slowly


@dataclass(frozen=True, slots=True)
class Observation:
    """What is known of one CI at a moment."""

    judged: list[Judged]
    eligible: list[Eligible]
    last_heard: datetime | None
    feed_fresh: bool
    projects: frozenset[str]
    references: Mapping[str, int | None]


@dataclass(slots=True)
class Homes:
    """Which CIs judge in which project, and which of them is its reference."""

    counts: dict[str, dict[int, int]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)

    @classmethod
    def read(cls, tx: Tx, cis: list[KnownCi], since: datetime) -> Homes:
        """Learns them from the reports since then."""
        homes = cls(names={one.id: one.name for one in cis})
        for project, ci_id, number in judging_counts(tx, since):
            homes.counts.setdefault(project, {})[ci_id] = number
        return homes

    def of(self, ci_id: int) -> frozenset[str]:
        """The projects that a CI judges in."""
        return frozenset(project for project, counts in self.counts.items() if ci_id in counts)


class Observer:
    """Reads observations; remembers for a while who is at home where."""

    def __init__(self, config: Config, policy: Policy) -> None:
        self._config = config
        self._policy = policy
        self._scopes: Mapping[str, Scope] = scopes(config.ci)
        self._homes = Homes()
        self._homes_at: datetime | None = None

    def observe(self, tx: Tx, ci: KnownCi, now: datetime) -> Observation:
        """What is known of ``ci`` at ``now``; what was posted later is not looked at."""
        homes = self._learn(tx, ci, now)
        since = now - self._policy.memory
        reports = reports_of(tx, ci.id, since, now + timedelta(microseconds=1))
        projects = homes.of(ci.id) | {one.project for one in reports}
        references = {one: self.reference(homes, one) for one in projects}
        attempts = self._attempts(tx, ci, reports, references)
        looked_at = {
            (one.change_id, one.seq)
            for place, one in enumerate(reversed(reports))
            if one.result in {"fail", "infra"} or (one.result and place < _NEWEST)
        }
        last_heard = last_report_of(tx, ci.id)
        # Of a CI that fell silent, its coverage before that is what counts.
        due_since = min(now, last_heard or now) - self._policy.memory
        return Observation(
            pairing.judged(reports, attempts, builds_of(tx, looked_at)),
            self._eligible(tx, ci, reports, references, due_since, now),
            last_heard,
            self._fresh(tx, ci, now),
            projects,
            references,
        )

    def reference(self, homes: Homes, project: str) -> int | None:
        """The reference CI of a project: as configured, else the best guess."""
        ids = {name: ci_id for ci_id, name in homes.names.items()}
        for one in self._config.reference:
            if any(fnmatchcase(project, pattern) for pattern in one.projects):
                return ids.get(one.ci)
        return pairing.guess_reference(homes.counts.get(project, {}), homes.names)

    def _learn(self, tx: Tx, ci: KnownCi, now: datetime) -> Homes:
        fresh = self._homes_at is not None and abs(now - self._homes_at) < _LEARNT_FOR
        if not fresh or ci.id not in self._homes.names:
            self._homes = Homes.read(tx, all_cis(tx), now - self._policy.memory)
            self._homes_at = now
        return self._homes

    @staticmethod
    def _attempts(
        tx: Tx, ci: KnownCi, reports: list[StoredReport], references: Mapping[str, int | None]
    ) -> list[Attempt]:
        changes: dict[int, set[int]] = defaultdict(set)
        for one in reports:
            reference = references[one.project]
            if reference is not None and reference != ci.id:
                changes[reference].add(one.change_id)
        return [
            attempt
            for reference, ids in sorted(changes.items())
            for attempt in attempts_on(tx, reference, ids)
        ]

    def _eligible(
        self,
        tx: Tx,
        ci: KnownCi,
        reports: list[StoredReport],
        references: Mapping[str, int | None],
        since: datetime,
        now: datetime,
    ) -> list[Eligible]:
        due: list[DuePatchSet] = []
        for reference in sorted({one for one in references.values() if one is not None}):
            if reference != ci.id:
                projects = {one for one in references if references[one] == reference}
                due += patch_sets_judged_by(tx, reference, projects, since, now)
        scope = self._scopes.get(ci.name, Scope())
        allowed = pairing.deadline_after(reports)
        return pairing.eligible(due, reports, scope.covers, allowed, now)

    def _fresh(self, tx: Tx, ci: KnownCi, now: datetime) -> bool:
        heard = heard_at(tx)
        servers = servers_of(tx, ci.id)
        return bool(servers) and all(
            server in heard and now - heard[server] <= self._policy.feed_stale for server in servers
        )
