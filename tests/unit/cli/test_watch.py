"""``--watch``: again and again, through failures that pass."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from cibot.cli.questions.question import ShellAnswer
from cibot.cli.view import View
from cibot.cli.watch import Form, watch
from cibot.client.source import Source
from cibot.errors import Permanent, Transient
from cibot.reports.context import Context
from cibot.text.card import line


class Clock:
    """A source that only knows the time."""

    def context(self) -> Context:
        return Context(datetime(2026, 11, 23, 4, 10, tzinfo=UTC))


def answered(words: str) -> ShellAnswer:
    return ShellAnswer({"said": words}, lambda _ctx: View((line(words),)))


def watched(answers: list[Any], **form: Any) -> list[float]:
    """Watches until the answers end, when the person presses Ctrl-C; how long it slept."""
    slept: list[float] = []

    def ask() -> ShellAnswer:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return cast("ShellAnswer", answer)

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if not answers:
            raise KeyboardInterrupt

    watch(ask, cast("Source", Clock()), Form(watch=True, **form), "status", sleep)
    return slept


def test_a_pipe_gets_one_answer_after_another(capsys: pytest.CaptureFixture[str]) -> None:
    away = Transient("http://x: connection refused")
    assert watched([answered("one"), away, answered("two")], every=5.0) == [5.0, 5.0, 5.0]
    out, err = capsys.readouterr()
    assert out == "one\n\ntwo\n\n"
    assert err == "Error: http://x: connection refused; asking again in 5 s\n"


def test_json_comes_as_a_line_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    watched([answered("one"), answered("two")], json=True)
    assert capsys.readouterr().out == '{"said": "one"}\n{"said": "two"}\n'


@pytest.mark.parametrize("error", [Transient("away"), Permanent("no")])
def test_a_first_answer_must_come(error: Exception) -> None:
    with pytest.raises(type(error)):
        watched([error, answered("never")])


def test_what_will_not_pass_ends_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Permanent, match="wants a token"):
        watched([answered("one"), Permanent("wants a token")])
    assert capsys.readouterr().out == "one\n\n"


def test_on_a_terminal_it_stands_in_place(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    watched([answered("one"), Transient("http://x: connection refused"), answered("two")])
    out = capsys.readouterr().out
    assert "\x1b[?1049h" in out  # another screen …
    before, after = out.split("\x1b[?1049l")  # … and back
    assert "status · 04:10:00 UTC · every 10 s" in before
    assert "http://x: connection refused" in before
    assert after.strip() == "two"
