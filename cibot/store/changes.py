"""Rows of changes.

A change is identified by its server, project and number: on a server with
imported projects (``gerrit.importedServerId``) two changes may have one number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    delete,
    exists,
    func,
    literal_column,
    null,
    or_,
    select,
    update,
)

from cibot.errors import Permanent
from cibot.model import Change
from cibot.store import schema
from cibot.store.engine import Tx
from cibot.store.rows import columns, in_chunks, rows_in, upsert

_NUMBER_BITS = 32
_PLACE_AT = 52  # the bit where a change's place among those of its number begins
Place = tuple[str, int]  # a change's project and number
_NEW: Any = literal_column("'NEW'")  # the driver takes the rows' values only


def change_id(server_id: int, number: int, place: int = 0) -> int:
    """The row's key: the server in the high bits, Gerrit's number in the low 32.

    ``place`` (in the highest 11 bits) is 0 but for further changes of the same number.
    Raises Permanent for a number that no Gerrit gives.
    """
    if not 0 <= number < 1 << _NUMBER_BITS:
        raise Permanent(f"{number} is not a change number")
    if not 0 <= place < 1 << 63 - _PLACE_AT:
        raise Permanent(f"more than {place - 1} changes of one server have the number {number}")
    return place << _PLACE_AT | server_id << _NUMBER_BITS | number


def change_server(row_id: int) -> int:
    """The id of the server of a change's row."""
    return (row_id & ((1 << _PLACE_AT) - 1)) >> _NUMBER_BITS


def namesakes() -> Any:
    """Whether one number may mean several changes: of several servers, or imported ones."""
    imported, servers = schema.change.alias("imported"), schema.server.alias("servers")
    return or_(
        exists().where(imported.c.id >= change_id(0, 0, 1)),
        select(func.count()).select_from(servers).scalar_subquery() > 1,
    )


def has_namesakes(tx: Tx) -> bool:
    """Whether one number may mean several changes now."""
    return bool(tx.execute(_NAMESAKES).scalar_one())


_NAMESAKES = select(namesakes())


def _newer(new: Any, old: Any) -> dict[str, Any]:
    # A row that another transaction made for a change of another project stays as it is.
    fresh = and_(new.updated_at >= old.updated_at, new.project == old.project)
    values = {
        name: case((fresh, new[name]), else_=old[name]) for name in ("branch", "subject", "status")
    }
    values["created_at"] = case(
        (new.created_at < old.created_at, new.created_at), else_=old.created_at
    )
    # These two before what they rest on: MySQL's assignments see the ones before them.
    open_again = and_(fresh, new.status == _NEW, old.closed_at.is_not(None))
    # An abandoned change that is merged after all was closed when it was merged.
    ends = or_(
        old.closed_at.is_(None),
        and_(new.status == old.status, new.closed_at < old.closed_at),
        and_(new.status != old.status, fresh),
    )
    earlier = and_(new.closed_at.is_not(None), ends)
    values = {
        "unconfirmed_since": case(
            (
                and_(new.unconfirmed_since.is_not(None), old.unconfirmed_since.is_not(None)),
                old.unconfirmed_since,
            ),
            else_=new.unconfirmed_since,
        ),
        "closed_heard_at": case(
            (or_(open_again, earlier), new.closed_heard_at), else_=old.closed_heard_at
        ),
        "closed_at": case((open_again, null()), (earlier, new.closed_at), else_=old.closed_at),
    } | values
    # Last, since MySQL's earlier assignments must compare with the old value.
    values["updated_at"] = case((fresh, new.updated_at), else_=old.updated_at)
    return values


def put_changes(
    tx: Tx,
    server_id: int,
    changes: Sequence[Change],
    heard_at: datetime | None = None,
    stored_ids: Mapping[Place, int] | None = None,
) -> dict[Place, int]:
    """Stores the changes' present facts and locks their rows until the commit.

    Returns the key of each change's row; those of ``stored_ids`` are not looked up.
    An older answer never overwrites a newer one. The lock makes one writer at
    a time decide which comments of a change are new.
    """
    table, stored_ids = schema.change.c, stored_ids or {}
    places = set(map(place_of, changes))
    ids = {place: stored_ids[place] for place in places & stored_ids.keys()}
    missing = places - ids.keys()
    _put(tx, server_id, changes, ids, heard_at)
    while missing:
        keys = _keys(tx, server_id, missing)
        _put(tx, server_id, changes, keys, heard_at)
        rows = rows_in(tx, select(table.id, table.project), table.id, keys.values())
        stored = {row.id: row.project for row in rows}
        # Another transaction may have given the key to a change of another project meanwhile.
        ids |= {place: row_id for place, row_id in keys.items() if stored[row_id] == place[0]}
        missing -= ids.keys()
    return ids


