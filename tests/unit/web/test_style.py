"""The style sheet keeps what it promises to those who see little."""

from __future__ import annotations

import re
from importlib import resources

import pytest

STYLE = resources.files("cibot.web").joinpath("static", "style.css").read_text()
TEXT = ("ink", "dim", "ok", "warn", "bad", "mute", "unk", "accent")
DRAWN = ("bar-ok", "bar-bad", "focus")


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", block))


LIGHT = colours(STYLE[: STYLE.index("prefers-color-scheme")])
ON_PAPER = STYLE.index("@media print")
DARK = colours(STYLE[STYLE.index("prefers-color-scheme") : ON_PAPER])
PRINT = LIGHT | colours(STYLE[ON_PAPER:])


def brightness(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    digits = colour.lstrip("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(colour: str, other: str) -> float:
    high, low = sorted((brightness(colour), brightness(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK, PRINT], ids=["light", "dark", "print"])
@pytest.mark.parametrize("name", TEXT)
def test_text_has_contrast_aa(scheme: dict[str, str], name: str) -> None:
    assert contrast(scheme[name], scheme["bg"]) >= 4.5
    assert contrast(scheme["ink"], scheme["field"]) >= 4.5


def test_both_schemes_name_the_same_colours() -> None:
    assert set(LIGHT) == set(DARK)
    assert {*TEXT, *DRAWN, "bg", "field", "line"} == set(LIGHT)


def test_nothing_is_asked_of_another_host() -> None:
    assert "url(" not in STYLE
    assert "@import" not in STYLE
