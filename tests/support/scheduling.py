"""Which worker of pytest-xdist runs what, and in which order.

A file is run by one worker, since its tests share fixtures of module scope. The tests that need
the real Gerrit are all run by one worker, so that it is started once.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling
from xdist.workermanage import WorkerController

_GERRIT = ("tests/e2e/test_gerrit_", "tests/e2e/test_true_path.py")
_SINGLE = ("tests/chaos/test_day.py", "tests/chaos/test_kills.py")  # one test of minutes each
_LONGEST_FIRST = (
    *_SINGLE,
    *_GERRIT,
    "tests/chaos/",
    "tests/browser/",
    "tests/e2e/",
    "tests/realdata/",
    "tests/attack/",
    "tests/contract/",
    "tests/unit/judging/",
    "",
)


def workers() -> int:
    """How many workers `-n auto` starts: many tests wait for a server or a connection."""
    return 2 * (os.cpu_count() or 1)


def import_share(config: pytest.Config) -> None:
    """Imports the files of tests whose turn it is in this worker, of all that are collected then.

    In a fresh clone pytest rewrites the asserts of each file and keeps what it made of them for
    the next process: workers that begin at different files need not do the same work.
    """
    if config.args != config.getini("testpaths"):
        return
    here = config.rootpath
    files = sorted(path for top in config.args for path in (here / top).rglob("test_*.py"))
    turn = int(config.workerinput["workerid"].removeprefix("gw"))  # type: ignore[attr-defined]
    for path in files[turn :: config.workerinput["workercount"]]:  # type: ignore[attr-defined]
        with contextlib.suppress(Exception):  # the collection will say what is wrong with it
            importlib.import_module(_module(path.relative_to(here)))


def _module(path: Path) -> str:
    return ".".join(path.with_suffix("").parts)


def arrange(items: list[pytest.Item]) -> None:
    """Puts the longest units first; random within a rank.

    Long units at the end would keep one worker busy while the others are done.
    """

    def rank(item: pytest.Item) -> int:
        return next(n for n, start in enumerate(_LONGEST_FIRST) if item.nodeid.startswith(start))

    items.sort(key=rank)


class Scheduling(LoadScopeScheduling):
    """Gives out files in the order of the collection."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        config.option.loadscopereorder = False  # a file with many tests is not a long one
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        """The unit of a test: its file, or all that need the real Gerrit."""
        return "gerrit" if nodeid.startswith(_GERRIT) else nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        """A worker runs a test only when it has the next: nothing long may wait behind minutes."""
        running = (
            unit for unit, tests in self.assigned_work[node].items() if not all(tests.values())
        )
        if any(unit in _SINGLE for unit in running):
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)
