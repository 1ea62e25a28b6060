"""``cibot ack`` and ``silence`` through a server's API, in the name of a token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from click.testing import CliRunner, Result

from cibot.cli import main
from cibot.config.models import TokenConfig
from cibot.store.audit import last_audit
from cibot.store.engine import Store, open_store
from tests.support.canned import CONFIG, canned
from tests.support.faces import application
from tests.support.history import NOW, make_tables
from tests.support.listening import listening

OWNER = "cibot_an-owner-of-netapp-56789012345678901234"
READER = "cibot_one-who-reads-only-6789012345678901234567"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = make_tables(open_store(f"sqlite:///{tmp_path / 'cibot.db'}"))
    canned(made)
    yield made
    made.close()


@pytest.fixture
def url(store: Store) -> Iterator[str]:
    tokens = (
        TokenConfig(name="netapp-tools", secret=OWNER, role="owner", owns=("NetApp*",)),
        TokenConfig(name="grafana", secret=READER),
    )
    config = CONFIG.model_copy(update={"token": tokens})
    with time_machine.travel(NOW, tick=False), listening(application(store, config)) as address:
        yield address


def run(url: str, *words: str, token: str | None = None) -> Result:
    env = {"CIBOT_TOKEN": token}
    return CliRunner(env=env).invoke(main, [words[0], "--url", url, *words[1:]])


def test_a_change_without_a_token_says_how_to_give_one(url: str) -> None:
    shown = run(url, "ack", "1", "looking")
    assert shown.exit_code == 1
    assert "give one with --token-file" in shown.stderr
    assert shown.stderr.count("\n") == 1


def test_an_owner_acknowledges_and_silences(url: str, store: Store) -> None:
    shown = run(url, "ack", "1", "new", "disks", token=OWNER)
    assert shown.output.startswith("#1 NetApp CI (success): acknowledged by netapp-tools: “new")
    shown = run(url, "silence", "netapp", "2h", "new disks", token=OWNER)
    assert shown.output.startswith("Silence #1: no alerts of NetApp CI until 06:10 UTC (2 h), by")
    assert "#1  NetApp CI" in run(url, "silences").output
    assert "Silence #1: no alerts of NetApp CI" in run(url, "status", "netapp").output
    assert run(url, "unsilence", "netapp", token=OWNER).output == (
        "NetApp CI: silence #1 is over.\n"
    )
    assert run(url, "silences").output == "No alert is silenced.\n"
    again = run(url, "unsilence", "1", token=OWNER)
    assert (again.exit_code, again.stderr.count("\n")) == (1, 1)
    assert "is over already" in again.stderr
    rows = store.read(lambda tx: last_audit(tx, limit=10))
    assert [(row.network, row.account, row.what) for row in rows] == [
        ("api", "netapp-tools", "unsilence"),
        ("api", "netapp-tools", "silence"),
        ("api", "netapp-tools", "ack"),
    ]


@pytest.mark.parametrize(
    ("words", "token", "said"),
    [
        (("silence", "quobyte", "2h", "theirs"), OWNER, "Only an owner of Quobyte CI or an admin"),
        (("ack", "1", "mine"), READER, "Only an owner of NetApp CI or an admin"),
        (("ack", "1", "mine"), OWNER[:-1] + "x", "it does not take our token"),
        (("silence", "nonesuch", "2h", "x"), OWNER, "No CI is called 'nonesuch'"),
        (("ack", "99"), OWNER, "There is no incident #99"),
        (("silence", "netapp", "91d", "x"), OWNER, "length_s: "),
    ],
)
def test_what_may_not_be_is_one_line(
    url: str, words: tuple[str, ...], token: str, said: str
) -> None:
    shown = run(url, *words, token=token)
    assert shown.exit_code == 1
    assert shown.stdout == ""
    assert said in shown.stderr
    assert shown.stderr.count("\n") == 1
    assert token not in shown.output
