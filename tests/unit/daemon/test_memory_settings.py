"""Python's search for cycles and the C library's heaps, as the commands set them."""

from __future__ import annotations

import ctypes
import gc
import subprocess
import sys
from collections.abc import Iterator

import pytest

from cibot.daemon import memory_settings


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before, turn = gc.get_threshold(), sys.getswitchinterval()
    yield
    gc.set_threshold(*before)
    sys.setswitchinterval(turn)


def test_what_is_loaded_is_searched_no_more_and_the_rest_less_often() -> None:
    memory_settings.settle()
    assert gc.get_freeze_count() > 10_000
    assert gc.get_threshold()[0] > 2000
    assert len(gc.get_objects()) < gc.get_freeze_count()


def test_a_thread_that_waits_for_its_turn_has_it_soon() -> None:
    memory_settings.settle()
    assert sys.getswitchinterval() == pytest.approx(0.0002)


def test_cycles_are_still_found() -> None:
    class Node:
        alive = 0

        def __init__(self) -> None:
            Node.alive += 1
            self.itself = self

        def __del__(self) -> None:
            Node.alive -= 1

    memory_settings.settle()
    for _ in range(100_000):
        Node()
    assert Node.alive < 50_000


ALLOCATING = """
import ctypes, threading
from cibot.daemon import memory_settings

{settle}
held = []
threads = [
    threading.Thread(target=lambda: held.append([bytes(2000) for _ in range(1000)]))
    for _ in range(8)
]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
stream = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, stream)
libc.fflush(stream)
"""


def heaps(settle: str) -> int:
    """How many heaps eight threads that allocate have after that statement."""
    ended = subprocess.run(
        [sys.executable, "-c", ALLOCATING.format(settle=settle)],
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return ended.stdout.count("<heap nr=")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="not glibc")
def test_threads_share_one_heap() -> None:
    assert heaps("") > 1
    assert heaps("memory_settings.settle()") == 1
