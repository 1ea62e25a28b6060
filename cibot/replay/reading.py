"""Reads recorded history: changes as REST gives them, or events, as JSON lines."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cibot.collector.decode import DecodeError, change_from_event, change_from_rest
from cibot.errors import UserError
from cibot.model import Change

SERVER = "replayed"
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Line:
    """A change, or what an event says of one, and the server that it is from."""

    server: str
    change: Change


@dataclass(slots=True)
class BrokenLine:
    """Lines that could not be read: how many, and what was wrong with the first ones."""

    count: int = 0
    said: tuple[str, ...] = ()

    def add(self, said: str) -> None:
        """Counts one."""
        self.count += 1
        if len(self.said) < _SHOWN:
            self.said = (*self.said, said)


def read(paths: Iterable[Path], broken: BrokenLine) -> Iterator[Line]:
    """Every change of the files, in their order; lines that make no sense go to ``broken``.

    A path as SERVER=FILE says whose the changes are that do not name their server. Raises UserError
    where a file cannot be read at all.
    """
    for written in paths:
        server, equals, file = str(written).partition("=")
        path = Path(file)
        if not (equals and server) or written.exists():
            server, path = SERVER, written
        try:
            with _opened(path) as lines:
                for number, text in enumerate(lines, 1):
                    if text.strip():
                        yield from _line(text, f"{path.name}:{number}", server, broken)
        except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
            raise UserError(
                f"{path} cannot be read: {error}. It takes JSON lines, gzip or not: changes as"
                " Gerrit's REST gives them with o=MESSAGES, or events"
            ) from error


def _opened(path: Path) -> Any:
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    if packed:
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def _line(text: str, place: str, usual: str, broken: BrokenLine) -> Iterator[Line]:
    try:
        raw = json.loads(text)
        if isinstance(raw, Mapping) and isinstance(raw.get("event"), Mapping):
            raw = raw["event"]  # as captured, with the request around it
        event = isinstance(raw, Mapping) and "type" in raw
        change = change_from_event(raw) if event else change_from_rest(raw)
    except (ValueError, RecursionError, DecodeError) as error:
        broken.add(f"{place}: {error}")
        return
    if change is not None:
        server = raw.get("server")
        yield Line((server if isinstance(server, str) and server else usual)[:64], change)
