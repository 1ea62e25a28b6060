"""The real servers to measure with, started here; what is absent is said and passed over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.mariadb import MariaDB
from tests.support.ngircd import Ngircd
from tests.support.processes import server_directory

Databases = dict[str, Callable[[], str]]
# As a server's defaults: the tests give durability up for speed.
_DURABLE = (
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-doublewrite=1",
    "--innodb-buffer-pool-size=128M",
    "--innodb-log-file-size=96M",
)


@contextmanager
def databases() -> Iterator[Databases]:
    """Makers of empty databases, by kind: MariaDB where it is here, and SQLite."""
    with server_directory("bench") as directory:
        files = iter(range(1_000_000))
        sqlite: Databases = {"SQLite": lambda: f"sqlite:///{directory}/{next(files)}.db"}
        server = _mariadb(directory / "mariadb")
        if server is None:
            yield sqlite
            return
        try:
            yield {"MariaDB": server.create_database} | sqlite
        finally:
            server.stop()


def _mariadb(directory: Path) -> MariaDB | None:
    directory.mkdir()
    try:
        server = MariaDB(directory, *_DURABLE)
    except pytest.skip.Exception as absent:
        print(f"not measured on MariaDB: {absent}")
        return None
    server.start()
    return server


@contextmanager
def irc_server() -> Iterator[Ngircd | None]:
    """A real ngircd, or None where there is none."""
    with server_directory("ngircd", "nobody") as directory:
        directory.chmod(0o755)
        try:
            server = Ngircd(directory)
        except pytest.skip.Exception as absent:
            print(f"not measured over IRC: {absent}")
            yield None
            return
        server.start()
        try:
            yield server
        finally:
            server.stop()


def until(true: Callable[[], object], what: str, limit_s: float = 60.0) -> None:
    """Waits until something is true; raises TimeoutError when it never is."""
    deadline = time.monotonic() + limit_s
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {limit_s:g} s for {what}")
        time.sleep(0.01)
