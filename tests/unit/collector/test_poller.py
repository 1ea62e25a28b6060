import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cibot.collector.cursor import Cursor
from cibot.collector.gathering import ReadSummary
from cibot.collector.gerrit import Gerrit, TooMuch
from cibot.collector.poller import FEED, poll
from cibot.demo.review_server import ReviewServer
from cibot.demo.reviews import Reviews
from tests.support.collecting import START, Clock, Kill, LocalGerrit, MemorySink, lived

DEV, ZUUL = 4, 9


class World:
    """A review server, a clock and a store, with a poller between them."""

    def __init__(self, *, page_size: int = 3, limit: int = 500, **options: object) -> None:
        self.clock = Clock()
        self.reviews = Reviews()
        self.gerrit = LocalGerrit(self.reviews, limit=limit, clock=self.clock)
        self.sink = MemorySink()
        self.page_size = page_size
        self.options = options

    def poll(self) -> ReadSummary:
        options = {"overlap": timedelta(seconds=30), "projects": (), **self.options}
        return poll(self.gerrit, self.sink, page_size=self.page_size, clock=self.clock, **options)

    def changes(self, number: int, *, apart: float = 60) -> list[int]:
        """That many changes, ``apart`` seconds from each other."""
        made = []
        for _ in range(number):
            made.append(self.reviews.add_change("cinder", "s", DEV, self.clock.now))
            self.clock.forward(apart)
        return made

    def comment(self, number: int) -> None:
        self.reviews.comment(number, ZUUL, f"Build succeeded. {self.clock.now}", self.clock.now)

    @property
    def complete(self) -> bool:
        return self.sink.messages == lived(self.reviews)


@pytest.fixture
def world() -> World:
    return World()


def test_everything_is_read_page_by_page(world):
    world.changes(10)
    summary = world.poll()
    assert world.complete
    assert summary.counts.changes == 10
    assert summary.counts.comments_new == 10
    assert summary.pages == world.sink.ingests > 3
    assert (summary.broken, summary.resumed) == ((), False)


def test_an_idle_poll_is_one_request_and_marks_that_it_heard(world):
    world.changes(10)
    world.poll()
    world.clock.forward(300)
    asked = len(world.gerrit.queries)
    summary = world.poll()
    assert len(world.gerrit.queries) == asked + 1
    assert (summary.counts.changes, summary.pages) == (0, 1)
    assert world.sink.heard[FEED] == world.clock.now
    assert "before:" not in world.gerrit.queries[-1]["q"]


def test_the_first_poll_looks_back_as_far_as_it_is_told():
    world = World(first_look=timedelta(minutes=5))
    old = world.changes(1)[0]
    world.clock.forward(3600)
    new = world.changes(1)[0]
    world.poll()
    assert set(world.sink.statuses) == {new}
    assert old != new


def test_each_poll_looks_back_by_the_overlap(world):
    world.changes(3)
    world.poll()
    done = world.clock.now
    world.clock.forward(300)
    world.poll()
    assert (
        f'after:"{done - timedelta(seconds=30):%Y-%m-%d %H:%M:%S}"'
        in (world.gerrit.queries[-1]["q"])
    )
    # A comment that the index shows late, dated before the last poll.
    late = world.clock.now - timedelta(seconds=20)
    world.reviews.comment(1, ZUUL, "Build failed.", late)
    world.poll()
    assert world.complete


def test_the_servers_clock_counts_where_it_is_behind_ours(world):
    world.gerrit.served_at = lambda: world.clock.now - timedelta(minutes=10)
    world.changes(1)
    world.poll()
    world.reviews.comment(1, ZUUL, "x", world.clock.now - timedelta(minutes=9))
    world.clock.forward(60)
    world.poll()
    assert world.complete


def test_pages_that_take_too_long_get_smaller(world):
    world.changes(12)
    world.page_size = 100

    def slow() -> None:
        if world.gerrit.size > 6:
            raise TooMuch("no answer within 60 s")

    world.gerrit.before = slow
    world.poll()
    assert world.complete
    assert {query["n"] for query in world.gerrit.queries} == {"6"}


