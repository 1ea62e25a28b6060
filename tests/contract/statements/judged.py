"""Calls of what judging reads and writes, and of what the faces ask of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from cibot.store import (
    checkpoints,
    histories,
    incidents,
    latencies,
    onsets,
    patch_sets,
    references,
    reports,
    rollup,
    status,
    tally,
    weighing,
)
from cibot.store.checkpoints import StoredCheckpoint
from cibot.store.engine import Tx
from cibot.store.incidents import StoredHealth, StoredIncident, StoredTransition
from cibot.store.tally import DAY, EPOCH, Counts
from tests.contract.statements.rows import CHANGE, KEY, SINCE, UNTIL, Call
from tests.support.history import NOW, ago

BRANCH = onsets.ProjectBranch(1, "filler/27", "master")
LIFE = StoredCheckpoint(1, NOW, NOW, "b", {})
INCIDENT = StoredIncident(5, 6, "firing", "failing", NOW, None, NOW, "{}")
DAY_NUMBER = NOW.toordinal() - EPOCH.toordinal()
COUNTED = rollup.RollUpRow(
    1, DAY_NUMBER, "filler/1", "master", DAY_NUMBER, 1, 0, 0, 0, 0, 0, 0, 0, {}, {}, {}
)
SPELL = rollup.SpellRow(1, "job", NOW, "failing", None)


def _count(tx: Tx) -> None:
    with tally.counting(tx) as counts:
        reports.drop_reports(tx, KEY, counts)


def _fields(row: Any, **others: object) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__} | others


CALLS: Mapping[Any, Sequence[Call]] = {
    incidents.put_health: [
        lambda tx: incidents.put_health(tx, StoredHealth(1, "healthy", NOW, NOW, "[]"))
    ],
    incidents.health_of: [incidents.health_of, lambda tx: incidents.health_of(tx, 1)],
    incidents.incidents_of: [
        incidents.incidents_of,
        lambda tx: incidents.incidents_of(tx, 1),
        lambda tx: incidents.incidents_of(tx, resolved_since=SINCE),
        lambda tx: incidents.incidents_of(tx, 1, resolved_since=SINCE),
    ],
    incidents.incident_by_id: [
        lambda tx: incidents.incident_by_id(tx, 5),
        lambda tx: incidents.incident_by_id(tx, 5, lock=True),
    ],
    incidents.last_steps: [lambda tx: incidents.last_steps(tx, {5, 6})],
    incidents.incidents_with: [lambda tx: incidents.incidents_with(tx, [3, 4])],
    incidents.changed_since: [
        lambda tx: incidents.changed_since(tx, 1, SINCE),
        lambda tx: incidents.changed_since(tx, 1, SINCE, [5]),
    ],
    incidents.delete_incident: [lambda tx: incidents.delete_incident(tx, 5)],
    incidents.merged_numbers: [lambda tx: incidents.merged_numbers(tx, [5, 6])],
    incidents.merge_incident: [lambda tx: incidents.merge_incident(tx, 5, 6)],
    incidents.forget_steps: [lambda tx: incidents.forget_steps(tx, [5, 6], SINCE)],
    incidents.every_incident: [incidents.every_incident],
    incidents.add_incident: [
        lambda tx: incidents.add_incident(tx, StoredIncident(**_fields(INCIDENT, ci_id=99)))
    ],
    incidents.update_incident: [lambda tx: incidents.update_incident(tx, INCIDENT)],
    incidents.add_transitions: [
        lambda tx: incidents.add_transitions(tx, [StoredTransition(5, NOW, "opened")])
    ],
    incidents.transitions_since: [lambda tx: incidents.transitions_since(tx, SINCE)],
    references.records_of: [
        references.records_of,
        lambda tx: references.records_of(tx, [1, 2]),
    ],
    references.records_in: [lambda tx: references.records_in(tx, ["filler/27"])],
    references.periods_of: [
        references.periods_of,
        lambda tx: references.periods_of(tx, ["filler/27"]),
    ],
    references.put_records: [lambda tx: references.put_records(tx, references.records_of(tx))],
    references.put_periods: [lambda tx: references.put_periods(tx, references.periods_of(tx))],
    incidents.incidents_before: [
        lambda tx, ci=ci, only=only, before=before: incidents.incidents_before(  # type: ignore[misc]
            tx, ci_id=ci, open_only=only, before=before, limit=10
        )
        for ci in (None, 1)
        for only in (False, True)
        for before in (None, 300)
    ],
    incidents.transitions_of: [lambda tx: incidents.transitions_of(tx, 5)],
    rollup.chances_of: [lambda tx: rollup.chances_of(tx, 1)],
    rollup.put_chances: [
        lambda tx: rollup.put_chances(tx, rollup.StoredChances(1, 2, 1, 0, 60.0, ()))
    ],
    rollup.put_rollup: [lambda tx: rollup.put_rollup(tx, 1, DAY_NUMBER, [COUNTED])],
    rollup.put_spells: [lambda tx: rollup.put_spells(tx, 1, SINCE, [SPELL])],
    rollup.has_rollup: [lambda tx: rollup.has_rollup(tx, 1)],
    rollup.end_spells: [lambda tx: rollup.end_spells(tx, 1, NOW)],
    incidents.opened_between: [lambda tx: incidents.opened_between(tx, SINCE, UNTIL)],
    rollup.rollup_sums: [
        lambda tx: rollup.rollup_sums(tx, [1, 2], DAY_NUMBER, DAY_NUMBER + 7),
        lambda tx: rollup.rollup_sums(tx, [1], DAY_NUMBER, DAY_NUMBER + 7, "a", jobs=False),
    ],
    rollup.days_in: [
        lambda tx: rollup.days_in(tx, 1, DAY_NUMBER - 90, DAY_NUMBER, {("a", "master")})
    ],
    rollup.spells_during: [lambda tx: rollup.spells_during(tx, [1, 2], SINCE, UNTIL)],
    histories.full_at: [lambda tx: histories.full_at(tx, [1, 2], SINCE, 100)],
    histories.first_report_of: [lambda tx: histories.first_report_of(tx, 1)],
    histories.reports_between: [
        lambda tx: histories.reports_between(tx, 1, SINCE, UNTIL),
        lambda tx: histories.reports_between(tx, 1, SINCE, UNTIL, ["filler/1"]),
    ],
    histories.uploaded_between: [
        lambda tx: histories.uploaded_between(tx, ["filler/1"], SINCE, UNTIL)
    ],
    histories.reports_before: [
        lambda tx: histories.reports_before(tx, [1, 2], [CHANGE, CHANGE + 1], UNTIL)
    ],
    onsets.job_sets_around: [lambda tx: onsets.job_sets_around(tx, 1, CHANGE, NOW)],
    histories.builds_until: [lambda tx: histories.builds_until(tx, 1, [CHANGE, CHANGE + 1], UNTIL)],
    histories.change_rows: [lambda tx: histories.change_rows(tx, [CHANGE])],
    patch_sets.origins_of: [lambda tx: patch_sets.origins_of(tx, [CHANGE])],
    histories.uploads_of: [lambda tx: histories.uploads_of(tx, [CHANGE])],
    histories.arrived: [
        lambda tx: histories.arrived(tx, [1, 2], ["filler/1"], SINCE, (UNTIL, NOW))
    ],
    histories.date_again: [lambda tx: histories.date_again(tx, NOW, ago(hours=1))],
    histories.verdict_projects: [lambda tx: histories.verdict_projects(tx, 1, SINCE)],
    histories.verdicts_by_week: [
        lambda tx: histories.verdicts_by_week(tx, [1, 2]),
        lambda tx: histories.verdicts_by_week(tx, [1, 2], SINCE),
    ],
    histories.main_pipeline: [lambda tx: histories.main_pipeline(tx, 1)],
    histories.last_heard: [lambda tx: histories.last_heard(tx, 1)],
    histories.servers_of: [lambda tx: histories.servers_of(tx, 1)],
    histories.heard_at: [histories.heard_at],
    checkpoints.put_checkpoint: [lambda tx: checkpoints.put_checkpoint(tx, LIFE, set())],
    checkpoints.drop_checkpoints: [lambda tx: checkpoints.drop_checkpoints(tx, 1, NOW)],
    checkpoints.checkpoint_times: [lambda tx: checkpoints.checkpoint_times(tx, 1)],
    checkpoints.newest_checkpoint: [
        lambda tx: checkpoints.newest_checkpoint(tx, 1, "b", None),
        lambda tx: checkpoints.newest_checkpoint(tx, 1, "b", NOW),
    ],
    checkpoints.forget_checkpoints: [checkpoints.forget_checkpoints],
    status.glance: [
        lambda tx: status.glance(tx, "CI 1", NOW, SINCE),
    ],
    status.results_since: [
        lambda tx: status.results_since(tx, 1, None, 10),
        lambda tx: status.results_since(tx, 1, SINCE, 10),
    ],
    tally.buckets: [
        lambda tx: tally.buckets(tx, [1, 2], DAY, SINCE, UNTIL),
        lambda tx: tally.buckets(tx, [1, 2], DAY, SINCE, UNTIL, "master"),
    ],
    tally.counts_between: [
        lambda tx: tally.counts_between(tx, [1, 2], SINCE, UNTIL),
        lambda tx: tally.counts_between(tx, [1, 2], NOW - ago(minutes=3), NOW),
        lambda tx: tally.counts_between(tx, [1, 2], SINCE, UNTIL, {"master"}),
    ],
    latencies.first_verdicts: [
        lambda tx: latencies.first_verdicts(tx, 1, [(SINCE, UNTIL)], 10),
        lambda tx: latencies.first_verdicts(tx, 1, [(SINCE, UNTIL)], 10, "master"),
    ],
    incidents.incidents_during: [lambda tx: incidents.incidents_during(tx, SINCE, UNTIL)],
    tally.counting: [_count],
    tally.add_counts: [lambda tx: tally.add_counts(tx, {(1, DAY, 24): Counts(1)})],
    tally.drift: [lambda tx: tally.drift(tx, 1)],
    tally.recount: [lambda tx: tally.recount(tx, 1)],
    weighing.failed_patch_sets: [
        lambda tx: weighing.failed_patch_sets(tx, [1, 2], NOW - ago(1), NOW, 100),
        lambda tx: weighing.failed_patch_sets(tx, [1, 2], NOW - ago(1), NOW, 100, {"master"}),
    ],
    weighing.last_patch_sets: [lambda tx: weighing.last_patch_sets(tx, {CHANGE, CHANGE + 1})],
    onsets.bad_runs_since: [lambda tx: onsets.bad_runs_since(tx, 1, SINCE, ["fail"], 20)],
    onsets.bad_runs_on: [lambda tx: onsets.bad_runs_on(tx, 1, CHANGE, 1)],
    onsets.last_pass: [
        lambda tx: onsets.last_pass(tx, 1, BRANCH, NOW),
        lambda tx: onsets.last_pass(tx, 1, BRANCH, NOW, "job"),
    ],
    onsets.merged_between: [lambda tx: onsets.merged_between(tx, BRANCH, SINCE, UNTIL, 10)],
    onsets.changes_around: [lambda tx: onsets.changes_around(tx, BRANCH, SINCE, 40)],
    onsets.results_between: [
        lambda tx: onsets.results_between(tx, [CHANGE, CHANGE + 1], SINCE, UNTIL)
    ],
    weighing.last_results: [lambda tx: weighing.last_results(tx, {3: 150, 1: 60})],
    weighing.said_of: [lambda tx: weighing.said_of(tx, {1, 3}, [CHANGE, CHANGE + 1])],
    weighing.unchanged_patch_sets: [
        lambda tx: weighing.unchanged_patch_sets(tx, {CHANGE, CHANGE + 1})
    ],
}
