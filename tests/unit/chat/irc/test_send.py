"""Sending: joined first, confirmed by label or PING, told what it means when refused."""

from dataclasses import replace

import pytest

from cibot.errors import Permanent, Transient, Unconfirmed
from cibot.text.card import card
from tests.support.irc_bot import QUICK, irc_bot
from tests.support.irc_script import IrcScript

LABELS = "batch echo-message labeled-response message-tags"


@pytest.fixture
def server():
    with IrcScript() as script:
        yield script


def test_is_confirmed_by_what_only_the_network_answers(server):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        client.log_in()
        client.expect("JOIN #ci")
        client.joined("#ci")
        bot.wait_up()
        sent = bot.send("#ci", card("first", "second"))
        client.expect("PRIVMSG #ci :first")
        client.send("PING :alive")
        assert client.line().startswith("WHOIS ")
        client.expect("PONG :alive")  # and nothing more before the first line is through
        client.send(":irc.test 318 cibot cibq3 :end")
        client.expect("PRIVMSG #ci :second")
        assert not sent.done()
        client.proven()
        assert sent.result(5).startswith("net:")


def test_is_confirmed_by_the_label_of_its_echo(server):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        client.log_in(caps=LABELS)
        client.expect("JOIN #ci")
        client.joined("#ci")
        bot.wait_up()
        sent = bot.send("#ci", card("first", "second"))
        label, text = client.line().split(" ", 1)
        assert text == "PRIVMSG #ci :first"
        client.send(f"{label};msgid=m1 :cibot!c@h PRIVMSG #ci :first")
        two = client.line()
        assert not sent.done()
        client.send(f"{two.split(' ', 1)[0]};msgid=m2 :cibot!c@h PRIVMSG #ci :second")
        assert sent.result(5) == "m1"


def test_takes_an_ack_or_a_batch_for_a_receipt(server):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        client.log_in(caps="labeled-response batch")
        client.expect("JOIN #ci")
        client.joined("#ci")
        bot.wait_up()
        sent = bot.send("#ci", "by ack")
        client.send(f"{client.line().split(' ')[0]} :irc.test ACK")
        assert sent.result(5).startswith("net:")
        sent = bot.send("#ci", "by batch")
        client.send(f"{client.line().split(' ')[0]} :irc.test BATCH +b1 labeled-response")
        client.send("@batch=b1 :irc.test 301 cibot bob :away", ":irc.test BATCH -b1")
        assert sent.result(5).startswith("net:")


@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize(
    ("numeric", "error"),
    [("404", Permanent), ("477", Permanent), ("439", Transient), ("442", Transient)],
)
def test_an_error_before_the_confirmation_is_the_answer(server, labels, numeric, error):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        client.log_in(caps=LABELS if labels else "")
        client.expect("JOIN #ci")
        client.joined("#ci")
        bot.wait_up()
        sent = bot.send("#CI", "hello")
        line = client.until(lambda text: "PRIVMSG" in text)
        tag = line.split(" ")[0] + " " if labels else ""
        client.send(f"{tag}:irc.test {numeric} cibot #ci :no")
        with pytest.raises(error, match="#CI: ") as caught:
            sent.result(5)
        assert type(caught.value) is error


def test_joins_the_room_first(server):
    with irc_bot(server.port) as bot, server.accept() as client:
        client.log_in()
        bot.wait_up()
        sent = bot.send("#new", "hello")
        client.expect("JOIN #new")
        client.joined("#New")
        client.expect("PRIVMSG #new :hello")
        client.proven()
        sent.result(5)


@pytest.mark.parametrize(
    ("numeric", "words", "error"),
    [
        ("474", "banned", Permanent),
        ("473", "invite-only", Permanent),
        ("475", "key", Permanent),
        ("403", "no such channel", Permanent),
        ("471", "full", Transient),
        ("448", "forbids", Permanent),
        ("926", "forbids", Permanent),
        ("495", "Cannot join", Transient),  # one that has no words here
        ("FAIL", "Cannot join", Transient),
    ],
)
def test_a_room_that_refuses_the_bot_is_told(server, numeric, words, error):
    timing = replace(QUICK, rejoin=3600, rejoin_most=3600)
    with irc_bot(server.port, timing=timing) as bot, server.accept() as client:
        client.log_in()
        bot.wait_up()
        for _ in range(2):  # a person may have mended it: each send tries again
            sent = bot.send("#shut", "hello")
            client.expect("JOIN #shut")
            client.send(f":irc.test {numeric} cibot #shut :Cannot join")
            with pytest.raises(error, match=words):
                sent.result(5)
        client.still_there()
        assert words in bot.backend.link().detail


@pytest.mark.parametrize(
    "room", ["", "#", "#a b", "#a,#b", "#a\r\nQUIT", "@all", ":x", "a!b", "#\0"]
)
def test_what_is_no_room_is_refused_at_once(server, room):
    with irc_bot(server.port) as bot, server.accept() as client:
        client.log_in()
        bot.wait_up()
        with pytest.raises(Permanent, match="neither"):
            bot.send(room, "hello").result(5)
        client.still_there()


