"""Signals as JSON, for the store, and back. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache

from pydantic import TypeAdapter, ValidationError

from cibot.health.signal import Signal

READ_AGAIN = 256  # texts of CIs that are remembered: most questions read the same ones
_SIGNAL = TypeAdapter(Signal)
_SIGNALS = TypeAdapter(tuple[Signal, ...])


def signals_json(signals: tuple[Signal, ...]) -> str:
    """Signals as JSON text."""
    return _SIGNALS.dump_json(signals).decode()


@lru_cache(READ_AGAIN)
def read_signals(text: str) -> tuple[Signal, ...]:
    """Reads what `signals_json` wrote; what another version wrote otherwise is left out."""
    try:
        return _SIGNALS.validate_json(text)
    except ValidationError:
        return tuple(_readable(text))


def _readable(text: str) -> Iterator[Signal]:
    try:
        rows = json.loads(text)
    except ValueError:
        return
    for row in rows if isinstance(rows, list) else ():
        try:
            yield _SIGNAL.validate_python(row)
        except ValidationError:
            continue
