"""Opens the database and runs transactions, over and over where that is right.

On a Galera cluster a conflict may come at any statement or at COMMIT (1213),
and a node without quorum answers 1047 to everything: a transaction is
therefore a function that can be called again, from its start.
"""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Select, create_engine, event, select
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from cibot.errors import ConfigError, Permanent, Transient

log = logging.getLogger(__name__)
Tx = Connection
T = TypeVar("T")

_RETRIED = {1205, 1213, 1047, 1020, 2002, 2003, 2006, 2013, 1053, 1927}
_OF_THE_ROW = {1300, 1366, 3819, 4025}  # OperationalError in PyMySQL, and yet the row's fault
_DISCONNECTED = {1047}  # a node that left the cluster; the pool must look for another
_TRIES = 6
_UNWRITTEN_S = 30.0  # a leader writes more often; a standby that is asked nothing tries no more
_CACHE = "cache_size=-1024"  # KiB of pages for each connection to SQLite; the kernel caches, too
# What a process holds that is paused in a transaction, MariaDB gives back to the others.
_SESSION = (
    "SET SESSION innodb_lock_wait_timeout=20, group_concat_max_len=8388608"
    " /*M!100301 , idle_write_transaction_timeout=10 */"  # which MySQL does not have
)


def in_this_order(query: Select[Any]) -> Select[Any]:
    """The query with its tables read in the order in which they are written.

    Left alone, MariaDB may begin at the wrong end: for the last report of a CI it read
    all changes and sorted, in seconds, though the index gives the answer in one step.
    """
    for dialect in ("mysql", "mariadb"):
        query = query.prefix_with("STRAIGHT_JOIN", dialect=dialect)
    return query


class StoreError(Transient):
    """The database did not answer, or a transaction lost every try."""


class StoreRefused(Permanent):
    """The database refuses what was to be written; trying again changes nothing."""


class Store:
    """The open database. `write` and `read` are the two ways in."""

    def __init__(
        self,
        engine: Engine,
        look: Callable[[], None] = lambda: None,
        turn: AbstractContextManager[object] | None = None,
    ) -> None:
        """``look`` raises StoreError where what is written goes to no file that has a name.

        ``turn`` is held while a transaction writes, where there can be one at a time only.
        """
        self.engine = engine
        self.look = look
        self._turn = turn or nullcontext()
        self._pause = threading.Event()
        self._unwritten = ("", 0.0)  # why nothing was written the last time, and when that was

    def write(self, work: Callable[[Tx], T]) -> T:
        """Runs ``work`` in one transaction and commits; runs it again after a conflict.

        Raises StoreError when the database stays away or keeps refusing, and
        StoreRefused for what it can never take.
        """
        try:
            done = self._write(work)
        except StoreError as error:
            self._unwritten = (str(error), time.monotonic())
            raise
        self._unwritten = ("", 0.0)
        return done

    def _write(self, work: Callable[[Tx], T]) -> T:
        for attempt in range(1, _TRIES + 1):
            try:
                with self._turn, self.engine.begin() as tx:
                    return work(tx)
            except PoolTimeout as error:
                raise StoreError("every connection to the database is busy") from error
            except DBAPIError as error:
                if not _worth_retrying(error):
                    raise _refusal(error) from error
                if attempt == _TRIES:
                    raise StoreError(
                        f"the database refused {_TRIES} times: {_code(error)}"
                    ) from error
                log.info("transaction tried again attempt=%d cause=%s", attempt, _code(error))
                self._pause.wait(random.uniform(0, 0.02 * 2**attempt))
        raise AssertionError("unreachable")

    def read(self, work: Callable[[Tx], T]) -> T:
        """Runs ``work`` on a connection whose changes are thrown away."""
        for again in (True, False):
            try:
                with self.engine.connect() as tx:
                    return work(tx.execution_options(cibot_reads=True))
            except PoolTimeout as error:
                raise StoreError("every connection to the database is busy") from error
            except DBAPIError as error:
                # The database may have been restarted since the last time.
                if not (again and error.connection_invalidated):
                    raise _refusal(error) from error
        raise AssertionError("unreachable")

    def ping(self) -> None:
        """Asks the database whether it is there; raises StoreError where it is not, or is full
        or read-only: nothing was written the last time. An SQLite file must still be there."""
        self.look()
        self.read(lambda tx: tx.execute(select(1)).scalar_one())
        why, at = self._unwritten
        if why and time.monotonic() - at < _UNWRITTEN_S:
            raise StoreError(f"it answers and is not written: {why}")

    def close(self) -> None:
        """Closes every connection."""
        self.engine.dispose()


