"""The bot on a real InspIRCd with the modules that make trouble: history, refusals in silence."""

from dataclasses import replace

import pytest

from cibot.errors import Transient, Unconfirmed
from cibot.model import State
from cibot.text.card import card, line, state_span
from tests.support.inspircd import InspIRCd
from tests.support.irc_bot import QUICK, irc_bot
from tests.support.irc_user import IrcUser
from tests.support.processes import wait_until

pytestmark = pytest.mark.e2e


def test_a_channel_with_a_key_and_one_that_invites(inspircd: InspIRCd) -> None:
    timing = replace(QUICK, rejoin=3600, rejoin_most=3600)
    with inspircd.user("keeper") as keeper:
        for room, mode in (("#keyed", "+k s3cret"), ("#invited", "+i")):
            keeper.join(room)
            keeper.send(f"MODE {room} {mode}")
            keeper.wait_for(lambda line: line.command == "MODE", mode)
        with irc_bot(
            inspircd.port, "#keyed", "#invited", name="irc", nick="keybot", timing=timing,
            channel_keys="#keyed s3cret",
        ) as bot:  # fmt: skip
            bot.wait_up()
            bot.send("#keyed", "in by key").result(10)
            keeper.hears("in by key", nick="keybot", target="#keyed")
            wait_until(lambda: "invite-only" in bot.backend.link().detail, what="the refusal")
            keeper.send("INVITE keybot #invited")
            keeper.wait_for(
                lambda line: line.command == "JOIN" and line.text == "#invited", "the bot"
            )
            bot.send("#invited", "in by invitation").result(10)
            keeper.hears("in by invitation", nick="keybot", target="#invited")


def in_order(user: IrcUser) -> None:
    """Waits until the server has done what the user sent."""
    user.send("PING done")
    user.wait_for(lambda line: line.command == "PONG" and line.text == "done", "PONG")


def test_what_a_channel_replays_is_no_question(inspircd: InspIRCd) -> None:
    with inspircd.user("mika") as mika:
        mika.join("#past")
        mika.send("MODE #past +H 20:1h")
        mika.wait_for(lambda line: line.command == "MODE", "history")
        mika.say("#past", "!ci silence netapp 2h of two days ago")
        with irc_bot(inspircd.port, "#past", name="irc", nick="pastbot") as bot:
            bot.wait_up()
            mika.wait_for(lambda line: line.command == "JOIN" and line.nick == "pastbot", "bot")
            mika.send("KICK #past pastbot :out")
            mika.wait_for(lambda line: line.command == "KICK", "kick")
            mika.wait_for(lambda line: line.command == "JOIN" and line.nick == "pastbot", "back")
            mika.say("#past", "!ci live")
            mika.hears("mika: asked live", nick="pastbot", target="#past")
            assert [question.text for question in bot.questions] == ["live"]


@pytest.mark.parametrize("block", ["callerid", "registered only"])
def test_who_takes_no_private_messages_reads_on_in_the_channel(
    inspircd: InspIRCd, block: str
) -> None:
    account = f"deaf{block[0]}"
    inspircd.register(account, "correct-horse-1")
    # SILENCE is not among them: InspIRCd echoes what it then shows to nobody
    commands = {"callerid": "MODE {0} +g", "registered only": "MODE {0} +R"}
    long = card("headline", "two", "three", long=True)
    with (
        inspircd.user(account, sasl=(account, "correct-horse-1")) as deaf,
        irc_bot(inspircd.port, "#deaf", name="irc", nick="deafbot", answer=lambda _: long) as bot,
    ):
        bot.wait_up()
        deaf.join("#deaf")
        wait_until(lambda: "deafbot" in deaf.names("#deaf"), what="the bot")
        deaf.send(commands[block].format(account))
        deaf.say("#deaf", "!ci list")
        deaf.hears(f"{account}: headline", nick="deafbot", target="#deaf")
        deaf.hears("two", nick="deafbot", target="#deaf")
        deaf.hears("three", nick="deafbot", target="#deaf")


def test_what_a_shunned_bot_says_is_not_taken_for_delivered(inspircd: InspIRCd) -> None:
    with (
        inspircd.user("oper") as oper,
        irc_bot(inspircd.port, "#shun", name="irc", nick="shunned") as bot,
    ):
        bot.wait_up()
        bot.send("#shun", "heard").result(10)
        oper.send("OPER tests tests")
        oper.wait_for(lambda line: line.command == "381", "381 (now an operator)")
        oper.send("SHUN shunned!*@* 1h :for a test")
        in_order(oper)
        try:
            with pytest.raises(Transient, match="#shun: ") as caught:
                bot.send("#shun", "unheard").result(15)
            assert not isinstance(caught.value, Unconfirmed)
        finally:
            oper.send("SHUN shunned!*@*")
            in_order(oper)
        bot.send("#shun", "heard again").result(10)


@pytest.mark.parametrize("mode", ["+c", "+m"])
def test_a_channel_without_colours_hears_the_plain_text(inspircd: InspIRCd, mode: str) -> None:
    room = f"#colour{mode[1]}"
    alert = card(line(state_span(State.FAILING), " netapp"), "more")
    with (
        inspircd.user("painter") as painter,
        irc_bot(inspircd.port, room, name="irc", nick="colourbot", colour=True) as bot,
    ):
        bot.wait_up()
        painter.join(room)
        wait_until(lambda: "colourbot" in painter.names(room), what="the bot")
        # who came first is the operator
        if mode == "+m":
            painter.send(f"MODE {room}")
            bot.send(room, alert).result(10)
            assert "\x03" in painter.hears("netapp", nick="colourbot").raw
            return
        with inspircd.user("oper") as oper:
            oper.send("OPER tests tests")
            oper.wait_for(lambda line: line.command == "381", "381 (now an operator)")
            oper.send(f"SAMODE {room} {mode}")
            painter.wait_for(lambda line: line.command == "MODE", "the mode")
        for _ in range(2):
            bot.send(room, alert).result(10)
            assert "\x03" not in painter.hears("netapp", nick="colourbot").raw
            painter.hears("more", nick="colourbot")
