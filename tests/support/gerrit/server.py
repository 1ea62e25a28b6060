"""A running Gerrit on loopback: start, stop, crash, and where its events are posted to."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.gerrit.artifacts import Artifacts, artifacts
from tests.support.gerrit.rest import GerritRest
from tests.support.processes import ServerProcess, free_port, run_tool, server_directory


class GerritServer(GerritRest):
    """A Gerrit with a site of its own. `version` is Gerrit's, `url` ends in a slash.

    Registered users may vote Verified and Code-Review; anonymous ones may read.
    """

    def __init__(self, directory: Path, made: Artifacts | None = None) -> None:
        """Copies an empty site into the directory; start() starts it."""
        made = made or artifacts()
        self.version = made.version
        self.port = free_port()
        super().__init__(f"http://127.0.0.1:{self.port}/")
        self.site = directory / "site"
        shutil.copytree(made.site, self.site)
        for key, value in {
            "gerrit.canonicalWebUrl": self.url,
            "httpd.listenUrl": self.url,
            "sshd.listenAddress": "off",
            "sendemail.enable": "false",
            "index.changes_open.commitWithin": "0",  # else a crash forgets 5 minutes of searches
            "index.changes_closed.commitWithin": "0",
        }.items():
            run_tool(["git", "config", "-f", self.site / "etc" / "gerrit.config", key, value])
        words = [*made.command("daemon"), "-d", self.site, "--headless", "--console-log"]
        self.process = ServerProcess("gerrit", words, directory / "log")
        self._labels_are_open = False

    def start(self) -> float:
        """Starts it, also again on the same port; returns the seconds until it answered."""
        took = self.process.start(self._answers)
        if not self._labels_are_open:
            self.open_labels()
            self._labels_are_open = True
        return took

    def stop(self) -> None:
        """Stops it as an operator does (some 4 s); the site stays."""
        self.process.stop(timeout_s=30)

    def crash(self) -> None:
        """Ends it at once; the site stays."""
        self.process.kill()

    def set_webhook(self, *urls: str | None) -> None:
        """Where events are posted to from the next one on; nothing or None: nowhere."""
        target = self.site / "etc" / "post-events.urls"
        fresh = target.with_suffix(".new")
        fresh.write_text("".join(f"{url}\n" for url in urls if url))
        fresh.rename(target)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}config/server/version", timeout=5).ok
        except requests.RequestException:
            return False


@pytest.fixture(scope="session")
def gerrit() -> Iterator[GerritServer]:
    """A running Gerrit, shared by the session: take accounts and projects of your own.

    A test that stops it starts it again; one that sets the webhook unsets it.
    """
    made = artifacts()
    with server_directory("gerrit") as directory:
        server = GerritServer(directory, made)
        server.start()
        yield server
        server.close()
        server.crash()
