"""Tests that need something of the machine skip loudly where it is absent.

With CIBOT_REQUIRE_SERVERS=1 in the environment (continuous integration) absence is a failure.
"""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

REQUIRED = "CIBOT_REQUIRE_SERVERS"
ABSENT = " is absent; "  # the mark by which the terminal summary knows these skips
_SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")  # not in a normal user's PATH on Debian
_REPOSITORY = Path(__file__).resolve().parents[2]


def servers_required() -> bool:
    """Whether an absent server is a failure."""
    return os.environ.get(REQUIRED, "") not in {"", "0"}


def find(binary: str) -> Path | None:
    """Where an executable is, also in the system's directories."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_SBIN])
    executable = shutil.which(binary, path=path)
    return Path(executable) if executable else None


def needs(binary: str, *, package: str) -> Path:
    """The executable's path; where it is absent the test skips and names Debian's package."""
    executable = find(binary)
    if executable is None:
        absent(binary, f"apt-get install {package}")
    return executable


def absent(what: str, remedy: str) -> NoReturn:
    """Ends the test because a server is absent: a skip, or a failure where servers must be."""
    reason = f"{what}{ABSENT}{remedy}"
    if servers_required():
        pytest.fail(f"{reason} ({REQUIRED} is set)", pytrace=False)
    pytest.skip(reason)


def shared_file(name: str) -> Path:
    """A file of the recorded history, beside the repository or in CIBOT_SHARED, else a skip.

    The recordings are no part of the repository, so their absence is never a failure.
    """
    root = Path(os.environ.get("CIBOT_SHARED") or _REPOSITORY.parent / "shared")
    path = root / "data" / name
    if not path.exists():
        pytest.skip(f"shared/data/{name}{ABSENT}set CIBOT_SHARED to the folder that holds data/")
    return path
