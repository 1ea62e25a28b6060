"""What every chat backend must do, whatever network it speaks to."""

import contextlib
import io
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from cibot.chat.console import ConsoleBackend
from cibot.chat.irc.backend import IrcBackend
from cibot.chat.irc.settings import IrcConfig
from cibot.chat.protocol import Backend, Question
from cibot.chat.slack.backend import SlackBackend
from cibot.errors import Permanent, Transient
from cibot.model import State
from cibot.text.card import Card, Span, card, line, state_span
from tests.support.irc_bot import QUICK
from tests.support.irc_obliging import CLOSED_ROOM, ObligingServer
from tests.support.processes import wait_until
from tests.support.slack_fixtures import slack_config
from tests.support.slack_server import SlackServer

STOP_S = 5.0


@dataclass
class Network:
    """A backend, not started, on a network that works; and what arrived there."""

    backend: Backend
    room: str
    unknown_room: str
    arrived: Callable[[], str]


def words(part: object) -> str:
    """Every text in a JSON value."""
    if isinstance(part, dict):
        return "".join(words(value) for value in part.values())
    if isinstance(part, list):
        return "".join(words(value) for value in part)
    return part if isinstance(part, str) else ""


@contextlib.contextmanager
def irc() -> Iterator[Network]:
    with ObligingServer() as server:
        config = IrcConfig(
            name="net", host="127.0.0.1", port=server.port, tls=False, messages_per_second=1000
        )
        backend = IrcBackend(config, timing=QUICK)
        yield Network(backend, "#ci", CLOSED_ROOM, lambda: "\n".join(server.heard))


@contextlib.contextmanager
def slack() -> Iterator[Network]:
    with SlackServer() as server:

        def arrived() -> str:
            messages = server.rooms["C0ALERTS0"].messages
            return "\n".join(words(m["blocks"]) + m.get("text", "") for m in messages)

        yield Network(SlackBackend(slack_config(server)), "#ci-alerts", "#nowhere", arrived)


@contextlib.contextmanager
def console() -> Iterator[Network]:
    out = io.StringIO()
    yield Network(ConsoleBackend(out=out, typed=io.StringIO()), "here", "no room", out.getvalue)


@pytest.fixture(params=[irc, slack, console])
def network(request: pytest.FixtureRequest) -> Iterator[Network]:
    with request.param() as made:
        try:
            yield made
        finally:
            made.backend.stop(STOP_S)


def nothing(_question: Question) -> Card | None:
    return None


def up(network: Network) -> Backend:
    network.backend.start(nothing)
    wait_until(lambda: network.backend.link().up, what="a link that is up")
    return network.backend


def test_has_a_name(network: Network) -> None:
    assert network.backend.network


def test_the_link_is_down_then_up_then_down(network: Network) -> None:
    before = network.backend.link()
    assert not before.up
    assert before.detail
    backend = up(network)
    link = backend.link()
    assert link.since is not None
    assert link.since.utcoffset() is not None
    backend.stop(STOP_S)


def test_a_card_arrives_and_has_an_id(network: Network) -> None:
    backend = up(network)
    alert = card(line(state_span(State.FAILING), " netapp-ci since 09:00"), "two of forty passed")
    first = backend.send(network.room, alert, key="k1")
    second = backend.send(network.room, card("and again"), key="k2")
    assert first
    assert second
    assert first != second
    for words in ("failing", "netapp-ci since 09:00", "two of forty passed", "and again"):
        assert words in network.arrived()


def test_before_it_is_connected_a_send_may_work_later(network: Network) -> None:
    if not isinstance(network.backend, SlackBackend):  # Slack needs no connection to send
        with pytest.raises(Transient):
            network.backend.send(network.room, card("early"), key="k")
        assert "early" not in network.arrived()


def test_after_it_has_stopped_too(network: Network) -> None:
    up(network).stop(STOP_S)
    if not isinstance(network.backend, SlackBackend):
        with pytest.raises(Transient):
            network.backend.send(network.room, card("late"), key="k")
        assert "late" not in network.arrived()


def test_a_room_that_cannot_be_sent_to_needs_a_person(network: Network) -> None:
    backend = up(network)
    with pytest.raises(Permanent) as caught:
        backend.send(network.unknown_room, card("lost"), key="k")
    assert network.unknown_room.lstrip("#") in str(caught.value)


def test_find_tells_the_truth_or_says_that_it_cannot(network: Network) -> None:
    backend = up(network)
    sent = backend.send(network.room, card("look for me"), key="found")
    try:
        assert backend.find(network.room, "found") == sent
        assert backend.find(network.room, "never sent") is None
    except LookupError as error:
        assert str(error)  # noqa: PT017 - either is allowed, a wrong answer is not


@pytest.mark.parametrize(
    "text",
    [
        "a\r\nQUIT :x\0\x01VERSION\x01\x1b[2J",
        "exe\u202egnp.\u2066 \u200f\u2028next",
        "half \ud83d of a pair",
        "e" + "\u0301" * 500,
        "x" * 5000,
        "",
        "\n",
    ],
)
def test_hostile_text_arrives_harmless(network: Network, text: str) -> None:
    backend = up(network)
    hostile = card(line("safe ", Span(text, href="javascript:alert(1)")), text, text)
    assert backend.send(network.room, hostile, key="k")
    arrived = network.arrived()
    assert "safe" in arrived
    categories = {unicodedata.category(char) for char in arrived if char != "\n"}
    assert not categories & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(arrived) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200f")
    assert "\nQUIT" not in arrived


def test_stops_in_time_also_when_it_never_started(network: Network) -> None:
    network.backend.stop(STOP_S)
    network.backend.stop(STOP_S)


def test_stopping_twice_is_fine(network: Network) -> None:
    backend = up(network)
    backend.stop(STOP_S)
    backend.stop(STOP_S)
