"""How a process is known again on its host, and whether it still runs."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from cibot.store.lease import Process

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")
_LONGEST = 64  # characters of a column


def this_process() -> Process:
    """This process; where the system does not tell its boot and namespace, they are empty.

    A process id means something only within one boot of a kernel and one pid
    namespace: two containers may have the same host name and the same ids.
    """
    boot = namespace = ""
    with suppress(OSError):
        boot = _BOOT_ID.read_text().strip()[:_LONGEST]
    with suppress(OSError):
        namespace = str(_NAMESPACE.readlink())[:_LONGEST]
    return Process(os.getpid(), boot, namespace)


def is_dead(process: Process, here: Process, proc: Path = Path("/proc")) -> bool:
    """Whether a process is known to run no more; False for those that cannot be seen from here."""
    if not (process.boot and process.namespace):
        return False
    if (process.boot, process.namespace) != (here.boot, here.namespace):
        return False
    try:
        state = (proc / str(process.pid) / "stat").read_text().rpartition(")")[2].split()[:1]
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return state in (["Z"], ["X"])  # ended, and its parent did not look yet
