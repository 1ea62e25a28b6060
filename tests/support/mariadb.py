"""A real MariaDB in a temporary directory: one server a session, one database a test."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest

from tests.support.needs import needs
from tests.support.processes import (
    ServerProcess,
    accepts,
    free_port,
    is_root,
    run_tool,
    server_directory,
)

_PACKAGE = "mariadb-server"
_USER, _PASSWORD = "cibot", "cibot-test"
_FAST = (  # durability is given up for speed; the rest is as a server's defaults
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--innodb-flush-method=nosync",
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=32M",
    "--innodb-buffer-pool-dump-at-shutdown=0",
    "--innodb-buffer-pool-load-at-startup=0",
    "--performance-schema=OFF",
)


class MariaDB:
    """A MariaDB server on loopback. The user of its URLs may only touch databases `cibot_…`."""

    def __init__(self, directory: Path, *options: str) -> None:
        """Makes the data directory; `options` are added to mariadbd's command line."""
        self.port = free_port()
        server = needs("mariadbd", package=_PACKAGE)
        install = needs("mariadb-install-db", package=_PACKAGE)
        self._socket = directory / "s"
        self._numbers = itertools.count(1)
        self._copied: dict[str, list[str]] = {}
        # A server that starts wipes temporary tables from its tmpdir, also another server's.
        own = directory / "tmp"
        own.mkdir()
        common = ["--no-defaults", f"--datadir={directory / 'data'}", f"--tmpdir={own}"]
        if is_root():
            common.append("--user=root")
        run_tool([install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"])
        words = [server, *common, f"--socket={self._socket}", f"--port={self.port}"]
        words += [f"--pid-file={directory / 'pid'}", "--bind-address=127.0.0.1"]
        words += ["--skip-name-resolve", "--character-set-server=utf8mb4", *_FAST, *options]
        self.process = ServerProcess("mariadbd", words, directory / "log")

    def start(self) -> float:
        """Starts it, also again after stop() or a kill; returns the seconds that took."""
        took = self.process.start(self._answers)
        self.execute(f"CREATE USER IF NOT EXISTS {_USER}@'%' IDENTIFIED BY '{_PASSWORD}'")
        self.execute(f"GRANT ALL ON `cibot\\_%`.* TO {_USER}@'%'")
        return took

    def stop(self) -> None:
        """Stops it; the data stay."""
        self.process.stop()

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Runs one statement as the server's root (autocommit) and returns its rows."""
        with contextlib.closing(self._link()) as link, link.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    def _link(self) -> pymysql.Connection[Any]:
        # With TLS allowed, PyMySQL reads all authorities of the machine for each connection: 20 ms.
        return pymysql.connect(
            unix_socket=str(self._socket), user="root", autocommit=True, ssl_disabled=True
        )

    def create_database(self) -> str:
        """Makes an empty utf8mb4 database and returns its SQLAlchemy URL."""
        name = f"cibot_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        place = f"127.0.0.1:{self.port}/{name}?ssl_disabled=true"
        return f"mysql+pymysql://{_USER}:{_PASSWORD}@{place}"

    def copy_database(self, url: str) -> str:
        """Makes a database with the tables and rows of another; nobody may write there now."""
        origin, copy = _name(url), self.create_database()
        with contextlib.closing(self._link()) as link, link.cursor() as cursor:
            cursor.execute("SET foreign_key_checks = 0")
            cursor.execute(f"USE {_name(copy)}")
            for statement in self._copying(origin):
                cursor.execute(statement)
        return copy

    def _copying(self, origin: str) -> list[str]:
        """The statements that make what is in a database elsewhere; asked for once."""
        if origin not in self._copied:
            tables = [name for (name,) in self.execute(f"SHOW TABLES FROM {origin}")]
            made = [self.execute(f"SHOW CREATE TABLE {origin}.`{name}`")[0][1] for name in tables]
            filled = [
                f"INSERT INTO `{name}` SELECT * FROM {origin}.`{name}`"
                for name in tables
                if self.execute(f"SELECT 1 FROM {origin}.`{name}` LIMIT 1")
            ]
            self._copied[origin] = made + filled
        return self._copied[origin]

    def drop_database(self, url: str) -> None:
        """Drops it, ending connections that a test left open (they would block the drop)."""
        name = _name(url)
        rows = self.execute("SELECT id FROM information_schema.processlist WHERE db = %s", name)
        for (connection,) in rows:
            with contextlib.suppress(pymysql.MySQLError):
                self.execute(f"KILL {int(connection)}")
        self.execute(f"DROP DATABASE {name}")

    def _answers(self) -> bool:
        # PyMySQL leaves the socket of a refused connection open, and a server that starts listens
        # at its port first.
        if not (accepts(self.port) and accepts(self._socket)):
            return False
        try:
            self.execute("SELECT 1")
        except pymysql.MySQLError:
            return False
        return True


def _name(url: str) -> str:
    return url.rpartition("/")[2].partition("?")[0]


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """A running MariaDB, shared by the session."""
    with server_directory("mariadb") as directory:
        server = MariaDB(directory)
        server.start()
        yield server
        server.stop()


@pytest.fixture
def mariadb_url(mariadb: MariaDB) -> Iterator[str]:
    """A fresh, empty database's SQLAlchemy URL (mysql+pymysql://…), dropped after the test."""
    url = mariadb.create_database()
    yield url
    mariadb.drop_database(url)
