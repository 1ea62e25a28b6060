"""Posts bodies, or gets pages, over keep-alive connections; run as a process of its own.

``python -m bench.posting PORT CONNECTIONS FILE`` reads one path on the first
line and one body on each further line of FILE, posts them all, and prints as
JSON the seconds it took, each answer's milliseconds, and the statuses. With an
empty first line the others are paths to get.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of it; ``ms`` is sorted."""

    seconds: float
    ms: list[float]
    statuses: dict[str, int]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.ms) / self.seconds


def post(port: int, connections: int, path: str, bodies: list[str], scratch: Path) -> Posted:
    """Posts the bodies from another process."""
    return _measured(port, connections, path, bodies, scratch)


def get(port: int, connections: int, paths: list[str], scratch: Path) -> Posted:
    """Gets the paths from another process."""
    return _measured(port, connections, "", paths, scratch)


def _measured(port: int, connections: int, path: str, lines: list[str], scratch: Path) -> Posted:
    scratch.write_text("\n".join([path, *lines]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "bench.posting", str(port), str(connections), str(scratch)],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    posted = Posted(**json.loads(done.stdout))
    wrong = {code: count for code, count in posted.statuses.items() if not code.startswith("2")}
    if wrong:
        where = path.split("/")[1] if path else lines[0]
        raise RuntimeError(f"asked {where}, got statuses {wrong}")
    return posted


def _main(port: int, connections: int, file: Path) -> None:
    path, *bodies = file.read_text(encoding="utf-8").split("\n")
    requests = iter([_request(path, body.encode()) for body in bodies])
    lock, ms, statuses = threading.Lock(), list[float](), Counter[str]()
    threads = [
        threading.Thread(target=_work, args=(port, requests, lock, ms, statuses))
        for _ in range(connections)
    ]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - start
    print(json.dumps({"seconds": took, "ms": sorted(ms), "statuses": statuses}))


def _request(path: str, body: bytes) -> bytes:
    if not path:
        asked = f"GET {body.decode()} HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: gzip\r\n\r\n"
        return asked.encode()
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _work(
    port: int,
    requests: Iterator[bytes],
    lock: threading.Lock,
    ms: list[float],
    statuses: Counter[str],
) -> None:
    link = _connected(port)
    while True:
        with lock:
            request = next(requests, None)
        if request is None:
            link.close()
            return
        start = time.perf_counter()
        status = "503"
        for again in range(_TRIES):  # as Gerrit's webhooks plugin does
            time.sleep(min(again, 1))
            link.sendall(request)
            status, closes = _answer(link)
            if closes:
                link.close()
                link = _connected(port)
            if status != "503":
                break
        statuses[status] += 1
        ms.append(1000 * (time.perf_counter() - start))


def _connected(port: int) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", port), timeout=60)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link


def _answer(link: socket.socket) -> tuple[str, bool]:
    """The status of an answer, which is read to its end, and whether the server hangs up."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += _more(link)
    head, _, body = got.partition(b"\r\n\r\n")
    headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    while len(body) < int(headers.get(b"content-length", 0)):
        body += _more(link)
    return head[9:12].decode(), headers.get(b"connection") == b"close"


def _more(link: socket.socket) -> bytes:
    piece = link.recv(65536)
    if not piece:
        raise ConnectionError("the server hung up")
    return piece


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
