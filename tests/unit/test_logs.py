"""One line an event, no secrets, no tricks."""

from __future__ import annotations

import io
import json
import logging
import threading
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.errors import CibotError
from cibot.logs import MASK, JsonFormatter, Scrubber, TextFormatter, died, escaped, set_up
from tests.support.logging_state import logging_restored

LOG = logging.getLogger("cibot.tests.logs")
SECRET = 'pa ss/"wörd'


def logged(form: str = "text", level: str = "info") -> io.StringIO:
    stream = io.StringIO()
    set_up(level, form, secrets=[SECRET, "abc"], stream=stream)
    return stream


def test_a_test_leaves_logging_as_it_was() -> None:
    root, own = logging.getLogger(), logging.getLogger("cibot")
    before = root.handlers[:], root.level, own.level, threading.excepthook, warnings.showwarning
    with logging_restored():
        logged(level="error")
        own.setLevel(logging.CRITICAL)
        logging.getLogger("cibot.tests.new").setLevel(logging.CRITICAL)
        logging.disable()
        thread = threading.Thread(target=lambda: 1 / 0, name="poller")
        thread.start()
        thread.join()
        assert died() == ("poller",)
    after = root.handlers[:], root.level, own.level, threading.excepthook, warnings.showwarning
    assert after == before
    assert logging.getLogger("cibot.tests.new").level == logging.NOTSET
    assert root.manager.disable == logging.NOTSET
    assert died() == ()


def test_a_line_as_people_read_it() -> None:
    stream = logged()
    LOG.info("polled server=%s changes=%d took_s=%s", "opendev", 3, 0.123456789)
    time, rest = stream.getvalue().split(" ", 1)
    assert rest == "INFO cibot.tests.logs polled server=opendev changes=3 took_s=0.123457\n"
    assert time.endswith("Z")
    assert len(time) == len("2026-11-23T14:00:00.123Z")


def test_a_line_as_machines_read_it() -> None:
    stream = logged("json")
    LOG.warning("slow subject=%s", "a\nb")
    line = json.loads(stream.getvalue())
    del line["time"]
    event = 'slow subject="a\\nb"'
    assert line == {"level": "WARNING", "logger": "cibot.tests.logs", "event": event}


def test_a_field_cannot_pass_for_two_or_for_a_line() -> None:
    stream = logged()
    hostile = 'x" level=ERROR\n2026 FAKE \x1b[31m \u202egnp'
    LOG.info("seen subject=%s empty=%s", hostile, "")
    (line,) = stream.getvalue().splitlines()
    assert line.endswith(r'seen subject="x\" level=ERROR\n2026 FAKE \x1b[31m \u202egnp" empty=""')


@given(st.text())
def test_escaped_text_is_one_printable_line(text: str) -> None:
    assert escaped(text).isprintable()
    assert text.isprintable() <= (escaped(text) == text)


@pytest.mark.parametrize("form", ["text", "json"])
def test_exceptions_take_one_line_and_keep_no_secret(form: str) -> None:
    stream = logged(form)
    try:
        int(f"cannot log in with {SECRET}")
    except ValueError:
        LOG.exception("poll failed server=%s", "x")
    (line,) = stream.getvalue().splitlines()
    assert "cannot log in with [secret]" in line
    assert "wörd" not in line
    assert "w\\u00f6rd" not in line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"password {SECRET}!", f"password {MASK}!"),
        ("?p=pa%20ss%2F%22w%C3%B6rd&x", f"?p={MASK}&x"),
        ("pa+ss%2F%22w%C3%B6rd", MASK),
        (r'"pa ss/\"w\u00f6rd"', f'"{MASK}"'),
        ("short ones like abc stay", "short ones like abc stay"),
        (
            "POST /webhooks/gerrit/opendev/0123456789abcdef?x 204",
            f"POST /webhooks/gerrit/opendev/{MASK}?x 204",
        ),
        ("mysql+pymysql://cibot:hunter2@db/cibot", f"mysql+pymysql://cibot:{MASK}@db/cibot"),
        ("token xoxb-123-abc, xapp-1-A0", f"token {MASK}, {MASK}"),
        ("https://hooks.slack.com/commands/T1/2/x y", f"https://hooks.slack.com/{MASK} y"),
        ("Authorization: Basic dXNlcjpwYXNz", f"Authorization: Basic {MASK}"),
        ("https://review.example.org:29418/x@y", "https://review.example.org:29418/x@y"),
    ],
)
def test_secrets_are_masked(text: str, expected: str) -> None:
    assert Scrubber([SECRET, "abc"])(text) == expected


