"""What the commands share: the configuration, the database, being asked to end."""

from __future__ import annotations

import getpass
import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cibot import logs
from cibot.errors import ConfigError

if TYPE_CHECKING:
    from cibot.actions.roles import Actor
    from cibot.config.load import Loaded
    from cibot.config.models import Config
    from cibot.store.engine import Store

PLACES = (Path("config/cibot.toml"), Path("/etc/cibot/cibot.toml"))
VARIABLE = "CIBOT_CONFIG"
FILE = click.Path(path_type=Path, dir_okay=False)
Command = TypeVar("Command", bound=Callable[..., Any])


def config_option(command: Command) -> Command:
    """``--config PATH``; the command takes ``config_path: Path | None`` for `read_config`."""
    return click.option(
        "--config",
        "config_path",
        type=FILE,
        metavar="PATH",
        help=f"The configuration. Default: ${VARIABLE}, {PLACES[0]}, {PLACES[1]}.",
    )(command)


def find_config(
    chosen: Path | None, environ: Mapping[str, str], places: Sequence[Path] = PLACES
) -> Path | None:
    """The file to read, or None when environment variables alone give the configuration.

    Raises ConfigError when there is neither.
    """
    if chosen:
        return chosen
    if environ.get(VARIABLE):
        return Path(environ[VARIABLE])
    for place in places:
        if place.exists():
            return place
    if any(name.startswith("CIBOT_") and "__" in name for name in environ):
        return None
    raise ConfigError(
        f"there is no configuration: neither {PLACES[0]} nor {PLACES[1]} exists. "
        "`cibot init URL` writes a first one; name another with --config"
    )


def read_config(chosen: Path | None, environ: Mapping[str, str] | None = None) -> Loaded:
    """Finds and reads the configuration. Raises ConfigError with every mistake."""
    from cibot.config.load import read  # noqa: PLC0415 - pydantic is slow for `cibot --help`

    environ = os.environ if environ is None else environ
    return read(find_config(chosen, environ), environ)


def log_as_configured(config: Config, level: str | None = None) -> None:
    """Logs as ``[log]`` says, without secrets; at another ``level`` where one is given."""
    from cibot.config.keys import secret_values  # noqa: PLC0415 - pydantic is slow

    logs.set_up(level or config.log.level, config.log.format, secrets=secret_values(config))


def shell_actor() -> Actor:
    """The system's user, who is trusted: a shell has the database anyway."""
    from cibot.actions.roles import Actor  # noqa: PLC0415 - needed by few commands

    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a number without a name, as in some containers
        name = str(os.getuid())
    return Actor("cli", name, name, "shell")


def current_store(url: str) -> Store:
    """A database that is of this version. Raises ConfigError or MigrationError."""
    from cibot.store.engine import open_store  # noqa: PLC0415 - slow for `cibot --help`
    from cibot.store.migrate import require_current  # noqa: PLC0415

    store = open_store(url)
    try:
        require_current(store)
    except BaseException:  # Ctrl-C, too: it is raised again
        store.close()
        raise
    return store


def database_url(config_path: Path | None) -> str:
    """The configured database. Raises ConfigError."""
    return read_config(config_path).config.store.url.get_secret_value()


def configured_store(config_path: Path | None) -> closing[Store]:
    """The configured database, open for a while. Raises ConfigError or MigrationError."""
    return closing(current_store(database_url(config_path)))


ENDING = (signal.SIGINT, signal.SIGTERM)


def when_asked_to_end(stop: Callable[[], None], numbers: Sequence[signal.Signals] = ENDING) -> None:
    """Calls ``stop`` in a thread of its own when one of the signals comes; for the main thread.

    Python runs its handlers in the main thread: a signal that comes just before that thread
    begins to wait for something would be handled only after the wait. The pipe is written to
    as the signal comes, whatever the main thread does.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)

    def wait() -> None:
        while os.read(reader, 1)[0] not in numbers:
            pass
        stop()

    threading.Thread(target=wait, name="signals", daemon=True).start()
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in numbers:
        signal.signal(number, lambda _number, _frame: None)
