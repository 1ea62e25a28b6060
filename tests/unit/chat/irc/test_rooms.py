"""Getting into channels: keys, invitations, channels that forward; nicks that are cut."""

from dataclasses import replace

import pytest

from cibot.chat.irc.rooms import Rooms
from cibot.chat.irc.settings import IrcConfig
from cibot.chat.pace import Backoff
from tests.support.irc_bot import QUICK, irc_bot
from tests.support.irc_script import IrcScript

PATIENT = replace(QUICK, rejoin=3600, rejoin_most=3600, join=3600)


@pytest.fixture
def server():
    with IrcScript() as script:
        yield script


def test_channels_with_a_key_come_first_with_their_keys(server):
    rooms = ("#open", "#shut", "#Also")
    with (
        irc_bot(server.port, *rooms, channel_keys="#shut s3cret, #also two") as bot,
        server.accept() as client,
    ):
        client.log_in()
        client.expect("JOIN #shut,#Also,#open s3cret,two")
        client.send(":irc.test 475 cibot #shut :Cannot join channel (+k)")
        client.until("JOIN ")
        assert "s3cret" not in bot.backend.link().detail


def test_keys_are_kept_in_a_file_of_their_own_too():
    keys = IrcConfig(name="n", host="h", channel_keys="#a one\n#b two\n").keys()
    assert keys == {"#a": "one", "#b": "two"}


@pytest.mark.parametrize("text", ["#a", "a key", "#a one two", "#a :key", "key"])
def test_what_is_no_key_is_a_mistake_that_does_not_repeat_it(text):
    with pytest.raises(ValueError, match="write a channel and its key") as caught:
        IrcConfig(name="n", host="h", channel_keys=text)
    assert "write a channel" in str(caught.value)


def test_an_invitation_to_a_configured_channel_is_followed_at_once(server):
    with (
        irc_bot(server.port, "#closed", timing=PATIENT) as bot,
        server.accept() as client,
    ):
        client.log_in()
        client.expect("JOIN #closed")
        client.send(":irc.test 473 cibot #closed :Cannot join channel (+i)")
        client.still_there()
        client.send(":op!o@h INVITE cibot #elsewhere", ":op!o@h INVITE cibot :#Closed")
        client.expect("JOIN #closed")
        client.joined("#closed")
        bot.wait_up()
        client.still_there()
        assert not [text for text in client.seen if "elsewhere" in text]


def test_a_channel_that_sends_the_bot_elsewhere_leaves_it_nowhere(server):
    with irc_bot(server.port, "#ci", timing=PATIENT) as bot, server.accept() as client:
        client.log_in()
        client.expect("JOIN #ci")
        client.send(
            ":irc.test 470 cibot #ci ##overflow :Forwarding to another channel",
            ":cibot!c@h JOIN ##overflow",
            ":irc.test 366 cibot ##overflow :end",
        )
        client.expect("PART ##overflow :")
        client.send(":bob!b@h PRIVMSG ##overflow :!ci status")
        client.still_there()
        assert bot.questions == []
        assert "elsewhere" in bot.backend.link().detail


@pytest.mark.parametrize("where", ["", ":#two words", "#one,#two", "bob"])
def test_where_a_server_sends_the_bot_to_no_channel_the_bot_goes_on(server, where):
    with irc_bot(server.port, "#ci", timing=PATIENT) as bot, server.accept() as client:
        client.log_in()
        client.expect("JOIN #ci")
        client.send(f":irc.test 470 cibot #ci {where}", f":cibot!c@h JOIN {where}")
        client.joined("#ci")
        bot.wait_up()
        client.still_there()
        assert not [text for text in client.seen if text.startswith("PART")]


def test_a_forced_join_is_not_undone(server):
    with irc_bot(server.port) as bot, server.accept() as client:
        client.log_in()
        bot.wait_up()
        client.send(":cibot!c@h JOIN #forced")
        client.still_there()
        assert not [text for text in client.seen if text.startswith("PART")]


@pytest.mark.parametrize("refused", [True, False])
def test_a_nick_that_the_network_cuts_stays_the_same(server, refused):
    with irc_bot(server.port, nick="example-cibot") as bot, server.accept() as client:
        client.until("USER ")
        client.send(":irc.test CAP * LS :")
        client.expect("CAP END")
        if refused:
            client.send(":irc.test 432 * example-cibot :Erroneous Nickname")
            client.expect("NICK example-c")
        client.welcome(nick="example-c", supports="NICKLEN=9")
        bot.wait_up()
        client.still_there()
        client.still_there()
        assert [text for text in client.seen if text.startswith("NICK")][2 - (not refused) :] == []
        detail = bot.backend.link().detail
        assert "example-c is online" in detail
        assert "nicks of 9 characters, not example-cibot" in detail


def test_rooms_are_as_many_as_the_network_says():
    rooms = Rooms(("#a[", "#a{", "#A["), lambda: Backoff(1, 2))
    assert [room.name for room in rooms.all()] == ["#a["]
    rooms.use_case_mapping("ascii")
    assert rooms.to_join(0, 1) == ["#a[", "#a{"]
    rooms.use_case_mapping("rfc1459")
    assert [room.name for room in rooms.all()] == ["#a["]
