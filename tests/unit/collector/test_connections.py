"""What a session keeps of its connections."""

from __future__ import annotations

import gc
import os
import socket
import threading
from pathlib import Path

from cibot.collector.transport import Cut


def open_files() -> int:
    return len(list(Path(f"/proc/{os.getpid()}/fd").iterdir()))


def connect(cut: Cut, times: int) -> None:
    for _ in range(times):
        here, there = socket.socketpair()
        cut.opened(here)
        here.close()
        there.close()


def test_a_server_that_ends_each_connection_costs_no_more_and_more_files() -> None:
    cut = Cut(threading.Event())
    connect(cut, 10)
    before = open_files()
    connect(cut, 50)
    assert open_files() == before
    cut.close()


def test_a_session_that_nobody_closed_leaves_no_socket_open() -> None:
    gc.collect()
    before = open_files()
    cut = Cut(threading.Event())
    connect(cut, 3)
    assert open_files() == before + 3
    del cut
    gc.collect()
    assert open_files() == before
