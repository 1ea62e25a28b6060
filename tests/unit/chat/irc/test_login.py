"""Logging in: capabilities, SASL that must succeed, nicks that are taken."""

import base64
from dataclasses import replace

import pytest

from cibot.errors import ConfigError
from tests.support.certificates import make_certificates
from tests.support.irc_bot import QUICK, irc_bot
from tests.support.irc_script import IrcScript

SASL = {"sasl_username": "cibot", "sasl_password": "hunter2"}


def test_asks_for_the_capabilities_that_are_offered_and_no_others():
    with IrcScript() as server, irc_bot(server.port) as bot, server.accept() as client:
        client.expect("CAP LS 302")
        client.expect("NICK cibot")
        client.expect("USER cibot 0 * :cibot")
        client.send(":irc.test CAP * LS * :account-tag sasl=PLAIN,EXTERNAL away-notify")
        client.send(":irc.test CAP * LS :labeled-response batch sts=port=6697")
        client.expect("CAP REQ :account-tag batch labeled-response")
        client.send(":irc.test CAP * ACK :account-tag batch labeled-response")
        client.expect("CAP END")
        client.welcome(supports="BOT=b NETWORK=x")
        assert client.seen[-3] == "MODE cibot +b"
        bot.wait_up()


def test_goes_on_where_the_server_knows_no_capabilities():
    with IrcScript() as server, irc_bot(server.port) as bot, server.accept() as client:
        client.until("USER ")
        client.send(":irc.test 421 * CAP :Unknown command")
        client.welcome()
        assert client.seen[-3] == "MODE cibot +B"
        bot.wait_up()


def test_goes_on_where_the_wishes_are_refused():
    with IrcScript() as server, irc_bot(server.port) as bot, server.accept() as client:
        client.until("USER ")
        client.send(":irc.test CAP * LS :echo-message")
        client.expect("CAP REQ :echo-message")
        client.send(":irc.test CAP * NAK :echo-message")
        client.expect("CAP END")
        client.welcome()
        bot.wait_up()


def test_server_password_goes_first():
    with IrcScript() as server, irc_bot(server.port, password="let me"), server.accept() as client:
        client.expect("CAP LS")
        client.expect("PASS :let me")


def sasl_begins(client, offer="sasl=EXTERNAL,PLAIN"):
    client.until("USER ")
    client.send(f":irc.test CAP * LS :{offer}")
    client.expect("CAP REQ :sasl")
    client.send(":irc.test CAP * ACK :sasl")


@pytest.mark.parametrize("password", ["hunter2", "x" * 286, "ünï" * 200])
def test_sasl_plain_in_pieces_of_400(password):
    settings = {"sasl_username": "cibot", "sasl_password": password}
    with IrcScript() as server, irc_bot(server.port, **settings) as bot, server.accept() as client:
        sasl_begins(client)
        client.expect("AUTHENTICATE PLAIN")
        client.send("AUTHENTICATE +")
        coded = ""
        while True:
            piece = client.expect("AUTHENTICATE ").removeprefix("AUTHENTICATE ")
            coded += piece.removesuffix("+") if piece == "+" else piece
            if len(piece) < 400:
                break
        assert base64.b64decode(coded).decode() == f"\0cibot\0{password}"
        client.send(":irc.test 900 * * cibot :You are logged in", ":irc.test 903 * :ok")
        client.expect("CAP END")
        client.welcome()
        bot.wait_up()


def test_sasl_external_with_a_client_certificate(tmp_path):
    files = make_certificates(tmp_path)
    both = tmp_path / "both.pem"
    both.write_bytes(files.certificate.read_bytes() + files.key.read_bytes())
    with (
        IrcScript() as server,
        irc_bot(server.port, client_cert=both) as bot,
        server.accept() as client,
    ):
        sasl_begins(client)
        client.expect("AUTHENTICATE EXTERNAL")
        client.send("AUTHENTICATE +")
        client.expect("AUTHENTICATE +")
        client.send(":irc.test 903 * :ok")
        client.expect("CAP END")
        client.welcome()
        bot.wait_up()


@pytest.mark.parametrize(
    ("answer", "because"),
    [
        (":irc.test 904 * :SASL authentication failed", "authentication failed (904)"),
        (":irc.test 902 * :You must use a nick assigned to you", "(902)"),
        (":irc.test 908 * EXTERNAL :are available", "(908)"),
    ],
)
def test_does_not_go_on_when_sasl_fails(answer, because):
    with IrcScript() as server, irc_bot(server.port, **SASL) as bot:
        with server.accept() as client:
            sasl_begins(client)
            client.expect("AUTHENTICATE PLAIN")
            client.send("AUTHENTICATE +")
            client.expect("AUTHENTICATE ")
            # Servers welcome the client all the same (seen on inspircd).
            client.send(answer, ":irc.test 001 cibot :Welcome", ":irc.test 422 cibot :no MOTD")
            assert client.ended()
            assert not any(line.startswith(("CAP END", "MODE", "JOIN")) for line in client.seen)
        bot.wait_down(because)
        with server.accept() as again:
            again.expect("CAP LS 302")


