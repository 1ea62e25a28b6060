"""The IRC backend under test, quick where a person would wait."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from cibot.chat.irc.backend import IrcBackend
from cibot.chat.irc.session import IrcTiming
from cibot.chat.irc.settings import IrcConfig
from cibot.chat.protocol import Answer, Question
from cibot.text.card import Card, card
from tests.support.processes import wait_until

QUICK = IrcTiming(
    connect=5, register=10, send=10, join=5, reconnect=0.02, reconnect_most=0.1,
    rejoin=0.02, rejoin_most=0.1, regain=0.05, goodbye=0.02, tick=0.02,
)  # fmt: skip


class Bot:
    """A started backend; ``questions`` are those it was asked, all answered by ``answer``."""

    def __init__(self, backend: IrcBackend, answer: Answer) -> None:
        self.backend = backend
        self.questions: list[Question] = []
        self._answer = answer
        self._senders = ThreadPoolExecutor(4)

    def start(self) -> None:
        """Connects."""
        self.backend.start(self._asked)

    def send(self, room: str, message: Card | str, key: str = "k") -> Future[str]:
        """Sends in a thread of its own, as the outbox does."""
        what = card(message) if isinstance(message, str) else message
        return self._senders.submit(self.backend.send, room, what, key=key)

    def wait_up(self) -> None:
        """Waits until the bot is logged in."""
        wait_until(lambda: self.backend.link().up, what="the bot's login")

    def wait_down(self, because: str = "") -> None:
        """Waits until the link is down, with a reason that holds some words."""

        def down() -> bool:
            link = self.backend.link()
            return not link.up and because in link.detail

        wait_until(down, what=f"a link that is down because of {because!r}")

    def stop(self) -> None:
        """Stops the backend and what still sends."""
        self.backend.stop(5)
        self._senders.shutdown()

    def _asked(self, question: Question) -> Card | None:
        self.questions.append(question)
        return self._answer(question)


@contextmanager
def irc_bot(
    port: int,
    *channels: str,
    answer: Answer = lambda question: card(f"asked {question.text}"),
    timing: IrcTiming = QUICK,
    **config: Any,
) -> Iterator[Bot]:
    """A running bot on a server of this machine; plain and unpaced unless told otherwise."""
    settings = {
        "name": "net", "host": "127.0.0.1", "port": port, "tls": False, "channels": channels,
        "messages_per_second": 1000, "burst": 1000, **config,
    }  # fmt: skip
    bot = Bot(IrcBackend(IrcConfig(**settings), timing=timing), answer)
    bot.start()
    try:
        yield bot
    finally:
        bot.stop()
