"""A person on IRC asks; what stood on the wire is kept."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cibot.chat.irc.backend import IrcBackend
from cibot.chat.irc.settings import IrcConfig
from cibot.chat.pace import PersonLimit
from tests.support.inspircd import InspIRCd
from tests.support.irc_bot import QUICK
from tests.support.irc_user import IrcUser
from tests.support.ngircd import Ngircd
from tests.support.processes import server_directory, wait_until

if TYPE_CHECKING:
    from tests.transcripts.__main__ import Answers

_BOT, _NICK, _ROOM, _PASSWORD = "cibot", "mika", "#ci", "correct-horse-1"
_WITHOUT_ACCOUNT = ("status netapp", "ack 1 looking into it")
_UNPING = "\u2060"  # keeps the bot from pinging people; nobody sees it


def irc_session(asked: Mapping[str, list[str]], answers: Answers) -> dict[str, str]:
    """The lines of each command, by its name; and a last part from a network without accounts."""
    with contextlib.ExitStack() as stack:

        def directory(name: str) -> Path:
            path = stack.enter_context(server_directory(name, "nobody"))
            path.chmod(0o755)
            return path

        modern, plain = InspIRCd(directory("inspircd")), Ngircd(directory("ngircd"))
        for server in (modern, plain):
            server.start()
            stack.callback(server.stop)
        modern.register(_NICK, _PASSWORD)
        said = {}
        with modern.user(_NICK, sasl=(_NICK, _PASSWORD)) as mika, _bot(modern, answers):
            mika.join(_ROOM)
            for name, questions in asked.items():
                said[name] = "\n".join(_ask(mika, question) for question in questions)
        with plain.user(_NICK) as mika, _bot(plain, answers):
            mika.join(_ROOM)
            lines = [_ask(mika, question) for question in _WITHOUT_ACCOUNT]
            said["On a network without accounts"] = "\n".join(lines)
        return said


@contextlib.contextmanager
def _bot(server: InspIRCd | Ngircd, answers: Answers) -> Iterator[None]:
    config = IrcConfig(
        name="irc", host="localhost", port=server.tls_port, ca_file=server.ca, nick=_BOT,
        channels=(_ROOM,), messages_per_second=1000, burst=1000,
    )  # fmt: skip
    backend = IrcBackend(config, timing=QUICK, limit=PersonLimit(1000, 1000))
    backend.start(answers({"irc": backend}))
    try:
        wait_until(lambda: backend.link().up, what="the bot's login")
        with server.user("watcher") as watcher:
            watcher.join(_ROOM)
            wait_until(lambda: _BOT in watcher.names(_ROOM), what="the bot in the room")
        yield
    finally:
        backend.stop(5)


def _ask(person: IrcUser, question: str) -> str:
    """The question and all that is said within a moment of its answer."""
    person.lines()
    person.say(_ROOM, f"!ci {question}")
    first = person.hears(nick=_BOT)
    rest = [line for line in person.lines(quiet_s=0.4) if line.nick == _BOT]
    lines = [f"<{person.nick}> !ci {question}"]
    for line in (first, *rest):
        if line.command == "PRIVMSG":
            where = "" if line.params[0] == _ROOM else "[private] "
            lines.append(f"{where}<{_BOT}> {line.text.replace(_UNPING, '')}")
    return "\n".join(lines)
