import gzip
import json
import threading
from datetime import UTC, datetime, timedelta

import pytest

from cibot.collector.backfill import Progress, backfill, feed_name
from cibot.collector.gerrit import Gerrit
from cibot.demo.review_server import ReviewServer
from cibot.demo.reviews import Reviews
from cibot.errors import Transient, UserError
from tests.support.collecting import START, Clock, Kill, LocalGerrit, MemorySink, lived
from tests.support.needs import shared_file

DEV, ZUUL = 4, 9


class World:
    def __init__(self, number: int = 20) -> None:
        self.clock = Clock()
        self.reviews = Reviews()
        self.gerrit = LocalGerrit(self.reviews, clock=self.clock)
        self.sink = MemorySink()
        for _ in range(number):
            self.reviews.add_change("cinder", "s", DEV, self.clock.now)
            self.clock.forward(3600)

    def backfill(self, since: datetime = START, **options: object):
        options = {"rate": None, "page_size": 3, "clock": self.clock, **options}
        return backfill(self.gerrit, self.sink, since, **options)


@pytest.fixture
def world() -> World:
    return World()


def test_it_reads_what_was_lived_through(world):
    summary = world.backfill()
    assert world.sink.messages == lived(world.reviews)
    assert (summary.counts.changes, summary.broken, summary.resumed) == (20, (), False)


def test_a_span_and_a_project_bound_it(world):
    world.reviews.add_change("nova", "s", DEV, START + timedelta(hours=5))
    since, until = START + timedelta(hours=4), START + timedelta(hours=7)
    world.backfill(since, until=until, project="cinder")
    assert sorted(world.sink.statuses) == [5, 6, 7, 8]


def test_progress_runs_from_nothing_to_all(world):
    seen: list[Progress] = []
    world.backfill(progress=seen.append)
    fractions = [progress.fraction for progress in seen]
    assert fractions == sorted(fractions)
    assert 0 < fractions[0] < 0.3
    assert fractions[-1] == 1.0
    assert seen[-1].counts.changes == 20


@pytest.mark.parametrize("at", range(10))
def test_killed_anywhere_the_same_call_goes_on(world, at):
    turns = iter(range(1000))

    def kill() -> None:
        if next(turns) == at:
            raise Kill

    world.sink.after = kill
    world.gerrit.before = kill
    with pytest.raises(Kill):
        world.backfill()
    world.sink.after = world.gerrit.before = lambda: None
    stored = len(world.sink.messages)
    summary = world.backfill()
    assert world.sink.messages == lived(world.reviews)
    assert summary.resumed == (at > 0)
    assert summary.counts.comments_new == 20 - stored
    assert summary.counts.comments_known <= 6


def test_what_moves_while_it_runs_is_read_at_the_end(world):
    moving = iter(range(1, 21))

    def move() -> None:
        number = next(moving, None)
        if number:
            world.clock.forward(1)
            world.reviews.comment(number, ZUUL, "Build succeeded.", world.clock.now)

    world.gerrit.before = move
    world.backfill(until=START + timedelta(days=2))
    assert world.sink.messages == lived(world.reviews)


def test_what_vanishes_is_no_error(world):
    vanishing = iter(range(1, 21))

    def vanish() -> None:
        number = next(vanishing, None)
        if number:
            world.reviews.remove(number)

    world.gerrit.before = vanish
    world.backfill()
    assert set(lived(world.reviews)) <= set(world.sink.messages)


def test_what_cannot_be_read_is_said(world):
    world.reviews.change(7)["project"] = 7
    summary = world.backfill()
    assert [broken.key for broken in summary.broken] == ["7"]
    assert len(world.sink.statuses) == 19


def test_it_stops_when_told_and_can_go_on(world):
    stop = threading.Event()
    with pytest.raises(Transient, match="stopped; the same command goes on"):
        world.backfill(progress=lambda _: stop.set(), stop=stop)
    assert 0 < len(world.sink.messages) < 20
    assert world.backfill().resumed
    assert world.sink.messages == lived(world.reviews)


def test_finished_it_reads_all_again_and_stores_nothing_twice(world):
    world.backfill()
    summary = world.backfill()
    assert not summary.resumed
    assert (summary.counts.comments_new, summary.counts.comments_known) == (0, 20)


def test_an_empty_span_is_refused(world):
    with pytest.raises(UserError, match="must begin before it ends"):
        world.backfill(START, until=START)
    with pytest.raises(UserError):
        world.backfill(world.clock.now + timedelta(days=1))


def test_each_span_and_project_has_a_feed_of_its_own():
    day = datetime(2024, 1, 1, tzinfo=UTC)
    names = {
        feed_name(day, None, None),
        feed_name(day, day + timedelta(1), None),
        feed_name(day, None, "cinder"),
        feed_name(day + timedelta(1), None, None),
    }
    assert len(names) == 4
    assert all(len(name) <= 40 and name.startswith("backfill:2024-01-0") for name in names)


def test_captured_history_comes_through_whole():
    path = shared_file("gerrit/gerrit.onap.org__integration.jsonl.gz")
    with gzip.open(path, "rt") as lines:
        raws = [json.loads(line) for line in lines]
    sink = MemorySink()
    with ReviewServer() as server:
        assert server.reviews.load(raws) == len(raws)
        gerrit = Gerrit(server.url)
        backfill(gerrit, sink, datetime(2010, 1, 1, tzinfo=UTC), rate=None, page_size=500)
        gerrit.close()
        assert sink.messages.keys() == lived(server.reviews).keys()
        assert len(sink.statuses) == len(raws)
