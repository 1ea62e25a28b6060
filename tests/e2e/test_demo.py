"""`cibot demo` as a newcomer runs it: a process, its terminal's lines, its web side."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.support.processes import PATIENCE_S, wait_until

pytestmark = pytest.mark.e2e


class Demo:
    """A running demo: what it printed so far, and a way to type."""

    def __init__(self, folder: Path, *options: str, stdin: int = subprocess.PIPE) -> None:
        self.folder = folder
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cibot", "demo", "--port", "0", *options],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            cwd=folder,
            env={**os.environ, "TMPDIR": str(self.temporary), "PYTHONUTF8": "1"},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(iter_lines(self.process.stdout))

    def type(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def sees(self, pattern: str, timeout_s: float = PATIENCE_S) -> re.Match[str]:
        """Waits for a line like this."""
        try:
            match: re.Match[str] = wait_until(lambda: re.search(pattern, self.text), timeout_s)
        except AssertionError:
            raise AssertionError(f"{pattern!r} is not in:\n{self.text}") from None
        return match

    def ended(self) -> int:
        """Waits for the end; its exit code."""
        code = self.process.wait(PATIENCE_S)
        self._reader.join(5)
        return code


def iter_lines(stream: Iterator[str]) -> Iterator[str]:
    for line in stream:
        yield line.rstrip("\n")


@contextmanager
def demo(folder: Path, *options: str, stdin: int = subprocess.PIPE) -> Iterator[Demo]:
    running = Demo(folder, *options, stdin=stdin)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        for stream in (running.process.stdin, running.process.stdout):
            if stream is not None:
                stream.close()


README = Path(__file__).parents[2] / "README.md"


def clauses(text: str) -> list[str]:
    """The clauses of what the bot said, without figures, times and the names of jobs."""
    text = re.sub(r"of the (same \d+|\d+ that it judged too)", "of the same", text)
    text = re.sub(r"acme-iscsi-(volume|multipath)", "JOB", text).replace(" (JOB)", "")
    text = re.sub(r"[A-Z][a-z]{2} (\d+ [A-Z][a-z]{2} )?(?=\d+:\d\d UTC)", "", text)
    text = re.sub(r"[<\d][\d:,.]*( min| s| h)?|[▁-█·]{14}", "#", text)
    return [clause.strip() for clause in re.split(r"[;\n]|\. | · ", text)]


def readme_clauses() -> list[str]:
    """Those of the sample at the head of the README."""
    sample = README.read_text(encoding="utf-8").split("```")[1]
    return [clause for clause in clauses(sample) if clause and not clause.startswith(">")]


def test_three_stories_and_answers(tmp_path: Path) -> None:
    with demo(tmp_path, "--speed", "3") as running:
        running.sees("cibot demo – everything you see here is invented")
        web = running.sees(r"web +(http://127\.0\.0\.1:\d+)")[1]
        running.sees(r"Read a month of history over REST: [\d,]+ changes, \d,\d+ comments")
        running.sees(r"\[alerts\] (■|▲) \w+ — Cobalt NVMe CI is (degraded|failing)")
        assert requests.get(f"{web}/healthz", timeout=PATIENCE_S).status_code == 200
        token = running.sees(r"the token (\S+)")[1]
        made = requests.post(
            f"{web}/api/v1/silences",
            json={"ci": "acme", "length_s": 60, "reason": "the first minute"},
            headers={"Authorization": f"Bearer {token}"},
            timeout=PATIENCE_S,
        )
        assert (made.status_code, made.json()["by"]) == (201, "demo")
        ended = requests.delete(
            web + made.headers["Location"], headers={"Authorization": f"Bearer {token}"}, timeout=5
        )
        assert (ended.status_code, ended.json()["ended_by"]) == (200, "demo")
        running.type("status acme")
        running.sees(r"(?m)^Acme iSCSI CI: [●▲■?] (healthy|degraded|failing|unknown)")
        running.sees(r"\[alerts\] ■ failing — Acme iSCSI CI .*failing.*: .* (passed|failed) ")
        running.sees(r"\[alerts\] ● healthy — Cobalt NVMe CI recovered")
        running.sees(r"\[alerts\] ○ silent — Borealis FC CI is silent")
        running.type("status acme")
        running.type("status")
        running.sees("2 of 13 CIs need a look: 1 silent, 1 failing")
        running.process.send_signal(signal.SIGINT)  # Ctrl-C
        assert running.ended() == 0
        said = clauses(running.text.replace("[alerts] ", ""))
        otherwise = [clause for clause in readme_clauses() if clause not in said]
        # which sign of Acme's fires first depends on the machine's pace: two clauses
        assert len(otherwise) <= 3, otherwise
        told_of = {
            line.split(" ")[0] for line in re.findall(r"\[alerts\] .+? — (.+)", running.text)
        }
        assert told_of == {"Acme", "Borealis", "Cobalt"}  # no story that nobody wrote
        assert "The demo has ended." in running.text
        assert "Traceback" not in running.text
        assert list(running.temporary.iterdir()) == []
        log = (tmp_path / "var/demo.log").read_text()
        assert "incident ci=" in log
        assert token not in log
        assert [line for line in log.splitlines() if " INFO " not in line] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_nothing_is_left(tmp_path: Path, number: int) -> None:
    with demo(tmp_path, stdin=subprocess.DEVNULL) as running:
        running.sees("Meanwhile ask")
        began = time.monotonic()
        running.process.send_signal(number)
        assert running.ended() == 0
        assert time.monotonic() - began < 6
        assert list(running.temporary.iterdir()) == []


def test_it_ends_when_nobody_reads(tmp_path: Path) -> None:
    line = f"set -o pipefail; {sys.executable} -m cibot demo --port 0 </dev/null | head -4"
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    ended = subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(temporary)},
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.stdout.count("\n") == 4
    assert "Traceback" not in ended.stderr
    assert list(temporary.iterdir()) == []


def test_a_kept_database_is_kept_and_not_reused(tmp_path: Path) -> None:
    database = tmp_path / "kept.db"
    with demo(tmp_path, "--db", str(database), "--for", "5") as running:
        assert running.ended() == 0, running.text
    assert database.stat().st_size > 100_000
    again = subprocess.run(
        [sys.executable, "-m", "cibot", "demo", "--db", str(database)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert again.returncode == 1
    assert "exists already" in again.stderr
