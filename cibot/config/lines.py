"""Which line of a TOML document a key stands on; tomllib does not tell.

The document has been read by tomllib before, so it is known to be valid, and
what is here need only find keys, not judge them.
"""

from __future__ import annotations

import re
import tomllib

KeyPath = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"""[ \t]*("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+)[ \t]*""")
_STRING = re.compile(
    r'''"""(?:[^\\]|\\.)*?"{3,5}(?!")|\'\'\'.*?'{3,5}(?!')|"(?:[^"\\\n]|\\.)*"|'[^'\n]*\'''',
    re.DOTALL,
)
_BARE = re.compile(r"[^,\]}\n#]+")


def key_lines(text: str) -> dict[KeyPath, int]:
    """Path of each key, table and list entry -> its line, counted from 1."""
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._lines: dict[KeyPath, int] = {}
        self._tables: dict[KeyPath, int] = {}
        self._counted, self._line = 0, 1

    def read(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        self._blank()
        while self._at < len(self._text):
            if self._text.startswith("[[", self._at):
                table = self._header(2)
            elif self._text[self._at] == "[":
                table = self._header(1)
            else:
                self._pair(table)
            self._blank()
        return self._lines

    def _blank(self) -> None:
        self._at = _match(_BLANK, self._text, self._at).end()

    def _note(self, path: KeyPath) -> None:
        """Keys come in the order of the text, so each line break is counted once."""
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        for length in range(1, len(path) + 1):
            self._lines.setdefault(path[:length], self._line)

    def _key(self) -> tuple[str, ...]:
        parts = []
        while True:
            found = _match(_KEY, self._text, self._at)
            self._at = found.end()
            word = found[1]
            # a quoted key follows the rules of strings, so tomllib unquotes it
            parts.append(tomllib.loads(f"k = {word}")["k"] if word[0] in "\"'" else word)
            if not self._text.startswith(".", self._at):
                return tuple(parts)
            self._at += 1

    def _header(self, brackets: int) -> KeyPath:
        start = self._at
        self._at += brackets
        key = self._key()
        end = self._at + brackets
        path: KeyPath = ()
        for part in key[:-1]:
            path = self._inside((*path, part))
        path = (*path, key[-1])
        if brackets == 2:
            self._tables[path] = self._tables.get(path, -1) + 1
        self._at = start
        path = self._inside(path)
        self._note(path)
        self._at = end
        return path

    def _inside(self, path: KeyPath) -> KeyPath:
        """A table of a list of tables means the list's newest entry."""
        return (*path, self._tables[path]) if path in self._tables else path

    def _pair(self, table: KeyPath) -> None:
        start = self._at
        path = (*table, *self._key())
        after, self._at = self._at, start
        self._note(path)
        self._at = after + 1  # the equals sign
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        self._blank()
        first = self._text[self._at]
        if first == "[":
            self._at += 1
            self._entries(path, "]")
        elif first == "{":
            self._at += 1
            self._entries(path, "}")
        else:
            pattern = _STRING if first in "\"'" else _BARE
            self._at = _match(pattern, self._text, self._at).end()

    def _entries(self, path: KeyPath, close: str) -> None:
        index = 0
        self._blank()
        while self._text[self._at] != close:
            if close == "}":
                self._pair(path)
            else:
                self._note((*path, index))
                self._value((*path, index))
            index += 1
            self._blank()
            if self._text[self._at] == ",":
                self._at += 1
                self._blank()
        self._at += 1


def _match(pattern: re.Pattern[str], text: str, at: int) -> re.Match[str]:
    found = pattern.match(text, at)
    if found is None:  # tomllib took the text, so this is a mistake of ours
        raise AssertionError(f"no {pattern.pattern!r} at {at}")
    return found


def line_of(lines: dict[KeyPath, int], path: KeyPath) -> int | None:
    """The line of ``path`` or, where it is not in the text, of what would hold it."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None
