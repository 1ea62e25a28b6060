"""The bot on a real InspIRCd with the modules that make trouble: history, refusals in silence."""

import pytest

from tests.support.inspircd import InspIRCd
from tests.support.irc_bot import irc_bot

pytestmark = pytest.mark.e2e


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
            mika.send("MODE pastbot")
            mika.send("WHOIS pastbot")
