"""Starting real servers for tests: free ports, readiness, a log tail, and a sure end.

A server is a child in its own session. It is told by the kernel to die when the test process
dies (PR_SET_PDEATHSIG), so that a killed test run leaves nothing behind.
"""

import atexit
import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

# Runs in the child. The user is changed before the death signal is asked for (a change clears it),
# and here rather than by Popen: Python may live where only root can read.
# PR_SET_PDEATHSIG is 1. Where there is no prctl (macOS) the server just starts.
_DIE_WITH_PARENT = """
import ctypes, os, sys
parent, uid, gid = (int(word) for word in sys.argv[1:4])
library = ctypes.CDLL(None)
if uid:
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
if hasattr(library, "prctl"):
    library.prctl(1, 9)
if os.getppid() != parent:
    sys.exit("the test process is gone")
os.execvp(sys.argv[4], sys.argv[4:])
"""


PATIENCE_S = 300
"""How long anything is waited for that comes in the end; only what never comes takes as long."""

_MEMORY, _ROOM = Path("/dev/shm"), 2 * 1024**3  # bytes


class ServerFailedError(AssertionError):
    """A server did not start or stop as it should; the text carries the end of its log."""


_GIVEN: set[int] = set()


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nothing listened on a moment ago.

    It is below those that the kernel gives to outgoing connections, so that none takes it
    before the server does, or while that is away. It is drawn, so that workers hardly ever
    draw the same, and not by `random`, whose seed they share. Never the same twice.
    """
    while (port := lasting_port(10_000 + secrets.randbelow(9_000))) in _GIVEN:
        pass
    _GIVEN.add(port)
    return port


def lasting_port(first: int) -> int:
    """A free port from ``first`` on, below those that the kernel gives to outgoing connections."""
    for port in range(first, 32000):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise AssertionError(f"no port from {first} to 32000 is free")


def accepts(place: int | Path) -> bool:
    """Whether a port of 127.0.0.1, or a Unix socket, takes a connection."""
    port = isinstance(place, int)
    with socket.socket(socket.AF_INET if port else socket.AF_UNIX) as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", place) if port else str(place)) == 0


def wait_until(
    condition: Callable[[], Any], timeout_s: float = PATIENCE_S, what: str = "the condition"
) -> Any:
    """Asks `condition` every 20 ms until its answer is true, and returns that answer.

    How long it may take is only for what never comes: a busy machine takes its time.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        if answer := condition():
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {timeout_s:g} s")
        time.sleep(0.02)


def is_root() -> bool:
    """Whether the tests run as root; some servers refuse that and are started as another user."""
    return os.geteuid() == 0


def in_memory() -> Path | None:
    """A directory that lies in memory; None where there is none with enough room."""
    return _MEMORY if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM else None


@contextlib.contextmanager
def server_directory(name: str, user: str | None = None) -> Iterator[Path]:
    """A temporary directory for one server, with a short path (Unix sockets), owned by `user`.

    It lies in memory where there is room: servers wait for the disk more than they work.
    """
    path = Path(tempfile.mkdtemp(prefix=f"cibot-{name}-", dir=in_memory()))
    try:
        if user and is_root():
            owner = pwd.getpwnam(user)
            os.chown(path, owner.pw_uid, owner.pw_gid)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class ServerProcess:
    """One server process: start, wait until it answers, stop."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        log: Path,
        *,
        user: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        """`user` counts only when the tests run as root. `log` gets stdout and stderr."""
        self.name = name
        self.log = log
        self._argv = [str(word) for word in argv]
        self._user = user if is_root() else None
        self._env = {**os.environ, **(env or {})}
        self._cwd = cwd
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._child.pid if self._child and self._child.poll() is None else None

    def start(self, ready: Callable[[], bool], timeout_s: float = PATIENCE_S) -> float:
        """Starts it and waits until `ready()` is true; returns the seconds that took."""
        began = time.monotonic()
        uid, gid = 0, 0
        if self._user:
            entry = pwd.getpwnam(self._user)
            uid, gid = entry.pw_uid, entry.pw_gid
        words = [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT]
        words += [str(number) for number in (os.getpid(), uid, gid)]
        with self.log.open("ab") as sink:
            self._child = subprocess.Popen(
                [*words, *self._argv],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env=self._env,
                cwd=self._cwd,
                start_new_session=True,
            )
        atexit.register(self.kill)
        while not ready():
            if time.monotonic() - began > timeout_s:
                self.kill()
                raise self._failure(f"did not answer within {timeout_s:g} s")
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self._child.wait(0.02)
                raise self._failure(f"ended with code {code} while starting")
        return time.monotonic() - began

    def signal(self, number: int) -> None:
        """Sends a signal to the server and all it started (SIGSTOP makes it hang)."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, number)

    def stop(self, timeout_s: float = 20.0) -> None:
        """Ends it politely, and by force when it does not obey. Stopping twice is fine."""
        if self.pid is not None:
            self.signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(timeout_s)
        self.kill()

    def kill(self) -> None:
        """Ends it at once, as a crash would."""
        if self._child is None:
            return
        self.signal(signal.SIGKILL)
        self._child.wait(10)
        self._child = None
        atexit.unregister(self.kill)

    def log_tail(self, lines: int = 30) -> str:
        """The end of what the server wrote."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def _failure(self, what: str) -> ServerFailedError:
        tail = self.log_tail() or "(it wrote nothing)"
        return ServerFailedError(f"{self.name} {what}; the end of its log:\n{tail}")


def run_tool(argv: Sequence[str | Path], *, timeout_s: float = 120, **kwargs: Any) -> str:
    """Runs a command to its end and returns its output; a failure shows that output."""
    words = [str(word) for word in argv]
    done = subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=timeout_s,
        check=False,
        **kwargs,
    )
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-80:])
        raise ServerFailedError(f"{words[0]} ended with code {done.returncode}:\n{tail}")
    return done.stdout
