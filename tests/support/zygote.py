"""A process that has imported the bot and forks it: a start for a few milliseconds of CPU.

What is forked is the real bot in a process of its own. The fork comes before any thread,
socket or database connection exists, so that the child differs from `python -m cibot` only in
that its modules are imported already.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

_MODULES_LEFT_OUT = ("cibot.__main__", "cibot.store.migrations")
_LAZY = ("sqlalchemy.dialects.sqlite.pysqlite", "sqlalchemy.dialects.mysql.pymysql")


class Forked:
    """One forked process, with the part of `subprocess.Popen` that tests use."""

    def __init__(self, pid: int, ended: Callable[[int], int]) -> None:
        """``ended`` says with which code the process that is over came to its end."""
        self.pid = pid
        self._ended = ended
        self._handle = os.pidfd_open(pid)
        self._code: int | None = None

    def poll(self) -> int | None:
        """None while it lives, else its exit code, negative for the signal that ended it."""
        return self._look(0)

    def wait(self, timeout: float) -> int:
        """Its exit code when it is over; raises TimeoutExpired where that takes more seconds."""
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"fork {self.pid}", timeout)
        return code

    def _look(self, timeout: float) -> int | None:
        if self._code is None and select.select([self._handle], [], [], timeout)[0]:
            os.close(self._handle)
            self._code = self._ended(self.pid)
        return self._code

    def kill(self) -> None:
        """SIGKILL."""
        self._signal(signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM."""
        self._signal(signal.SIGTERM)

    def _signal(self, number: int) -> None:
        if self._code is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)


class Zygote:
    """`with Zygote() as zygote: zygote.fork(["run", "--config", …], log)`. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CIBOT_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self._ask({})  # until everything is imported

    def _ask(self, question: dict[str, object]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        assert answer, "the zygote is gone"
        return int(answer)

    def fork(self, words: Sequence[str], log: Path) -> Forked:
        """A new process that runs `cibot WORDS…`, its output appended to ``log``."""
        pid = self._ask({"words": list(words), "log": str(log)})
        return Forked(pid, lambda pid: self._ask({"ended": pid}))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)


def _import_all() -> None:
    import cibot  # noqa: PLC0415

    for module in pkgutil.walk_packages(cibot.__path__, "cibot."):
        if not module.name.startswith(_MODULES_LEFT_OUT):
            importlib.import_module(module.name)
    for name in _LAZY:
        importlib.import_module(name)


def _die_with_parent() -> None:
    library = ctypes.CDLL(None)
    if hasattr(library, "prctl"):
        library.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _become(words: list[str], log: str) -> None:
    """The child's whole life."""
    _die_with_parent()
    null = os.open(os.devnull, os.O_RDONLY)
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for source, target in ((null, 0), (out, 1), (out, 2)):
        os.dup2(source, target)
    os.closerange(3, 64)
    from cibot.cli import main  # noqa: PLC0415

    main(words, prog_name="cibot")


def _answer(question: dict[str, Any]) -> int:
    """The id of the process that was asked for, or the exit code of one that is over."""
    if "ended" in question:
        return os.waitstatus_to_exitcode(os.waitpid(question["ended"], 0)[1])
    pid = os.fork() if question else 0
    if question and pid == 0:
        _become(question["words"], question["log"])
        os._exit(0)
    return pid


def _serve() -> None:
    _die_with_parent()
    _import_all()
    assert threading.active_count() == 1, threading.enumerate()
    gc.freeze()
    for line in sys.stdin:
        print(_answer(json.loads(line)), flush=True)


if __name__ == "__main__":
    _serve()
