"""Reads the number of an incident, a silence or a message as people write it. Pure."""

from __future__ import annotations

from cibot.errors import UserError
from cibot.text.figures import cut

_MOST = 2**31  # the databases' numbers are smaller


def number_in(text: str) -> int | None:
    """As 12 or #12; None where a name is meant. Raises UserError for more than can be counted."""
    digits = text.removeprefix("#")
    if not (digits.isascii() and digits.isdigit()):
        return None
    if len(digits) > len(str(_MOST)) or int(digits) >= _MOST:
        raise UserError(f"Nothing here has the number {cut(digits, 20)}.")
    return int(digits)
