"""Gerrit's search operators, as far as the simulated review server knows them.

Source: Documentation/user-search.html. What it does not know it refuses in
Gerrit's words, as a real server would.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cibot.errors import UserError

Test = Callable[[dict[str, Any]], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<paren>[()])|(?P<minus>-)(?=\S)|(?P<field>[A-Za-z]\w*):|(?P<value>"[^"]*"|\{[^}]*\}|[^\s()"]+))"""
)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "mon": 2592000, "y": 31536000}


@dataclass(slots=True)
class Query:
    """A query, with the time bounds that hold for all of it taken out for speed."""

    test: Test
    after: str | None = None
    before: str | None = None
    limit: int | None = None


@dataclass(slots=True)
class _Parser:
    tokens: list[tuple[str, str]]
    now: datetime
    at: int = 0
    after: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    limit: int | None = None

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def take(self) -> tuple[str, str]:
        token = self.peek()
        self.at += 1
        return token

    def any_of(self, depth: int) -> Test:
        tests = [self.all_of(depth)]
        while self.peek() == ("value", "OR"):
            self.take()
            tests.append(self.all_of(depth))
        return tests[0] if len(tests) == 1 else lambda info: any(test(info) for test in tests)

    def all_of(self, depth: int) -> Test:
        tests: list[Test] = []
        while self.peek()[0] != "end" and self.peek() not in {("value", "OR"), ("paren", ")")}:
            if self.peek() == ("value", "AND"):
                self.take()
                continue
            tests.append(self.one(depth))
        return lambda info: all(test(info) for test in tests)

    def one(self, depth: int) -> Test:
        kind, text = self.take()
        if depth > 50:
            raise UserError("query nests too deeply")
        if kind == "minus" or (kind, text) == ("value", "NOT"):
            inner = self.one(depth + 1)
            return lambda info: not inner(info)
        if kind == "paren":
            inner = self.any_of(depth + 1)
            if self.take() != ("paren", ")"):
                raise UserError("line 1:0 mismatched input, expecting ')'")
            return inner
        if kind == "field":
            value_kind, value = self.take()
            if value_kind != "value":
                raise UserError(f"line 1:0 no viable alternative after {text}:")
            return self.operator(text, value, plain=depth == 0)
        return _change(text)

    def operator(self, name: str, value: str, *, plain: bool) -> Test:
        if name in ("after", "since", "before", "until"):
            return self.time_bound(name, value, plain)
        if name == "age":
            edge = _written(self.now - _age(value))
            return lambda info: info["updated"] <= edge
        if name == "limit" and value.isdigit():
            self.limit = int(value)
            return lambda _: True
        make = _OPERATORS.get(name)
        if make is None:
            raise UserError(f"Unsupported operator {name}:{value}")
        return make(value)

    def time_bound(self, name: str, value: str, plain: bool) -> Test:
        edge = _written(_moment(name, value))
        if name in ("after", "since"):
            if plain:
                self.after.append(edge)
            return lambda info: info["updated"] >= edge
        if plain:
            self.before.append(edge)
        return lambda info: info["updated"] <= edge


def parse(text: str, now: datetime) -> Query:
    """The query that ``text`` asks. Raises UserError in Gerrit's words."""
    parser = _Parser(_tokens(text), now)
    test = parser.any_of(0)
    if parser.peek()[0] != "end":
        raise UserError(f"line 1:0 mismatched input {parser.peek()[1]!r}, expecting EOF")
    if ("value", "OR") in parser.tokens:
        return Query(test, limit=parser.limit)
    after, before = max(parser.after, default=None), min(parser.before, default=None)
    return Query(test, after, before, parser.limit)


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise UserError(f"line 1:{at} token recognition error")
        value = match[match.lastgroup]
        quoted = match.lastgroup == "value" and value[0] in '"{'
        tokens.append((match.lastgroup, value[1:-1] if quoted else value))
        at = match.end()
    return tokens


def _moment(name: str, value: str) -> datetime:
    """``2006-01-02[ 15:04:05[.890][ -0700]]``."""
    for shape in ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %H:%M:%S.%f"):
        try:
            read = datetime.strptime(value, shape)  # noqa: DTZ007 - without a zone it is UTC
        except ValueError:
            continue
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    raise UserError(f"Invalid {name} value: {value}")


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond * 1000:09d}"


def _age(value: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,6})\s*(mon|[smhdwy])[a-z]*", value)
    if match is None:
        raise UserError(f"Invalid age value: {value}")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def _project(value: str) -> Test:
    if not value.startswith("^"):
        return lambda info: info["project"] == value
    try:
        pattern = re.compile(value[1:])
    except re.error:
        raise UserError(f"Invalid regular expression: {value}") from None
    return lambda info: pattern.fullmatch(info["project"]) is not None


def _status(value: str) -> Test:
    wanted = {
        "open": {"NEW"},
        "new": {"NEW"},
        "pending": {"NEW"},
        "closed": {"MERGED", "ABANDONED"},
        "merged": {"MERGED"},
        "abandoned": {"ABANDONED"},
    }.get(value.lower())
    if wanted is None:
        raise UserError(f"Unrecognized value: {value}")
    return lambda info: info["status"] in wanted


def _change(value: str) -> Test:
    if value.isascii() and value.isdigit():
        return lambda info: info["_number"] == int(value)
    if re.fullmatch(r"I[0-9a-f]{4,40}", value):
        return lambda info: str(info.get("change_id", "")).startswith(value)
    raise UserError(f"Unsupported query: {value}")


def _owner(value: str) -> Test:
    if not value.isdigit():
        raise UserError(f"User {value} not found")
    return lambda info: info.get("owner", {}).get("_account_id") == int(value)


_OPERATORS: dict[str, Callable[[str], Test]] = {
    "project": _project,
    "p": _project,
    "projects": lambda value: lambda info: info["project"].startswith(value),
    "branch": lambda value: lambda info: info["branch"] == value.removeprefix("refs/heads/"),
    "topic": lambda value: lambda info: info.get("topic") == value,
    "status": _status,
    "is": _status,
    "change": _change,
    "owner": _owner,
}
