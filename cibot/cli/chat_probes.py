"""The chat networks' part of `cibot check`; nothing is said and no room is joined."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from cibot.chat.irc.backend import IrcBackend
from cibot.chat.slack.api import SlackApi
from cibot.cli.probes import Finding, Probe, note, right, wrong
from cibot.cli.slack import BOT_SCOPES, CHART_SCOPES
from cibot.config.models import Config, IrcConfig, SlackConfig
from cibot.errors import CibotError
from cibot.reports.charts import can_draw
from cibot.reports.undelivered import undelivered_words
from cibot.store.usability import usable


def chat_probes(config: Config) -> list[Probe]:
    """Each IRC network; each Slack workspace, with the rooms that alerts and summaries go to."""
    url = config.store.url.get_secret_value()
    irc = [Probe(f"irc {one.name}", _irc(one)) for one in config.irc]
    slack = [
        Probe(f"slack {one.name}", _slack(one, _rooms(config, one.name))) for one in config.slack
    ]
    return [*irc, *slack, Probe("outbox", lambda: _unsaid(url))]


def _unsaid(url: str) -> Iterator[Finding]:
    """What the running bot could not say; nothing where the database cannot be asked."""
    store = usable(url)
    if store is None:
        return  # the database's own probe tells why
    try:
        for network, words in store.read(undelivered_words).items():
            yield note(f"{network}: {words}; see `cibot outbox list`")
    finally:
        store.close()


def _rooms(config: Config, network: str) -> list[str]:
    channels = [name for route in config.route for name in route.channels]
    channels += [summary.channel for summary in config.summary]
    named = (name.partition("/") for name in channels)
    return list(dict.fromkeys(room for there, _, room in named if there == network))


def _irc(config: IrcConfig) -> Callable[[], Iterator[Finding]]:
    """Logs in as the bot does, joins nothing, and leaves."""

    def run() -> Iterator[Finding]:
        backend = IrcBackend(config.model_copy(update={"channels": ()}))
        before = backend.link()
        backend.start(lambda _question: None)
        pause = threading.Event()
        try:
            while (link := backend.link()) == before:
                pause.wait(0.02)
        finally:
            backend.stop(2.0)
        if not link.up:
            yield wrong(link.detail)
            return
        how = "over TLS" if config.tls else "in clear"
        login = "logged in by SASL" if config.sasl_username or config.client_cert else "no login"
        yield right(f"{config.host}:{config.port} {how}: {link.detail}, {login}")

    return run


def _slack(config: SlackConfig, rooms: list[str]) -> Callable[[], Iterator[Finding]]:
    def run() -> Iterator[Finding]:
        api = SlackApi(config)
        who = api.identity()
        yield right(f"the bot token works: user {who.user} in {who.team}")
        if who.scopes is not None:
            yield _scopes(who.scopes)
            if config.charts and can_draw() and not set(CHART_SCOPES) <= who.scopes:
                yield right(f"no pictures: the app lacks {', '.join(CHART_SCOPES)}")
        for room in rooms:
            yield _room(api, room)
        if config.app_token:
            api.try_app_token(config.app_token.get_secret_value())
            yield right("the app token works: Socket Mode can connect")

    return run


def _scopes(granted: frozenset[str]) -> Finding:
    missing = sorted(set(BOT_SCOPES) - granted)
    if not missing:
        return right("the app has every scope that it needs")
    return wrong(
        f"the app lacks {', '.join(missing)}; add them under OAuth & Permissions "
        "and install the app again"
    )


def _room(api: SlackApi, room: str) -> Finding:
    if room[:1] in "UW" and room.isalnum() and room.isupper():
        return right(f"{room} is a person")
    try:
        next(api.history(api.room_id(room)), None)
    except CibotError as error:
        return wrong(error)
    return right(f"the bot is in {room}")