@pytest.mark.parametrize("offer", ["account-tag", "sasl=EXTERNAL", ""])
def test_does_not_go_on_where_sasl_is_not_offered(offer):
    with IrcScript() as server, irc_bot(server.port, **SASL) as bot, server.accept() as client:
        client.until("USER ")
        client.send(f":irc.test CAP * LS :{offer}")
        assert client.ended()
        bot.wait_down("SASL")


def test_does_not_go_on_when_the_server_skips_sasl():
    with IrcScript() as server, irc_bot(server.port, **SASL) as bot, server.accept() as client:
        client.until("USER ")
        client.send(":irc.test 421 * CAP :Unknown command", ":irc.test 001 cibot :Welcome")
        assert client.ended()
        bot.wait_down("without the SASL login")


def test_the_password_is_in_no_log_and_no_link(caplog):
    caplog.set_level("DEBUG")
    with IrcScript() as server, irc_bot(server.port, **SASL) as bot, server.accept() as client:
        sasl_begins(client)
        client.expect("AUTHENTICATE PLAIN")
        client.send("AUTHENTICATE +")
        secret = client.expect("AUTHENTICATE ").removeprefix("AUTHENTICATE ")
        client.send(":irc.test 904 * :failed")
        assert client.ended()
        bot.wait_down("904")
        assert secret not in caplog.text
        assert "hunter2" not in caplog.text + bot.backend.link().detail


def test_another_nick_while_the_own_one_is_taken_and_back_when_it_is_free():
    slow = replace(QUICK, regain=3600)
    with (
        IrcScript() as server,
        irc_bot(server.port, timing=slow) as bot,
        server.accept() as client,
    ):
        client.until("USER ")
        client.send(":irc.test 433 * cibot :Nickname is already in use")
        client.expect("NICK cibot_")
        client.send(":irc.test 433 * cibot_ :Nickname is already in use")
        third = client.expect("NICK cibot").removeprefix("NICK ")
        client.send(f":irc.test CAP {third} LS :")
        client.expect("CAP END")
        client.welcome(nick=third)
        bot.wait_up()
        assert third in bot.backend.link().detail
        client.send(":cibot!old@ghost QUIT")  # without a reason, as no server should
        client.expect("NICK cibot")
        client.send(f":{third}!c@h NICK :cibot")
        client.still_there()
        client.send(":bob!b@h PRIVMSG cibot :help")
        client.expect("PRIVMSG bob :asked help")


def test_asks_for_its_nick_from_time_to_time():
    with IrcScript() as server, irc_bot(server.port), server.accept() as client:
        client.until("USER ")
        client.send(":irc.test CAP * LS :", ":irc.test 433 * cibot :in use")
        client.until("NICK cibot_")
        client.welcome(nick="cibot_")
        client.expect("NICK cibot")
        client.send(":irc.test 433 cibot_ cibot :in use")
        client.expect("NICK cibot")


def test_a_nick_that_is_too_long_becomes_a_short_one():
    long = "cibot-of-the-project"
    with IrcScript() as server, irc_bot(server.port, nick=long), server.accept() as client:
        client.until("USER ")
        client.send(f":irc.test 432 * {long} :Erroneous nickname")
        assert len(client.expect("NICK ").removeprefix("NICK ")) <= 9


def test_says_why_it_was_turned_away():
    with IrcScript() as server, irc_bot(server.port) as bot, server.accept() as client:
        client.until("USER ")
        client.send("ERROR :Closing Link: K-lined")
        assert client.ended()
        bot.wait_down("K-lined")


def test_a_server_that_does_not_let_it_in_is_left():
    timing = replace(QUICK, register=0.05)
    with IrcScript() as server, irc_bot(server.port, timing=timing) as bot:
        with server.accept() as client:
            assert client.ended()
        bot.wait_down("did not let the bot in")


def test_an_unreadable_certificate_file_is_a_mistake_of_the_configuration(tmp_path):
    missing = tmp_path / "missing.pem"
    with pytest.raises(ConfigError, match="missing"), irc_bot(1, tls=True, ca_file=missing):
        pytest.fail("it started")


def test_a_server_without_tls_is_named(tmp_path):
    with IrcScript() as server, irc_bot(server.port, tls=True) as bot, server.accept() as client:
        client.send(":irc.test NOTICE * :*** Looking up your hostname")
        bot.wait_down("does not speak TLS")


def test_an_answering_machine_without_a_server_is_named():
    with IrcScript() as server:
        port = server.port
    with irc_bot(port) as bot:
        bot.wait_down("refused")
