"""A process is known again by its number, its boot and its namespace."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from cibot.daemon.leader import is_dead, this_process
from cibot.store.lease import Process

HERE = Process(1, "boot", "pid:[1]")


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A /proc where 7 runs, 8 has ended and was not looked at, 9 tells nothing."""
    for pid, state in ((7, "7 (a) b) S 1"), (8, "8 (cibot) Z 1"), (9, "")):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "stat").write_text(state)
    (tmp_path / "10" / "stat").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize(
    ("pid", "dead"), [(6, True), (7, False), (8, True), (9, False), (10, False)]
)
def test_by_its_number(proc: Path, pid: int, dead: bool) -> None:
    assert is_dead(replace(HERE, pid=pid), HERE, proc) is dead


@pytest.mark.parametrize("other", [{"boot": "x"}, {"namespace": "x"}, {"boot": ""}])
def test_numbers_of_elsewhere_say_nothing(proc: Path, other: dict[str, str]) -> None:
    assert not is_dead(replace(HERE, pid=6, **other), HERE, proc)


def test_where_the_system_does_not_tell_nobody_is_dead(proc: Path) -> None:
    unknown = Process(6, "", "")
    assert not is_dead(unknown, unknown, proc)


def test_this_process_lives() -> None:
    here = this_process()
    assert here.pid == os.getpid()
    assert not is_dead(here, here)
