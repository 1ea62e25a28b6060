"""Delivered means proven: whatever a network says against a message is heard."""

import pytest

from cibot.chat.irc.receipts import refuses
from cibot.chat.irc.wire import read_line
from cibot.errors import Permanent, Transient, Unconfirmed
from cibot.model import State
from cibot.text.card import card, line, state_span
from tests.support.irc_bot import irc_bot
from tests.support.irc_script import IrcScript

LABELS = "batch echo-message labeled-response message-tags"
ECHO = "echo-message message-tags"
# As servers write them, where ROOM is whom the message was for.
REFUSALS = [
    (":irc.test 263 cibot PRIVMSG :Server load is temporarily too heavy", Transient),
    (":irc.test 401 cibot ROOM :No such nick/channel", Transient),
    (":irc.test 402 cibot ROOM :No such server", Transient),
    (":irc.test 403 cibot ROOM :No such channel", Permanent),
    (":irc.test 404 cibot ROOM :Cannot send to nick/channel", Permanent),
    (":irc.test 406 cibot ROOM :There was no such nickname", Transient),
    (":irc.test 407 cibot ROOM :Too many recipients", Transient),
    (":irc.test 408 cibot ROOM :Colour is not allowed", Permanent),
    (":irc.test 411 cibot :No recipient given (PRIVMSG)", Transient),
    (":irc.test 412 cibot :No text to send", Permanent),
    (":irc.test 413 cibot ROOM :No top level domain specified", Transient),
    (":irc.test 415 cibot ROOM :Cannot send message: you must be identified", Permanent),
    (":irc.test 416 cibot ROOM :Too many matches", Transient),
    (":irc.test 417 cibot :Input line was too long", Permanent),
    (":irc.test 437 cibot ROOM :Temporarily unavailable", Transient),
    (":irc.test 439 cibot ROOM :Target change too fast. Please wait", Transient),
    (":irc.test 442 cibot ROOM :You are not on that channel", Transient),
    (":irc.test 461 cibot PRIVMSG :Not enough parameters", Transient),
    (":irc.test 477 cibot ROOM :You need a registered nick", Permanent),
    (":irc.test 480 cibot ROOM :Cannot send to channel (throttled)", Transient),
    (":irc.test 482 cibot ROOM :Not channel operator", Permanent),
    (":irc.test 486 cibot ROOM :You must log in with services", Permanent),
    (":irc.test 489 cibot ROOM :You need a voice", Permanent),
    (":irc.test 492 cibot ROOM :Cannot send message to user", Permanent),
    (":irc.test 494 cibot ROOM :cannot answer you while you are +R", Permanent),
    (":irc.test 521 cibot ROOM :Nope", Transient),
    (":irc.test 531 cibot ROOM :You are not permitted to send private messages", Permanent),
    (":irc.test 573 cibot ROOM :Cannot send", Transient),
    (":irc.test 707 cibot ROOM :Targets changing too fast, message dropped", Transient),
    (":irc.test 716 cibot ROOM :is in +g mode (server-side ignore)", Permanent),
    (":irc.test 936 cibot ROOM word :Your message contained a censored word", Permanent),
    (":irc.test 972 cibot PRIVMSG :Command failed", Transient),
    (":irc.test FAIL PRIVMSG MESSAGE_RATE_LIMITED ROOM :Slow down", Transient),
    (":irc.test FAIL PRIVMSG INVALID_UTF8 :Not UTF-8", Transient),
    (":irc.test NOTICE cibot :*** Message to ROOM throttled due to flooding", Transient),
    (":irc.test NOTICE cibot :*** PRIVMSG command not processed, as you are shunned", Transient),
    (":*status!znc@znc.in PRIVMSG cibot :Your message to ROOM got lost, you are not connected",
     Transient),
]  # fmt: skip


@pytest.fixture
def server():
    with IrcScript() as script:
        yield script


def enter(client, caps=""):
    client.log_in(caps=caps)
    client.expect("JOIN #ci")
    client.joined("#ci", "bob")


