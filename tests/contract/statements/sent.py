"""Calls of what people are told, do and may: the outbox, silences, watches, requests, the lease."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from cibot.model import Channel
from cibot.store import (
    audit,
    digests,
    gathered,
    lease,
    outbox,
    requests,
    schema,
    silences,
    watches,
)
from cibot.store import set_aside as aside
from cibot.store.lease import Lease, Process
from cibot.store.outbox import About, MessageKind, MessageState, Outgoing, StoredMessage
from cibot.store.watches import StoredWatch
from tests.contract.statements.rows import AUDITED, SINCE, UNTIL, Call
from tests.support.history import NOW

ABOUT = About(MessageKind.ALERT, "new", 5, "opened")
OUTGOING = Outgoing(
    450, "new", MessageKind.ALERT, 5, "opened", None, None, "net-2", "#room-0", "{}",
    MessageState.SENDING, 1, NOW, NOW,
)  # fmt: skip
K1499 = About(MessageKind.DIGEST, "k1499")
HELD = StoredMessage(
    3, "k3", MessageKind.ALERT, 5, "opened", None, None, "net-1", "#room-1", "{}",
    MessageState.HELD, 0, NOW, NOW,
)  # fmt: skip
ROOM = Channel("net-0", "#room-1")
LEASE = Lease("leader", "me", 1)
PROCESS = Process(1, "boot", "space")
DAY_LONG = timedelta(days=1)
WATCH = StoredWatch("net", "u7", 1, "u7", NOW)


CALLS: Mapping[Any, Sequence[Call]] = {
    digests.held_until: [lambda tx: digests.held_until(tx, NOW)],
    digests.hold_on: [lambda tx: digests.hold_on(tx, [3, 4], NOW)],
    gathered.gathered: [gathered.gathered],
    gathered.anything_gathered: [gathered.anything_gathered],
    outbox.messages: [lambda tx: outbox.messages(tx, schema.outbox.c.incident_id == 5)],
    gathered.messages_of: [lambda tx: gathered.messages_of(tx, [3, 4])],
    gathered.messages_of_group: [lambda tx: gathered.messages_of_group(tx, "mass:1")],
    gathered.join_group: [
        lambda tx: gathered.join_group(tx, [3, 4], ["opened"], "mass:1", SINCE),
    ],
    outbox.fold_waiting: [
        lambda tx: outbox.fold_waiting(tx, [3, 4]),
        lambda tx: outbox.fold_waiting(tx, [3, 4], "k7"),
    ],
    gathered.say_gathered: [lambda tx: gathered.say_gathered(tx, 3, NOW, "{}")],
    digests.tells_of_past: [lambda tx: digests.tells_of_past(tx, OUTGOING)],
    digests.said_after: [lambda tx: digests.said_after(tx, HELD)],
    outbox.sent_about_ci: [lambda tx: outbox.sent_about_ci(tx, 1, SINCE)],
    silences.silences_ended: [lambda tx: silences.silences_ended(tx, SINCE, NOW)],
    outbox.last_sent: [lambda tx: outbox.last_sent(tx, ROOM, ABOUT)],
    outbox.move_messages: [lambda tx: outbox.move_messages(tx, 5, 6)],
    outbox.rooms_of: [lambda tx: outbox.rooms_of(tx, 5)],
    lease.acquire: [
        lambda tx: lease.acquire(tx, "leader", "me", PROCESS, DAY_LONG),
        lambda tx: lease.acquire(tx, "new", "me", PROCESS, DAY_LONG),
    ],
    lease.fence: [lambda tx: lease.fence(tx, LEASE)],
    lease.release: [lambda tx: lease.release(tx, LEASE)],
    lease.is_free: [lambda tx: lease.is_free(tx, "leader", lambda _process: False)],
    lease.database_time: [lease.database_time],
    requests.claim_request: [lambda tx: requests.claim_request(tx, ["a", "b"], "mine", NOW)],
    aside.put_aside: [lambda tx: aside.put_aside(tx, "CI", {"a": "why"}, NOW)],
    aside.set_aside: [lambda tx: aside.set_aside(tx, NOW)],
    aside.take_back: [lambda tx: aside.take_back(tx, "CI", ["a"])],
    requests.forget_requests: [lambda tx: requests.forget_requests(tx, SINCE)],
    outbox.enqueue: [lambda tx: outbox.enqueue(tx, ABOUT, ROOM, "{}", NOW)],
    outbox.claim: [
        lambda tx: outbox.claim(tx, "net-0", NOW, UNTIL),
        lambda tx: outbox.claim(tx, "net-1", NOW, UNTIL, [UNTIL]),
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
    digests.retry: [lambda tx: digests.retry(tx, NOW), lambda tx: digests.retry(tx, NOW, 450)],
    outbox.drop: [lambda tx: outbox.drop(tx, 450)],
    outbox.has: [lambda tx: outbox.has(tx, "k1")],
    audit.refusals_since: [lambda tx: audit.refusals_since(tx, "net", "mika", SINCE)],
    audit.add_audit: [lambda tx: audit.add_audit(tx, AUDITED)],
    audit.last_audit: [lambda tx: audit.last_audit(tx, 50)],
    silences.add_silence: [
        lambda tx: silences.add_silence(tx, "Other 1", NOW, UNTIL, "Mika", "new disks")
    ],
    silences.silences_at: [lambda tx: silences.silences_at(tx, NOW)],
    silences.silence_by_id: [lambda tx: silences.silence_by_id(tx, 5)],
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
}
