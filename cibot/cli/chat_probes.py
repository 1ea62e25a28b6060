"""The chat networks' part of `cibot check`; nothing is said and no room is joined."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from cibot.chat.findings import Finding, note
from cibot.cli.probes import Probe
from cibot.config.models import Config
from cibot.config.networks import named
from cibot.reports.undelivered import undelivered_words
from cibot.store.usability import usable


def chat_probes(config: Config) -> list[Probe]:
    """Each network's own probe, with the rooms that alerts and summaries go to; the outbox."""
    url = config.store.url.get_secret_value()
    probes = [
        Probe(
            f"{network.section} {network.name}",
            partial(named(network.probe), network, _rooms(config, network.name)),
        )
        for network in config.networks
        if network.probe
    ]
    return [*probes, Probe("outbox", lambda: _unsaid(url))]


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
    named_rooms = (name.partition("/") for name in channels)
    return list(dict.fromkeys(room for there, _, room in named_rooms if there == network))
