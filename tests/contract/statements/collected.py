"""Calls of what the store holds of Gerrit: accounts, CIs, changes, comments, reports, feeds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from cibot.model import Account, Change, Message, PatchSet
from cibot.store import (
    accounts,
    changes,
    cis,
    comments,
    feeds,
    hiding,
    leaving,
    patch_sets,
    reports,
    rows,
    schema,
    unjudged,
)
from cibot.store.tally import Tally
from tests.contract.statements.rows import CHANGE, KEY, SINCE, Call
from tests.support.history import NOW, ago

NEWS = Change(77, "filler/27", "master", "S", "NEW", NOW, NOW, (), (PatchSet(1, NOW),))
SPOKEN = Message(NOW, "Hello", None, 1, message_id="x")
MERGED = changes.StoredChange(CHANGE, "filler/27", 77, "MERGED", NOW, NOW, NOW, NOW)
NEW_ACCOUNT = Account(900, "new", "New", "new@example.org")
LAST = comments.CommentText(CHANGE, 1, 1, 1, NOW, None, "", None)
COMMENT = {
    "change_id": CHANGE, "seq": 999, "account_id": 1, "patch_set": 1, "posted_at": NOW,
    "message_id": "x", "event_at": None, "position": 9, "tag": None, "digest": 1, "text": "",
    "votes": None,
}  # fmt: skip


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
    rows.insert_rows: [lambda tx: rows.insert_rows(tx, schema.comment, [COMMENT])],
    changes.put_changes: [lambda tx: changes.put_changes(tx, 1, [NEWS])],
    patch_sets.put_patch_sets: [
        lambda tx: patch_sets.put_patch_sets(tx, [(1, patch_set) for patch_set in NEWS.patch_sets]),
        lambda tx: patch_sets.put_patch_sets(
            tx, [(row_id, PatchSet(1, NOW, revision="a" * 40)) for row_id in (1, 2)], NOW, {2}
        ),
    ],
    changes.put_owners: [lambda tx: changes.put_owners(tx, {CHANGE: 1, CHANGE + 1: 1}, {CHANGE})],
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
    changes.open_changes: [
        lambda tx: changes.open_changes(tx, 1, None, 100),
        lambda tx: changes.open_changes(tx, 1, CHANGE, 100),
    ],
    changes.unconfirmed: [lambda tx: changes.unconfirmed(tx, 1, NOW, 10)],
    changes.stored_places: [lambda tx: changes.stored_places(tx, 1, {("openstack/nova", 5)})],
    changes.changes_unconfirmed: [lambda tx: changes.changes_unconfirmed(tx, 0)],
    comments.drop_comments: [lambda tx: comments.drop_comments(tx, KEY)],
    comments.claim_events: [
        lambda tx: comments.claim_events(
            tx, [comments.StoredComment(CHANGE, 1, None, NOW, None, NOW, None, None, 1)]
        )
    ],
    reports.withdraw: [lambda tx: reports.withdraw(tx, [reports.DroppedReport(1, NOW)], NOW)],
    reports.withdraw_comments: [lambda tx: reports.withdraw_comments(tx, KEY, Tally(), NOW)],
    hiding.rewrite_cards: [lambda tx: hiding.rewrite_cards(tx, str.upper)],
    hiding.hide_changes: [lambda tx: hiding.hide_changes(tx, [CHANGE], Tally(), NOW)],
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
    feeds.feed_rejected: [lambda tx: feeds.feed_rejected(tx, 1, "poll", 2)],
    feeds.feed_states: [feeds.feed_states],
    changes.changes_of_numbers: [lambda tx: changes.changes_of_numbers(tx, 1, (50, 51))],
    changes.is_same_change: [
        lambda tx: changes.is_same_change(tx, CHANGE, replace(NEWS, messages=(SPOKEN,)))
    ],
    changes.move_change: [lambda tx: changes.move_change(tx, CHANGE, "renamed")],
    changes.put_right: [lambda tx: changes.put_right(tx, MERGED, NEWS, NOW)],
    unjudged.put_unjudged: [lambda tx: unjudged.put_unjudged(tx, [1, 2])],
    unjudged.unjudged: [unjudged.unjudged],
    unjudged.forget_unjudged: [lambda tx: unjudged.forget_unjudged(tx, [1, 2])],
    changes.changes_by_number: [lambda tx: changes.changes_by_number(tx, 77)],
    changes.has_namesakes: [changes.has_namesakes],
    changes.changes_by_id: [lambda tx: changes.changes_by_id(tx, [CHANGE])],
    changes.latest_changes: [
        lambda tx: changes.latest_changes(tx, "filler/27", SINCE, 10),
        lambda tx: changes.latest_changes(tx, "filler/27", SINCE, 10, "master"),
    ],
    patch_sets.patch_set_times: [lambda tx: patch_sets.patch_set_times(tx, CHANGE)],
    reports.verdicts_on: [lambda tx: reports.verdicts_on(tx, [CHANGE, CHANGE + 1])],
    changes.project_names: [changes.project_names],
    cis.ci_names: [cis.ci_names],
    cis.last_heard: [cis.last_heard],
    cis.latest_reports: [
        lambda tx: cis.latest_reports(tx, 1),
        lambda tx: cis.latest_reports(tx, 1, limit=10),
        lambda tx: cis.latest_reports(tx, 1, before=(NOW - ago(30), CHANGE, 1), limit=10),
        lambda tx: cis.latest_reports(tx, 1, since=SINCE, judging=True),
        lambda tx: cis.latest_reports(tx, 1, since=SINCE, judging=True, branch="main"),
    ],
    cis.account_names: [lambda tx: cis.account_names(tx, 1)],
    comments.unparsed_of: [lambda tx: comments.unparsed_of(tx, 1, SINCE, 10)],
    reports.put_reports: [lambda tx: reports.put_reports(tx, [], [], Tally())],
    reports.drop_reports: [lambda tx: reports.drop_reports(tx, KEY, Tally())],
    reports.builds_of: [lambda tx: reports.builds_of(tx, [*KEY, (CHANGE + 1, 1)])],
    reports.cis_heard_since: [lambda tx: reports.cis_heard_since(tx, NOW - ago(minutes=3))],
    reports.written_reports: [lambda tx: reports.written_reports(tx, KEY)],
    rows.upsert: [lambda tx: rows.upsert(tx, schema.server, [])],
    rows.insert_one: [lambda tx: rows.insert_one(tx, schema.server, {"name": "s9", "url": "u"})],
    rows.overwrite: [lambda tx: rows.overwrite(tx, schema.unjudged, [])],
    rows.replace_all: [
        lambda tx: rows.replace_all(
            tx, schema.spell, [schema.spell.c.ci_id == 1, schema.spell.c.until.is_(None)], []
        )
    ],
    rows.rows_in: [
        lambda tx: list(rows.rows_in(tx, select(schema.change.c.id), schema.change.c.id, [CHANGE]))
    ],
}
