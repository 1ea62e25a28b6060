"""Every statement of the store is served by an index, on both databases, shown by EXPLAIN.

`CALLS` holds each function of the store that takes a transaction; one that is
missing there fails the test, so that none can be forgotten.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from types import FunctionType
from typing import Any

import pytest
from sqlalchemy import event, select, update

import cibot.store
from cibot.model import Account, Change, Channel, Message, PatchSet
from cibot.store import (
    accounts,
    arrivals,
    audit,
    bulk,
    chances,
    changes,
    checkpoints,
    cis,
    comments,
    corrections,
    digests,
    faces,
    feeds,
    histories,
    incidents,
    job_sets,
    latencies,
    lease,
    leaving,
    onsets,
    outbox,
    references,
    reports,
    requests,
    rollup,
    rows,
    schema,
    silences,
    status,
    tally,
    unjudged,
    watches,
    weighing,
    withdrawals,
)
from cibot.store import set_aside as aside
from cibot.store.audit import AuditRow
from cibot.store.checkpoints import StoredCheckpoint
from cibot.store.digests import HeldMessage
from cibot.store.engine import Store, Tx, open_store
from cibot.store.incidents import StoredHealth, StoredIncident, StoredTransition
from cibot.store.lease import Lease, Process
from cibot.store.migrate import upgrade
from cibot.store.outbox import About, MessageKind, Outgoing
from cibot.store.tally import DAY, EPOCH, Counts, Tally
from cibot.store.watches import StoredWatch
from tests.support.history import NOW, CiHistory, History, ago

# These hold a row a server, a CI, an account, a CI's project or a project's reference, or fewer.
SMALL = {
    "server", "ci", "account", "health", "feed", "lease", "project_record", "reference_period",
    "unjudged",
    "chances",
}  # fmt: skip
ALLOWED = {  # (function, table): why reading it from one end to the other is right
    ("verdicts_by_week", "change"): "counts the verdicts of all time, once a day",
    ("verdicts_by_week", "report"): "counts the verdicts of all time, once a day",
    ("forget_lives", "life"): "all of it is to be forgotten",
    ("every_incident", "incident"): "all of them are asked for, by hand",
    ("incidents_before", "incident"): "walks the key from its end and stops at the limit",
    ("refusals_since", "audit"): "walks the key from its end and stops at a thousand",
    ("audit_before", "audit"): "walks the key from its end and stops at the limit",
    ("silences_before", "silence"): "walks the key from its end and stops at the limit",
    ("put_aside", "set_aside"): "a week's faults are few",
    ("set_aside", "set_aside"): "a week's faults are few, and it stops at a thousand",
    ("project_names", "change"): "skips through the index from project to project",
}
SINCE, UNTIL = NOW - ago(7), NOW - ago(0)
CHANGE = 1 << 32 | 77
KEY = [(CHANGE, 1)]
BRANCH = onsets.Place(1, "filler/27", "master")
ABOUT = About(MessageKind.ALERT, "new", 5, "opened")
OUTGOING = Outgoing(450, ABOUT, "net-2", "#room-0", "{}", 1, NOW)
K1499 = About(MessageKind.DIGEST, "k1499")
HELD = HeldMessage(3, 5, "opened", "net-1", "#room-1", "{}")
ROOM = Channel("net-0", "#room-1")
LEASE = Lease("leader", "me", 1)
PROCESS = Process(1, "boot", "space")
DAY_LONG = timedelta(days=1)
LIFE = StoredCheckpoint(1, NOW, NOW, "b", {})
INCIDENT = StoredIncident(5, 6, "firing", "failing", NOW, None, NOW, "{}")
NEWS = Change(77, "filler/27", "master", "S", "NEW", NOW, NOW, (), (PatchSet(1, NOW),))
SPOKEN = Message(NOW, "Hello", None, 1, message_id="x")
MERGED = corrections.StoredChange(CHANGE, "filler/27", 77, "MERGED", NOW, NOW, NOW)
NEW_ACCOUNT = Account(900, "new", "New", "new@example.org")
LAST = comments.CommentText(CHANGE, 1, 1, 1, NOW, None, "", None)
COMMENT = {
    "change_id": CHANGE, "seq": 999, "account_id": 1, "patch_set": 1, "posted_at": NOW,
    "message_id": "x", "event_at": None, "position": 9, "tag": None, "digest": 1, "text": "",
    "votes": None,
}  # fmt: skip

DAY_NUMBER = NOW.toordinal() - EPOCH.toordinal()
COUNTED = rollup.RollUpRow(
    1, DAY_NUMBER, "filler/1", "master", DAY_NUMBER, 1, 0, 0, 0, 0, 0, 0, 0, {}, {}, {}
)
SPELL = rollup.SpellRow(1, "job", NOW, "failing", None)
AUDITED = AuditRow(NOW, "net", "mika", "mika", "#ci", "ack", "1", "done")
WATCH = StoredWatch("net", "u7", 1, "u7", NOW)


def _count(tx: Tx) -> None:
    with tally.counting(tx) as counts:
        reports.drop_reports(tx, KEY, counts)


Call = Callable[[Tx], object]
CALLS: Mapping[Any, Sequence[Call]] = {
    accounts.gerrit_ids: [accounts.gerrit_ids],
    accounts.accounts_of_cis: [accounts.accounts_of_cis],
    accounts.find_accounts: [lambda tx: accounts.find_accounts(tx, 1, [NEW_ACCOUNT])],
    accounts.accounts_of: [accounts.accounts_of, lambda tx: accounts.accounts_of(tx, 1)],
    accounts.lock_cis: [
        lambda tx: accounts.lock_cis(tx, [1, 2]),
        lambda tx: accounts.lock_cis(tx, [1], change=True),
    ],
    accounts.add_accounts: [lambda tx: accounts.add_accounts(tx, 1, [(NEW_ACCOUNT, 1)])],
    accounts.update_account: [lambda tx: accounts.update_account(tx, 1, NEW_ACCOUNT)],
    accounts.assign_ci: [lambda tx: accounts.assign_ci(tx, [1], 2)],
    bulk.insert_rows: [lambda tx: bulk.insert_rows(tx, schema.comment, [COMMENT])],
    changes.put_changes: [lambda tx: changes.put_changes(tx, 1, [NEWS])],
    changes.put_patch_sets: [
        lambda tx: changes.put_patch_sets(tx, [(1, one) for one in NEWS.patch_sets])
    ],
    cis.all_cis: [cis.all_cis],
    cis.ensure_ci: [
        lambda tx: cis.ensure_ci(tx, "Other 1", "configured", NOW),
        lambda tx: cis.ensure_ci(tx, "New", "discovered", NOW),
    ],
    cis.ensure_server: [
        lambda tx: cis.ensure_server(tx, "review", "https://moved"),
        lambda tx: cis.ensure_server(tx, "new", "https://new"),
    ],
    cis.server_urls: [cis.server_urls],
    changes.still_unconfirmed: [lambda tx: changes.still_unconfirmed(tx, {CHANGE: NOW})],
    changes.unconfirmed: [lambda tx: changes.unconfirmed(tx, 1, NOW, 10)],
    changes.stored_places: [lambda tx: changes.stored_places(tx, 1, {("openstack/nova", 5)})],
    changes.changes_unconfirmed: [lambda tx: changes.changes_unconfirmed(tx, 0)],
    comments.drop_comments: [lambda tx: comments.drop_comments(tx, KEY)],
    comments.claim_events: [
        lambda tx: comments.claim_events(
            tx, [comments.StoredComment(CHANGE, 1, None, NOW, None, NOW, None, None, 1)]
        )
    ],
    withdrawals.withdraw: [
        lambda tx: withdrawals.withdraw(tx, [reports.DroppedReport(1, NOW)], NOW)
    ],
    withdrawals.withdraw_comments: [
        lambda tx: withdrawals.withdraw_comments(tx, KEY, Tally(), NOW)
    ],
    withdrawals.withdraw_changes: [
        lambda tx: withdrawals.withdraw_changes(tx, [CHANGE], Tally(), NOW)
    ],
    leaving.retired_cis: [leaving.retired_cis],
    leaving.retirements: [leaving.retirements],
    leaving.set_retired: [lambda tx: leaving.set_retired(tx, 1, NOW)],
    leaving.drop_health: [lambda tx: leaving.drop_health(tx, 1)],
    leaving.exclude_accounts: [lambda tx: leaving.exclude_accounts(tx, [1, 2], NOW)],
    leaving.account_ids_of: [lambda tx: leaving.account_ids_of(tx, 1)],
    leaving.forget_ci: [lambda tx: leaving.forget_ci(tx, 10**6)],
    comments.known_comments: [
        lambda tx: comments.known_comments(tx, [CHANGE, CHANGE + 1]),
        lambda tx: comments.known_comments(tx, [CHANGE, CHANGE + 1], {1, 2, 3}),
    ],
    comments.add_comments: [lambda tx: comments.add_comments(tx, [COMMENT])],
    comments.update_comments: [lambda tx: comments.update_comments(tx, [COMMENT | {"seq": 1}])],
    comments.comments_after: [
        lambda tx: comments.comments_after(tx, 1, None, 5),
        lambda tx: comments.comments_after(tx, 1, LAST, 5),
    ],
    comments.comments_by: [lambda tx: list(comments.comments_by(tx, [1, 2], batch=5))],
    comments.newest_by: [lambda tx: comments.newest_by(tx, 1, 5)],
    comments.stored_votes: [lambda tx: comments.stored_votes(tx, KEY)],
    feeds.load_cursor: [lambda tx: feeds.load_cursor(tx, 1, "poll")],
    feeds.feed_heard: [lambda tx: feeds.feed_heard(tx, 1, "poll", "c", NOW)],
    feeds.feed_failed: [lambda tx: feeds.feed_failed(tx, 1, "poll", "away", NOW)],
    feeds.feed_rejected: [lambda tx: feeds.feed_rejected(tx, 1, "poll")],
    feeds.feed_states: [feeds.feed_states],
    digests.held_until: [lambda tx: digests.held_until(tx, NOW)],
    digests.hold_on: [lambda tx: digests.hold_on(tx, [3, 4], NOW)],
    digests.fold_held: [
        lambda tx: digests.fold_held(tx, [3, 4]),
        lambda tx: digests.fold_held(tx, [3, 4], "k7"),
    ],
    digests.said_after: [lambda tx: digests.said_after(tx, HELD)],
    outbox.told_of_ci: [lambda tx: outbox.told_of_ci(tx, 1, SINCE)],
    silences.silences_ended: [lambda tx: silences.silences_ended(tx, SINCE, NOW)],
    outbox.last_sent: [lambda tx: outbox.last_sent(tx, ROOM, ABOUT)],
    outbox.move_messages: [lambda tx: outbox.move_messages(tx, 5, 6, lambda card, *_numbers: card)],
    outbox.rooms_of: [lambda tx: outbox.rooms_of(tx, 5)],
    incidents.put_health: [
        lambda tx: incidents.put_health(tx, StoredHealth(1, "healthy", NOW, NOW, NOW, "[]"))
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
    incidents.changed_since: [
        lambda tx: incidents.changed_since(tx, 1, SINCE),
        lambda tx: incidents.changed_since(tx, 1, SINCE, [5]),
    ],
    incidents.delete_incident: [lambda tx: incidents.delete_incident(tx, 5)],
    incidents.merge_incident: [lambda tx: incidents.merge_incident(tx, 5, 6)],
    incidents.forget_steps: [lambda tx: incidents.forget_steps(tx, [5, 6], SINCE)],
    incidents.every_incident: [incidents.every_incident],
    incidents.opened_since: [lambda tx: incidents.opened_since(tx, SINCE)],
    incidents.add_incident: [
        lambda tx: incidents.add_incident(tx, StoredIncident(**_fields(INCIDENT, ci_id=99)))
    ],
    incidents.update_incident: [lambda tx: incidents.update_incident(tx, INCIDENT)],
    incidents.add_transitions: [
        lambda tx: incidents.add_transitions(tx, [StoredTransition(5, NOW, "opened")])
    ],
    incidents.transitions_since: [lambda tx: incidents.transitions_since(tx, SINCE)],
    lease.acquire: [
        lambda tx: lease.acquire(tx, "leader", "me", PROCESS, DAY_LONG),
        lambda tx: lease.acquire(tx, "new", "me", PROCESS, DAY_LONG),
    ],
    lease.fence: [lambda tx: lease.fence(tx, LEASE)],
    lease.release: [lambda tx: lease.release(tx, LEASE)],
    lease.is_free: [lambda tx: lease.is_free(tx, "leader", lambda _process: False)],
    lease.database_time: [lease.database_time],
    requests.claim_request: [lambda tx: requests.claim_request(tx, ["a", "b"], NOW)],
    aside.put_aside: [lambda tx: aside.put_aside(tx, "CI", {"a": "why"}, NOW)],
    aside.set_aside: [lambda tx: aside.set_aside(tx, NOW)],
    aside.take_back: [lambda tx: aside.take_back(tx, "CI", ["a"])],
    corrections.changes_of_numbers: [lambda tx: corrections.changes_of_numbers(tx, 1, (50, 51))],
    corrections.is_same_change: [
        lambda tx: corrections.is_same_change(tx, CHANGE, replace(NEWS, messages=(SPOKEN,)))
    ],
    corrections.move_change: [lambda tx: corrections.move_change(tx, CHANGE, "renamed")],
    corrections.put_right: [lambda tx: corrections.put_right(tx, MERGED, NEWS, NOW)],
    requests.forget_requests: [lambda tx: requests.forget_requests(tx, SINCE)],
    unjudged.put_unjudged: [lambda tx: unjudged.put_unjudged(tx, [1, 2])],
    unjudged.unjudged: [unjudged.unjudged],
    unjudged.forget_unjudged: [lambda tx: unjudged.forget_unjudged(tx, [1, 2])],
    outbox.enqueue: [lambda tx: outbox.enqueue(tx, ABOUT, ROOM, "{}", NOW)],
    outbox.claim: [
        lambda tx: outbox.claim(tx, "net-0", NOW, UNTIL, frozenset()),
        lambda tx: outbox.claim(tx, "net-1", NOW, UNTIL, frozenset({"#room-0"})),
    ],
    outbox.mark_sent: [lambda tx: outbox.mark_sent(tx, OUTGOING, "r", NOW)],
    outbox.mark_later: [lambda tx: outbox.mark_later(tx, OUTGOING, NOW, "e")],
    outbox.mark_unsure: [lambda tx: outbox.mark_unsure(tx, OUTGOING, NOW, "e")],
    outbox.mark_dead: [lambda tx: outbox.mark_dead(tx, OUTGOING, NOW, "e")],
    outbox.settle: [lambda tx: outbox.settle(tx, OUTGOING, state="dead")],
    digests.steps_in_room: [lambda tx: digests.steps_in_room(tx, OUTGOING)],
    digests.is_replaced: [lambda tx: digests.is_replaced(tx, OUTGOING)],
    digests.lay_aside: [lambda tx: digests.lay_aside(tx, OUTGOING, NOW, lambda _: "{}")],
    digests.fold: [
        lambda tx: digests.fold(tx, "k7", ABOUT, ROOM, UNTIL, NOW, lambda _: "{}"),
        lambda tx: digests.fold(tx, "k7", K1499, ROOM, UNTIL, NOW, lambda _: "{}"),
    ],
    digests.postpone: [lambda tx: digests.postpone(tx, OUTGOING, NOW)],
    digests.revive: [
        lambda tx: digests.revive(tx, "net-0", SINCE, NOW),
        lambda tx: digests.revive(tx, "net-0", SINCE, NOW, "#room-1"),
    ],
    digests.undelivered: [digests.undelivered],
    outbox.hurry: [lambda tx: outbox.hurry(tx, "net-0", NOW)],
    outbox.release_leases: [lambda tx: outbox.release_leases(tx, NOW)],
    outbox.depth: [outbox.depth],
    outbox.said_since: [lambda tx: outbox.said_since(tx, ROOM, NOW)],
    outbox.listed: [outbox.listed, lambda tx: outbox.listed(tx, ["dead"], 5)],
    outbox.retry: [lambda tx: outbox.retry(tx, NOW), lambda tx: outbox.retry(tx, NOW, 450)],
    outbox.drop: [lambda tx: outbox.drop(tx, 450)],
    outbox.has: [lambda tx: outbox.has(tx, "k1")],
    changes.changes_by_number: [lambda tx: changes.changes_by_number(tx, 77)],
    corrections.has_namesakes: [corrections.has_namesakes],
    changes.changes_by_id: [lambda tx: changes.changes_by_id(tx, [CHANGE])],
    changes.latest_changes: [lambda tx: changes.latest_changes(tx, "filler/27", SINCE, 10)],
    changes.patch_set_times: [lambda tx: changes.patch_set_times(tx, CHANGE)],
    changes.verdicts_on: [lambda tx: changes.verdicts_on(tx, [CHANGE, CHANGE + 1])],
    changes.project_names: [changes.project_names],
    cis.ci_names: [cis.ci_names],
    cis.last_heard: [cis.last_heard],
    cis.latest_reports: [
        lambda tx: cis.latest_reports(tx, 1),
        lambda tx: cis.latest_reports(tx, 1, since=SINCE, until=UNTIL, judging=True),
        lambda tx: cis.latest_reports(tx, 1, since=SINCE, judging=True, branch="main"),
    ],
    cis.account_names: [lambda tx: cis.account_names(tx, 1)],
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
    faces.reports_before: [
        lambda tx: faces.reports_before(tx, 1, None, 10),
        lambda tx: faces.reports_before(tx, 1, (NOW - ago(30), CHANGE, 1), 10),
    ],
    faces.incidents_before: [
        lambda tx, ci=ci, only=only, before=before: faces.incidents_before(  # type: ignore[misc]
            tx, ci_id=ci, open_only=only, before=before, limit=10
        )
        for ci in (None, 1)
        for only in (False, True)
        for before in (None, 300)
    ],
    incidents.transitions_of: [lambda tx: incidents.transitions_of(tx, 5)],
    chances.chances_of: [lambda tx: chances.chances_of(tx, 1)],
    chances.put_chances: [
        lambda tx: chances.put_chances(tx, chances.StoredChances(1, 2, 1, 0, 60.0, ()))
    ],
    rollup.put_rollup: [lambda tx: rollup.put_rollup(tx, 1, DAY_NUMBER, [COUNTED])],
    rollup.put_spells: [lambda tx: rollup.put_spells(tx, 1, SINCE, [SPELL])],
    rollup.end_spells: [lambda tx: rollup.end_spells(tx, 1, NOW)],
    incidents.opened_between: [lambda tx: incidents.opened_between(tx, SINCE, UNTIL)],
    rollup.rollup_sums: [
        lambda tx: rollup.rollup_sums(tx, [1, 2], DAY_NUMBER, DAY_NUMBER + 7),
        lambda tx: rollup.rollup_sums(tx, [1], DAY_NUMBER, DAY_NUMBER + 7, "a", jobs=False),
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
    job_sets.job_sets_around: [lambda tx: job_sets.job_sets_around(tx, 1, CHANGE, NOW)],
    histories.builds_until: [lambda tx: histories.builds_until(tx, 1, [CHANGE, CHANGE + 1], UNTIL)],
    histories.change_rows: [lambda tx: histories.change_rows(tx, [CHANGE])],
    histories.uploads_of: [lambda tx: histories.uploads_of(tx, [CHANGE])],
    arrivals.arrived: [lambda tx: arrivals.arrived(tx, [1, 2], ["filler/1"], SINCE, (UNTIL, NOW))],
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
    status.results_on: [lambda tx: status.results_on(tx, 1, [CHANGE])],
    status.results_since: [
        lambda tx: status.results_since(tx, 1, None, 10),
        lambda tx: status.results_since(tx, 1, SINCE, 10),
    ],
    tally.buckets: [lambda tx: tally.buckets(tx, [1, 2], DAY, SINCE, UNTIL)],
    tally.counts_between: [
        lambda tx: tally.counts_between(tx, [1, 2], SINCE, UNTIL),
        lambda tx: tally.counts_between(tx, [1, 2], NOW - ago(minutes=3), NOW),
    ],
    latencies.first_verdicts: [lambda tx: latencies.first_verdicts(tx, 1, [(SINCE, UNTIL)], 10)],
    comments.unparsed_of: [lambda tx: comments.unparsed_of(tx, 1, SINCE, 10)],
    reports.put_reports: [lambda tx: reports.put_reports(tx, [], [], Tally())],
    reports.drop_reports: [lambda tx: reports.drop_reports(tx, KEY, Tally())],
    reports.reports_on: [lambda tx: reports.reports_on(tx, CHANGE)],
    reports.builds_of: [lambda tx: reports.builds_of(tx, [*KEY, (CHANGE + 1, 1)])],
    reports.cis_heard_since: [lambda tx: reports.cis_heard_since(tx, NOW - ago(minutes=3))],
    reports.written_reports: [lambda tx: reports.written_reports(tx, KEY)],
    audit.refusals_since: [lambda tx: audit.refusals_since(tx, "net", "mika", SINCE)],
    audit.add_audit: [lambda tx: audit.add_audit(tx, AUDITED)],
    audit.audit_before: [audit.audit_before, lambda tx: audit.audit_before(tx, 300)],
    silences.add_silence: [
        lambda tx: silences.add_silence(tx, "Other 1", NOW, UNTIL, "Mika", "new disks")
    ],
    silences.silences_at: [lambda tx: silences.silences_at(tx, NOW)],
    silences.silence_by_id: [lambda tx: silences.silence_by_id(tx, 5)],
    incidents.incidents_during: [lambda tx: incidents.incidents_during(tx, SINCE, UNTIL)],
    silences.silences_before: [
        lambda tx: silences.silences_before(tx, None, 10, NOW),
        lambda tx: silences.silences_before(tx, None, 10),
        lambda tx: silences.silences_before(tx, 300, 10),
    ],
    silences.end_silence: [lambda tx: silences.end_silence(tx, 5, "Mika", NOW)],
    watches.put_watch: [lambda tx: watches.put_watch(tx, WATCH)],
    watches.drop_watch: [
        lambda tx: watches.drop_watch(tx, "net", "u7"),
        lambda tx: watches.drop_watch(tx, "net", "u7", 1),
    ],
    watches.watches_of: [lambda tx: watches.watches_of(tx, "net", "u7")],
    watches.watchers_of: [lambda tx: watches.watchers_of(tx, 1)],
    watches.seen_in: [lambda tx: watches.seen_in(tx, "net", "u7", "u7_")],
    tally.counting: [_count],
    tally.add_counts: [lambda tx: tally.add_counts(tx, {(1, DAY, 24): Counts(1)})],
    tally.drift: [lambda tx: tally.drift(tx, 1)],
    tally.recount: [lambda tx: tally.recount(tx, 1)],
    bulk.upsert: [lambda tx: bulk.upsert(tx, schema.server, [])],
    bulk.insert_one: [lambda tx: bulk.insert_one(tx, schema.server, {"name": "s9", "url": "u"})],
    bulk.replace: [lambda tx: bulk.replace(tx, schema.unjudged, [])],
    bulk.replace_all: [
        lambda tx: bulk.replace_all(
            tx, schema.spell, [schema.spell.c.ci_id == 1, schema.spell.c.until.is_(None)], []
        )
    ],
    rows.rows_in: [
        lambda tx: list(rows.rows_in(tx, select(schema.change.c.id), schema.change.c.id, [CHANGE]))
    ],
    weighing.failed_patch_sets: [
        lambda tx: weighing.failed_patch_sets(tx, [1, 2], NOW - ago(1), NOW, 100)
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


def _fields(row: Any, **others: object) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__} | others


MOST_ROWS = 1_000  # of some thousand that there are
MORE = {  # function: why it may read more rows
    "project_names": "walks an index of changes",
    "last_results": "so many of the last reports of each CI with their builds, and no more",
    "drift": "counts a CI's reports anew, by hand",
    "recount": "counts a CI's reports anew, by hand",
    "verdicts_by_week": "counts the verdicts of all time, once a day, then of a week",
    "every_incident": "all of them are asked for, by hand",
    "records_of": "a row a CI and project, once in minutes",
    "put_records": "a row a CI and project, once in minutes",
    "first_verdicts": "at most a hundred verdicts of each day of a month",
}


def test_every_function_of_the_store_is_called_here() -> None:
    named = set()
    for module in pkgutil.iter_modules(cibot.store.__path__, "cibot.store."):
        if module.name.endswith(".migrations"):
            continue
        for name, one in vars(importlib.import_module(module.name)).items():
            ours = isinstance(one, FunctionType) and one.__module__ == module.name
            if ours and not name.startswith("_") and "tx" in inspect.signature(one).parameters:
                named.add(one)
    assert named == set(CALLS), "a function of the store is not, or no longer, in CALLS"


def _wide(history: History, others: list[CiHistory]) -> None:
    """Many changes, on each of which one CI spoke."""
    for number in range(1, 2501):
        project = f"filler/{number % 50}"
        history.change(number, project, uploads=[ago(days=number % 90, hours=1)])
        others[number % 25].report(number, at=ago(days=number % 90), jobs={"job": "SUCCESS"})


def _deep(history: History, others: list[CiHistory]) -> None:
    """Few changes, of which each CI spoke again and again: a CI has more reports than those."""
    for number in range(60, 140):
        history.change(number, f"filler/{number % 50}", uploads=[ago(days=number % 90, hours=1)])
        for place in range(100):
            at = ago(days=number % 90, minutes=place)
            others[place % 25].report(number, at=at, jobs={"job": "SUCCESS"} if place < 5 else {})


def _fill(store: Store, shape: Callable[[History, list[CiHistory]], None]) -> None:
    """Rows enough that an index is worth its while."""
    history = History(store)
    shape(history, [history.ci(f"Other {place}") for place in range(25)])
    history.save()
    store.write(_fill_more)


def _fill_more(tx: Tx) -> None:
    accounts.add_accounts(
        tx, 1, [(Account(n, f"u{n}", f"U {n}"), n % 25 + 1) for n in range(1, 26)]
    )
    comment = schema.comment
    tx.execute(update(comment).values(account_id=comment.c.change_id % 25 + 1))
    made = [
        {"ci_id": n % 25 + 1, "open_slot": None if n > 25 else 1, "body": "{}",
         "state": "resolved" if n > 25 else "firing", "severity": "failing",
         "opened_at": NOW - ago(n), "resolved_at": NOW - ago(n) if n > 25 else None,
         "changed_at": NOW - ago(n), "notified": True}
        for n in range(1, 801)
    ]  # fmt: skip
    tx.execute(schema.incident.insert(), made)
    steps = [
        {"incident_id": n, "seq": seq, "at": NOW - ago(n), "name": "opened"}
        for n in range(1, 801)
        for seq in (1, 2)
    ]
    tx.execute(schema.transition.insert(), steps)
    said = [
        {"dedupe_key": f"k{n}", "kind": "alert", "incident_id": n // 2, "step": "opened",
         "network": f"net-{n % 4}", "room": f"#room-{n % 3}", "card": "{}",
         "state": "pending" if n > 1490 else "dead" if n % 50 == 0 else "sent", "attempts": 0,
         "created_at": NOW, "not_before": NOW}
        for n in range(1, 1501)
    ]  # fmt: skip
    tx.execute(schema.outbox.insert(), said)
    for n in range(1, 501):
        audit.add_audit(tx, AUDITED)
        ended = NOW - ago(n) if n < 490 else NOW + ago(n)
        silences.add_silence(tx, f"Other {n}", NOW - ago(n + 1), ended, "Mika", "r")
        watches.put_watch(tx, StoredWatch("net", f"u{n % 100}", n % 25 + 1, "r", NOW))
    tx.execute(
        schema.lease.insert(),
        [{"name": "leader", "owner": "me", "token": 1, "until": NOW, "writes": 0}],
    )


class Plans:
    """What each statement reads whole, by EXPLAIN."""

    def __init__(self, store: Store) -> None:
        self.sqlite = store.engine.dialect.name == "sqlite"
        self.whole: list[tuple[str, str]] = []
        self.statements = 0

    def explain(self, link: Any, _cursor: Any, statement: str, values: Any, *rest: Any) -> None:
        if statement.split(maxsplit=1)[0] not in {"SELECT", "UPDATE", "DELETE"}:
            return
        if rest[-1]:  # executemany
            values = values[0]
        self.statements += 1
        cursor = link.connection.cursor()
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if self.sqlite else ''}{statement}", values)
        names = [one[0] for one in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        cursor.close()
        aliases = re.findall(r"[`\"]?(\w+)[`\"]? AS [`\"]?(\w+)", statement)
        tables = {alias: table for table, alias in aliases}
        for name in filter(None, map(self._whole, rows)):
            table = tables.get(name, name)
            if table in schema.metadata.tables and table not in SMALL:
                self.whole.append((table, f"{statement}\n{rows}"))

    def _whole(self, row: Mapping[str, Any]) -> str | None:
        """The name of the table that this step reads from one end to the other."""
        if self.sqlite:
            words = str(row["detail"]).split()
            return words[1] if words[0] == "SCAN" else None
        return str(row["table"]) if row["type"] in {"ALL", "index"} else None


@contextmanager
def _plans(store: Store) -> Iterator[Plans]:
    plans = Plans(store)
    event.listen(store.engine, "before_cursor_execute", plans.explain)
    try:
        yield plans
    finally:
        event.remove(store.engine, "before_cursor_execute", plans.explain)


class _Undo(Exception):
    """Takes back what a call wrote, so that the next finds the same rows."""


@pytest.mark.parametrize("shape", [_wide, _deep])
def test_every_statement_is_served_by_an_index(store: Store, shape: Any) -> None:
    _fill(store, shape)
    if store.engine.dialect.name != "sqlite":  # SQLite plans without statistics, as in production
        for table in schema.metadata.tables:
            store.write(lambda tx, t=table: tx.exec_driver_sql(f"ANALYZE TABLE `{t}`").all())  # type: ignore[misc]
    found: list[str] = []
    total = 0
    for function, calls in CALLS.items():
        with _plans(store) as plans:
            for call in calls:
                _run(store, call)
        total += plans.statements
        for table, shown in plans.whole:
            if (function.__name__, table) not in ALLOWED:
                found.append(f"{function.__name__} reads all of {table}: {shown}")
    assert not found, "\n\n".join(found)
    assert total > 60


def _run(store: Store, call: Call) -> int:
    """Runs a call, undoes it, and returns how many rows the server read, where it tells."""
    read = 0

    def work(tx: Tx) -> None:
        nonlocal read
        before = _rows_read(tx)
        call(tx)
        read = _rows_read(tx) - before
        raise _Undo

    with pytest.raises(_Undo):
        store.write(work)
    return read


def _rows_read(tx: Tx) -> int:
    if tx.dialect.name == "sqlite":
        return 0
    found = tx.exec_driver_sql("SHOW SESSION STATUS LIKE 'Handler_read%%'").all()
    return sum(int(row[1]) for row in found)


@pytest.mark.parametrize("shape", [_wide, _deep])
def test_no_answer_reads_more_than_it_needs(request: Any, shape: Any) -> None:
    """An index can be read from end to end, too, and EXPLAIN does not say so."""
    store = open_store(request.getfixturevalue("mariadb_url"))
    upgrade(store)
    _fill(store, shape)
    for table in schema.metadata.tables:
        store.write(lambda tx, t=table: tx.exec_driver_sql(f"ANALYZE TABLE `{t}`").all())  # type: ignore[misc]
    found = [
        f"{function.__name__} reads {read} rows"
        for function, calls in CALLS.items()
        for read in (_run(store, call) for call in calls)
        if read > MOST_ROWS and function.__name__ not in MORE
    ]
    store.close()
    assert not found
