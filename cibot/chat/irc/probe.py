"""IRC's part of ``cibot check``: logs in as the bot does, joins nothing, and leaves."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from cibot.chat.findings import Finding, right, wrong
from cibot.chat.irc.backend import IrcBackend
from cibot.chat.irc.settings import IrcConfig


def probe(settings: IrcConfig, _rooms: Sequence[str]) -> Iterator[Finding]:
    """Whether the network lets the bot in, and how."""
    backend = IrcBackend(settings.model_copy(update={"channels": ()}))
    before = backend.link()
    backend.start(lambda _question: None)
    pause = threading.Event()
    try:
        while (link := backend.link()) == before:
            pause.wait(0.02)
    finally:
        backend.stop(2.0)
    if not link.up:
        yield wrong(link.detail)
        return
    how = "over TLS" if settings.tls else "in clear"
    login = "logged in by SASL" if settings.sasl_username or settings.client_cert else "no login"
    yield right(f"{settings.host}:{settings.port} {how}: {link.detail}, {login}")
