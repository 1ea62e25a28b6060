"""A Gerrit that is hostile or broken: too much, for ever, or without an end."""

from __future__ import annotations

import gzip
import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.attack.finding import Finding, Scale, watched
from tests.support.whole_bot import WholeBot

MOST_MB, MOST_STOP_S = 300.0, 8.0
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_GUARD = b")]}'\n"
Misdeed = Callable[["Hostile", Callable[[bytes], object], str], None]


class Hostile(socketserver.ThreadingTCPServer):
    """Answers every request with the same misdeed, and counts."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, misdeed: Misdeed) -> None:
        super().__init__(("127.0.0.1", 0), _Visit)
        self.misdeed = misdeed
        self.requests = 0
        self.over = threading.Event()

    @property
    def url(self) -> str:
        """Its root."""
        return f"http://127.0.0.1:{self.server_address[1]}/"


class _Visit(socketserver.StreamRequestHandler):
    server: Hostile

    def handle(self) -> None:
        with suppress(OSError):
            while (line := self.rfile.readline()) and not self.server.over.is_set():
                while self.rfile.readline().strip():
                    pass
                self.server.requests += 1
                self.server.misdeed(self.server, self.connection.sendall, line.decode("latin-1"))


@contextmanager
def hostile(misdeed: Misdeed) -> Iterator[Hostile]:
    """The server, until the block ends."""
    with Hostile(misdeed) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="hostile")
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()


def flood(server: Hostile, send: Callable[[bytes], object], _asked: str) -> None:
    """200 MB of ``{},``."""
    send(_HEAD + b"Content-Length: 200000010\r\n\r\n" + _GUARD + b"[")
    piece = b"{}," * 100_000
    for _ in range(667):
        send(piece)


def bomb(server: Hostile, send: Callable[[bytes], object], _asked: str) -> None:
    """The same, packed a thousand times smaller."""
    _whole(send, gzip.compress(_GUARD + b"[" + b"{}," * 60_000_000, 1), gzipped=True)


def values(server: Hostile, send: Callable[[bytes], object], _asked: str) -> None:
    """Few bytes of which memory is full, once they are read."""
    _whole(send, _GUARD + b"[" + b'{"a":[]},' * 1_500_000 + b"{}]")


def wide(server: Hostile, send: Callable[[bytes], object], _asked: str) -> None:
    """Text that takes four bytes a letter in memory."""
    rows = [change(server, number, "x" * 150_000 + "\U0001f600") for number in range(1, 101)]
    _whole(send, _GUARD + json.dumps(rows, ensure_ascii=False).encode())


def drip(server: Hostile, send: Callable[[bytes], object], _asked: str) -> None:
    """A header without an end."""
    send(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    while not server.over.wait(0.1):
        send(b"a")


def drip_continue(server: Hostile, send: Callable[[bytes], object], _asked: str) -> None:
    """Announcements of an answer, without an end."""
    while not server.over.wait(0.1):
        send(b"HTTP/1.1 100 Continue\r\n\r\n")


def drip_body(server: Hostile, send: Callable[[bytes], object], _asked: str) -> None:
    """A body without an end."""
    send(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while not server.over.wait(0.1):
        send(b"1\r\na\r\n")


def repeating(server: Hostile, send: Callable[[bytes], object], _asked: str) -> None:
    """The same page again and again, and always more."""
    rows = [change(server, number) for number in range(1, 101)]
    rows[-1]["_more_changes"] = True
    _whole(send, _GUARD + json.dumps(rows).encode())


def inventing(server: Hostile, send: Callable[[bytes], object], _asked: str) -> None:
    """New changes, all of this second, and always more."""
    first = 1 + server.requests * 100
    rows = [change(server, number) for number in range(first, first + 100)]
    rows[-1]["_more_changes"] = True
    _whole(send, _GUARD + json.dumps(rows).encode())


def crowding(server: Hostile, send: Callable[[bytes], object], _asked: str) -> None:
    """More rows than were asked for."""
    rows = [change(server, number) for number in range(1, 20_000)]
    _whole(send, _GUARD + json.dumps(rows).encode())


def change(server: Hostile, number: int, text: str = "Build succeeded.") -> dict[str, Any]:
    """A change as Gerrit's REST has it, of an hour ago."""
    at = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%d %H:00:00}.000000000"
    return {
        "_number": number, "project": "p", "branch": "master", "subject": "s", "status": "NEW",
        "created": at, "updated": at,
        "messages": [{
            "id": f"{number:040x}", "date": at, "message": text, "_revision_number": 1,
            "author": {"_account_id": 7, "name": "A CI", "username": "ci"},
        }],
    }  # fmt: skip


def _whole(send: Callable[[bytes], object], body: bytes, *, gzipped: bool = False) -> None:
    packed = b"Content-Encoding: gzip\r\n" if gzipped else b""
    send(_HEAD + packed + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)


MISDEEDS: tuple[Misdeed, ...] = (
    flood, bomb, values, wide, drip, drip_continue, drip_body, repeating, inventing, crowding,
)  # fmt: skip


def attacks(scale: Scale, directory: Path) -> Iterator[Finding]:
    """A bot that polls each of them for a while, and is then asked to end."""
    for misdeed in MISDEEDS if scale.whole else (flood, wide, drip):
        name = (misdeed.__doc__ or "").strip(".")
        where = directory / misdeed.__name__
        where.mkdir()
        with hostile(misdeed) as server:
            source = {"name": "hostile", "url": server.url, "poll_every": "10s"}
            bot = WholeBot(where, f"sqlite:///{where}/bot.db", {"gerrit": [source]})
            bot.start()
            assert bot.process is not None
            with watched(bot.process.pid) as peak:
                _polled(server, scale.seconds / 2)
            took = bot.stop()
        yield Finding(
            name, "resident memory", f"{peak.mb:.0f} MB", f"≤ {MOST_MB:.0f} MB", peak.mb <= MOST_MB
        )
        yield Finding(name, "requests", f"{server.requests} in {scale.seconds / 2:g} s")
        yield Finding(
            name, "SIGTERM to the end", f"{took:.1f} s", f"< {MOST_STOP_S:g} s", took < MOST_STOP_S
        )


def _polled(server: Hostile, seconds: float) -> None:
    """Returns after the time, and not before it was asked."""
    begin = time.monotonic()
    while time.monotonic() - begin < seconds or not server.requests:
        time.sleep(0.1)
