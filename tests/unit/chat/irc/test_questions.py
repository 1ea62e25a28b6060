"""Being asked: who is meant, who asks, where the answer goes, how often."""

import threading
from dataclasses import replace

import pytest

from cibot.chat.typed import addressed
from cibot.text.card import card
from tests.support.irc_bot import QUICK, irc_bot
from tests.support.irc_script import IrcScript

TAGS = "account-tag message-tags"


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("!ci status netapp", "status netapp"),
        ("!ci   status  netapp ", "status netapp"),
        ("!ci", ""),
        ("\x02!ci\x02 \x0304,01status\x03 x", "status x"),
        ("cibot: why x", "why x"),
        ("CIbot, why x", "why x"),
        ("cibot:", ""),
        ("!cix status", None),
        ("!cinema", None),
        ("ci status", None),
        ("so !ci status", None),
        ("cibot is down", None),
        ("cibot2: hi", None),
        ("hello", None),
        ("", None),
        ("\x01ACTION !ci status\x01", None),
    ],
)
def test_who_is_meant_in_a_channel(text, question):
    assert addressed(text, names=["cibot"], prefixes=["!ci"], private=False) == question


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("help", "help"),
        ("!ci help", "help"),
        ("cibot: help", "help"),
        (" ", None),
    ],
)
def test_in_private_no_prefix_is_needed(text, question):
    assert addressed(text, names=["cibot"], prefixes=["!ci"], private=True) == question


@pytest.fixture
def server():
    with IrcScript() as script:
        yield script


def enter(client, *, caps="", supports="", others=("bob",)):
    client.log_in(caps=caps, supports=supports)
    client.expect("JOIN #ci")
    client.joined("#ci", *others)


def test_an_answer_is_addressed_and_stays_where_it_was_asked(server):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        enter(client)
        client.send(":bob!b@h PRIVMSG #ci :!ci status netapp")
        client.expect("PRIVMSG #ci :bob: asked status netapp")
        client.send(":bob!b@h PRIVMSG cibot :status netapp")
        client.expect("PRIVMSG bob :asked status netapp")
        here, alone = bot.questions
        assert (str(here.where), here.private) == ("net/#ci", False)
        assert (str(alone.where), alone.private) == ("net/bob", True)


def test_a_long_answer_goes_on_in_private(server):
    long = card("headline", "two", "three", long=True, link="https://ci.example/x")
    with irc_bot(server.port, "#ci", answer=lambda _: long), server.accept() as client:
        enter(client)
        client.send(":bob!b@h PRIVMSG #ci :!ci list")
        lines = {client.line() for _ in range(2)}
        assert lines == {"PRIVMSG #ci :bob: headline https://ci.example/x", "PRIVMSG bob :two"}
        client.proven()
        client.expect("PRIVMSG bob :three")


def test_so_does_one_that_turns_out_long(server):
    many = card(*(f"line {number}" for number in range(9)))
    with irc_bot(server.port, "#ci", answer=lambda _: many), server.accept() as client:
        enter(client)
        client.send(":bob!b@h PRIVMSG #ci :!ci list")
        client.proven()
        client.until("PRIVMSG bob :line 8")
        lines = [line for line in client.seen if "PRIVMSG #ci" in line]
        assert lines == ["PRIVMSG #ci :bob: line 0"]


def test_silence_where_the_answer_is_none(server):
    with irc_bot(server.port, "#ci", answer=lambda _: None) as bot, server.accept() as client:
        enter(client)
        client.send(":bob!b@h PRIVMSG #ci :!ci recheck", "PING :alive")
        assert client.line() == "PONG :alive"
        bot.backend.stop(5)
        client.expect("QUIT")


@pytest.mark.parametrize(
    "line",
    [
        ":bob!b@h NOTICE #ci :!ci status",
        ":bob!b@h NOTICE cibot :status",
        ":cibot!c@h PRIVMSG #ci :!ci status",
        "@bot :other!o@h PRIVMSG #ci :!ci status",
        "@draft/bot :other!o@h PRIVMSG cibot :status",
        ":irc.test PRIVMSG cibot :status",
        ":*status!znc@znc.in PRIVMSG cibot :Disconnected from IRC. Reconnecting...",
        ":bob!b@h PRIVMSG #elsewhere :!ci status",
        ":bob!b@h PRIVMSG @#ci :!ci status",
        ":bob!b@h PRIVMSG cibot :\x01DCC\x01",
        ":bob!b@h PRIVMSG cibot :\x01PING 1\x01",
        ":bob!b@h PRIVMSG cibot :\x01ACTION status\x01",
        ":bob!b@h PRIVMSG #ci :\x01VERSION\x01",
        ":bob!b@h TAGMSG cibot",
    ],
)
def test_what_is_not_answered(server, line):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        enter(client, caps=TAGS)
        client.send(line, ":bob!b@h PRIVMSG #ci :!ci last")
        client.expect("PRIVMSG #ci :bob: asked last")
        assert [question.text for question in bot.questions] == ["last"]


def test_says_its_version_and_no_more(server):
    with irc_bot(server.port), server.accept() as client:
        client.log_in()
        client.send(":bob!b@h PRIVMSG cibot :\x01VERSION\x01")
        assert client.line().startswith("NOTICE bob :\x01VERSION cibot ")


