"""Making hostile text safe to show, before a backend escapes it for its medium.

Pure. `clean` takes out what could change how the text around it is read.
"""

from __future__ import annotations

import re

# Bidirectional overrides, embeddings, isolates and marks: they reorder what others wrote.
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_DROPPED = re.compile(f"[{_BIDI}\ufeff\ufff9-\ufffb]")
_BLANK = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """One line of printable text: no control characters, line ends or bidi overrides."""
    text = _BLANK.sub(" ", _DROPPED.sub("", text))
    return _SURROGATE.sub("\ufffd", text)


def for_terminal(text: str) -> str:
    """Lines of text without what a terminal would obey: no escapes, no reordering."""
    return "\n".join(map(clean, text.split("\n")))
