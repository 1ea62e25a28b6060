"""Python's garbage collector, set for a process that holds much and makes few cycles."""

from __future__ import annotations

import gc

_OFTEN = (20_000, 10, 20)  # objects more than were freed until the young are searched, and so on


def settle() -> None:
    """Leaves what is loaded by now out of every later search, and searches less often.

    Once, when all is imported. Rows and what is made of them are freed by their
    counts; searching them for cycles took a fifth of storing and judging.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_OFTEN)