def account_of(bot, client, line):
    client.send(line)
    client.until(lambda text: "asked" in text)
    return bot.questions[-1].asker.account


def test_account_from_the_tag_and_from_nothing_else(server):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        enter(client, caps=f"{TAGS} extended-join")
        client.send(":bob!b@h JOIN #ci bobs-account :Bob")
        assert account_of(bot, client, ":bob!b@h PRIVMSG #ci :!ci a") is None
        assert account_of(bot, client, "@account=bobby :bob!b@h PRIVMSG #ci :!ci a") == "bobby"
        assert account_of(bot, client, "@account=bobby :bob!b@h PRIVMSG cibot :a") == "bobby"


def test_a_tag_that_was_not_asked_for_is_no_proof(server):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        enter(client)
        line = "@account=admin :bob!b@h PRIVMSG #ci :!ci a"
        assert account_of(bot, client, line) is None


def test_account_from_joins_while_a_room_is_shared(server):
    ask = ":{}!b@h PRIVMSG cibot :a"
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        enter(client, caps="account-notify extended-join")
        client.send(":bob!b@h JOIN #ci bobby :Bob", ":eve!e@h JOIN #ci * :Eve")
        assert account_of(bot, client, ask.format("bob")) == "bobby"
        assert account_of(bot, client, ask.format("eve")) is None
        client.send(":bob!b@h NICK rob", ":eve!e@h NICK bob")
        assert account_of(bot, client, ask.format("rob")) == "bobby"
        assert account_of(bot, client, ask.format("bob")) is None
        client.send(":rob!b@h ACCOUNT *")
        assert account_of(bot, client, ask.format("rob")) is None
        client.send(":rob!b@h ACCOUNT bobby", ":rob!b@h QUIT")
        assert account_of(bot, client, ask.format("rob")) is None


@pytest.mark.parametrize(
    "leaves", [":bob!b@h PART #ci", ":op!o@h KICK #ci bob", ":bob!b@h QUIT :bye"]
)
def test_account_is_forgotten_with_the_last_shared_room(server, leaves):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        enter(client, caps="extended-join")
        client.send(":bob!b@h JOIN #ci bobby :Bob", leaves)
        assert account_of(bot, client, ":bob!evil@h PRIVMSG cibot :a") is None


def test_account_from_whox_where_there_are_no_tags(server):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        enter(client, supports="WHOX")
        client.expect("WHO #ci %tna,731")
        client.send(":irc.test 354 cibot 731 bob bobby", ":irc.test 354 cibot 731 stranger root")
        assert account_of(bot, client, ":bob!b@h PRIVMSG cibot :a") == "bobby"
        assert account_of(bot, client, ":stranger!s@h PRIVMSG cibot :a") is None


def test_one_person_cannot_keep_the_bot_busy(server):
    with irc_bot(server.port, "#ci") as bot, server.accept() as client:
        enter(client)
        client.send(*[f":bob!b@h PRIVMSG #ci :!ci {n}" for n in range(20)])
        client.send(*[f":bob{n}!b@h PRIVMSG #ci :!ci {n}" for n in range(20)])  # other nicks
        client.send(":amy!a@elsewhere PRIVMSG #ci :!ci hello")
        client.until("PRIVMSG #ci :amy: asked hello")
        said = [line for line in client.seen if line.startswith("PRIVMSG #ci :bob")]
        assert sum("asked" in line for line in said) == len(bot.questions) - 1 <= 7
        assert sum("too much" in line for line in said) == 1


def test_a_slow_answer_holds_up_nobody(server):
    gate = threading.Event()

    def answer(question):
        if question.text == "slow":
            gate.wait(10)
        return card(f"asked {question.text}")

    with irc_bot(server.port, "#ci", answer=answer), server.accept() as client:
        enter(client)
        client.send(":bob!b@h PRIVMSG #ci :!ci slow", ":amy!a@h PRIVMSG #ci :!ci fast")
        client.expect("PRIVMSG #ci :amy: asked fast")
        client.still_there()
        gate.set()
        client.expect("PRIVMSG #ci :bob: asked slow")


def test_a_question_that_breaks_the_command_is_said_and_logged(server, caplog):
    def answer(question):
        raise ZeroDivisionError(question.text)

    with irc_bot(server.port, "#ci", answer=answer), server.accept() as client:
        enter(client)
        client.send(":bob!b@h PRIVMSG #ci :!ci boom")
        assert "went wrong" in client.expect("PRIVMSG #ci :bob: ")
        assert "ZeroDivisionError: boom" in caplog.text
        client.still_there()


def test_alerts_do_not_starve_answers(server):
    timing = replace(QUICK, tick=0.01)
    pace = {"messages_per_second": 50, "burst": 1}
    with irc_bot(server.port, "#ci", timing=timing, **pace) as bot, server.accept() as client:
        enter(client)
        client.still_there()
        bot.wait_up()
        bot.send("#ci", card(*(f"alert {n}" for n in range(30))))
        client.until("PRIVMSG #ci :alert 0")
        client.proven()
        client.send(":bob!b@h PRIVMSG #ci :!ci status")
        client.until("PRIVMSG #ci :bob: ")
        before = [line for line in client.seen if ":alert" in line]
        assert len(before) < 20
        client.until("PRIVMSG #ci :alert 29")
        client.proven()