def test_a_server_that_is_too_slow_for_anything_is_an_error(world):
    def slow() -> None:
        raise TooMuch("no answer within 60 s")

    world.gerrit.before = slow
    with pytest.raises(TooMuch):
        world.poll()


def test_a_cursor_of_the_future_does_not_blind_the_poll(world):
    world.sink.cursors[FEED] = Cursor(done=START + timedelta(days=900)).dump()
    world.changes(1, apart=0)
    world.poll()
    assert world.complete


def test_a_damaged_cursor_is_a_new_beginning(world):
    world.changes(4)
    for damaged in ("", "{", "[]", '{"done": 5}', '{"walk": ["x"]}', '{"failed": 3}'):
        world.sink.cursors[FEED] = damaged
        world.poll()
    assert world.complete


def test_more_changes_in_one_second_than_on_a_page(world):
    world.changes(2)
    world.changes(20, apart=0)
    world.clock.forward(5)
    world.changes(2)
    world.poll()
    assert world.complete
    starts = [int(query["S"]) for query in world.gerrit.queries]
    assert max(starts) > 0
    assert len(starts) <= 15
    assert starts[-1] == 0


def test_the_servers_limit_may_be_smaller_than_the_page():
    world = World(page_size=100, limit=2)
    world.changes(5)
    world.changes(5, apart=0)
    world.poll()
    assert world.complete


@pytest.mark.parametrize("leaves", [1, 2, 5])
def test_changes_that_leave_their_second_while_it_is_paged_shift_nothing_out(world, leaves):
    crowd = world.changes(15, apart=0)
    world.clock.forward(100)
    requests = iter(range(1000))

    def move() -> None:
        if next(requests) == 3:
            for number in crowd[-leaves:]:
                world.comment(number)

    world.gerrit.before = move
    world.poll()
    assert set(world.sink.statuses) == set(crowd)
    world.gerrit.before = lambda: None
    world.poll()
    assert world.complete


def test_what_moves_up_during_a_poll_is_read_by_the_next(world):
    made = world.changes(12)
    moving = iter(made)

    def move() -> None:
        world.clock.forward(1)
        for number in [next(moving, None)]:
            if number:
                world.comment(number)

    world.gerrit.before = move
    world.poll()
    world.gerrit.before = lambda: None
    world.poll()
    assert world.complete


def test_what_vanishes_while_it_is_read_breaks_nothing(world):
    made = world.changes(12)
    requests = iter(range(1000))

    def vanish() -> None:
        if next(requests) == 2:
            for number in (made[0], made[5]):
                world.reviews.remove(number)

    world.gerrit.before = vanish
    world.poll()
    world.poll()
    assert set(lived(world.reviews)) <= set(world.sink.messages)


@pytest.mark.parametrize("place", ["request", "before ingest", "after ingest"])
@pytest.mark.parametrize("at", range(8))
def test_killed_anywhere_it_goes_on_without_loss(world, place, at):
    world.changes(8)
    world.changes(7, apart=0)
    turns = iter(range(1000))

    def kill() -> None:
        if next(turns) == at:
            raise Kill

    if place == "request":
        world.gerrit.before = kill
    elif place == "before ingest":
        world.sink.before = kill
    else:
        world.sink.after = kill
    with pytest.raises(Kill):
        world.poll()
    world.clock.forward(3600)
    world.comment(1)
    world.poll()
    assert world.complete
    assert "walk" not in json.loads(world.sink.cursors[FEED])


def test_a_resumed_poll_does_not_begin_again(world):
    world.changes(30)
    world.sink.after = lambda: None if world.sink.ingests < 7 else (_ for _ in ()).throw(Kill())
    with pytest.raises(Kill):
        world.poll()
    world.sink.after = lambda: None
    stored = len(world.sink.messages)
    summary = world.poll()
    assert summary.resumed
    assert summary.counts.comments_new == 30 - stored
    assert summary.counts.comments_known <= 4
    assert world.complete


