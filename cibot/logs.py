"""The log: one line an event, on standard error, without secrets and without tricks.

Text that came from Gerrit or a chat may hold line breaks, terminal escapes or
text that runs backwards; it is written escaped, so that a line in the log is
always one event of ours.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import IO, Any
from urllib.parse import quote, quote_plus

MASK = "[secret]"
_LONGEST = 1000  # characters of one value; text from outside must not fill the disk
_LONGEST_TRACEBACK = 16_000
_SHORTEST = 4  # characters; masking shorter ones would eat ordinary words
_NOISY = ("alembic", "apscheduler", "irc", "jaraco", "slack_sdk", "urllib3", "waitress")
_QUIET = (
    "waitress.queue",  # warns of each request that waits for a thread
    "apscheduler.scheduler",  # warns of each run left out because the job's last one goes on
)

# What looks like a secret although it is not registered.
_SHAPES = (
    (re.compile(r"(/webhooks/gerrit/[^/\s\"]{1,200}/)[^/\s\"?]{1,512}"), r"\1" + MASK),
    (re.compile(r"(//[^/@:\s]{0,200}:)[^/\s\"']{1,512}(?=@)"), r"\1" + MASK),
    (re.compile(r"\bx(?:ox[a-z]|app)-[A-Za-z0-9-]{3,512}"), MASK),
    (re.compile(r"(https://hooks\.slack(?:-gov)?\.com/)[^\s\"]{1,512}"), r"\1" + MASK),
    (re.compile(r"\bcibot_[A-Za-z0-9_-]{20,512}"), MASK),
    (re.compile(r"(?i)\b((?:basic|bearer) )[A-Za-z0-9+/=._~-]{8,512}"), r"\1" + MASK),
)


class Scrubber:
    """Masks registered secrets, and what has the shape of one, in any text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.register(secrets)

    def register(self, secrets: Iterable[str]) -> None:
        """Masks these from now on, as they are and as a URL or JSON spells them.

        Those of fewer than 4 characters are passed over.
        """
        for secret in secrets:
            if len(secret) >= _SHORTEST:
                spelt = {
                    secret,
                    quote(secret, safe=""),
                    quote_plus(secret),
                    json.dumps(secret)[1:-1],
                }
                self._secrets |= spelt
        longest_first = sorted(self._secrets, key=len, reverse=True)
        self._pattern = (
            re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        )

    def __call__(self, text: str) -> str:
        """``text`` with each secret replaced by ``[secret]``."""
        if self._pattern:
            text = self._pattern.sub(MASK, text)
        for shape, masked in _SHAPES:
            text = shape.sub(masked, text)
        return text


def escaped(text: str) -> str:
    """``text`` on one line: control, format and separator characters as ``\\n``, ``\\x1b``, …"""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == " " else _escape(c) for c in text)


def _escape(character: str) -> str:
    if unicodedata.category(character) == "Zs":
        return " "
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def _field(value: object, scrub: Callable[[str], str]) -> str:
    """A value that cannot be taken for two: quoted where it holds a blank, = or a quote."""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = scrub(value.isoformat() if isinstance(value, datetime) else str(value))
    plain = text.isprintable() and re.fullmatch(r"[^\s=\"'\\]+", text)
    return _bounded(text if plain else _quoted(text))


def _bounded(text: str) -> str:
    """At most `_LONGEST` characters; what is cut off is said, within the quotes."""
    if len(text) <= _LONGEST:
        return text
    end = '"' if text.startswith('"') else ""
    return f"{text[: _LONGEST - 20]}…+{len(text) - _LONGEST + 20}{end}"


def _filled(record: logging.LogRecord, scrub: Callable[[str], str]) -> str:
    """The record's text, each ``name=%s`` with a value that cannot be taken for two."""
    args = record.args
    if not isinstance(args, tuple) or not isinstance(record.msg, str) or not args:
        return scrub(record.getMessage())
    values: list[object] = list(args)
    place = 0
    for match in _PLACEHOLDER.finditer(record.msg):
        if match["kind"] == "%":
            continue
        if place < len(values) and match["kind"] in "sr":
            value = values[place]
            if match["field"] and match["kind"] == "s":
                values[place] = _field(value, scrub)
            elif not isinstance(value, int | float):
                text = repr(value) if match["kind"] == "r" else str(value)
                values[place] = _Said(_bounded(scrub(text)))
        place += 1
    try:
        return scrub(record.msg % tuple(values))
    except (TypeError, ValueError):  # not our way to write a message
        return scrub(record.getMessage())


class _Said(str):
    """Text whose ``%r`` is itself: it is written as `repr` has it already."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


_PLACEHOLDER = re.compile(r"(?P<field>=)?%[-#0 +]*\d*(?:\.\d+)?(?P<kind>[a-zA-Z%])")


def _quoted(text: str) -> str:
    return '"' + escaped(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


class TextFormatter(logging.Formatter):
    """``2026-11-23T14:00:00.123Z INFO cibot.collector.poller polled server=x changes=3``."""

    def __init__(self, scrub: Scrubber) -> None:
        super().__init__()
        self._scrub = scrub

    def format(self, record: logging.LogRecord) -> str:
        said = escaped(_filled(record, self._scrub))
        parts = [_time(record), record.levelname, record.name, said]
        traceback = _traceback(self, record)
        if traceback:
            parts.append(f"traceback={_quoted(self._scrub(traceback))}")
        return " ".join(parts)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger and event."""

    def __init__(self, scrub: Scrubber) -> None:
        super().__init__()
        self._scrub = scrub

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "event": _filled(record, self._scrub),
        }
        traceback = _traceback(self, record)
        if traceback:
            line["traceback"] = self._scrub(traceback)
        return json.dumps(line)


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    parts = [formatter.formatException(record.exc_info)] if record.exc_info else []
    if record.stack_info:
        parts.append(record.stack_info)
    text = "\n".join(parts)
    if len(text) <= _LONGEST_TRACEBACK:
        return text
    half = _LONGEST_TRACEBACK // 2
    return f"{text[:half]}\n…\n{text[-half:]}"


_died: set[str] = set()  # threads, by name


def set_up(
    level: str = "info",
    form: str = "text",
    *,
    secrets: Iterable[str] = (),
    stream: IO[str] | None = None,
) -> Scrubber:
    """Sends every logger's events to ``stream`` (standard error), and only there.

    ``level`` is debug, info, warning or error; ``form`` is text or json.
    Libraries' own chatter is kept for level debug. Returns the scrubber, so
    that secrets that are learnt later can be registered.
    """
    scrub = Scrubber(secrets)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(scrub) if form == "json" else TextFormatter(scrub))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    quiet = dict.fromkeys(_NOISY, logging.WARNING) | dict.fromkeys(_QUIET, logging.ERROR)
    for name, least in quiet.items():
        logging.getLogger(name).setLevel(logging.NOTSET if level == "debug" else least)
    logging.captureWarnings(capture=True)
    _died.clear()
    threading.excepthook = _thread_died
    return scrub


def died() -> tuple[str, ...]:
    """The names of the threads that an error ended since `set_up`."""
    return tuple(sorted(_died))


def _thread_died(args: threading.ExceptHookArgs) -> None:
    """A thread's last words as an event, not as loose lines on standard error."""
    if args.exc_value is None or args.exc_type is SystemExit:
        return
    name = args.thread.name if args.thread else "?"
    _died.add(name)
    exception = (args.exc_type, args.exc_value, args.exc_traceback)
    logging.getLogger(__name__).error("thread died name=%s", name, exc_info=exception)
