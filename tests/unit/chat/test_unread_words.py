"""A word that cannot be read is said to be so: the rest of the question is not answered alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cibot.chat.dispatch import Dispatcher
from cibot.chat.pace import Patience
from cibot.chat.protocol import Asker, Channel, Question
from cibot.store.engine import open_store
from tests.support.canned import CONFIG, canned
from tests.support.history import NOW, make_tables


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dispatcher]:
    store = make_tables(open_store(f"sqlite:///{tmp_path_factory.mktemp('canned') / 'db'}"))
    canned(store)
    yield Dispatcher(store, CONFIG, clock=lambda: NOW, patience=Patience(most=10**9))
    store.close()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("report openstack/cinder mai", "No project is called 'openstack/cinder mai'"),
        ("report openstack/cinder q5", "No project is called 'openstack/cinder q5'"),
        ("report openstack/cinder 2.5d", "A report is of whole days"),
        ("report openstack/cinder 1 day 2 hours", "A report is of whole days"),
        ("history netapp 1.5d", "history shows whole days"),
        ("history netapp -1d", "history shows whole days"),
        ("history netapp 9999999999999999999d", "history shows whole days"),
        ("history netapp 2026-11-01", "history shows whole days"),
        ("history netapp week", "history shows whole days"),
        ("summary 0001-01-01", "There is no day 0001-01-01"),
        ("summary 2200-01-01", "There is no day 2200-01-01"),
        ("summary tomorrow", "summary takes today"),
        ("summary 24h", "summary takes today"),
        ("summary 23.11.2026", "summary takes today"),
        ("summary 2026-11", "summary takes today"),
        ("summary may", "summary takes today"),
        ("status pure storage mastre", "Pure-Storage CI has no results on any branch"),
        ("status #99999999999999999999", "Nothing here has the number 9999999999999999999"),
        ("incidents 99999999999999999999", "Nothing here has the number 9999999999999999999"),
        ("incidents 2147483648", "Nothing here has the number 2147483648"),
        ("incidents 0", "There is no incident #0"),
    ],
)
def test_what_cannot_be_read_is_not_left_out_of_the_question(
    answer: Dispatcher, typed: str, said: str
) -> None:
    reply = answer(Question(typed, Asker("ann"), Channel("irc", "#ci"), private=False))
    assert reply is not None
    assert reply.error
    assert reply.text().startswith(said)
