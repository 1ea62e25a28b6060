"""The part of Gerrit's search language that cibot asks in, for the simulated review server.

Source: Documentation/user-search.html. Terms stand side by side and all must hold; a group in
parentheses offers projects, divided by OR. Everything else is refused, as a real server
refuses what it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cibot.errors import UserError

Test = Callable[[dict[str, Any]], bool]
_TERM = re.compile(r'\s*(?:\((?P<group>[^()]*)\)|(?:(?P<name>\w+):)?(?P<value>"[^"]*"|[^\s()"]+))')
_STATUSES = {
    "open": {"NEW"},
    "closed": {"MERGED", "ABANDONED"},
    "merged": {"MERGED"},
    "abandoned": {"ABANDONED"},
}


@dataclass(slots=True)
class Query:
    """Tests that a change must pass, and the bounds of its time as Gerrit writes them."""

    tests: list[Test] = field(default_factory=list)
    after: str | None = None
    before: str | None = None

    def test(self, info: dict[str, Any]) -> bool:
        """Whether a change within the bounds fits."""
        return all(test(info) for test in self.tests)


def parse(text: str) -> Query:
    """The query that ``text`` asks. Raises UserError, mostly in Gerrit's words."""
    query, at = Query(), 0
    while text[at:].strip():
        match = _TERM.match(text, at)
        if match is None:
            raise UserError(f"line 1:{at} no viable alternative at input {text[at : at + 40]!r}")
        at = match.end()
        value = (match["value"] or "").strip('"')
        if match["group"] is not None:
            choices = [parse(choice) for choice in match["group"].split(" OR ")]
            query.tests.append(_any_of(choices))
        elif match["name"] == "after":
            query.after = _moment("after", value)
        elif match["name"] == "before":
            query.before = _moment("before", value)
        else:
            query.tests.append(_operator(match["name"], value))
    return query


def _any_of(choices: list[Query]) -> Test:
    return lambda info: any(choice.test(info) for choice in choices)


def _operator(name: str | None, value: str) -> Test:
    if name == "project":
        return _project(value)
    if name in {"is", "status"} and value in _STATUSES:
        return lambda info: info["status"] in _STATUSES[value]
    if name in {None, "change"} and value.isascii() and value.isdigit():
        return lambda info: info["_number"] == int(value)
    raise UserError(f"Unsupported operator {name or 'default'}:{value}")


def _project(value: str) -> Test:
    if not value.startswith("^"):
        return lambda info: info["project"] == value
    try:
        pattern = re.compile(value[1:])
    except re.error:
        raise UserError(f"Invalid regular expression: {value}") from None
    return lambda info: pattern.fullmatch(info["project"]) is not None


def _moment(name: str, value: str) -> str:
    """A day or a second in UTC, as Gerrit's answers write it."""
    try:
        moment = datetime.fromisoformat(value).replace(tzinfo=UTC)
    except ValueError:
        raise UserError(f"Invalid {name} value: {value}") from None
    return f"{moment:%Y-%m-%d %H:%M:%S}.000000000"