def place_of(change: Change) -> Place:
    """The project and number, which identify a change on its server."""
    return change.project[:255], change.number


def _keys(tx: Tx, server_id: int, places: Collection[Place]) -> dict[Place, int]:
    """The keys of changes: those they have, and free ones for those that are not stored."""
    table = schema.change.c
    used: dict[int, str] = {}
    keys: dict[Place, int] = {}
    query = select(table.id, table.project, table.number).where(table.server_id == server_id)
    for row in rows_in(tx, query, table.number, {number for _project, number in places}):
        used[row.id] = row.project
        if (row.project, row.number) in places:
            keys[row.project, row.number] = row.id
    for project, number in sorted(set(places) - keys.keys()):
        place = 0
        while (row_id := change_id(server_id, number, place)) in used:
            place += 1
        keys[project, number] = row_id
        used[row_id] = project
    return keys


def _put(
    tx: Tx,
    server_id: int,
    changes: Iterable[Change],
    ids: Mapping[Place, int],
    heard_at: datetime | None,
) -> None:
    """Writes those of the changes that are in ``ids``."""
    rows = [
        {
            "id": ids[place],
            "server_id": server_id,
            "number": change.number,
            "project": change.project[:255],
            "branch": change.branch[:255],
            "subject": change.subject[:500],
            "status": change.status[:16],
            "created_at": change.created,
            "updated_at": change.updated,
            "closed_at": change.closed,
            "closed_heard_at": heard_at if change.closed else None,
            "unconfirmed_since": None if change.complete else heard_at,
        }
        for change in changes
        if (place := place_of(change)) in ids
    ]
    upsert(tx, schema.change, sorted(rows, key=lambda row: row["id"]), _newer)


def still_unconfirmed(tx: Tx, since: Mapping[int, datetime]) -> None:
    """Marks changes known by events that REST has not confirmed, and since when."""
    for row_id, at in sorted(since.items()):
        tx.execute(
            update(schema.change).where(schema.change.c.id == row_id).values(unconfirmed_since=at)
        )


_WINDOW = 900  # rows that one call reads
_FILLED_TO = 20  # changes; of fewer that are missing nobody can tell whether all are


def open_changes(
    tx: Tx, server_id: int, below: int | None, most: int
) -> tuple[list[Place], int | None]:
    """Changes of a server that are not merged, from the row before ``below`` (None: the last) on.

    At most ``most`` of a window of rows, and where the next call goes on. Few are filled up with
    the server's newest, merged ones too.
    """
    table = schema.change.c
    query = select(table.id, table.server_id, table.project, table.number, table.status)
    if below is not None:
        query = query.where(table.id < below)
    rows = tx.execute(query.order_by(table.id.desc()).limit(_WINDOW)).all()
    ours = [row for row in rows if row.server_id == server_id and row.status != "MERGED"][:most]
    last = ours if len(ours) == most else rows
    places = [(row.project, row.number) for row in ours]
    if 0 < len(places) < (least := min(most, _FILLED_TO)):
        mine = table.id.between(change_id(server_id, 0), change_id(server_id + 1, 0) - 1)
        newest = select(table.project, table.number).where(mine).order_by(table.id.desc())
        others = [(row.project, row.number) for row in tx.execute(newest.limit(2 * least))]
        places += [place for place in others if place not in places][: least - len(places)]
    return places, last[-1].id if last else None


def unconfirmed(tx: Tx, server_id: int, before: datetime, limit: int) -> list[Place]:
    """The changes known by events from before then that REST has not confirmed, oldest first."""
    table = schema.change.c
    query = (
        select(table.project, table.number)
        .where(table.unconfirmed_since < before, table.server_id == server_id)
        .order_by(table.unconfirmed_since)
        .limit(limit)
    )
    return [(row.project, row.number) for row in tx.execute(query)]


def changes_unconfirmed(tx: Tx, after: int, limit: int = 200) -> list[int]:
    """The keys of changes with events since REST last returned them, in order."""
    table = schema.change.c
    query = (
        select(table.id)
        .where(table.unconfirmed_since.is_not(None), table.id > after)
        .order_by(table.id)
        .limit(limit)
    )
    return list(tx.execute(query).scalars())


def stored_places(tx: Tx, server_id: int, places: Collection[Place]) -> dict[Place, int]:
    """The keys of those of the changes that are stored; their rows are locked if they are."""
    keys: dict[Place, int] = {}
    table = schema.change.c
    for project, number in sorted(places):
        query = select(table.id).where(
            table.server_id == server_id, table.number == number, table.project == project
        )
        row_id = tx.execute(query).scalar()
        if row_id is not None:
            keys[project, number] = row_id
    return keys


