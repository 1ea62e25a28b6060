"""The console: alerts on a terminal or in a pipe, and questions typed into it."""

import io
import os
import threading
from contextlib import contextmanager

import pytest

from cibot.chat.console import ConsoleBackend, render, wrapped
from cibot.errors import Transient
from cibot.model import State
from cibot.text.card import Card, Span, card, line, state_span

ALERT = card(
    line(state_span(State.FAILING), " netapp-ci: ", Span("log", href="https://ci.example/log")),
    line("  indented ", Span("strong", strong=True), " text"),
    link="https://cibot.example/cis/netapp-ci",
)


def test_plain_lines():
    assert render(ALERT, colour=False) == [
        "■ failing netapp-ci: log <https://ci.example/log>",
        "  indented strong text",
        "https://cibot.example/cis/netapp-ci",
    ]


def test_addresses_out_of_sight():
    assert render(ALERT, colour=False, urls=False)[0] == "■ failing netapp-ci: log"
    shown = render(ALERT, colour=True, urls=False)[0]
    assert shown.endswith("\x1b]8;;https://ci.example/log\x1b\\log\x1b]8;;\x1b\\")
    hostile = Card((line(Span("log", href="https://x.example/\x1b\\\x07\x1b]0;owned")),))
    shown = render(hostile, colour=True, urls=False)[0]
    assert shown.count("\x1b") == 4
    assert "\x07" not in shown


def test_lines_break_between_words():
    words = "    see " + ", ".join(["910123,1 (a-job)"] * 6)
    lines = wrapped(words, 50)
    assert len(lines) == 3
    assert all(len(line) <= 50 for line in lines)
    assert " ".join(line.strip() for line in lines) == words.strip()
    assert lines[1].startswith("      910123") or lines[1].startswith("      (a-job)")
    assert wrapped(words, 0) == [words]
    assert wrapped("x" * 90, 50) == ["x" * 90]
    coloured = f"\x1b]8;;https://{'long' * 20}\x1b\\ci\x1b]8;;\x1b\\ \x1b[1;31m■ failing\x1b[0m"
    assert wrapped(coloured, 40) == [coloured]


def test_the_state_has_its_colour():
    assert render(ALERT, colour=True)[0].startswith("\x1b[1;31m■ failing\x1b[0m netapp-ci: ")


def test_control_codes_of_others_are_taken_out():
    text = "\n".join(render(card("a\x1b[2J\x07\u202eb\x9b1m", "\r\n"), colour=False))
    assert text == "a[2Jb1m"
    assert render(Card(()), colour=False) == ["(nothing to say)"]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_colours_on_a_terminal_only(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    for out, coloured in ((Terminal(), True), (io.StringIO(), False)):
        console = ConsoleBackend(out=out, typed=io.StringIO())
        console.start(lambda _: None)
        assert console.send("here", ALERT, key="k") == "console:1"
        console.stop(1)
        assert ("\x1b[" in out.getvalue()) is coloured
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()
    console = ConsoleBackend(out=out, typed=io.StringIO())
    console.start(lambda _: None)
    console.send("here", ALERT, key="k")
    assert "\x1b[" not in out.getvalue()


def test_an_alert_shows_its_room():
    out = io.StringIO()
    console = ConsoleBackend(out=out, typed=io.StringIO())
    console.start(lambda _: None)
    console.send("ops", card("one", "two"), key="k")
    assert out.getvalue() == "[ops] one\n    two\n"


def test_a_letter_that_the_terminal_lacks_is_no_error():
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    console = ConsoleBackend(out=out, typed=io.StringIO())
    console.start(lambda _: None)
    console.send("here", card("■ down"), key="k")
    assert raw.getvalue() == b"[here] ? down\n"


def test_a_closed_pipe_may_work_later():
    out = io.StringIO()
    console = ConsoleBackend(out=out, typed=io.StringIO())
    console.start(lambda _: None)
    out.close()
    with pytest.raises(Transient, match="written"):
        console.send("here", ALERT, key="k")


@contextmanager
def typing(answer):
    """A console whose input is a pipe; gives the console, the pipe's end, the output."""
    read, write = os.pipe()
    with os.fdopen(read) as typed, os.fdopen(write, "wb", buffering=0) as keys:
        out = io.StringIO()
        console = ConsoleBackend(out=out, typed=typed, interactive=True)
        console.start(answer)
        try:
            yield console, keys, out
        finally:
            console.stop(5)


def test_questions_need_no_prefix_and_come_from_the_one_who_sits_there():
    asked = []

    def answer(question):
        asked.append(question)
        return card(f"you asked {question.text}")

    with typing(answer) as (console, keys, out):
        keys.write(b"status netapp\n!ci help\n\n  \xff\x1b[A why x\nquit\nafter\n")
        assert console.ended.wait(5)
    assert [question.text for question in asked] == ["status netapp", "help", "\ufffd[A why x"]
    assert {question.asker.account for question in asked} == {"console"}
    assert all(question.private for question in asked)
    assert out.getvalue().startswith("you asked status netapp\nyou asked help\n")


def test_the_end_of_the_input_ends_the_reading_and_not_the_printing():
    with typing(lambda question: card(question.text)) as (console, keys, out):
        keys.write(b"last words")
        keys.close()
        assert console.ended.wait(5)
        console.send("here", card("alert"), key="k")
    assert out.getvalue() == "last words\n[here] alert\n"


def test_a_question_that_breaks_is_said_and_the_next_is_answered(caplog):
    def answer(question):
        return card(f"{1 // int(question.text)}")

    with typing(answer) as (console, keys, out):
        keys.write(b"0\n1\nexit\n")
        assert console.ended.wait(5)
    assert "went wrong" in out.getvalue()
    assert out.getvalue().endswith("1\n")
    assert "ZeroDivisionError" in caplog.text


def test_stops_while_nobody_types():
    before = set(threading.enumerate())
    with typing(lambda _: None) as (console, _keys, _out):
        assert console.link().up
        console.stop(5)
        assert not console.link().up
    assert set(threading.enumerate()) <= before  # others of before may have ended meanwhile
