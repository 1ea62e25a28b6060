"""Strangers at the web port: readers that ask without end, and sockets that are slow on purpose."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.attack.poster import answer

Stranger = Callable[[int, Counter[str]], Coroutine[Any, Any, None]]


@contextmanager
def crowd(port: int, *strangers: tuple[int, Stranger]) -> Iterator[Counter[str]]:
    """So many of each kind while the block runs; what they saw. Who is thrown out comes again."""
    seen: Counter[str] = Counter()
    loop = asyncio.new_event_loop()

    async def insistent(stranger: Stranger) -> None:
        while True:
            try:
                await stranger(port, seen)
            except (OSError, asyncio.IncompleteReadError):
                seen["thrown out"] += 1
                await asyncio.sleep(0.05)

    async def everybody() -> None:
        kinds = [stranger for number, stranger in strangers for _ in range(number)]
        await asyncio.gather(*(insistent(kind) for kind in kinds))

    whole = loop.create_task(everybody())

    def run() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(whole)
        loop.run_until_complete(asyncio.sleep(0.05))  # until the sockets are closed

    thread = threading.Thread(target=run, name="crowd")
    thread.start()
    try:
        yield seen
    finally:
        loop.call_soon_threadsafe(whole.cancel)
        thread.join(10)
        loop.close()


def reader(path: str) -> Stranger:
    """Reads a page again and again, whatever the server says of asking later."""

    async def read(port: int, seen: Counter[str]) -> None:
        streams = await asyncio.open_connection("127.0.0.1", port)
        try:
            closes = False
            while not closes:
                streams[1].write(f"GET {path} HTTP/1.1\r\nHost: attack\r\n\r\n".encode())
                status, closes = await answer(streams[0])
                seen[status] += 1
        finally:
            streams[1].transport.abort()

    return read


async def drip_header(port: int, seen: Counter[str]) -> None:
    """A header that never ends, a byte each second."""
    await _drip(port, b"GET / HTTP/1.1\r\nX-", b"a", seen)


async def drip_body(port: int, seen: Counter[str]) -> None:
    """A body that hardly comes."""
    head = (
        b"POST /webhooks/gerrit/bench/wrong HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n"
    )
    await _drip(port, head + b"x" * 400_000, b"x", seen)


async def _drip(port: int, first: bytes, then: bytes, seen: Counter[str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    seen["dripping"] += 1
    try:
        writer.write(first)
        while not reader.at_eof():
            writer.write(then)
            await writer.drain()
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(1000), 1)
    finally:
        writer.transport.abort()


def never_reads(path: str) -> Stranger:
    """Asks for much, many times, and takes nothing of it."""

    async def ask(port: int, seen: Counter[str]) -> None:
        import socket  # noqa: PLC0415

        link = socket.socket()
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        link.setblocking(False)
        loop = asyncio.get_running_loop()
        try:
            await loop.sock_connect(link, ("127.0.0.1", port))
            seen["never reading"] += 1
            asked = f"GET {path} HTTP/1.1\r\nHost: attack\r\n\r\n".encode() * 20
            while True:
                with suppress(TimeoutError):
                    await asyncio.wait_for(loop.sock_sendall(link, asked), 1)
                await asyncio.sleep(1)
        finally:
            link.close()

    return ask