def put_owners(tx: Tx, owners: Mapping[int, int], confirmed: Collection[int] = ()) -> None:
    """Stores the owners of some changes, by their keys and that of the account.

    A known owner stays, except on changes that REST ``confirmed``.
    """
    table, by_owner = schema.change, defaultdict[tuple[int, bool], list[int]](list)
    for row_id, account_id in owners.items():
        by_owner[account_id, row_id in confirmed].append(row_id)
    for (account_id, sure), ids in sorted(by_owner.items()):
        other: ColumnElement[bool] = table.c.owner_id.is_(None)
        if sure:
            other = or_(other, table.c.owner_id != account_id)
        for some in in_chunks(ids):
            query = update(table).where(table.c.id.in_(some), other)
            tx.execute(query.values(owner_id=account_id))


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change as stored; ``id`` is its key, ``number`` Gerrit's."""

    id: int
    server_id: int
    number: int
    project: str
    branch: str
    subject: str
    status: str
    updated_at: datetime


_FIELDS = columns(ChangeRow, schema.change)


def changes_by_number(tx: Tx, number: int) -> list[ChangeRow]:
    """The changes of that number, newest first: of several servers or, imported, projects."""
    table = schema.change.c
    query = select(*_FIELDS).where(table.number == number).order_by(table.updated_at.desc())
    return [ChangeRow(*row) for row in tx.execute(query.limit(20))]


def changes_by_id(tx: Tx, ids: Collection[int]) -> dict[int, ChangeRow]:
    """Some changes by their keys."""
    rows = rows_in(tx, select(*_FIELDS), schema.change.c.id, ids)
    return {row.id: ChangeRow(*row) for row in rows}


def latest_changes(
    tx: Tx, project: str, since: datetime, limit: int, branch: str | None = None
) -> list[ChangeRow]:
    """The changes of a project, or of its branch, that moved since then, newest first."""
    table = schema.change.c
    query = select(*_FIELDS).where(table.project == project, table.updated_at >= since)
    if branch is not None:
        query = query.where(table.branch == branch)
    query = query.order_by(table.updated_at.desc(), table.id.desc())
    return [ChangeRow(*row) for row in tx.execute(query.limit(limit))]


def project_names(tx: Tx) -> list[str]:
    """Every project that a stored change belongs to."""
    table = schema.change.c
    query = select(table.project).distinct().order_by(table.project)
    return list(tx.execute(query).scalars())


_IDS = 20  # messages by which a change is recognised
_MERGED = "MERGED"


class StoredChange(NamedTuple):
    """What may have to be put right of a stored change."""

    id: int
    project: str
    number: int
    status: str
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    unconfirmed_since: datetime | None


def changes_of_numbers(tx: Tx, server_id: int, numbers: Collection[int]) -> list[StoredChange]:
    """A server's stored changes of these numbers, of any project."""
    table = schema.change.c
    query = select(*columns(StoredChange, schema.change)).where(table.server_id == server_id)
    return [StoredChange._make(row) for row in rows_in(tx, query, table.number, numbers)]


def is_same_change(tx: Tx, row_id: int, change: Change) -> bool:
    """Whether a stored change has a message of this one: message ids never change."""
    table = schema.comment.c
    ids = [message.message_id for message in change.messages[:_IDS] if message.message_id]
    query = select(table.seq).where(table.change_id == row_id, table.message_id.in_(ids))
    return bool(ids) and tx.execute(query.limit(1)).scalar() is not None


def move_change(tx: Tx, row_id: int, project: str) -> None:
    """Stores the new name of a change's project."""
    table = schema.change
    tx.execute(update(table).where(table.c.id == row_id).values(project=project[:255]))


def put_right(tx: Tx, stored: StoredChange, change: Change, now: datetime) -> bool:
    """Gives a stored change REST's state, and the patch sets that REST knows; whether it differed.

    Judging treats the correction like a report that came late.
    """
    table, patch_set = schema.change, schema.patch_set
    closed = change.closed
    if stored.status == change.status != _MERGED and closed is not None:
        closed = min(closed, stored.closed_at or closed)  # a later comment does not move the end
    before = (stored.status, stored.closed_at)
    differs = before != (change.status, closed) or stored.updated_at > change.updated
    if differs:
        values = {"status": change.status[:16], "updated_at": change.updated, "closed_at": closed}
        if stored.closed_at != closed:
            values["closed_heard_at"] = now
        tx.execute(update(table).where(table.c.id == stored.id).values(**values))
    last = max((patch_set.number for patch_set in change.patch_sets), default=0)
    mine = patch_set.c.change_id == stored.id
    made_up = tx.execute(delete(patch_set).where(mine, patch_set.c.number > last)).rowcount
    if made_up:  # the last true one did not end when it seemed to
        tx.execute(update(patch_set).where(mine, patch_set.c.number == last).values(heard_at=now))
    return differs or made_up > 0
