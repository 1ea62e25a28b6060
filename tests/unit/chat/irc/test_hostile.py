"""Nothing that a server or a person sends ends the loop."""

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cibot.chat.irc.connection import GuardedConnection, WakingReactor
from cibot.chat.irc.rooms import Rooms
from cibot.chat.irc.session import IrcTiming, Session
from cibot.chat.irc.settings import IrcConfig
from cibot.chat.irc.wire import read_line, write_line
from cibot.chat.pace import Backoff, PersonLimit
from cibot.errors import Transient
from cibot.text.card import card
from tests.support.irc_bot import irc_bot
from tests.support.irc_script import IrcScript

HOSTILE = [
    b"", b" ", b":", b"@", b"@a", b":only", b"\xff\xfe\xfd", b"\x00", b"\r", b":\r:\r",
    b":eve!e@h PRIVMSG cibot :\x01DCC\x01", b":eve!e@h PRIVMSG #ci :\x01DCC SEND x 1 2\x01",
    b":eve!e@h PRIVMSG cibot :\x01\x01", b":eve!e@h PRIVMSG cibot", b":eve!e@h PRIVMSG",
    b":eve!e@h PRIVMSG cibot :caf\xe9 \xff", b"PRIVMSG", b"MODE", b":eve!e@h MODE #unknown +o x",
    b":eve!e@h MODE", b":eve!e@h PART #unknown", b":eve!e@h PART", b":eve!e@h KICK #unknown",
    b":eve!e@h KICK", b"QUIT", b":eve!e@h QUIT", b"NICK", b":eve!e@h NICK", b"JOIN",
    b":cibot!c@h JOIN #forced", b":cibot!c@h PART #forced", b"353", b":irc.test 353 cibot",
    b":irc.test 353 cibot = #ci :@ + @+", b"354", b"366", b":irc.test 366 cibot #unknown", b"442",
    b"005", b":irc.test 005 cibot = - CASEMAPPING= -CASEMAPPING :x", b"CAP",
    b"CAP * LS", b"CAP * ACK",
    b"CAP * NEW :echo-message", b"CAP * DEL :echo-message", b"CAP * ACK :sasl", b"AUTHENTICATE",
    b"AUTHENTICATE +", b"BATCH", b"BATCH +", b"BATCH -", b"@label= BATCH +x",
    b"@batch=x FAIL", b"PONG",
    b"001", b"ACCOUNT", b":eve!e@h ACCOUNT", b"404", b"404 cibot", b"433", b"396", b"FAIL",
    b"PING", b":irc.test 710 #ci :knock", b"\xc2\xa0 \xe2\x80\xa8",
    b"@" + b"a" * 9000 + b" PING :x",
]  # fmt: skip


def test_hostile_lines_leave_the_bot_running():
    with IrcScript() as server, irc_bot(server.port, "#ci") as bot, server.accept() as client:
        client.log_in()
        client.expect("JOIN #ci")
        client.joined("#ci")
        for line in HOSTILE:
            client.send(line)
            client.still_there()
        client.send(":bob!b@h PRIVMSG cibot :help")
        client.until("PRIVMSG bob :asked help")
        assert bot.backend.link().up


def test_a_line_without_an_end_ends_the_connection_only():
    with IrcScript() as server, irc_bot(server.port):
        with server.accept() as client:
            client.log_in()
            client.raw(b"x" * 70_000)
            assert client.ended()
        with server.accept() as again:
            again.expect("CAP LS")


def test_a_mistake_in_a_handler_costs_one_line(caplog):
    reactor = WakingReactor()
    connection = GuardedConnection(reactor)
    seen = []

    def handler(line):
        seen.append(line.command)
        if line.command == "BAD":
            raise ZeroDivisionError("ours")

    connection.on_line = handler
    for raw in ("ONE", "BAD x", "TWO"):
        connection._process_line(raw)
    reactor.close()
    assert seen == ["ONE", "BAD", "TWO"]
    assert "ZeroDivisionError: ours" in caplog.text


def session(sent):
    config = IrcConfig(
        name="net", host="h", channels=("#ci",), messages_per_second=1000, burst=1000
    )
    rooms = Rooms(config.channels, lambda: Backoff(1, 10))
    asked = []
    irc_session = Session(
        config, IrcTiming(), rooms, PersonLimit(1000, 1000), PersonLimit(1000, 1000),
        send=sent.append, ask=asked.append,
    )  # fmt: skip
    for raw in (
        "001 cibot :hi", "422 cibot", ":cibot!c@h JOIN #ci", "353 cibot = #ci :cibot bob",
        "366 cibot #ci", "318 cibot cibq1 :end", "318 cibot cibq2 :end",
    ):  # fmt: skip
        irc_session.handle(read_line(raw), 0.0)
    return irc_session, asked


WORDS = st.sampled_from(
    [
        *[line.decode("latin-1") for line in HOSTILE if len(line) < 100],
        ":bob!b@h PRIVMSG #ci :!ci x",
    ]
)
NOISE = st.binary(max_size=80).map(lambda raw: raw.decode("latin-1"))
LINES = st.lists(st.one_of(WORDS, st.text(max_size=80), NOISE), max_size=12)


@given(LINES)
@settings(max_examples=150)
def test_no_line_raises_but_to_end_the_connection(lines):
    sent = []
    irc_session, asked = session(sent)
    for number, raw in enumerate(lines):
        line = read_line(raw)
        if line is not None:
            try:
                irc_session.handle(line, float(number))
            except Transient:
                break
            for question in asked:
                irc_session.reply(question, card(question.text, question.asker.nick))
            asked.clear()
            irc_session.tick(float(number))
    for line in sent:
        assert not set(line) & set("\r\n\0")
        text = line.partition(" :")[2] if line.startswith("PRIVMSG") else ""
        assert len(text.encode()) <= 400
        assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in text)


@given(st.text(), st.text())
def test_no_text_ends_a_line_and_begins_another(target, text):
    try:
        line = write_line("PRIVMSG", target, last=text)
    except ValueError:
        return
    assert not set(line) & set("\r\n\0")
    assert line.startswith("PRIVMSG ")
    assert line.split(" ")[2].startswith(":")


@pytest.mark.parametrize("chunk", [1, 7, 100_000])
def test_lines_come_whole_however_they_are_cut(chunk):
    logging.getLogger("cibot").setLevel(logging.INFO)
    with IrcScript() as server, irc_bot(server.port), server.accept() as client:
        client.log_in()
        data = ":bob!b@h PRIVMSG cibot :naïve ünïcode\r\n".encode()
        for start in range(0, len(data), chunk):
            client.raw(data[start : start + chunk])
        client.until("PRIVMSG bob :asked naïve ünïcode")