def test_secrets_learnt_later_are_masked_too() -> None:
    stream = io.StringIO()
    scrub = set_up(stream=stream)
    scrub.register(["later-secret"])
    LOG.info("x value=%s", "later-secret")
    assert stream.getvalue().rstrip().endswith(f"x value={MASK}")


@pytest.mark.parametrize(
    ("name", "level", "said"),
    [
        ("apscheduler.executors", logging.INFO, "Running job"),
        ("waitress.queue", logging.WARNING, "Task queue depth is 1"),
        ("apscheduler.scheduler", logging.WARNING, 'Execution of job "poll" skipped'),
    ],
)
def test_libraries_chatter_only_when_asked_to(name: str, level: int, said: str) -> None:
    stream = logged()
    logging.getLogger(name).log(level, said)
    assert stream.getvalue() == ""
    stream = logged(level="debug")
    logging.getLogger(name).log(level, said)
    assert said in stream.getvalue()


def test_a_thread_that_dies_says_so_in_one_line() -> None:
    stream = logged()

    def die() -> None:
        raise RuntimeError("two\nlines")

    thread = threading.Thread(target=die, name="poller")
    thread.start()
    thread.join()
    (line,) = stream.getvalue().splitlines()
    assert "ERROR cibot.logs thread died name=poller traceback=" in line
    assert r"RuntimeError: two\nlines" in line


def _written(message: str, *args: object, form: str = "text") -> str:
    stream = io.StringIO()
    logger = logging.getLogger("cibot.test.fields")
    scrub = Scrubber(["hunter22"])
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter(scrub) if form == "json" else TextFormatter(scrub))
    logger.addHandler(handler)
    try:
        logger.error(message, *args)
    finally:
        logger.removeHandler(handler)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("/ci/x", "path=/ci/x from=1"),
        ("/x from=2", 'path="/x from=2" from=1'),
        ('/x" from="2', r'path="/x\" from=\"2" from=1'),
        ("a\nb", r'path="a\nb" from=1'),
        ("", 'path="" from=1'),
        (CibotError("no way"), 'path="no way" from=1'),
        (7, "path=7 from=1"),
        (None, "path=None from=1"),
        ("is hunter22", 'path="is [secret]" from=1'),
    ],
)
def test_a_printf_field_cannot_pass_for_two(value: object, said: str) -> None:
    assert _written("refused path=%s from=%s", value, 1).endswith(f"refused {said}\n")


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    ("message", "values"),
    [
        ("x path=%s", ("y" * 100_000,)),
        ("x path=%r", ("y" * 100_000,)),
        ("x %s", ("y" * 100_000,)),
        ("%d%% of %s: %5.1f", (1, "y" * 100_000, 2.0)),
    ],
)
def test_no_value_fills_the_log(message: str, values: tuple[object, ...], form: str) -> None:
    line = _written(message, *values, form=form)
    assert len(line) < 1500
    assert "yyy" in line


def test_a_message_that_does_not_fit_its_values_is_logged_all_the_same() -> None:
    assert "100% sure" in _written("100% sure")
    assert "named 7" in _written("named %(x)d", {"x": 7})


@pytest.mark.parametrize(
    "url",
    [
        "mysql+pymysql://cibot:p@ssw0rd@db.example.org/cibot",
        "mysql+pymysql://cibot:p@ss@w0rd@db/cibot",
        "mysql+pymysql://cibot:passw0rd@db/cibot",
    ],
)
def test_a_password_with_an_at_is_masked_to_its_end(url: str) -> None:
    masked = Scrubber()(f"cannot connect to {url} now")
    assert "w0rd" not in masked
    assert "@db" in masked
