"""Patterns of projects as ``projects`` of a Gerrit has them: for Gerrit's query and for us.

What Python's regular expressions and Gerrit's (dk.brics.automaton) have in common is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from cibot.errors import ConfigError


def in_projects(patterns: Sequence[str]) -> str:
    """The query for projects that fit any of these; "" for all.

    A pattern is shell-like (``*``, ``?``, ``[abc]``, ``[!abc]``), or begins with
    ``^`` and is a regular expression, of what Python's and Gerrit's (dk.brics.automaton)
    have in common. Raises ConfigError for one that Gerrit cannot be asked.
    """
    if not patterns or "*" in patterns:
        return ""
    return "(" + " OR ".join(f'project:"{_project(pattern)}"' for pattern in patterns) + ")"


def check_pattern(pattern: str) -> None:
    """Raises ConfigError where `in_projects` or `project_filter` would."""
    if pattern.startswith("^"):
        _compiled(pattern)


def project_filter(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Whether a project is one of those that `in_projects` asks for.

    Raises ConfigError for a regular expression that is none.
    """
    if not patterns or "*" in patterns:
        return lambda _project: True
    names = {pattern for pattern in patterns if not _project(pattern).startswith("^")}
    wanted = [_compiled(pattern) for pattern in patterns if pattern not in names]
    return lambda project: project in names or any(pattern.fullmatch(project) for pattern in wanted)


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        _project(pattern)  # one that Gerrit cannot be asked is wrong here, too
        return re.compile(_body(pattern), re.DOTALL)
    except re.error as error:
        raise ConfigError(f"{pattern!r} is not a regular expression: {error}") from error


def _body(pattern: str) -> str:
    """What a project's whole name must fit, for Python."""
    if not pattern.startswith("^"):
        pattern = _project(pattern)
    return pattern.removeprefix("^").removesuffix("$")


_TOKEN = re.compile(
    r"(?P<escape>\\(?:.|$))|(?P<group>\(\?:)|(?P<foreign>\(\?)|(?P<lazy>(?<=[*+?}])[?+])"
    r"|(?P<special>[@#&~<>])|(?P<class>\[\^?\]?(?:\\.|[^\]\\])*\])|.",
    re.DOTALL,
)
_ESCAPED_IN_CLASS = re.compile(r"\\(.)", re.DOTALL)
_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_"}


def _for_gerrit(pattern: str) -> str:
    """A regular expression as Gerrit's query takes it: ``[+]`` for ``\\+``, ``[#]`` for ``#``."""
    parts = []
    for token in _TOKEN.finditer(pattern.removeprefix("^")):
        text = token[0]
        if token["foreign"]:
            raise _unknown(pattern, text)
        if token["group"]:
            text = "("
        elif token["lazy"]:  # what it matches as a whole is the same
            text = ""
        elif token["special"]:  # operators there, plain characters to everybody else
            text = f"[{text}]"
        elif token["escape"]:
            text = f"[{_escaped(pattern, text[1:])}]"
        elif token["class"]:
            text = _ESCAPED_IN_CLASS.sub(lambda escape: _escaped(pattern, escape[1]), text)
        parts.append(text)
    return "".join(parts)


def _escaped(pattern: str, char: str) -> str:
    """An escaped character as it stands in a class."""
    if char in _CLASSES:
        return _CLASSES[char]
    if not char or char.isalnum() or char in "]^\\":
        raise _unknown(pattern, "\\" + char)
    return char


def _unknown(pattern: str, text: str) -> ConfigError:
    return ConfigError(
        f"{pattern!r}: Gerrit's regular expressions do not know {text!r};"
        " write several patterns, or one that matches more"
    )


_GLOB = re.compile(r"\[!?[^\]]+\]|.", re.DOTALL)


def _project(pattern: str) -> str:
    """Without backslashes: Gerrit's query parser and its regular expressions differ on them."""
    pattern = pattern.replace('"', "")
    if pattern.startswith("^"):
        return "^" + _for_gerrit(pattern)
    if not set("*?[") & set(pattern):
        return pattern
    return "^" + "".join(_as_regex(part) for part in _GLOB.findall(pattern))


def _as_regex(part: str) -> str:
    if len(part) > 1:
        return part.replace("[!", "[^", 1)
    if part in "*?":
        return ".*" if part == "*" else "."
    return part if part.isalnum() or part in "/_-" else f"[{part}]"
