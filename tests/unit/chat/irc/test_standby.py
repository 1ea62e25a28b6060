"""Only the process that leads connects; one that was paused writes no line afterwards."""

import pytest

from cibot.chat.irc.backend import IrcBackend
from cibot.chat.irc.receipts import Delivery
from cibot.chat.irc.rooms import Rooms
from cibot.chat.irc.session import Session
from cibot.chat.irc.settings import IrcConfig
from cibot.chat.pace import Backoff, PersonLimit
from cibot.chat.protocol import STANDBY, Asker, Channel, Question
from cibot.errors import Transient
from cibot.text.card import card
from tests.support.irc_bot import QUICK
from tests.support.irc_script import IrcScript
from tests.support.processes import wait_until


def irc_config(port):
    return IrcConfig(name="net", host="127.0.0.1", port=port, tls=False, nick="cibot",
                     channels=["#ci"])  # fmt: skip


class Lead:
    def __init__(self, held):
        self.held = held

    def __call__(self):
        return self.held


@pytest.fixture
def server():
    with IrcScript() as script:
        yield script


def test_a_standby_connects_once_it_leads_and_leaves_once_it_does_not(server):
    lead = Lead(False)
    backend = IrcBackend(irc_config(server.port), timing=QUICK)
    backend.start(lambda _question: None, lead)
    try:
        wait_until(lambda: backend.link().standby, what="a standby's link")
        assert backend.link().detail == STANDBY
        with pytest.raises(Transient, match="stands by"):
            backend.send("#ci", card("alert"), key="k")
        lead.held = True
        with server.accept() as client:
            client.log_in()
            client.expect("JOIN #ci")
            client.joined("#ci")
            wait_until(lambda: backend.link().up, what="the link")
            assert not backend.link().standby
            lead.held = False
            client.expect("QUIT :cibot leaves: another host leads, or none can")
        wait_until(lambda: backend.link().standby, what="a standby's link again")
    finally:
        backend.stop(5)


def test_what_is_read_after_a_pause_is_not_done(server):
    """The asker has asked the next leader by then, who has done it."""
    asked = []
    backend = IrcBackend(irc_config(server.port), timing=QUICK)
    backend.start(asked.append, Lead(False))
    try:
        room = Channel("net", "#ci")
        backend._question(Question("silence acme 2h", Asker("ann"), room, private=False))
        backend._answerers.shutdown(wait=True)
        assert asked == []
    finally:
        backend.stop(5)


def test_after_a_pause_no_further_line_is_written():
    lead, lines = Lead(True), []

    def send(line):
        lines.append(line)
        lead.held = False  # paused right after the first line

    config = irc_config(1)
    session = Session(
        config, QUICK, Rooms(config.channels, lambda: Backoff(1, 2)), PersonLimit(1, 1),
        PersonLimit(1, 1), send=send, ask=lambda _question: None, leads=lead,
    )  # fmt: skip
    session.ready = True
    bob, eve = Delivery("bob", card("first")), Delivery("eve", card("second"))
    for delivery in (bob, eve):
        session.deliver(delivery, 0.0)
    session.tick(0.0)
    said = [line for line in lines if "PRIVMSG" in line]
    assert said == ["PRIVMSG bob :first"]
    assert isinstance(eve.done.exception(), Transient)
