"""Runs a toy that follows a recipe of CONTRIBUTING, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def use(folder: Path, **modules: str) -> None:
    """Writes the modules and runs the one called ``use`` with them on its path."""
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, str(folder / "use.py"), str(folder)],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{folder}", "PATH": "", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout.endswith("all of it works\n"), done.stderr