@pytest.mark.parametrize(("said", "kind"), REFUSALS)
@pytest.mark.parametrize("caps", ["", ECHO])
def test_a_refusal_before_the_proof_is_heard(server, caps, said, kind):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        enter(client, caps)
        bot.wait_up()
        sent = bot.send("#ci", card("first", "second"))
        client.expect("PRIVMSG #ci :first")
        if caps:  # a bouncer echoes by itself, before the network has spoken
            client.send(":cibot!c@h PRIVMSG #ci :first")
        client.send(said.replace("ROOM", "#CI"))
        client.proven()
        with pytest.raises(kind, match="#ci: ") as caught:
            sent.result(5)
        assert not isinstance(caught.value, Unconfirmed)
        client.still_there()
        assert not [text for text in client.seen if "second" in text]


@pytest.mark.parametrize(
    ("said", "kind"),
    [refusal for refusal in REFUSALS if "NOTICE" not in refusal[0] and "*status" not in refusal[0]],
)
def test_a_refusal_under_its_label_is_heard(server, said, kind):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        enter(client, LABELS)
        bot.wait_up()
        sent = bot.send("#ci", card("first", "second"))
        label = client.line().split(" ")[0]
        client.send(f"{label} {said.replace('ROOM', '#ci')}")
        with pytest.raises(kind, match="#ci: "):
            sent.result(5)
        client.still_there()
        assert not [text for text in client.seen if "second" in text]


@pytest.mark.parametrize(
    "said",
    [
        ":irc.test 433 cibot cibot_ :Nickname is already in use",
        ":irc.test 435 cibot cibot_ #ci :Cannot change nickname while banned on channel",
        ":irc.test 438 cibot :Nick change too fast. Please wait 60 seconds",
        ":irc.test 447 cibot :Cannot change nickname while on #ci (+N)",
        ":irc.test FAIL NICK NICKNAME_RESERVED cibot :Nickname is reserved by another user",
        ":irc.test FAIL WHO TOO_MANY_MATCHES #ci :Too many",
        ":irc.test 263 cibot WHO #ci :Please wait a while and try again",
        ":irc.test 416 cibot WHO #ci :Output too large",
        ":irc.test 422 cibot :MOTD File is missing",
        ":irc.test 501 cibot :Unknown MODE flag",
        ":irc.test 404 cibot #elsewhere :Cannot send to channel",
        ":irc.test 301 cibot #ci :is away",
        ":irc.test NOTICE cibot :*** Welcome to #ci",
        ":bob!b@h NOTICE cibot :your message to #ci was blocked",
        ":bob!b@h PRIVMSG #ci :flood! blocked!",
        ":irc.test 717 cibot #ci :has been informed that you messaged them",
    ],
)
def test_what_is_about_something_else_refuses_nothing(server, said):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        enter(client)
        bot.wait_up()
        sent = bot.send("#ci", "hello")
        client.expect("PRIVMSG #ci :hello")
        client.send(said)
        client.proven()
        assert sent.result(5)


def test_a_person_may_have_a_command_for_a_nick(server):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        enter(client)
        bot.wait_up()
        sent = bot.send("User", "hello")
        client.expect("PRIVMSG User :hello")
        client.send(":irc.test 401 cibot User :No such nick/channel")
        client.proven()
        with pytest.raises(Transient, match="User: no one of that name is there"):
            sent.result(5)


def test_every_error_numeric_is_a_refusal():
    for number in range(400, 600):
        assert refuses(read_line(f":irc.test {number} cibot #ci :no"))
    for number in (1, 5, 301, 318, 366, 372, 600, 671, 717, 730, 900, 903):
        assert not refuses(read_line(f":irc.test {number:03d} cibot #ci :fine"))


@pytest.mark.parametrize("answer", ["ACK", "BATCH", "NOTICE"])
def test_a_label_without_an_echo_is_no_delivery(server, answer):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        enter(client, LABELS)
        bot.wait_up()
        sent = bot.send("#ci", "shunned")
        label = client.line().split(" ")[0]
        if answer == "BATCH":
            client.send(f"{label} :irc.test BATCH +1 labeled-response", ":irc.test BATCH -1")
        else:
            client.send(f"{label} :irc.test {answer} cibot :a word")
        with pytest.raises(Transient, match="#ci: "):
            sent.result(5)


def test_a_proof_without_an_echo_is_no_delivery(server):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        enter(client, ECHO)
        bot.wait_up()
        sent = bot.send("#ci", "shunned")
        client.expect("PRIVMSG #ci :shunned")
        client.proven()
        with pytest.raises(Transient, match="showed it to no one"):
            sent.result(5)


