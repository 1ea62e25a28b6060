"""The IRC backend on a real ngircd: the plain network, without IRCv3."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from cibot.errors import Permanent, Transient
from cibot.model import State
from cibot.text.card import card, line, state_span
from tests.support.gate import Gate
from tests.support.irc_bot import QUICK, Bot, irc_bot
from tests.support.ngircd import Ngircd
from tests.support.processes import server_directory, wait_until

pytestmark = pytest.mark.e2e

_NUMBERS = itertools.count()


@pytest.fixture
def names() -> tuple[str, str, str]:
    """A nick for the bot, one for a person, and a channel of the test's own."""
    number = next(_NUMBERS)
    return f"cibot{number}", f"bob{number}", f"#ci-{number}"


def secure(server: Ngircd, *channels: str, **more: Any) -> Any:
    """A bot over verified TLS."""
    settings = {"host": "localhost", "tls": True, "ca_file": server.ca, **more}
    return irc_bot(server.tls_port, *channels, **settings)


def test_joins_over_tls_answers_and_tells(ngircd: Ngircd, names: tuple[str, str, str]) -> None:
    nick, person, room = names
    with secure(ngircd, room, nick=nick) as bot, ngircd.user(person) as bob:
        bob.join(room)
        bot.wait_up()
        bot.send(room, "hello").result(10)
        bob.hears("hello", nick=nick, target=room)
        bob.say(room, "!ci status netapp")
        bob.hears(f"{person}: asked status netapp", nick=nick, target=room)
        bob.say(nick, "status netapp")
        bob.hears("asked status netapp", nick=nick, target=person)
        alert = card(
            line(state_span(State.FAILING), " netapp-ci"), "\r\nQUIT :injected\x01VERSION\x01"
        )
        assert bot.send(room, alert).result(10).startswith("net:")
        bob.hears("■ failing netapp-ci", nick=nick, target=room)
        bob.hears("QUIT :injectedVERSION", nick=nick, target=room)
        assert nick in bob.names(room)


def test_an_untrusted_certificate_is_refused(ngircd: Ngircd, names: tuple[str, str, str]) -> None:
    with secure(ngircd, nick=names[0], ca_file=None) as bot:
        bot.wait_down("not trusted")


def test_does_not_go_on_where_there_is_no_sasl(ngircd: Ngircd, names: tuple[str, str, str]) -> None:
    nick, person, _room = names
    login = {"sasl_username": "cibot", "sasl_password": "secret"}
    with secure(ngircd, nick=nick, **login) as bot, ngircd.user(person) as bob:
        bot.wait_down("SASL")
        bob.send(f"WHOIS {nick}")
        bob.wait_for(lambda line: line.command == "401", "401 for the bot")


def test_a_taken_nick_is_taken_back(ngircd: Ngircd, names: tuple[str, str, str]) -> None:
    nick, person, room = names
    with ngircd.user(nick) as squatter, ngircd.user(person) as bob:
        bob.join(room)
        with secure(ngircd, room, nick=nick):
            bob.wait_for(lambda line: line.command == "JOIN" and line.nick == f"{nick}_", "the bot")
            squatter.quit()
            bob.wait_for(lambda line: line.command == "NICK" and line.text == nick, "its own nick")
            bob.say(room, f"{nick}: status")
            bob.hears("asked status", nick=nick)


def test_comes_back_after_a_kick(ngircd: Ngircd, names: tuple[str, str, str]) -> None:
    nick, person, room = names
    with ngircd.user(person) as bob:
        bob.join(room)
        with secure(ngircd, room, nick=nick) as bot:
            bob.wait_for(lambda line: line.command == "JOIN" and line.nick == nick, "the bot")
            bob.send(f"KICK {room} {nick} :go away")
            bob.wait_for(lambda line: line.command == "JOIN" and line.nick == nick, "the bot again")
            bot.send(room, "back").result(10)
            bob.hears("back", nick=nick, target=room)


@pytest.mark.parametrize(
    ("mode", "why"), [("+i", "invite-only"), ("+k key", "key"), ("+b *!*@*", "banned")]
)
def test_a_channel_that_keeps_it_out(
    ngircd: Ngircd, names: tuple[str, str, str], mode: str, why: str
) -> None:
    nick, person, room = names
    with ngircd.user(person) as bob, secure(ngircd, nick=nick) as bot:
        bob.join(room)
        bob.send(f"MODE {room} {mode}")
        bob.wait_for(lambda line: line.command == "MODE" and line.params[0] == room, "MODE")
        bot.wait_up()
        with pytest.raises(Permanent, match=why):
            bot.send(room, "hello").result(10)
        bob.send(f"MODE {room} {mode.replace('+', '-')}")
        bob.wait_for(lambda line: line.command == "MODE" and line.params[0] == room, "MODE")
        bot.send(room, "let in").result(10)
        bob.hears("let in", nick=nick)


