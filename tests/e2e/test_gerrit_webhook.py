"""`cibot check --webhook` on a real Gerrit: its commands, as they are printed, bring an event."""

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.gerrit.rest import ADMIN
from tests.support.gerrit.server import GerritServer
from tests.support.processes import free_port
from tests.support.whole_bot import TOKEN, toml

pytestmark = pytest.mark.e2e


class Check:
    """`cibot check --webhook` under way: its lines, as they come."""

    def __init__(self, directory: Path, gerrit: GerritServer) -> None:
        listen = f"127.0.0.1:{free_port()}"
        tables = {
            "store": {"url": f"sqlite:///{directory}/cibot.db"},
            "web": {"listen": listen, "public_url": f"http://{listen}"},
            "gerrit": [{
                "name": "review", "url": gerrit.url, "webhook_token": TOKEN,
                "username": ADMIN.username, "password": ADMIN.password,
            }],
        }  # fmt: skip
        config = directory / "cibot.toml"
        config.write_text(toml(tables))
        config.chmod(0o600)
        words = [sys.executable, "-m", "cibot", "check", "--webhook", "--config", str(config)]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def until(self, start: str | None) -> list[str]:
        """The lines up to one that begins so; without ``start`` all that is left."""
        lines: list[str] = []
        while (line := self._lines.get(timeout=60)) is not None:
            lines.append(line)
            if start is not None and line.startswith(start):
                break
        return lines

    def end(self) -> int:
        """The exit code; kills what would not end."""
        try:
            return self._process.wait(30)
        finally:
            self._process.kill()
            self._process.wait()
            self._reader.join()


@pytest.fixture
def check(gerrit: GerritServer, tmp_path: Path) -> Iterator[Check]:
    check = Check(tmp_path, gerrit)
    yield check
    check.end()


def typed(directory: Path, commands: list[str]) -> None:
    """Runs the lines in a shell, as who has copied them does; git asks for the password."""
    ask = directory / "password"
    ask.write_text(f'#!/bin/sh\ncase "$1" in Username*) echo {ADMIN.username};;'
                   f" *) echo {ADMIN.password};; esac\n")  # fmt: skip
    ask.chmod(0o700)
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER")
           for what, value in (("NAME", ADMIN.name), ("EMAIL", ADMIN.email))}  # fmt: skip
    done = subprocess.run(
        ["bash", "-e"], input="\n".join(commands) + "\n", cwd=directory, text=True,
        capture_output=True, check=False,
        env=os.environ | who | {"GIT_ASKPASS": str(ask), "GIT_TERMINAL_PROMPT": "0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def may_push_config(gerrit: GerritServer, allowed: bool) -> None:
    """Lets administrators push to refs/meta/config, or not, which a new Gerrit does not."""
    rule = {"permissions": {"push": {"rules": {"Administrators": {"action": "ALLOW"}}}}}
    access = {"add" if allowed else "remove": {"refs/meta/config": rule}}
    gerrit.request("POST", "projects/All-Projects/access", access)


@pytest.mark.parametrize("may_push", [True, False])
def test_the_printed_commands_bring_an_event(
    check: Check, gerrit: GerritServer, tmp_path: Path, may_push: bool
) -> None:
    project = f"hooked-{may_push}".lower()
    gerrit.create_project(project)
    may_push_config(gerrit, may_push)
    try:
        follow(check, gerrit, tmp_path, project)
    finally:
        may_push_config(gerrit, True)
        typed(tmp_path / "cibot-webhook", [
            "git fetch origin refs/meta/config && git checkout FETCH_HEAD",
            "git rm webhooks.config && git commit -m 'Say nothing'",
            "git push origin HEAD:refs/meta/config",
        ])  # fmt: skip
        may_push_config(gerrit, False)


def follow(check: Check, gerrit: GerritServer, directory: Path, project: str) -> None:
    lines = check.until("Waiting ")
    begin = next(place for place, line in enumerate(lines) if line.startswith("# gerrit"))
    typed(directory, lines[begin:-1])
    waiting = gerrit.request("GET", "changes/?q=project:All-Projects+is:open")
    for change in waiting:  # its merge is the first event
        gerrit.submit(change["_number"])
        project, number = "All-Projects", change["_number"]
    if not waiting:
        number = gerrit.create_change(project, "Hear this")
    rest = check.until(None)
    assert f"✓ webhook review: news of change {number} of {project} came by the webhook" in rest
    assert check.end() == 0
