"""Three hosts on a Galera cluster: nodes and hosts end or pause, nothing is lost or said twice."""

import itertools
import json
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from sqlalchemy import func, insert, select

from cibot.demo.reviews import Reviews
from cibot.store import schema
from cibot.store.engine import open_store
from cibot.store.migrate import upgrade
from cibot.store.tally import drift
from tests.chaos.hosts import NICK, Trial, bots_in_room
from tests.support.galera import ROUND_ROBIN, WRITER, Galera
from tests.support.ngircd import Ngircd
from tests.support.whole_bot import TOKEN

pytestmark = pytest.mark.e2e
_PAUSE_S = 6.0  # longer than the cluster waits for a member
_TEXT = "Build succeeded (check pipeline).\n\n- unit https://l.example.org/1 : SUCCESS in 58s"


class Poster:
    """Posts comments of a CI to the hosts in turn, each until one of them has stored it."""

    def __init__(self, hosts: list[str]) -> None:
        self.posted = 0
        self.refused = 0
        self._hosts = itertools.cycle(hosts)
        self._enough = threading.Event()
        self._thread = ThreadPoolExecutor(1)
        self._done = self._thread.submit(self._post)

    def stop(self) -> None:
        """Ends when what is under way has been taken."""
        self._enough.set()
        self._done.result(60)

    def _post(self) -> None:
        reviews, began = Reviews(), datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
        reviews.add_account(1, "Acme CI", "acme-ci", service_user=True)
        events: list[bytes] = []
        reviews.listeners.append(lambda event: events.append(json.dumps(event).encode()))
        while not self._enough.wait(0.05):
            number = self.posted + 1
            at = began + timedelta(seconds=number)
            reviews.add_change("demo", "Change", 1, at, number=number)
            reviews.comment(number, 1, _TEXT, at, votes={"Verified": 1})
            for event in events:
                self._until_taken(event)
            events.clear()
            self.posted = number

    def _until_taken(self, event: bytes) -> None:
        for host in self._hosts:
            try:
                answer = requests.post(
                    f"{host}/webhooks/gerrit/review/{TOKEN}", data=event, timeout=10
                )
            except requests.RequestException:  # the host was killed
                self.refused += 1
            else:
                if answer.ok:
                    return
                assert answer.status_code == 503, answer.text
                self.refused += 1
            self._enough.wait(0.2)


@pytest.fixture(params=[WRITER, ROUND_ROBIN], ids=["one node written to", "every node written to"])
def trial(
    request: pytest.FixtureRequest, tmp_path: Path, galera: Galera, ngircd: Ngircd
) -> Iterator[Trial]:
    trial = Trial(tmp_path, galera.create_database(request.param), ngircd)
    try:
        trial.start()
        yield trial
    finally:
        trial.close()


def test_a_write_is_seen_through_a_node_that_lags(galera: Galera) -> None:
    store = open_store(galera.create_database(WRITER))
    upgrade(store)
    behind = galera.nodes[1]
    url = store.engine.url.set(port=behind.port)
    lagging = open_store(url.render_as_string(hide_password=False))
    count = select(func.count()).select_from(schema.server)
    assert lagging.read(lambda tx: tx.execute(count).scalar_one()) == 0
    with behind.stopped_applying() as go_on, ThreadPoolExecutor(1) as pool:
        put = {"name": "review", "url": "https://review.example.org/"}
        store.write(lambda tx: tx.execute(insert(schema.server), put))
        seen = pool.submit(lagging.read, lambda tx: tx.execute(count).scalar_one())
        wait([seen], timeout=0.5)
        go_on()
        assert seen.result(30) == 1
    store.close()
    lagging.close()


def test_a_cluster_that_loses_nodes_loses_no_comment_and_no_message(
    trial: Trial, galera: Galera
) -> None:
    trial.until(lambda: bots_in_room(trial.listener) == {NICK}, "the bot in the room")
    trial.next_said()
    poster = Poster([host.url for host in trial.hosts])
    killed, paused, stopped = galera.nodes

    killed.process.kill()
    trial.next_said()
    killed.start()
    trial.next_said()

    paused.process.signal(signal.SIGSTOP)
    pause = threading.Timer(_PAUSE_S, paused.process.signal, [signal.SIGCONT])
    pause.start()
    trial.next_said()
    pause.join()
    galera.come_together()
    trial.next_said()

    leader = trial.leader()
    leader.process.kill()
    stopped.process.stop()
    trial.next_said()
    stopped.start()
    leader.start()
    trial.next_said()

    poster.stop()
    trial.all_said()
    assert sorted(trial.said) == list(range(1, trial.written + 1))
    assert [number for number, count in trial.said.items() if count > 1] == []
    assert poster.posted > 50
    reports = select(func.count()).select_from(schema.report)
    assert trial.store.read(lambda tx: tx.execute(reports).scalar_one()) == poster.posted
    (ci_id,) = trial.store.read(lambda tx: tx.execute(select(schema.ci.c.id)).scalars().all())
    assert trial.store.read(lambda tx: drift(tx, ci_id)) == {}
