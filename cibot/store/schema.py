"""The tables. Keys are natural where rows come in bulk, so that nothing waits for an id.

A change's id is its server's id in the high bits and Gerrit's number in the low
32; a comment is (change, seq), its report has the same key, a build adds its
index. Times are UTC with microseconds. Collation is binary: Gerrit's names
are case-sensitive. Every table has a primary key, as a Galera cluster wants.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)

from cibot.store.columns import Id, LongText, Packed, UtcDateTime, metadata
from cibot.store.columns import stored_table as _table

__all__ = ["UtcDateTime", "metadata"]


def _counts(*names: str) -> list[Column[int]]:
    return [Column(name, Integer, nullable=False) for name in names]


server = _table(
    "server",
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("url", String(500), nullable=False),
)

ci = _table(
    "ci",
    Column("id", Integer, primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
    Column("origin", String(16), nullable=False),  # configured, group, discovered
    Column("created_at", UtcDateTime, nullable=False),
    Column("retired_at", UtcDateTime),  # by a command
)

account = _table(
    "account",
    Column("id", Id, primary_key=True),
    Column("server_id", ForeignKey("server.id"), nullable=False),
    # the key it was first stored under: id:499, user:zuul, mail:…, name:…
    Column("identity", String(300), nullable=False),
    Column("gerrit_id", BigInteger),
    Column("username", String(255)),
    Column("name", String(255)),
    Column("email", String(255)),
    Column("service_user", Boolean, nullable=False, default=False),
    Column("ci_id", ForeignKey("ci.id")),
    Column("excluded_at", UtcDateTime),  # no CI, as somebody said
    UniqueConstraint("server_id", "identity"),
    Index(None, "server_id", "username"),
    Index(None, "server_id", "gerrit_id"),
    Index(None, "ci_id"),
)

change = _table(
    "change",
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("server_id", Integer, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("project", String(255), nullable=False),
    Column("branch", String(255), nullable=False),
    Column("subject", String(500), nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),  # when it was merged or abandoned
    Column("closed_heard_at", UtcDateTime),  # when we heard of that, or that it is open again
    Column("unconfirmed_since", UtcDateTime),  # only events have it; None: confirmed by REST
    Column("owner_id", Id),  # an account's row; None where no source gave it
    Index(None, "number"),
    Index(None, "project", "updated_at"),
    Index(None, "project", "branch", "updated_at"),
    Index(None, "project", "branch", "status", "closed_at"),
    Index(None, "closed_heard_at"),
    Index(None, "unconfirmed_since"),
)

patch_set = _table(
    "patch_set",
    Column("change_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("uploaded_at", UtcDateTime, nullable=False),
    Column("heard_at", UtcDateTime),  # when we heard of it first
    Column("kind", String(40)),  # Gerrit's ChangeKind; None where no source gave it
    Column("revision", String(40)),  # its commit, and
    Column("parent", String(40)),  # the first one below; None where no source gave them
    Index(None, "heard_at"),
    Index(None, "uploaded_at"),
    Index(None, "revision"),
)

comment = _table(
    "comment",
    Column("change_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("account_id", Id),
    Column("patch_set", Integer),
    Column("posted_at", UtcDateTime, nullable=False),
    Column("message_id", String(64)),  # None until REST has returned it
    Column("event_at", UtcDateTime),  # the event's own time, where one brought it
    Column("position", Integer),  # its index in the change's list, the true order
    Column("tag", String(255)),
    Column("digest", BigInteger, nullable=False),  # of the text, to match both feeds
    Column("text", LongText, nullable=False),
    Column("votes", Text),  # JSON {label: value}, given apart from the text
    Column("heard_at", UtcDateTime),  # when it came here first
    UniqueConstraint("change_id", "message_id"),
    Index(None, "account_id", "posted_at"),
)

report = _table(
    "report",
    Column("change_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("ci_id", Integer, nullable=False),
    Column("patch_set", Integer),
    Column("posted_at", UtcDateTime, nullable=False),
    Column("pipeline", String(100)),
    Column("outcome", String(16)),  # None: a CI's comment that was not understood
    Column("result", String(8)),  # what it counts as; None where it judges nothing
    Column("format", String(32)),
    Column("heard_at", UtcDateTime, nullable=False),
    Index(None, "ci_id", "posted_at"),
    Index(None, "heard_at", "ci_id"),
)

withdrawal = _table(  # that reports of a CI were taken back
    "withdrawal",
    Column("id", Id, primary_key=True),
    Column("ci_id", Integer, nullable=False),
    Column("posted_at", UtcDateTime, nullable=False),  # of the earliest of them
    Column("heard_at", UtcDateTime, nullable=False),  # when that was found out
    Index(None, "heard_at"),
)

build = _table(
    "build",
    Column("change_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("idx", SmallInteger, primary_key=True, autoincrement=False),
    Column("job", String(255), nullable=False),
    Column("word", String(64), nullable=False),  # the result as written
    Column("result", String(8), nullable=False),
    Column("voting", Boolean, nullable=False),
    Column("duration_s", Float),
    Column("url", Text),
)

tally = _table(  # counts of reports, see cibot.store.tally
    "tally",
    Column("ci_id", Integer, primary_key=True, autoincrement=False),
    Column("hours", SmallInteger, primary_key=True, autoincrement=False),  # 1, or 24: a UTC day
    Column("start", Integer, primary_key=True, autoincrement=False),  # hours since 1970
    Column("lane", SmallInteger, primary_key=True, autoincrement=False),
    *_counts("passes", "fails", "infra", "unjudged", "unparsed"),
)

project_record = _table(
    "project_record",
    Column("ci_id", Integer, primary_key=True, autoincrement=False),
    Column("project", String(255), primary_key=True),
    Column("place", Integer),  # 0: its main project; NULL: it is no longer at home there
    Column("first_at", UtcDateTime, nullable=False),  # its first verdict there
    Index(None, "ci_id", "place"),
    Index(None, "project"),
)

reference_period = _table(  # as guessed; what is configured is laid over it
    "reference_period",
    Column("project", String(255), primary_key=True),
    Column("branch", String(255), primary_key=True),  # "": those without one of their own
    Column("since", UtcDateTime, primary_key=True),
    Column("ci_id", Integer),  # NULL: from then on there is no reference
)

chances = _table(
    "chances",
    Column("ci_id", Integer, primary_key=True, autoincrement=False),
    *_counts("due", "missed", "in_a_row"),  # the last: missed since it was last heard
    Column("allowed_s", Float, nullable=False),
    Column("patch_sets", LongText, nullable=False),  # JSON, the newest that were missed
)

rollup = _table(  # what judging counted by UTC day, see cibot.health.rollup
    "rollup",
    Column("ci_id", Integer, primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True, autoincrement=False),  # days since 1970
    Column("project", String(255), primary_key=True),
    Column("branch", String(255), primary_key=True),
    # the day of the judge's clock on which it was counted
    Column("noted", Integer, primary_key=True, autoincrement=False),
    *_counts("due", "missed", "unheard", "paired"),
    *_counts("false_failures", "refused", "false_passes", "runs"),
    Column("within", Text, nullable=False),  # JSON: counts by hours, by step, by job
    Column("took", Text, nullable=False),
    Column("jobs", LongText, nullable=False),
    Index(None, "ci_id", "noted"),
)

spell = _table(  # a time in which a signal accused a CI
    "spell",
    Column("ci_id", Integer, primary_key=True, autoincrement=False),
    Column("signal", String(32), primary_key=True),
    Column("since", UtcDateTime, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("until", UtcDateTime),  # NULL while it does
    Index(None, "ci_id", "until"),
)

health = _table(
    "health",
    Column("ci_id", Integer, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False),
    Column("since", UtcDateTime),  # when it came into this state
    Column("assessed_at", UtcDateTime, nullable=False),
    Column("signals", LongText, nullable=False),  # JSON, what `why` shows
    Column("branches", LongText),  # JSON, how it is on each branch
)

checkpoint = _table(
    "checkpoint",
    Column("ci_id", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, primary_key=True),  # judged until then, by the messages' clock
    Column("marked_at", UtcDateTime, nullable=False),  # with what had been heard by then
    Column("basis", String(64), nullable=False),  # by what: thresholds, scope, version
    Column("body", Packed, nullable=False),  # the judge's state, compressed JSON
)

incident = _table(
    "incident",
    Column("id", Id, primary_key=True),
    Column("ci_id", Integer, nullable=False),
    Column("open_slot", SmallInteger),  # 1 while open, NULL after: one open a CI
    Column("body", LongText, nullable=False),  # JSON, the pure incident
    Column("state", String(16), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("opened_at", UtcDateTime),
    Column("resolved_at", UtcDateTime),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("notified", Boolean, nullable=False, default=False),  # people know that it opened
    Column("merged_into", BigInteger),  # the incident that it turned out to be part of
    UniqueConstraint("ci_id", "open_slot"),
    Index(None, "open_slot", "changed_at"),
    Index(None, "ci_id", "changed_at"),
    Index(None, "opened_at"),
    Index(None, "resolved_at"),
)

transition = _table(
    "transition",
    Column("incident_id", Id, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("name", String(32), nullable=False),
    Column("signal", String(32)),  # of the symptom that took the step
    Column("seen", LongText),  # JSON, what the signal saw then
    Column("made_by", String(190)),  # where a person took it
    Column("note", Text),
    Index(None, "at"),
)

outbox = _table(
    "outbox",
    Column("id", Id, primary_key=True),
    Column("dedupe_key", String(190), nullable=False, unique=True),  # never read for its parts
    Column("kind", String(16), nullable=False),
    Column("incident_id", BigInteger),
    Column("step", String(32)),  # of the incident
    Column("group_key", String(64)),  # a series: a summary, or the messages of a mass failure
    Column("account", String(190)),  # the recipient of a private message
    Column("digest_id", BigInteger),  # the row of the digest that mentions this one
    Column("network", String(64), nullable=False),
    Column("room", String(200), nullable=False),
    Column("card", LongText, nullable=False),
    Column("state", String(16), nullable=False),  # see cibot.store.outbox
    Column("attempts", Integer, nullable=False, default=0),
    Column("created_at", UtcDateTime, nullable=False),
    Column("not_before", UtcDateTime, nullable=False),
    Column("lease_until", UtcDateTime),
    Column("sent_at", UtcDateTime),
    Column("remote_id", String(255)),
    Column("error", Text),
    Index(None, "state", "network", "id"),
    Index(None, "network", "room", "created_at"),
    Index(None, "incident_id"),
    Index(None, "digest_id"),
    Index(None, "group_key"),
)

silence = _table(
    "silence",
    Column("id", Id, primary_key=True),
    Column("pattern", String(100), nullable=False),  # a CI's name, or a pattern with *
    Column("is_pattern", Boolean, nullable=False, default=False),
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("made_by", String(190), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("ended_at", UtcDateTime),  # before its time, by somebody
    Column("ended_by", String(190)),
    Index(None, "until"),
)

watch = _table(
    "watch",
    Column("network", String(64), primary_key=True),
    Column("account", String(190), primary_key=True),  # as the network vouches for it
    Column("ci_id", Integer, primary_key=True, autoincrement=False),
    Column("room", String(200), nullable=False),  # where a private message reaches them
    Column("since", UtcDateTime, nullable=False),
    Index(None, "ci_id"),
)

audit = _table(
    "audit",
    Column("id", Id, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("network", String(64), nullable=False),
    Column("account", String(190)),  # None: the network confirmed none
    Column("nick", String(190), nullable=False),
    Column("room", String(200), nullable=False),
    Column("what", String(32), nullable=False),  # the command
    Column("arguments", String(600), nullable=False),
    Column("outcome", String(1000), nullable=False),
)

feed = _table(
    "feed",
    Column("server_id", Integer, primary_key=True, autoincrement=False),
    Column("name", String(190), primary_key=True),  # poll, webhook, backfill:…
    Column("cursor", Text),
    Column("heard_at", UtcDateTime),  # when it last worked
    Column("failed_at", UtcDateTime),
    Column("error", Text),
    Column("rejected", BigInteger, nullable=False, default=0),
)

lease = _table(
    "lease",
    Column("name", String(64), primary_key=True),
    Column("owner", String(190), nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("writes", BigInteger, nullable=False),  # counted up by each fenced transaction
    Column("pid", BigInteger),  # of the owner, in its namespace
    Column("boot", String(64)),
    Column("namespace", String(64)),
)

unjudged = _table(  # CIs with reports that the leader did not store
    "unjudged",
    Column("ci_id", Integer, primary_key=True, autoincrement=False),
)

request = _table(  # of people, by what the network calls it
    "request",
    Column("digest", String(64), primary_key=True),
    Column("claim", String(32), nullable=False),  # the first one's
    Column("at", UtcDateTime, nullable=False),
    Index(None, "at"),
)

set_aside = _table(  # what raised, so that the rest goes on
    "set_aside",
    Column("kind", String(16), primary_key=True),
    Column("name", String(190), primary_key=True),
    Column("reason", String(500), nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("at", UtcDateTime, nullable=False),  # the last time
)
