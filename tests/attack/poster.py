"""Posts webhooks at a steady pace, as a Gerrit does; run as a process of its own.

``python -m tests.attack.poster PORT PATH RATE SECONDS CONNECTIONS`` prints as JSON each
answer's milliseconds, counted from when the event was due, and how many had which status.
Gerrit's webhooks plugin waits five seconds: what takes longer is "late".
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass

from bench.site import CIS, event

_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of it; ``ms`` is sorted and has only what was answered."""

    ms: list[float]
    statuses: dict[str, int]

    @property
    def p99(self) -> float:
        """Milliseconds; infinite where one in a hundred was not answered in time."""
        asked = sum(self.statuses.values())
        place = -(-asked * 99 // 100) - 1
        return self.ms[place] if 0 <= place < len(self.ms) else float("inf")


class _Link:
    """One keep-alive connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: bytes) -> str:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._post(path, body)
        except TimeoutError:
            self.close()
            return "late"
        except (OSError, asyncio.IncompleteReadError, ValueError):
            self.close()
            return "broken"

    async def _post(self, path: str, body: bytes) -> str:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        head = f"POST {path} HTTP/1.1\r\nHost: attack\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        status, closes = await answer(reader)
        if closes:
            self.close()
        return status

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def answer(reader: asyncio.StreamReader) -> tuple[str, bool]:
    """An answer's status, and whether the connection ends with it."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next((line for line in lines if line.startswith(b"content-length:")), b":0")
    await reader.readexactly(int(length.partition(b":")[2]))
    return head[9:12].decode(), b"connection: close" in lines


async def post(port: int, path: str, rate: float, seconds: float, connections: int) -> Posted:
    """One event after the other when it is due, each on a connection that is free."""
    free: asyncio.Queue[_Link] = asyncio.Queue()
    links = [_Link(port) for _ in range(connections)]
    for link in links:
        free.put_nowait(link)
    ms, statuses = list[float](), Counter[str]()

    async def send(number: int, due: float) -> None:
        link = await free.get()
        body = event(number % CIS, 1_000_000 + number // CIS, passed=True).encode()
        status = await link.post(path, body)
        free.put_nowait(link)
        statuses[status] += 1
        if status == "200":
            ms.append(1000 * (time.monotonic() - due))

    begin = time.monotonic()
    tasks = set()
    for number in range(int(rate * seconds)):
        due = begin + number / rate
        await asyncio.sleep(due - time.monotonic())
        tasks.add(asyncio.create_task(send(number, due)))
    await asyncio.gather(*tasks)
    for link in links:
        link.close()
    return Posted(sorted(ms), dict(statuses))


if __name__ == "__main__":
    port, path, rate, seconds, connections = sys.argv[1:]
    posted = asyncio.run(post(int(port), path, float(rate), float(seconds), int(connections)))
    print(json.dumps({"ms": posted.ms, "statuses": posted.statuses}))
