"""What a channel or a bouncer repeats is no question; what is said now is one."""

from dataclasses import replace

import pytest

from tests.support.irc_bot import QUICK, irc_bot
from tests.support.irc_script import IrcScript

NOW = "2026-03-04T05:06:07.000Z"
EARLIER = "2026-03-02T05:06:07.000Z"
TIMES = "batch server-time message-tags account-tag"


@pytest.fixture
def server():
    with IrcScript() as script:
        yield script


def ask(client, text, tags=""):
    client.send(f"{tags}:bob!b@h PRIVMSG #ci :!ci {text}")


def join_now(client):
    """Joins at `NOW` by the network's clock."""
    client.log_in(caps=TIMES)
    client.expect("JOIN #ci")
    client.send(
        f"@time={NOW} :cibot!c@h JOIN #ci",
        f"@time={NOW} :irc.test 366 cibot #ci :end",
    )


@pytest.mark.parametrize("kind", ["chathistory #ci", "znc.in/playback #ci", "draft/unheard-of #ci"])
def test_a_line_of_a_batch_is_history(server, kind):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        client.log_in(caps=TIMES)
        client.expect("JOIN #ci")
        client.send(f"@time={NOW} :irc.test NOTICE cibot :the network's own time")
        client.joined("#ci", "bob")
        client.send(f"@time={NOW} :irc.test BATCH +1 {kind}")
        ask(client, "silence netapp 2h x", f"@batch=1;time={NOW};account=bob ")
        client.send(":irc.test BATCH -1")
        ask(client, "live", f"@time={NOW} ")
        client.until("PRIVMSG #ci :bob: asked live")
        assert [question.text for question in bot.questions] == ["live"]


def test_a_line_that_was_said_before_the_join_is_history(server):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        join_now(client)
        ask(client, "old", f"@time={EARLIER};account=bob ")
        ask(client, "at once", f"@time={NOW};account=bob ")  # needs no proof: it bears a time
        client.until("WHOIS cibq2")
        client.until("PRIVMSG #ci :bob: asked at once")
        client.send(":irc.test 318 cibot cibq2 :end")
        ask(client, "old again", f"@time={EARLIER};account=bob ")
        ask(client, "live", f"@time={NOW} ")
        client.until("PRIVMSG #ci :bob: asked live")
        assert [question.text for question in bot.questions] == ["at once", "live"]


def test_a_clock_of_the_network_that_is_put_back_makes_nobody_history(server):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        join_now(client)
        ask(client, "old", f"@time={EARLIER} ")
        client.until("WHOIS cibq2")
        client.send(f"@time={EARLIER} :irc.test 318 cibot cibq2 :end")
        ask(client, "live", f"@time={EARLIER} ")
        client.until("PRIVMSG #ci :bob: asked live")
        assert [question.text for question in bot.questions] == ["live"]


def test_a_private_line_that_was_said_before_the_login_is_history(server):
    with irc_bot(server.port) as bot, server.accept() as client:
        client.expect("CAP LS 302")
        client.until("USER ")
        client.send(f":irc.test CAP * LS :{TIMES}")
        client.expect("CAP REQ :")
        client.send(f"@time={NOW} :irc.test CAP * ACK :{TIMES}")
        client.expect("CAP END")
        client.welcome()
        client.send(f"@time={EARLIER} :bob!b@h PRIVMSG cibot :old")
        client.send(f"@time={NOW} :bob!b@h PRIVMSG cibot :live")
        client.until("PRIVMSG bob :asked live")
        assert [question.text for question in bot.questions] == ["live"]


def test_without_times_what_comes_before_the_proof_is_history(server):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        client.log_in()
        client.expect("JOIN #ci")
        client.send(":cibot!c@h JOIN #ci")
        ask(client, "before the names")
        client.send(":irc.test 353 cibot = #ci :@cibot bob", ":irc.test 366 cibot #ci :end")
        client.send(":irc.test NOTICE #ci :Replaying up to 10 lines of pre-join history")
        ask(client, "replayed")
        client.proven()
        ask(client, "live")
        client.until("PRIVMSG #ci :bob: asked live")
        assert [question.text for question in bot.questions] == ["live"]


def test_a_rejoin_begins_again(server):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        client.log_in()
        client.expect("JOIN #ci")
        client.joined("#ci", "bob")
        client.send(":op!o@h KICK #ci cibot :out")
        client.expect("JOIN #ci")
        client.send(":cibot!c@h JOIN #ci", ":irc.test 366 cibot #ci :end")
        ask(client, "replayed")
        client.proven()
        ask(client, "live")
        client.until("PRIVMSG #ci :bob: asked live")
        assert [question.text for question in bot.questions] == ["live"]


@pytest.mark.parametrize(
    ("version", "modes", "worn"),
    [("InspIRCd-3", "NRgiorsw", "+BN"), ("InspIRCd-3", "Rgi", "+B"), ("UnrealIRCd-6", "N", "+B")],
)
def test_the_mode_against_history_is_worn_where_there_is_one(server, version, modes, worn):
    with irc_bot(server.port), server.accept() as client:
        client.until("USER ")
        client.send(":irc.test CAP * LS :")
        client.expect("CAP END")
        client.send(
            ":irc.test 001 cibot :Welcome",
            f":irc.test 004 cibot irc.test {version} {modes} bklov :bkl",
            ":irc.test 422 cibot :no MOTD",
        )
        assert client.until("MODE ") == f"MODE cibot {worn}"


def test_history_is_asked_not_to_be_sent(server):
    with irc_bot(server.port), server.accept() as client:
        client.until("USER ")
        client.send(":irc.test CAP * LS :draft/chathistory znc.in/playback draft/event-playback")
        client.expect("CAP REQ :draft/chathistory znc.in/playback")


def test_a_server_that_answers_no_whois_is_asked_by_ping(server):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        client.until("USER ")
        client.send(":irc.test CAP * LS :", ":irc.test 001 cibot :hi", ":irc.test 422 cibot :no")
        client.until("WHOIS cibq1")
        client.send(":irc.test 421 cibot WHOIS :Unknown command")
        client.until("JOIN #ci")
        client.send(":cibot!c@h JOIN #ci", ":irc.test 366 cibot #ci :end")
        ask(client, "replayed")
        client.until("PING cibq2")
        client.send(":irc.test PONG irc.test :cibq2")
        ask(client, "live")
        client.until("PRIVMSG #ci :bob: asked live")
        assert [question.text for question in bot.questions] == ["live"]


def test_a_bouncer_whose_network_is_away_is_no_connection(server):

    timing = replace(QUICK, idle=0.02, pong=0.05)
    with irc_bot(server.port, timing=timing) as bot:
        with server.accept() as client:
            client.log_in()
            client.send(":*status!znc@znc.in PRIVMSG cibot :Disconnected from IRC. Reconnecting...")
            while "WHOIS" not in client.line():  # PING is answered by the bouncer itself
                pass
            client.send(":znc PONG znc :cibq2")
            assert client.ended()
        bot.wait_down()
