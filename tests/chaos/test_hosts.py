"""Three hosts on one database: whoever ends or pauses, nothing is lost or said twice."""

import json
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from sqlalchemy import select

from cibot.demo.reviews import Reviews
from cibot.store import schema
from tests.chaos.hosts import NICK, ROOM, Host, Trial, bots_in_room
from tests.support.mariadb import MariaDB
from tests.support.ngircd import Ngircd
from tests.support.whole_bot import TOKEN

pytestmark = pytest.mark.e2e


@pytest.fixture
def trial(tmp_path: Path, mariadb: MariaDB, ngircd: Ngircd) -> Iterator[Trial]:
    database = mariadb.create_database()
    trial = Trial(tmp_path, database, ngircd)
    try:
        trial.start()
        yield trial
    finally:
        trial.close()
        mariadb.drop_database(database)


def test_one_speaks_and_nothing_is_lost_or_said_twice(trial: Trial) -> None:
    trial.until(lambda: bots_in_room(trial.listener) == {NICK}, "the bot in the room")
    trial.next_said()
    _answers_once(trial)
    assert sum(host.leads() for host in trial.hosts) == 1
    for host in trial.hosts:
        parts = requests.get(f"{host.url}/readyz", timeout=60).json()["parts"]
        assert parts["chat net"]["ok"], parts

    _judged_by_the_leader(trial)

    killed = trial.leader()
    killed.process.kill()
    trial.next_said()
    _answers_once(trial)
    killed.start()

    # The leader is paused, and within its pause the next one for a shorter time.
    longer = _pause_leader(trial, 75.0)
    shorter = _pause_leader(trial, 30.0)
    _goes_on(trial, *shorter)
    _goes_on(trial, *longer)
    trial.until(lambda: bots_in_room(trial.listener) == {NICK}, "one bot in the room")
    trial.next_said()
    _answers_once(trial)

    trial.all_said()
    assert sorted(trial.said) == list(range(1, trial.written + 1))
    twice = [number for number, count in trial.said.items() if count > 1]
    assert twice == []
    assert trial.repeats <= 3  # what was under way when its sender was killed or paused


def test_what_is_said_while_names_are_asked_is_heard(tmp_path: Path, ngircd: Ngircd) -> None:
    trial = Trial(tmp_path, f"sqlite:///{tmp_path / 'cibot.db'}", ngircd)
    trial.hosts.clear()
    trial.start()
    speaker = ngircd.user("hostbird")
    speaker.join(ROOM)
    for number in range(1, 4):
        speaker.say(ROOM, f"[m{number}] said by one of ours")
        speaker.lines()  # the server has it
        trial.until(lambda: bots_in_room(trial.listener) == {"hostbird"}, "the speaker")
    trial.listen()
    assert trial.said == {1: 1, 2: 1, 3: 1}
    speaker.quit()
    trial.close()


def _answers_once(trial: Trial) -> None:
    """A question is answered by one host and no other."""
    answered = len(trial.answers)
    trial.say("!ci version")
    trial.until(lambda: len(trial.answers) > answered, "an answer")
    trial.next_said()  # whoever else wants to answer has had the time to
    assert len(trial.answers) == answered + 1


def _pause_leader(trial: Trial, pause_s: float) -> tuple[Host, float]:
    """Stops the leader until another leads; which it was, and when it is to go on."""
    paused = trial.leader()
    paused.process.signal(signal.SIGSTOP)
    began = time.monotonic()
    answered = len(trial.answers)
    trial.say("!ci version")  # nobody leads: the one who reads it later does not answer any more
    trial.next_said()
    assert len(trial.answers) == answered
    _answers_once(trial)
    return paused, began + pause_s


def _goes_on(trial: Trial, paused: Host, at: float) -> None:
    """Lets a host go on that does not lead any more."""
    trial.until(lambda: time.monotonic() > at, "the end of the pause", 80)
    answered = len(trial.answers)
    paused.process.signal(signal.SIGCONT)
    trial.next_said()
    assert trial.leader() is not paused
    assert len(trial.answers) == answered
    _answers_once(trial)


def _judged_by_the_leader(trial: Trial) -> None:
    """A comment that a standby takes is judged long before the leader looks at everything."""
    standby = next(host for host in trial.hosts if not host.leads())
    posted: list[dict[str, object]] = []
    reviews, at = Reviews(), datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    reviews.listeners.append(posted.append)
    reviews.add_account(1, "Acme CI", "acme-ci", service_user=True)
    reviews.add_change("demo", "Change", 1, at, number=1)
    text = "Build succeeded (check pipeline).\n\n- unit https://l.example.org/1 : SUCCESS in 58s"
    reviews.comment(1, 1, text, at + timedelta(seconds=1), votes={"Verified": 1})
    for event in posted:
        url = f"{standby.url}/webhooks/gerrit/review/{TOKEN}"
        assert requests.post(url, data=json.dumps(event).encode(), timeout=60).ok
    judged = select(schema.health.c.ci_id)
    trial.until(lambda: trial.store.read(lambda tx: tx.execute(judged).all()), "a verdict", 15)