def test_a_moderated_channel(ngircd: Ngircd, names: tuple[str, str, str]) -> None:
    nick, person, room = names
    with ngircd.user(person) as bob, secure(ngircd, nick=nick) as bot:
        bob.join(room)
        bob.send(f"MODE {room} +m")
        bob.wait_for(lambda line: line.command == "MODE" and line.params[0] == room, "MODE")
        bot.wait_up()
        with pytest.raises(Permanent, match="may not speak"):
            bot.send(room, "hello").result(10)


def test_nobody_and_impossible_rooms(ngircd: Ngircd, names: tuple[str, str, str]) -> None:
    with secure(ngircd, nick=names[0]) as bot:
        bot.wait_up()
        with pytest.raises(Transient, match="nobody"):
            bot.send("nobody-here", "hello").result(10)
        with pytest.raises(Permanent):
            bot.send("#" + "x" * 150, "hello").result(10)


def test_says_it_is_a_bot_and_what_version(ngircd: Ngircd, names: tuple[str, str, str]) -> None:
    nick, person, _room = names
    with secure(ngircd, nick=nick) as bot, ngircd.user(person) as bob:
        bot.wait_up()
        bob.say(nick, "\x01VERSION\x01")
        bob.hears("VERSION cibot", nick=nick, command="NOTICE")
        bob.say(nick, "\x01DCC\x01")
        bob.send(f"PRIVMSG {nick} :caf".encode() + b"\xe9")
        bob.hears("asked café", nick=nick)
        bob.send(f"WHOIS {nick}")
        bob.wait_for(lambda line: line.command == "335", "335 (is a bot)")


@pytest.fixture
def own_server() -> Iterator[Ngircd]:
    """A server that the test may stop."""
    with server_directory("ngircd", "nobody") as directory:
        directory.chmod(0o755)
        server = Ngircd(directory, ping_s=600)
        server.start()
        yield server
        server.stop()


def test_a_server_that_restarts(own_server: Ngircd) -> None:
    with secure(own_server, "#ci") as bot:
        bot.wait_up()
        bot.send("#ci", "before").result(10)
        own_server.stop()
        bot.wait_down()
        with pytest.raises(Transient, match="not connected"):
            bot.send("#ci", "meanwhile").result(10)
        own_server.start()
        bot.wait_up()
        with own_server.user("bob") as bob:
            bob.join("#ci")
            bot.send("#ci", "after").result(10)
            bob.hears("after", nick="cibot", target="#ci")


@pytest.fixture
def split_network() -> Iterator[tuple[Ngircd, Ngircd, Gate]]:
    """Two servers of one network, and the gate through which they hear each other."""
    names = ("one.example.test", "two.example.test")
    with (
        server_directory("ngircd", "nobody") as first,
        server_directory("ngircd", "nobody") as second,
    ):
        for directory in (first, second):
            directory.chmod(0o755)
        two = Ngircd(second, name=names[1], peer=(names[0], None), ping_s=600)
        with Gate(two.port) as gate:
            near = Ngircd(first, name=names[0], peer=(names[1], gate.port), ping_s=600)
            for server in (two, near):
                server.start()
            yield near, two, gate
            for server in (near, two):
                server.stop()


def test_a_netsplit_between_the_bot_and_the_people(
    split_network: tuple[Ngircd, Ngircd, Gate],
) -> None:
    near, two, gate = split_network
    with secure(near, "#ci") as bot, two.user("bob") as bob, near.user("ann") as ann:
        bob.join("#ci")
        ann.join("#ci")

        def bob_is_known() -> None:  # each server tells the other in its own time
            wait_until(lambda: "bob" in ann.names("#ci"), what="bob at the bot's server")

        wait_until(lambda: "cibot" in bob.names("#ci"), what="the servers' link")
        bob_is_known()
        bot.send("#ci", "before").result(10)
        bob.hears("before", nick="cibot")
        gate.target = None
        gate.cut()
        bob.wait_for(lambda line: line.command == "QUIT" and line.nick == "cibot", "the split")
        bot.send("#ci", "to the other half").result(10)  # its own server takes it
        assert bot.backend.link().up
        gate.target = two.port
        bob.wait_for(
            lambda line: line.command == "JOIN" and line.nick == "cibot", "the end of it", 60
        )
        bob_is_known()
        bot.send("#ci", "after").result(10)
        assert bob.hears(nick="cibot").text == "after"
        bob.say("#ci", "!ci status")
        bob.hears("bob: asked status", nick="cibot")


def test_a_server_that_hangs(own_server: Ngircd) -> None:
    timing = replace(QUICK, idle=0.3, pong=0.3, connect=1, register=1)
    with secure(own_server, "#ci", timing=timing) as bot:
        bot.wait_up()
        own_server.process.signal(19)  # SIGSTOP: the link is half open
        bot.wait_down("said nothing")
        own_server.process.signal(18)  # SIGCONT
        back_on(bot)


def back_on(bot: Bot) -> None:
    bot.wait_up()
    bot.send("#ci", "back").result(10)
