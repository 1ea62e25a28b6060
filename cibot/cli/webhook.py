"""``cibot check --webhook``: prints Gerrit's configuration and waits for an event."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from shlex import quote

from cibot.chat.findings import Finding, right, wrong
from cibot.collector.correcting import FEED
from cibot.collector.sink import IngestCounts
from cibot.config.models import Config, GerritConfig
from cibot.daemon.app import create_app
from cibot.errors import ConfigError
from cibot.model import Change
from cibot.store.cis import server_urls
from cibot.store.engine import Store
from cibot.store.feeds import feed_states
from cibot.store.usability import usable
from cibot.text import figures
from cibot.web.server import WebServer
from cibot.webhooks.gerrit import MOUNT, Hook, feeds

_EVENTS = (
    "comment-added",
    "patchset-created",
    "change-merged",
    "change-abandoned",
    "change-restored",
    "private-state-changed",
)
_CONFIG = "refs/meta/config"
_LOOK_S = 0.5


def setup(gerrit: GerritConfig, public_url: str) -> Iterator[str]:
    """The commands that write this server's ``webhooks.config``, the token in it."""
    token = gerrit.webhook_token.get_secret_value() if gerrit.webhook_token else ""
    clone = f"{str(gerrit.url).rstrip('/')}/{'a/' if gerrit.username else ''}All-Projects"
    yield f"# gerrit {gerrit.name}: with the webhooks plugin, as an owner of All-Projects, for all"
    yield "# projects; or for one in its place. Where you may not push, the last line makes a"
    yield "# change, which is to be submitted on Gerrit's page"
    yield f"git clone {quote(clone)} cibot-webhook && cd cibot-webhook"
    yield f"git fetch origin {_CONFIG} && git checkout FETCH_HEAD"
    yield "cat >> webhooks.config <<'END'"
    yield '[remote "cibot"]'
    yield f"  url = {address(gerrit, public_url)}{token}"
    yield from (f"  event = {event}" for event in _EVENTS)
    if public_url.startswith("https:"):
        yield "  sslVerify = true"
    yield "END"
    yield "git add webhooks.config && git commit -m 'Tell cibot what happens' \\"
    yield '  -m "Change-Id: I$(git hash-object webhooks.config)"'
    yield f"git push origin HEAD:{_CONFIG} || git push origin HEAD:refs/for/{_CONFIG}"


def address(gerrit: GerritConfig, public_url: str) -> str:
    """Where Gerrit posts a server's events, without the token at its end."""
    return f"{public_url.rstrip('/')}{MOUNT}/{gerrit.name}/"


class _Arrival:
    """A sink that stores nothing and notes the first event that Gerrit posts."""

    def __init__(self) -> None:
        self.came = threading.Event()
        self.what = "an event"
        self.refused = threading.Event()

    def load_cursor(self, _feed: str) -> str | None:
        """Nothing is read on."""

    def ingest(self, changes: Sequence[Change], **_of_the_feed: object) -> IngestCounts:
        """An event came."""
        if changes and not self.came.is_set():
            self.what = _words(changes[0])
        self.came.set()
        return IngestCounts(len(changes))

    def rejected(self, _feed: str, _number: int) -> None:
        """What came cannot be read."""
        self.refused.set()


def wait_for_events(config: Config, seconds: float) -> Iterator[tuple[str, Finding]]:
    """Waits so many seconds at most for an event of each Gerrit; what came, by server.

    Listens itself where cibot does not run, else looks at what the running one hears.
    """
    hooked = [gerrit for gerrit in config.gerrit if gerrit.webhook_token is not None]
    deadline = time.monotonic() + seconds
    arrivals = {gerrit.name: _Arrival() for gerrit in hooked}
    server = _listening(config, arrivals)
    if isinstance(server, ConfigError):
        yield from _with_the_bot_running(config, hooked, deadline, seconds)
        return
    server.start()
    try:
        for gerrit in hooked:
            arrival = arrivals[gerrit.name]
            came = arrival.came.wait(max(0.0, deadline - time.monotonic()))
            yield (
                gerrit.name,
                _finding(seconds, came, arrival.what, refused=arrival.refused.is_set()),
            )
    finally:
        server.stop(1.0)


def _listening(config: Config, arrivals: Mapping[str, _Arrival]) -> WebServer | ConfigError:
    hooks = {
        gerrit.name: Hook(gerrit.webhook_token.get_secret_value(), arrivals[gerrit.name])
        for gerrit in config.gerrit
        if gerrit.webhook_token is not None
    }
    web = config.web
    try:
        return WebServer(
            create_app([]),
            web.listen,
            together=feeds(hooks, lambda: datetime.now(UTC)),
            prefix=web.prefix,
        )
    except ConfigError as error:
        return error


def _with_the_bot_running(
    config: Config, hooked: Sequence[GerritConfig], deadline: float, seconds: float
) -> Iterator[tuple[str, Finding]]:
    store = usable(config.store.url.get_secret_value())
    if store is None:
        for gerrit in hooked:
            text = f"{config.web.listen} is taken, and not by a cibot with this database"
            yield gerrit.name, wrong(text)
        return
    try:
        before = {gerrit.name: _heard(store, gerrit.name) for gerrit in hooked}
        for gerrit in hooked:
            came = _until(lambda name=gerrit.name: _heard(store, name) != before[name], deadline)  # type: ignore[misc]
            yield gerrit.name, _finding(seconds, came)
    finally:
        store.close()


def _heard(store: Store, server: str) -> datetime | None:
    ids = {name: row_id for row_id, (name, _url) in store.read(server_urls).items()}
    heard = {(feed.server_id, feed.name): feed.heard_at for feed in store.read(feed_states)}
    return heard.get((ids.get(server, 0), FEED))


def _until(came: Callable[[], bool], deadline: float) -> bool:
    """Asks again and again: the event comes to another process, which only the database knows."""
    while not came():
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(left, _LOOK_S))
    return True


def _words(change: Change) -> str:
    what = "a comment" if change.messages else "news"
    return f"{what} of change {change.number} of {figures.cut(change.project, 60)}"


def _finding(
    seconds: float, came: bool, what: str = "an event", *, refused: bool = False
) -> Finding:
    if came:
        return right(f"{what} came by the webhook")
    if refused:
        return wrong("an event came that cannot be read; the log says why")
    return wrong(
        f"no event came within {figures.duration(seconds)}: comment on a change meanwhile; does"
        " Gerrit reach the address, and has its error_log a line of the webhooks plugin?"
    )