def _code(error: DBAPIError) -> str:
    return str(_number(error) or error.orig)


def _refusal(error: DBAPIError) -> StoreError | StoreRefused:
    """Whether the database is to blame (it is away, full, read-only) or what it was given."""
    away = _worth_retrying(error) or isinstance(error, OperationalError)
    if away and _number(error) not in _OF_THE_ROW:
        return StoreError(f"the database does not answer: {error.orig}")
    return StoreRefused(f"the database refuses: {error.orig}")


def _number(error: DBAPIError) -> object:
    """The driver's error number; SQLite's driver has a text there."""
    return error.orig.args[0] if error.orig is not None and error.orig.args else None


def _worth_retrying(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    code = _number(error)
    return code in _RETRIED or (isinstance(code, str) and "database is locked" in code)


def open_store(url: str) -> Store:
    """Opens ``url`` (``sqlite:///PATH`` or ``mysql+pymysql://…``) without connecting.

    Raises ConfigError when the URL is not one that cibot can use.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigError(
            'store.url is not a database URL; write "sqlite:///var/cibot.db"'
        ) from error
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    if parsed.get_backend_name() in {"mysql", "mariadb"}:
        return Store(_mysql(parsed))
    raise ConfigError(
        f"store.url: cibot keeps its rows in SQLite, MySQL or MariaDB, not {parsed.drivername!r}"
    )


def _sqlite(url: URL) -> Store:
    path: Path | None = None
    opened: list[int] = []  # the inode that the first connection opened
    if url.database and url.database != ":memory:":
        path = Path(url.database).absolute()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            why = error.strerror or error
            raise ConfigError(f"store.url: {path.parent} cannot be made: {why}") from error
    engine = create_engine(
        url,
        # The connection used last is used first: each that is used fills a cache of its own.
        pool_use_lifo=True,
        connect_args={"timeout": 30, "cached_statements": 32},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        if path is not None:
            _keep_private(path)
        connection.isolation_level = None  # we begin ourselves, below
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", _CACHE):
            connection.execute(f"PRAGMA {pragma}")
        if path is not None and not opened:
            opened.append(path.stat().st_ino)

    def look() -> None:
        if path is None or not opened or (path.exists() and path.stat().st_ino == opened[0]):
            return
        raise StoreError(
            f"{path} was deleted or replaced while cibot has it open, and what is written now is"
            " lost: end cibot, put the file in its place, start again"
        )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A reader that later writes could not wait for the lock: writers take it first.
        reads = connection.get_execution_options().get("cibot_reads")
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    # SQLite looks again after ever longer pauses whether the other thread is done; this one knows.
    return Store(engine, look, threading.Lock())


def _keep_private(path: Path) -> None:
    """Makes the file private to its owner; SQLite gives -wal and -shm the same mode.

    A file that another user owns is left as it is: it is shared on purpose.
    """
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        try:
            if name.exists() and name.stat().st_uid == os.geteuid():
                name.chmod(0o600)
        except OSError as error:
            log.warning("others may read the database path=%s cause=%s", name, error)


def _mysql(url: URL) -> Engine:
    # The driver loads the library of cryptography: 8 MB that SQLite does not need.
    from cibot.store.cursor import READ, QuickCursor  # noqa: PLC0415

    if url.drivername in {"mysql", "mariadb"}:
        url = url.set(drivername=f"{url.drivername}+pymysql")
    engine = create_engine(
        url.update_query_dict({"charset": "utf8mb4"}),
        isolation_level="READ COMMITTED",
        # No ping before and no rollback after each use: every transaction is ended by its own
        # connection, and one that meets a lost connection is run again.
        pool_reset_on_return=None,
        pool_use_lifo=True,
        pool_recycle=1800,
        pool_size=10,
        max_overflow=10,
        connect_args={
            "connect_timeout": 10,
            "init_command": _SESSION,
            "read_timeout": 30,
            "write_timeout": 30,
            "cursorclass": QuickCursor,
            "conv": READ,
        },
    )

    @event.listens_for(engine, "connect")
    def see_own_writes(connection: Any, _record: object) -> None:
        # A proxy may give each connection another node, which applies a write a moment later.
        with connection.cursor() as cursor:
            cursor.execute("SHOW VARIABLES LIKE 'wsrep_on'")
            if any(value == "ON" for _, value in cursor.fetchall()):
                cursor.execute("SET SESSION wsrep_sync_wait=7")  # reads, updates and inserts

    @event.listens_for(engine, "handle_error")
    def mark_lost(context: ExceptionContext) -> None:
        original = context.original_exception
        if getattr(original, "args", None) and original.args[0] in _DISCONNECTED:
            context.is_disconnect = True

    return engine
