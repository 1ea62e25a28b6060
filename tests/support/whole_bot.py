"""The whole bot as a process of its own, as an operator runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests

from cibot.store.engine import Store, open_store
from tests.support.processes import PATIENCE_S, free_port
from tests.support.zygote import Forked, Zygote

T = TypeVar("T")
TOKEN = "a-webhook-token-of-the-tests"


def eventually(look: Callable[[], T], what: str, timeout_s: float = PATIENCE_S) -> T:
    """What ``look`` returns as soon as it is true; fails when it never is."""
    deadline = time.monotonic() + timeout_s
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < deadline, f"waited {timeout_s:g} s for {what}; saw {seen!r}"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """Bots for a few milliseconds of CPU, shared by the session."""
    with Zygote() as made:
        yield made


class WholeBot:
    """`cibot run` on a configuration of its own; also runs other commands on it."""

    def __init__(
        self,
        directory: Path,
        database: str,
        tables: dict[str, Any],
        port: int | None = None,
        zygote: Zygote | None = None,
    ) -> None:
        """``port`` is for the web; a free one where none is given.

        With a ``zygote``, start() forks that, else it starts a new interpreter.
        """
        self._zygote = zygote
        self.directory = directory
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = database
        self.config = directory / "cibot.toml"
        tables = {
            "store": {"url": database},
            "web": {"listen": f"127.0.0.1:{self.port}"},
        } | tables
        self.config.write_text(toml(tables))
        self.config.chmod(0o600)
        self.log = directory / "bot.log"
        self.process: subprocess.Popen[bytes] | Forked | None = None

    def webhook(self, server: str) -> str:
        """The URL that a server's webhooks plugin is given."""
        return f"{self.url}/webhooks/gerrit/{server}/{TOKEN}"

    def command(self, *words: str) -> str:
        """Runs another command of cibot on this configuration; its standard output."""
        done = subprocess.run(
            [sys.executable, "-m", "cibot", *words, "--config", str(self.config)],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
            env=_environment(),
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self) -> None:
        """Starts it and waits until it answers."""
        if self.database.startswith("mysql"):
            self._upgrade()
        self.launch(self._zygote)
        try:
            eventually(self._alive, "the bot")
        except BaseException:
            self.kill()
            raise

    def _upgrade(self) -> None:
        if not self._zygote:
            self.command("db", "upgrade")
            return
        words = ["db", "upgrade", "--config", str(self.config)]
        assert self._zygote.fork(words, self.log).wait(PATIENCE_S) == 0, self.log.read_text()

    def launch(self, zygote: Zygote | None = None) -> None:
        """Starts it on a database that is ready, and does not wait."""
        words = ["run", "--config", str(self.config)]
        if zygote:
            self.process = zygote.fork(words, self.log)
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cibot", *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
            )

    def _alive(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return requests.get(f"{self.url}/healthz", timeout=5).ok
        except requests.RequestException:
            return False

    def ready(self) -> dict[str, Any]:
        """What /readyz says."""
        answer: dict[str, Any] = requests.get(f"{self.url}/readyz", timeout=5).json()
        return answer

    def kill(self) -> None:
        """Ends it as a crash does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> float:
        """Asks it to stop; the seconds that took."""
        if self.process is None or self.process.poll() is not None:
            return 0.0
        start = time.monotonic()
        self.process.terminate()
        assert self.process.wait(20) == 0, self.log.read_text()
        return time.monotonic() - start

    def store(self) -> Store:
        """The bot's database, opened beside it."""
        return open_store(self.database)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CIBOT_")}


def toml(tables: dict[str, Any]) -> str:
    """Tables and lists of tables as TOML."""
    lines: list[str] = []
    for name, value in tables.items():
        if not isinstance(value, dict | list):
            lines.insert(0, f"{name} = {json.dumps(value)}")
            continue
        many: Sequence[dict[str, Any]] = value if isinstance(value, list) else [value]
        for table in many:
            lines.append(f"[[{name}]]" if isinstance(value, list) else f"[{name}]")
            lines += [f"{key} = {json.dumps(setting)}" for key, setting in table.items()]
    return "\n".join(lines) + "\n"
