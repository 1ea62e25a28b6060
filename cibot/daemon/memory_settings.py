"""Memory and turns, set for a process of many threads that holds much and makes few cycles."""

from __future__ import annotations

import ctypes
import gc
import sys

_OFTEN = (5_000, 10, 80)  # objects more than were freed until the young are searched, and so on
_MALLOPT = {
    -8: 1,  # M_ARENA_MAX: one heap for all threads
    -3: 128 * 1024,  # M_MMAP_THRESHOLD, bytes: a larger block goes back as soon as it is freed
}
"""Options of glibc's allocator (mallopt(3)) and their values."""
_TURN_S = 0.0002


def share_heap() -> None:
    """With glibc, lets all threads that start from now on share one heap.

    With a heap for each, memory that one thread freed is of no use to the others, and the process
    grows. A thread that has a heap keeps it: to be called before the first one starts.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in _MALLOPT.items():
            mallopt(option, value)


def settle() -> None:
    """Excludes everything loaded so far from later searches for cycles, and searches less often.

    To be called once, after all imports. Rows and what is made of them are freed by their reference
    counts; searching them for cycles took a fifth of storing and judging. No thread has a turn
    while it goes on: a search of 20,000 new objects held up every webhook for 13 to 27 ms.

    A thread that waits for its turn has it after 0.2 ms instead of five: a webhook waits for its
    turn some twenty times, once after each answer of the database, while another thread judges.
    At 200 webhooks a second the slowest one in a hundred took 38 ms with that, and 54 to 66 ms
    with a millisecond.
    """
    share_heap()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_OFTEN)
    sys.setswitchinterval(_TURN_S)
