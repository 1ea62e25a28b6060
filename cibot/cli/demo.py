"""``cibot demo``: the whole bot on a simulated review server, without a configuration."""

from __future__ import annotations

import io
import logging
import select
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from cibot import logs
from cibot.bootstrap import build, make_source, open_migrated, utc_now
from cibot.chat.console import ConsoleBackend
from cibot.cli.common import FILE, when_asked_to_end
from cibot.cli.progress import read_history
from cibot.config.models import Config
from cibot.daemon import memory_settings
from cibot.demo.cast import ACME, BOREALIS, COBALT, VENDORS, ZUUL
from cibot.demo.configuration import SERVER, demo_config
from cibot.demo.director import EAGER_FOR, Director
from cibot.demo.review_server import ReviewServer
from cibot.demo.scenario import WEEKS, Scenario
from cibot.errors import ConfigError, Transient, UserError
from cibot.store.cis import all_cis
from cibot.store.engine import Store, Tx
from cibot.store.histories import heard_at
from cibot.store.incidents import health_of
from cibot.text.card import card

_HOST = "127.0.0.1"
_PORT = 8080
_LOG = Path("var/demo.log")
_PATIENCE_S = 10.0


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help=f"The web port. Default: {_PORT}.")
@click.option("--speed", type=click.FloatRange(0.1, 20), default=1.0, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Other history and events.")
@click.option("--for", "seconds", type=click.FloatRange(min=0), help="End after this many seconds.")
@click.option(
    "--db", "database", type=FILE, help="Keep the database here. Default: a temporary one."
)
def command(
    port: int | None, speed: float, seed: int, seconds: float | None, database: Path | None
) -> None:
    """Show the bot at work on a simulated review server. Ctrl-C ends it.

    \b
    Example:
      cibot demo --speed 2 --for 180
    """
    if database is not None and database.exists():
        raise UserError(
            f"--db: {database} exists already, and the demo begins with an empty database;"
            " name another file, or delete this one"
        )
    until = None if seconds is None else time.monotonic() + seconds
    with _ended_by_signals() as stop, ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cibot-demo-")))
        log = stack.enter_context(_log_file(folder))
        stack.callback(logging.disable)  # before it closes: what was not waited for may go on
        logs.set_up(stream=log)
        store = database or folder / "cibot.db"
        fate = "kept" if database else "removed at the end"
        try:
            with ReviewServer() as server:
                config = demo_config(server.url, str(store), _listen(port), VENDORS)
                director = Director(server.reviews, Scenario(utc_now(), seed), speed)
                _say(opening(server.url, config, f"{store} ({fate})", log.name))
                _play(server, director, config, until, stop)
        except Transient:
            if not stop.is_set():
                raise
        _say(farewell(kept_at=str(store) if database else None))


@contextmanager
def _ended_by_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set."""
    stop = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    when_asked_to_end(stop.set, numbers)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _log_file(folder: Path) -> io.TextIOWrapper:
    """The log file: in the working directory, or with the database if that is read-only."""
    try:
        _LOG.parent.mkdir(exist_ok=True)
        return _LOG.open("w", encoding="utf-8")
    except OSError:
        return (folder / _LOG.name).open("w", encoding="utf-8")


def _listen(port: int | None) -> str:
    """Where the web side listens: the port that was asked for, else the usual one or a free one."""
    if port:
        return f"{_HOST}:{port}"
    for candidate in (_PORT, 0) if port is None else (0,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_HOST, candidate))
            except OSError:
                continue
            return f"{_HOST}:{probe.getsockname()[1]}"
    raise ConfigError(f"no free port on {_HOST}; give one with --port")


def _play(
    server: ReviewServer,
    director: Director,
    config: Config,
    until: float | None,
    stop: threading.Event,
) -> None:
    """The past, then the live stories until ``until`` (of the monotonic clock) or ``stop``."""
    memory_settings.settle()
    director.past()
    start = director.scenario.start
    _say([_read_history(config, start, stop)])
    _say(stories())
    console = _console()
    bot = build(config, {console.network: console})
    token = config.gerrit[0].webhook_token
    assert token is not None
    hook = f"{bot.web.url}/webhooks/gerrit/{SERVER}/{token.get_secret_value()}"
    server.webhooks.urls.append(hook)
    try:
        bot.start()
        _judge_the_past(bot.store, stop)
        director.start()
        _live(console, stop, until, director.speed)
    finally:
        director.stop()
        server.webhooks.stop()
        bot.stop()


def _judge_the_past(store: Store, stop: threading.Event) -> None:
    """Waits a few seconds at most until the first alerts are sent."""

    def done(tx: Tx) -> bool:
        heard = heard_at(tx).values()
        judged = {health.ci_id: health.assessed_at for health in health_of(tx)}
        never = datetime.min.replace(tzinfo=UTC)
        return bool(heard) and all(judged.get(ci.id, never) >= min(heard) for ci in all_cis(tx))

    patience = time.monotonic() + _PATIENCE_S
    while time.monotonic() < patience and not store.read(done):
        if stop.wait(0.1):
            return


def _live(
    console: ConsoleBackend, stop: threading.Event, until: float | None, speed: float
) -> None:
    """Waits for the end: a signal, the time, ``quit``, or a closed output."""
    typed_by_a_person = sys.stdin is not None and sys.stdin.isatty()
    calm_at: float | None = time.monotonic() + EAGER_FOR.total_seconds() / speed
    while not stop.wait(0.2):
        now = time.monotonic()
        if until is not None and now >= until:
            return
        if (typed_by_a_person and console.ended.is_set()) or _has_no_reader():
            return
        if calm_at is not None and now >= calm_at:
            calm_at = None
            console.send("demo", card(calm()), key="demo:calm")


def _has_no_reader() -> bool:
    """Whether standard output is a pipe whose reader is gone (``cibot demo | head``)."""
    poll = select.poll()
    try:
        poll.register(sys.stdout.fileno(), 0)
        return any(event & select.POLLERR for _, event in poll.poll(0))
    except (OSError, ValueError):
        return False


def _console() -> ConsoleBackend:
    """The console; input from a pipe is read as if it was typed."""
    if sys.stdin is None or sys.stdin.closed:
        return ConsoleBackend(typed=io.StringIO(), interactive=False, urls=False)
    return ConsoleBackend(interactive=True, urls=False, greeting="")


def _say(lines: list[str]) -> None:
    for line in lines:
        click.echo(line)


def _read_history(config: Config, start: datetime, stop: threading.Event) -> str:
    """Reads the month before the start as ``cibot backfill`` does; says what came."""
    began = time.monotonic()
    store = open_migrated(config)
    try:
        source = make_source(config, config.gerrit[0], store)
        source.ingest.sync_roster()
        past = timedelta(weeks=WEEKS, days=1)
        counts = read_history(source, start - past, rate=None, stop=stop).counts
    finally:
        store.close()
    return (
        f"Read a month of history over REST: {counts.changes:,} changes,"
        f" {counts.comments_new:,} comments, {counts.reports_new:,} CI reports,"
        f" in {time.monotonic() - began:.1f} s."
    )


def opening(review: str, config: Config, database: str, log: str) -> list[str]:
    """The head of the screen: that it is a demo, where things are, and a token for the API."""
    web, token = f"http://{config.web.listen}", config.token[0].secret
    assert token is not None
    return [
        "",
        "cibot demo – everything you see here is invented.",
        f"A simulated review server with {ZUUL.name} and {len(VENDORS) - 1} third-party CIs runs on"
        " this machine;",
        "what reads it, judges the CIs and talks to you is the real cibot.",
        "",
        f"  review server  {review} (simulated)",
        f"  web            {web}",
        f"  API            {web}/api, to change things with the token {token.get_secret_value()}",
        f"  database       {database}",
        f"  log            {log}",
        "",
    ]


def stories() -> list[str]:
    """What to look for, and what to type."""
    return [
        "",
        "Watch: three stories unfold within three minutes. The bot does not know the script.",
        f"  {COBALT.name:<15} has failed lately and was repaired just now: it recovers",
        f"  {ACME.name:<15} breaks: from now on it fails what {ZUUL.name} passes",
        f"  {BOREALIS.name:<15} has said nothing for over four hours: it is missed",
        "",
        "Meanwhile ask:  status acme   why acme   list   summary   help      (quit or Ctrl-C ends)",
        "",
    ]


def calm() -> str:
    """Said when the stories are over."""
    return "That was the tour. From now on a patch set comes every 15 seconds; Ctrl-C ends."


def farewell(kept_at: str | None) -> list[str]:
    """The last lines."""
    place = f" The database is {kept_at}." if kept_at else ""
    return [
        "",
        f"The demo has ended.{place}",
        "Your own Gerrit and channel: `cibot init URL` writes a first configuration.",
    ]
