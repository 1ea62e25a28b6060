"""``cibot outbox`` and ``cibot audit``, on a real SQLite file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cibot.cli import main
from cibot.model import Channel
from cibot.store import outbox
from cibot.store.engine import Store, open_store
from cibot.store.migrate import upgrade
from cibot.store.outbox import About, MessageKind
from cibot.text.card import card
from tests.support.canned import canned

NOW = datetime.now(UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A dead message (1), one that waits for another try (2), one that is being sent (3)."""
    store = open_store(f"sqlite:///{tmp_path / 'db'}")
    upgrade(store)
    canned(store)
    for number, room in enumerate(("#banned", "#slow", "#now"), 1):
        text = card(f"alert \x1b[31m{number}\nQUIT").to_json()
        store.write(
            lambda tx, n=number, r=room, t=text: outbox.enqueue(
                tx, About(MessageKind.ALERT, f"k{n}"), Channel("net", r), t, NOW
            )
        )  # type: ignore[misc]
    _fail(store)
    store.close()
    path = tmp_path / "cibot.toml"
    path.write_text(f'[store]\nurl = "sqlite:///{tmp_path / "db"}"\n', encoding="utf-8")
    return path


def _fail(store: Store) -> None:
    taken = [store.write(lambda tx: outbox.claim(tx, "net", NOW, LATER)) for _ in range(3)]
    assert taken[0] is not None
    assert taken[1] is not None
    store.write(lambda tx: outbox.mark_dead(tx, taken[0], LATER, "banned from #banned"))  # type: ignore[arg-type]
    store.write(lambda tx: outbox.mark_later(tx, taken[1], LATER, "slow down"))  # type: ignore[arg-type]


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--config", str(config)])


def state(config: Path) -> dict[int, str]:
    store = open_store(f"sqlite:///{config.parent / 'db'}")
    try:
        states = ("pending", "sending", "dead", "dropped")
        return {row.id: row.state for row in store.read(lambda tx: outbox.listed(tx, states))}
    finally:
        store.close()


def test_the_list_has_states_ages_and_errors(config: Path) -> None:
    shown = run(config, "outbox", "list").output.splitlines()
    assert shown[0].startswith("3  sending  net/#now  ")
    assert shown[1].startswith("2  pending  net/#slow  ")
    assert shown[2] == "    slow down"
    assert shown[3].startswith("1  dead  net/#banned  ")
    assert shown[3].endswith("old, 1 try: alert [31m1 QUIT")
    assert shown[4] == "    banned from #banned"
    assert len(run(config, "outbox", "list", "--dead").output.splitlines()) == 2


def test_retry_leaves_alone_what_is_being_sent(config: Path) -> None:
    assert "2 messages due now" in run(config, "outbox", "retry", "all").output
    assert state(config) == {1: "pending", 2: "pending", 3: "sending"}
    again = run(config, "outbox", "retry", "3")
    assert again.exit_code == 1
    assert "nothing to retry" in again.output


def test_one_is_retried_and_the_other_not(config: Path) -> None:
    assert "1 message due now" in run(config, "outbox", "retry", "1").output
    assert state(config)[1] == "pending"


def test_dropped_is_dropped_and_audited(config: Path) -> None:
    assert run(config, "outbox", "drop", "1").exit_code == 0
    assert state(config) == {1: "dropped", 2: "pending", 3: "sending"}
    assert "being sent" in run(config, "outbox", "drop", "3").output
    assert run(config, "outbox", "drop", "1").exit_code == 1
    assert "no message's number" in run(config, "outbox", "drop", "all").output
    shown = run(config, "audit").output.splitlines()
    assert len(shown) == 1
    assert " in shell: outbox drop 1 → dropped" in shown[0]


def test_a_silence_from_the_shell_is_in_the_audit(config: Path) -> None:
    assert run(config, "audit").output == "no one has changed anything yet\n"
    done = run(config, "silence", "netapp", "2h", "new", "disks")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("Silence #1: no alerts of NetApp CI until ")
    assert "silence netapp 2 h new disks → #1: NetApp CI" in run(config, "audit").output
    assert run(config, "ack", "1", "looking").exit_code == 0
    assert "ack 1 looking → acknowledged #1" in run(config, "audit", "--last", "1").output
    assert run(config, "unsilence", "1").exit_code == 0
    assert run(config, "silences").output == "No alert is silenced.\n"
