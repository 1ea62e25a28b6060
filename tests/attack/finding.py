"""What an attack is given, and what it hands back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of it: ``seconds`` for each attack, ``crowd`` strangers at most."""

    seconds: float = 20.0
    crowd: int = 250
    rate: float = 50.0  # webhooks a second
    whole: bool = True  # else on an empty bot, and one of each kind

    def share(self, number: int) -> int:
        """``number`` strangers, or as many as the scale allows."""
        return min(number, self.crowd)


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure of one attack; ``holds`` is None where there is no bar."""

    attack: str
    figure: str
    measured: str
    bar: str = ""
    holds: bool | None = None


Attack = Callable[[Scale, Path], Iterator[Finding]]


def resident_mb(pid: int) -> float:
    """Resident memory of a process, in 10^6 bytes as /proc counts kB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise ValueError(f"process {pid} has no memory any more")


class Peak:
    """The most memory that a process had while it was watched."""

    def __init__(self) -> None:
        self.mb = 0.0


@contextmanager
def watched(pid: int) -> Iterator[Peak]:
    """Looks at a process's memory five times a second."""
    peak, ended = Peak(), threading.Event()

    def look() -> None:
        while not ended.wait(0.2):
            peak.mb = max(peak.mb, resident_mb(pid))

    peak.mb = resident_mb(pid)
    thread = threading.Thread(target=look, name="watch memory")
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()
