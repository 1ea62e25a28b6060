"""`cibot demo`: what its end leaves on the terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_A_THREAD_GOES_ON = """
import logging, threading, time
from cibot.cli import demo

def log() -> None:
    for _ in range(100):
        logging.getLogger("late").warning("goes on")
        time.sleep(0.01)

demo._play = lambda *_: threading.Thread(target=log).start()
demo.command.main(["--port", "0"], standalone_mode=False)
"""


def test_a_thread_that_outlives_the_demo_writes_nothing_to_the_terminal(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _A_THREAD_GOES_ON],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (ended.stderr, "The demo has ended." in ended.stdout) == ("", True)
    assert "goes on" in (tmp_path / "var/demo.log").read_text(encoding="utf-8")
