"""Looks whether a database can be used, and says what to do where it cannot."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryFile

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from cibot.errors import Permanent
from cibot.store.engine import Store, StoreError, open_store
from cibot.store.migrate import current, newest

_REMEDIES = {
    1044: "this user has no right to the database; GRANT ALL on it",
    1045: "user or password are wrong",
    1049: "there is no such database; CREATE DATABASE … CHARACTER SET utf8mb4",
    2003: "nothing listens there; is the server running, are host and port right?",
    2005: "the host's name does not resolve",
}


def look(url: str) -> str:
    """One line about the database at ``url``, which is changed in nothing.

    Raises Permanent with what is wrong and what to do, ConfigError for a URL
    that cibot cannot use.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        path = Path(parsed.database or "").absolute()
        try:
            if not path.exists():
                return _new_file(path)
            _try_to_use(path)
        except OSError as error:
            raise Permanent(f"{path} cannot be used: {error.strerror or error}") from error
    where = _without_password(parsed)
    store = open_store(url)
    try:
        return _version(store, where, sqlite=parsed.get_backend_name() == "sqlite")
    except StoreError as error:
        cause = error.__cause__
        said = _reason(cause) if isinstance(cause, SQLAlchemyError) else str(error)
        raise Permanent(f"{where}: {said}") from error
    except SQLAlchemyError as error:
        raise Permanent(f"{where}: {_reason(error)}") from error
    finally:
        store.close()


def usable(url: str) -> Store | None:
    """The open database where it answers and is of this version, else None; makes no file."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
        return None
    store = open_store(url)
    try:
        if current(store) == newest():
            return store
    except StoreError:
        pass
    store.close()
    return None


def _version(store: Store, where: str, *, sqlite: bool) -> str:
    version, needed = current(store), newest()
    if version == needed:
        return f"{where}, tables of version {version}"
    if sqlite:  # brought up to date on start
        return f"{where}, tables of version {version or 'none'}; the start brings them to {needed}"
    raise Permanent(
        f"{where}: its tables are of version {version or 'none'}, needed is {needed}; "
        "run `cibot db upgrade`"
    )


def _without_password(url: URL) -> str:
    bare = URL.create(url.drivername, url.username, None, url.host, url.port, url.database)
    return bare.render_as_string()


def _new_file(path: Path) -> str:
    parent = path.parent
    while not parent.exists():
        parent = parent.parent
    try:
        with TemporaryFile(dir=parent):  # rights alone do not tell: it may be read-only, or /proc
            pass
    except OSError as error:
        why = error.strerror or error
        raise Permanent(f"{path} cannot be made: {why} in {parent}") from error
    longest = os.pathconf(parent, "PC_NAME_MAX") if hasattr(os, "pathconf") else 255
    if any(len(os.fsencode(part)) > longest for part in path.parts):
        raise Permanent(f"{path} cannot be made: the name is too long")
    return f"{path} does not exist yet; the start makes it"


def _try_to_use(path: Path) -> None:
    """SQLite writes the file, and others next to it. Raises Permanent, OSError."""
    if path.is_dir():
        raise Permanent(f"{path} is a directory; name a file in it")
    for place, rights in ((path, os.R_OK | os.W_OK), (path.parent, os.W_OK | os.X_OK)):
        if not os.access(place, rights):
            raise Permanent(f"{path} cannot be used: no right to read and write {place}")


def _reason(error: SQLAlchemyError) -> str:
    original = getattr(error, "orig", None)
    arguments = getattr(original, "args", ())
    remedy = _REMEDIES.get(arguments[0]) if arguments else None
    said = str(arguments[-1] if arguments else original or error).split("\n")[0]
    return f"{said}; {remedy}" if remedy else said