def test_a_bouncers_pong_proves_nothing(server):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        enter(client)
        bot.wait_up()
        sent = bot.send("#ci", "hello")
        client.expect("PRIVMSG #ci :hello")
        token = client.line().removeprefix("WHOIS ")
        client.send(f":znc PONG znc :{token}")
        client.still_there()
        assert not sent.done()


@pytest.mark.parametrize("numeric", ["404", "403", "442", "482"])
def test_who_was_kicked_while_speaking_comes_back_to_it(server, numeric):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        enter(client)
        bot.wait_up()
        sent = bot.send("#ci", card("first", "second"))
        client.expect("PRIVMSG #ci :first")
        client.send(":op!o@h KICK #ci cibot :out", f":irc.test {numeric} cibot #ci :no")
        with pytest.raises(Transient) as caught:
            sent.result(5)
        assert not isinstance(caught.value, Unconfirmed)


def test_who_was_kicked_between_two_lines_says_so(server):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        enter(client)
        bot.wait_up()
        sent = bot.send("#ci", card("first", "second"))
        client.expect("PRIVMSG #ci :first")
        client.send(":op!o@h KICK #ci cibot :out")
        client.send(":irc.test 318 cibot cibq3 :end")
        with pytest.raises(Unconfirmed, match="removed"):
            sent.result(5)


def coloured():
    return card(line(state_span(State.FAILING), " netapp"), "more")


@pytest.mark.parametrize("numeric", ["404", "408"])
def test_what_a_channel_refuses_in_colour_is_said_without_and_remembered(server, numeric):
    with irc_bot(server.port, "#ci", colour=True) as bot, server.accept() as client:
        enter(client)
        bot.wait_up()
        sent = bot.send("#ci", coloured())
        assert "\x03" in client.until("PRIVMSG #ci :")
        client.send(f":irc.test {numeric} cibot #ci :Cannot send to channel (+c)")
        assert "\x03" not in client.until("PRIVMSG #ci :")
        client.proven()
        client.until("PRIVMSG #ci :more")
        client.proven()
        sent.result(5)
        sent = bot.send("#ci", coloured())
        assert "\x03" not in client.until("PRIVMSG #ci :")
        client.proven()
        client.until("PRIVMSG #ci :more")
        client.proven()
        sent.result(5)


def test_where_colours_were_not_the_reason_the_refusal_stands(server):
    with irc_bot(server.port, "#ci", colour=True) as bot, server.accept() as client:
        enter(client)
        bot.wait_up()
        sent = bot.send("#ci", coloured())
        for _ in range(2):
            client.until("PRIVMSG #ci :")
            client.send(":irc.test 404 cibot #ci :Cannot send to channel (+m)")
        with pytest.raises(Permanent, match="may not speak"):
            sent.result(5)
        bot.send("#ci", coloured())
        assert "\x03" in client.until("PRIVMSG #ci :")


LONG = card("headline", *(f"row {number}" for number in range(2, 8)), long=True)


@pytest.mark.parametrize("numeric", ["716", "477", "486", "415", "531", "401"])
def test_an_answer_that_the_asker_refuses_in_private_goes_on_in_the_channel(server, numeric):
    with irc_bot(server.port, "#ci", answer=lambda _: LONG), server.accept() as client:
        enter(client)
        client.send(":bob!b@h PRIVMSG #ci :!ci list")
        client.until("PRIVMSG #ci :bob: headline")
        client.until("PRIVMSG bob :row 2")
        client.send(f":irc.test {numeric} cibot bob :is in +g mode")
        assert client.until("PRIVMSG #ci :") == "PRIVMSG #ci :row 2"
        client.expect("PRIVMSG #ci :row 3")
        client.expect("PRIVMSG #ci :row 4")
        client.expect("PRIVMSG #ci :… (cut: let me write to you")
        client.still_there()
        assert not [text for text in client.seen if text.startswith("PRIVMSG bob :row 3")]


def test_who_asks_in_private_and_hears_none_is_told_where_both_are(server):
    with irc_bot(server.port, "#ci"), server.accept() as client:
        enter(client)
        client.send(":bob!b@h PRIVMSG cibot :list")
        client.until("PRIVMSG bob :asked list")
        client.send(":irc.test 716 cibot bob :is in +g mode")
        assert "you take no messages from me" in client.until("PRIVMSG #ci :bob: ")
