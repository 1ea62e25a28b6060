"""Learns each project's reference and each CI's home projects, and stores both."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from cibot.config.models import Config
from cibot.health.facts import moment
from cibot.health.references import ProjectWeek, References, learn
from cibot.store.cis import all_cis
from cibot.store.engine import Tx
from cibot.store.histories import VerdictsOfWeek, verdict_projects, verdicts_by_week
from cibot.store.references import PeriodRow, RecordRow, put_periods, put_records

_LEARNT_FOR = timedelta(minutes=10)  # references change slowly
_NEW_FOR = timedelta(hours=1)  # how long before that a verdict may have been posted
_COUNTED_FOR = timedelta(days=1)
_WeekKey = tuple[str, str, int, int]


class ReferenceLearner:
    """Counts verdicts by week: those of all time once a day, the last two weeks' often."""

    def __init__(self, config: Config) -> None:
        self._configured = config.reference
        self._guessed = References()
        self._references = References()
        self._names: Mapping[int, str] = {}
        self._learnt_at: datetime | None = None
        self._weeks: dict[_WeekKey, ProjectWeek] = {}
        self._counted_at: datetime | None = None
        self._stored = True

    @property
    def references(self) -> References:
        """The references as of the last read of the store, with the configured ones."""
        return self._references

    def learn(self, tx: Tx, ci_id: int, now: datetime) -> References:
        """The references as they are known to ``ci_id``, which may be a new CI."""
        at = self._learnt_at
        if at is not None and abs(now - at) < _LEARNT_FOR and ci_id in self._names:
            lately = verdict_projects(tx, ci_id, at - _NEW_FOR)
            if lately <= self._references.projects_ever(ci_id):  # it found no new home
                return self._references
        names = {ci.id: ci.name for ci in all_cis(tx)}
        whole = self._counted_at is None or abs(now - self._counted_at) > _COUNTED_FOR
        since = None if whole or names != self._names else _monday(now - timedelta(days=7))
        weeks = {_key(week): week for week in map(_week, verdicts_by_week(tx, names, since))}
        if since is None:
            self._weeks, self._counted_at = weeks, now
        else:
            self._weeks |= weeks
        guessed = learn(self._weeks.values(), names)
        if guessed != self._guessed:
            self._guessed, self._stored = guessed, False
        self._references = guessed.with_configured(self._configured, names)
        self._names, self._learnt_at = names, now
        return self._references

    def store(self, tx: Tx) -> bool:
        """Writes what was learnt where it changed since `written`; whether there was anything."""
        if self._stored:
            return False
        store_references(tx, self._guessed)
        return True

    def written(self) -> None:
        """What `store` wrote is committed."""
        self._stored = True


def store_references(tx: Tx, guessed: References) -> None:
    """Makes these the stored references and home projects; only what differs is written."""
    put_records(
        tx,
        [
            RecordRow(record.ci_id, record.project, record.place, moment(record.first_at))
            for records in guessed.records.values()
            for record in records.values()
        ],
    )
    put_periods(
        tx,
        [
            PeriodRow(project, branch, moment(since), ci_id)
            for (project, branch), periods in guessed.periods.items()
            for since, ci_id in zip(periods.since, periods.ci_ids, strict=True)
        ],
    )


def _week(row: VerdictsOfWeek) -> ProjectWeek:
    first, last = row.first_at.timestamp(), row.last_at.timestamp()
    return ProjectWeek(
        row.project, row.ci_id, int(row.week), int(row.verdicts), first, last, row.branch
    )


def _key(week: ProjectWeek) -> _WeekKey:
    return (week.project, week.branch, week.ci_id, week.week)


def _monday(at: datetime) -> datetime:
    """The begin of the week: weeks are counted whole."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=at.weekday())
