"""Two changes of one number, as on a Gerrit with imported projects: every face tells them apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from cibot.chat.dispatch import Dispatcher
from cibot.cli import main
from cibot.config.models import Config
from cibot.model import Change, Message, PatchSet
from cibot.reports.context import Context
from cibot.reports.incidents import open_by_ci
from cibot.store import schema
from cibot.store.changes import put_changes
from cibot.store.cis import ensure_server
from cibot.store.engine import Store, Tx, open_store
from cibot.store.migrate import upgrade
from cibot.store.patch_sets import put_patch_sets
from cibot.text.card import Card
from tests.support.faces import client
from tests.support.history import NOW, ago
from tests.support.scenario import ACME, Scenario, comment
from tests.support.scenario import CONFIG as SCENARIO

CONFIG = Config()


def _change(project: str, subject: str, minutes: int) -> Change:
    at = NOW - ago(minutes=minutes)
    return Change(5, project, "master", subject, "NEW", at, at, (), (PatchSet(1, at),))


def _fill(tx: Tx) -> None:
    server = ensure_server(tx, "review", "https://review.example.org")
    for change in (_change("demo", "Ours", 9), _change("old/demo", "Imported", 3)):
        (row_id,) = put_changes(tx, server, [change]).values()
        put_patch_sets(tx, [(row_id, patch_set) for patch_set in change.patch_sets])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path / 'cibot.db'}")
    upgrade(store)
    store.write(_fill)
    yield store
    store.close()


def said(store: Store, words: str) -> str:
    _command, reply = Dispatcher(store, CONFIG, lambda: NOW).run(tuple(words.split()))
    return reply.text()


def test_chat_takes_the_one_that_is_named(store: Store) -> None:
    assert "Imported (old/demo" in said(store, "change 5")
    assert "The same number: demo~5." in said(store, "change 5")
    for words in ("change demo~5", "https://review.example.org/c/demo/+/5", "change demo~5,1"):
        assert "Ours (demo" in said(store, words)
        assert "The same number: old/demo~5." in said(store, words)
    assert "Imported" in said(store, "change https://review.example.org/c/old%2Fdemo/+/5/1")
    assert "Change 5 of nova is not known here" in said(store, "change nova~5")


def test_pages_and_the_api_take_the_one_that_is_named(store: Store) -> None:
    web = client(store, CONFIG, NOW)
    assert web.get("/api/v1/changes/5").get_json()["subject"] == "Imported"
    body = web.get("/api/v1/changes/5?project=demo").get_json()
    assert (body["project"], body["subject"]) == ("demo", "Ours")
    assert body["namesakes"] == [{"server": "review", "project": "old/demo", "subject": "Imported"}]
    assert web.get("/api/v1/changes/5?project=nova").status_code == 404
    page = web.get("/change/5?project=demo").get_data(as_text=True)
    assert "<h1>Ours</h1>" in page
    other = "/change/5?project=old/demo&amp;server=review"
    assert other in page
    assert "<h1>Imported</h1>" in web.get(other.replace("&amp;", "&")).get_data(as_text=True)


def test_the_shell_takes_the_one_that_is_named(store: Store) -> None:
    database = str(store.engine.url)
    done = CliRunner().invoke(main, ["change", "--db", database, "demo~5"])
    assert "Ours (demo" in done.output
    assert "The same number: old/demo~5." in done.output


@pytest.fixture
def failing(tmp_path: Path) -> Iterator[tuple[Store, list[Card]]]:
    """Acme fails for long on a server with imported changes of the same numbers; what was told."""
    store = open_store(f"sqlite:///{tmp_path / 'failing.db'}")
    upgrade(store)
    scenario = Scenario(store)
    scenario.change(times=30)
    scenario.judge()
    scenario.change(acme=False, times=30)
    imported = [
        Change(number, "old/demo", "master", "Imported", "NEW", scenario.now, scenario.now, (), ())
        for number in range(1, 70)
    ]
    store.write(lambda tx: put_changes(tx, 1, imported, scenario.now))
    scenario.judge()
    rows = store.read(lambda tx: tx.execute(select(schema.outbox.c.card)).scalars().all())
    yield store, [Card.from_json(row) for row in rows]
    store.close()


def test_links_say_which_change_of_a_number_they_mean(
    failing: tuple[Store, list[Card]],
) -> None:
    store, cards = failing
    links = [span.href for card in cards for row in card.lines for span in row if span.href]
    changes = [link for link in links if re.search(r"review\.example\.org", link)]
    assert changes
    assert all("/c/demo/+/" in link for link in changes), changes
    web = client(store, SCENARIO, NOW)
    for path in ("/ci/Acme", "/incidents/1", "/projects/demo"):
        page = web.get(path).get_data(as_text=True)
        addresses = re.findall(r'href="(/change/[^"]+)"', page)
        assert addresses, path
        assert all("project=demo&amp;server=review" in link for link in addresses), addresses
    opened = store.read(lambda tx: open_by_ci(tx, Context(NOW, SCENARIO)))
    ((line,),) = opened.values()
    assert line.project == "demo"


def test_a_failure_on_an_imported_change_is_linked(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'imported.db'}")
    upgrade(store)
    scenario = Scenario(store)
    scenario.change()
    at, patch_set = scenario.now, PatchSet(1, scenario.now)
    failed = Message(at, comment(False), ACME, 1, message_id="imported")
    scenario.poll([Change(1, "old/demo", "master", "S", "NEW", at, at, (failed,), (patch_set,))])
    scenario.judge()
    address = "https://review.example.org/c/old/demo/+/1/1"
    asked = client(store, SCENARIO, scenario.now).get("/api/v1/cis/Acme/builds?job=tempest")
    assert address in asked.get_data(as_text=True)
    reply = Dispatcher(store, SCENARIO, lambda: scenario.now).run(("status", "acme"))[1]
    assert address in [span.href for row in reply.lines for span in row]
    store.close()
