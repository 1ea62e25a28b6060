"""People on IRC who ask without end, from ever new nicks: an alert must get out all the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from cibot.chat.irc.backend import IrcBackend
from cibot.chat.irc.settings import IrcConfig
from cibot.chat.pace import PersonLimit
from cibot.chat.protocol import Question
from cibot.text.card import Card, card
from tests.attack.finding import Finding, Scale
from tests.support.irc_user import IrcUser
from tests.support.ngircd import Ngircd
from tests.support.processes import server_directory, wait_until

MOST_S = 5.0
_NAME = "questions without end"
_ROOM = "#attack"
_ALERT = card("netapp is failing", "details", "more details")
_ANSWER = card(*(f"line {number} of a long answer" for number in range(20)))
_PAUSE_S = 0.1  # between the questions of one of them


def attacks(scale: Scale, directory: Path) -> Iterator[Finding]:
    """Asks at the default pace of the bot, as from hosts without number."""
    del directory  # ngircd runs as a user of its own, who may not read it
    with server_directory("ngircd", "irc") as place, ExitStack() as ends:
        place.chmod(0o755)
        server = Ngircd(place)
        server.start()
        ends.callback(server.stop)
        asked = count()
        backend = _backend(server, asked)
        ends.callback(backend.stop, 5.0)
        wait_until(lambda: backend.link().up, what="the bot's login")
        backend.send(_ROOM, card("before the attack"), key="first")
        ends.enter_context(_askers(server, min(8, scale.crowd), scale.seconds))
        longest = 0.0
        for number in range(3):
            began = time.monotonic()
            backend.send(_ROOM, _ALERT, key=f"alert{number}")
            longest = max(longest, time.monotonic() - began)
            time.sleep(scale.seconds / 6)
        said = f"{longest:.1f} s"
        yield Finding(_NAME, "longest wait of an alert", said, f"≤ {MOST_S:g} s", longest <= MOST_S)
        yield Finding(_NAME, "questions that reached a command", str(next(asked)))


def _backend(server: Ngircd, asked: count[int]) -> IrcBackend:
    config = IrcConfig(
        name="net", host="localhost", port=server.tls_port, ca_file=server.ca, nick="attacked",
        channels=[_ROOM],
    )  # fmt: skip
    generous = PersonLimit(1e6, 1e6)  # the limits of a person and of a host say nothing

    def answer(_question: Question) -> Card:
        next(asked)
        return _ANSWER

    backend = IrcBackend(config, limit=generous)
    backend.start(answer)
    return backend


@contextmanager
def _askers(server: Ngircd, number: int, seconds: float) -> Iterator[None]:
    """So many people who change their nick with each question; first for a part of the time."""
    over = threading.Event()

    def ask(user: IrcUser, own: int) -> None:
        for turn in count():
            if over.wait(_PAUSE_S):
                return
            user.send(f"NICK x{own}n{turn}")
            user.say(_ROOM if turn % 2 else "attacked", "!ci list")
            user.lines()

    users = [server.user(f"x{own}") for own in range(number)]
    for user in users:
        user.join(_ROOM)
    threads = [threading.Thread(target=ask, args=(user, own)) for own, user in enumerate(users)]
    for thread in threads:
        thread.start()
    try:
        over.wait(seconds / 2)
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(10)
        for user in users:
            user.quit()
