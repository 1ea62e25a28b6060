"""Where patch sets belong, on both databases: whose they are, on which open change they stand."""

from datetime import timedelta

from cibot.model import Change, PatchSet
from cibot.store import changes, patch_sets
from cibot.store.changes import change_id, place_of
from cibot.store.cis import ensure_server
from cibot.store.engine import Store
from cibot.store.patch_sets import origins_of
from tests.support.ingesting import NOON

HOUR = timedelta(hours=1)


def commit(name: str) -> str:
    return name.rjust(40, "0")


class Stored:
    """Changes with their patch sets, each named by its commit and standing on another."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.server = store.write(lambda tx: ensure_server(tx, "review", "https://review"))

    def put(
        self,
        number: int,
        *sets: tuple[str | None, str | None],
        owner: int | None = 7,
        merged: timedelta | None = None,
        at: timedelta = timedelta(0),
        server: int | None = None,
    ) -> int:
        """A change whose patch sets (commit, parent) came an hour after each other from ``at``."""
        server = server or self.server
        closed = NOON + merged if merged is not None else None
        status = "NEW" if closed is None else "MERGED"
        change = Change(number, "demo", "master", "S", status, NOON, NOON, closed=closed)
        made = [
            PatchSet(
                place,
                NOON + at + place * HOUR,
                revision=commit(name) if name else None,
                parent=commit(below) if below else None,
            )
            for place, (name, below) in enumerate(sets, 1)
        ]

        def work(tx: changes.Tx) -> int:
            row_id = changes.put_changes(tx, server, [change])[place_of(change)]
            patch_sets.put_patch_sets(tx, [(row_id, each) for each in made])
            changes.put_owners(tx, {row_id: owner} if owner is not None else {})
            return row_id

        return self.store.write(work)

    def bases(self, *numbers: int) -> dict[int, dict[int, int]]:
        """The lowest change of each patch set, by number; the owner is always the same."""
        ids = {change_id(self.server, number): number for number in numbers}
        origins = self.store.read(lambda tx: origins_of(tx, ids.keys()))
        assert {owner for each in origins.values() for owner, _base in each.values()} <= {7}
        return {
            ids[row_id]: {place: base & 0xFFFF for place, (_owner, base) in each.items()}
            for row_id, each in origins.items()
        }


def test_a_stack_stands_on_its_lowest_change(store: Store) -> None:
    stored = Stored(store)
    stored.put(1, ("a1", "head"), ("a2", "head2"))
    stored.put(2, ("b1", "a1"), ("b2", "a2"))
    stored.put(3, ("c1", "b1"), ("c2", "elsewhere"))
    assert stored.bases(1, 2, 3) == {1: {1: 1, 2: 1}, 2: {1: 1, 2: 1}, 3: {1: 1, 2: 3}}
    assert stored.bases(3) == {3: {1: 1, 2: 3}}  # what lies below need not be asked for


def test_what_was_merged_before_is_no_part_of_a_stack(store: Store) -> None:
    stored = Stored(store)
    stored.put(1, ("a1", "head"), merged=HOUR * 1.5)
    stored.put(2, ("b1", "a1"), ("b2", "a1"))
    assert stored.bases(2) == {2: {1: 1, 2: 2}}


def test_what_is_not_known_belongs_nowhere(store: Store) -> None:
    stored = Stored(store)
    stored.put(1, ("a1", "head"), (None, None))
    stored.put(2, ("b1", "a1"), owner=None)
    stored.put(3, ("c1", "b1"))
    assert stored.bases(1, 2, 3) == {1: {1: 1}, 3: {1: 1}}


def test_other_servers_have_other_commits(store: Store) -> None:
    stored = Stored(store)
    other = store.write(lambda tx: ensure_server(tx, "other", "https://other"))
    stored.put(1, ("a1", "head"), server=other)
    stored.put(2, ("b1", "a1"))
    assert stored.bases(2) == {2: {1: 2}}


def test_commits_that_stand_on_each_other_end(store: Store) -> None:
    """No git has such, but an event may say so."""
    stored = Stored(store)
    stored.put(1, ("a1", "b1"))
    stored.put(2, ("b1", "a1"))
    assert set(stored.bases(1, 2)) == {1, 2}


def test_a_long_stack_is_followed_a_long_way_down(store: Store) -> None:
    stored = Stored(store)
    for number in range(1, 31):
        stored.put(number, (f"a{number}", f"a{number - 1}"))
    assert stored.bases(30, 31) == {30: {1: 1}}