def test_a_change_that_cannot_be_read_is_asked_for_again(world):
    world.changes(5)
    info = world.reviews.change(3)
    sound = info["branch"]
    info["branch"] = None
    summary = world.poll()
    assert [(broken.key, broken.reason) for broken in summary.broken] == [
        ("cinder~3", "change.branch: expected a text, got nothing")
    ]
    assert set(world.sink.statuses) == {1, 2, 4, 5}
    world.clock.forward(3600)
    assert [broken.key for broken in world.poll().broken] == ["cinder~3"]
    info["branch"] = sound
    assert world.poll().broken == ()
    assert world.complete
    asked = world.gerrit.app.requests
    world.poll()
    assert world.gerrit.app.requests == asked + 1


def test_a_change_that_stays_unreadable_is_given_up_after_five_tries(world):
    world.changes(1)
    world.reviews.change(1)["branch"] = None
    broken = []
    for _ in range(8):
        world.clock.forward(3600)
        broken.append(len(world.poll().broken))
    assert broken == [1, 1, 1, 1, 1, 0, 0, 0]
    assert json.loads(world.sink.cursors[FEED]).keys() == {"done"}


def test_an_unreadable_change_that_vanishes_is_forgotten(world):
    world.changes(1)
    world.reviews.change(1)["branch"] = None
    world.poll()
    world.reviews.remove(1)
    assert world.poll().broken == ()


def test_only_the_configured_projects_are_read():
    world = World(projects=("cinder", "nova*", "^ne.t[a-z]+"))
    for project in ("cinder", "cinder2", "nova", "nova-specs", "neutron", "glance"):
        world.reviews.add_change(project, "s", DEV, world.clock.now)
    world.poll()
    assert {world.reviews.change(number)["project"] for number in world.sink.statuses} == {
        "cinder",
        "nova",
        "nova-specs",
        "neutron",
    }


def test_over_http_it_is_the_same():
    clock = Clock()
    sink = MemorySink()
    with ReviewServer(clock=clock) as server:
        for _ in range(7):
            server.reviews.add_change("cinder", "s", DEV, clock.now)
            clock.forward(1)
        gerrit = Gerrit(server.url)
        poll(gerrit, sink, overlap=timedelta(0), page_size=3, projects=["cinder"], clock=clock)
        gerrit.close()
        assert sink.messages == lived(server.reviews)


MOVES = st.lists(
    st.tuples(
        st.integers(0, 30),  # before which request
        st.sampled_from(["comment", "new", "remove", "kill", "kill after"]),
        st.integers(1, 12),  # which change
        st.sampled_from([0, 0, 1, 40]),  # seconds that pass
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(
    gaps=st.lists(st.sampled_from([0, 0, 0, 1, 60]), min_size=1, max_size=12),
    moves=MOVES,
    page_size=st.integers(2, 5),
)
def test_whatever_moves_or_dies_nothing_is_lost(gaps, moves, page_size):
    world = World(page_size=page_size)
    for gap in gaps:
        world.changes(1, apart=gap)
    turns = iter(range(10**6))

    def happen(place: str) -> None:
        turn = next(turns)
        for at, what, number, seconds in moves:
            if at == turn:
                world.clock.forward(seconds)
                if what == "new":
                    world.changes(1, apart=0)
                elif what.startswith("kill") and what.endswith(place):
                    raise Kill
                elif world.reviews.change(number) and what == "comment":
                    world.comment(number)
                elif world.reviews.change(number) and what == "remove":
                    world.reviews.remove(number)

    world.gerrit.before = lambda: happen("kill")
    world.sink.after = lambda: happen("after")
    for _ in range(4):
        try:
            world.poll()
        except Kill:
            continue
    world.gerrit.before = world.sink.after = lambda: None
    world.poll()
    world.poll()
    held = lived(world.reviews)
    assert {key: world.sink.messages.get(key) for key in held} == held