def test_a_person_who_is_not_there_may_come_back(server):
    with irc_bot(server.port) as bot, server.accept() as client:
        client.log_in()
        bot.wait_up()
        sent = bot.send("bob", "hello")
        client.expect("PRIVMSG bob :hello")
        client.send(":irc.test 401 cibot bob :No such nick")
        with pytest.raises(Transient, match="no one"):
            sent.result(5)


def test_without_a_confirmation_it_may_have_arrived(server):
    timing = replace(QUICK, send=0.05)
    with irc_bot(server.port, "#ci", timing=timing) as bot, server.accept() as client:
        client.log_in()
        client.expect("JOIN #ci")
        client.joined("#ci")
        bot.wait_up()
        client.still_there()
        with pytest.raises(Unconfirmed, match="not confirmed"):
            bot.send("#ci", "hello").result(5)


def test_a_room_that_never_answers_the_join_is_no_doubt(server):
    timing = replace(QUICK, send=0.05)
    with irc_bot(server.port, timing=timing) as bot, server.accept() as client:
        client.log_in()
        bot.wait_up()
        with pytest.raises(Transient) as caught:
            bot.send("#deaf", "hello").result(5)
        assert type(caught.value) is Transient


def test_a_connection_that_breaks_leaves_a_doubt(server):
    with irc_bot(server.port, "#ci") as bot:
        with server.accept() as client:
            client.log_in()
            client.expect("JOIN #ci")
            client.joined("#ci")
            bot.wait_up()
            sent = bot.send("#ci", "hello")
            client.expect("PRIVMSG")
        with pytest.raises(Unconfirmed):
            sent.result(5)
        with server.accept() as again:
            again.log_in()
            again.expect("JOIN #ci")


def test_a_half_open_link_is_noticed(server):
    timing = replace(QUICK, idle=0.05, pong=0.05)
    with irc_bot(server.port, timing=timing) as bot:
        with server.accept() as client:
            client.log_in()
            client.until("WHOIS cibq2")
            assert client.ended()
        bot.wait_down()
        with server.accept() as again:
            again.expect("CAP LS")


def test_comes_back_after_a_kick_and_not_at_once(server):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        client.log_in()
        client.expect("JOIN #ci")
        client.joined("#ci")
        client.send(":op!o@h KICK #ci cibot :out")
        client.expect("JOIN #ci")
        client.joined("#ci")
        bot.wait_up()
        sent = bot.send("#ci", "back")
        client.expect("PRIVMSG #ci :back")
        client.proven()
        sent.result(5)


def test_a_kick_is_not_undone_by_a_send(server):
    timing = replace(QUICK, rejoin=3600, rejoin_most=3600)
    with irc_bot(server.port, "#ci", timing=timing) as bot, server.accept() as client:
        client.log_in()
        client.expect("JOIN #ci")
        client.joined("#ci")
        client.send(":op!o@h KICK #ci cibot :out")
        client.still_there()
        bot.wait_up()
        with pytest.raises(Transient) as caught:
            bot.send("#ci", "hello").result(5)
        assert caught.value.retry_after > 1000


def test_ends_what_is_sent_when_it_stops(server):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        client.log_in()
        client.expect("JOIN #ci")
        client.joined("#ci")
        bot.wait_up()
        sent = bot.send("#ci", "hello")
        client.expect("PRIVMSG")
        client.expect("WHOIS")
        bot.backend.stop(5)
        client.expect("QUIT :")
        with pytest.raises(Unconfirmed):
            sent.result(5)
        with pytest.raises(Transient):
            bot.backend.send("#ci", card("late"), key="k")


def test_irc_cannot_look_for_what_was_sent(server):
    with irc_bot(server.port) as bot, pytest.raises(LookupError):
        bot.backend.find("#ci", "k")


def test_text_of_a_card_cannot_become_a_command(server):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        client.log_in()
        client.expect("JOIN #ci")
        client.joined("#ci", "bob")
        bot.wait_up()
        sent = bot.send("#ci", "a\rQUIT :x\nPRIVMSG #ci :\x01DCC\x01\0 hey bob")
        client.expect("PRIVMSG #ci :a QUIT :x PRIVMSG #ci :DCC hey b\u2060ob")
        client.proven()
        sent.result(5)


def test_a_line_leaves_room_for_the_prefix_that_others_see(server):
    room = "#" + "r" * 150
    with irc_bot(server.port, room) as bot, server.accept() as client:
        client.log_in()
        client.expect("JOIN")
        client.send(f":cibot!~cibot@{'h' * 60} JOIN {room}", f":irc.test 366 cibot {room} :end")
        client.proven()
        bot.wait_up()
        sent = bot.send(room, "ü" * 400)
        line = client.line()
        while not line.startswith("WHOIS"):
            assert len(f":cibot!~cibot@{'h' * 60} {line}\r\n".encode()) <= 512
            line = client.line()
        client.send(f":irc.test 318 cibot {line.split()[1]} :end")
        while not line.endswith("ü"):
            line = client.line()
        client.proven()
        sent.result(5)
