"""A mistake in the configuration, and pydantic's errors in people's words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cibot.config.keys import field_at, is_list, is_secret, known_keys, model_in, sections
from cibot.config.lines import KeyPath

_LONGEST_SHOWN = 60
_USERINFO = re.compile(r"//[^\s]*@")  # to the last @: one in the password is its own


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong at ``path``; ``origin`` is the variable that it came from, if any."""

    path: KeyPath
    text: str
    origin: str | None = None


def suggest(word: str, choices: Iterable[str]) -> str:
    """ "; did you mean `x`?" for the nearest known word, else the words there are."""
    words = list(dict.fromkeys(choices))
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if near:
        return f"; did you mean `{_plain(near[0])}`?"
    listing = ", ".join(f"`{_plain(word)}`" for word in words)
    return f"; there is {listing}" if words else ""


def shown(value: object) -> str:
    """A value from the file: short, without control characters and a URL's password."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, str):
        text = f'"{_USERINFO.sub("//…@", value)}"'
    return _plain(text)


def _plain(text: str) -> str:
    text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def from_pydantic(error: ValidationError) -> list[Mistake]:
    """One mistake for each of pydantic's errors; values of secrets are never shown."""
    return [
        Mistake(details["loc"], _words(details))
        for details in error.errors()
        # each wrong entry is reported; pydantic then finds the list too short as well
        if not (details["type"] == "too_short" and details["input"])
    ]


def _words(details: ErrorDetails) -> str:
    path, kind = details["loc"], details["type"]
    if kind == "extra_forbidden":
        return "there is no such key" + _elsewhere(path)
    if kind == "missing":
        return f"is missing; add `{path[-1]} = …`" + _or_file(path)
    text = _remedy(details)
    field = field_at(path)
    if (
        field is None
        or is_secret(field)
        or not field.repr  # where people put a secret by mistake
        or model_in(field.annotation)
        or isinstance(details["input"], dict | list)
    ):
        return text
    return f"{shown(details['input'])} does not do: {text}"


def _elsewhere(path: KeyPath) -> str:
    """ "; it belongs to [web]" for a key of another section, else the nearest of this one."""
    key, here = str(path[-1]), known_keys(path[:-1])
    if not difflib.get_close_matches(key, here, n=1, cutoff=0.8):
        homes = [
            f"[[{name}]]" if many else f"[{name}]"
            for name, model, many in sections()
            if key in model.model_fields
        ]
        if 0 < len(homes) <= 3:
            return f"; it belongs to {' or '.join(homes)}"
    return suggest(key, here)


def _or_file(path: KeyPath) -> str:
    field = field_at(path)
    return f' or `{path[-1]}_file = "PATH"`' if field and is_secret(field) else ""


def _remedy(details: ErrorDetails) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return f"write one of {context['expected']}"
    if kind.startswith("url_"):
        return 'write a whole URL, like "https://review.example.org/"'
    bound = _bound(kind, context)
    if bound:
        return bound
    return _shape(details["loc"], kind, details["msg"])


def _bound(kind: str, context: Mapping[str, Any]) -> str | None:
    words = {
        "greater_than": "write more than {gt}",
        "greater_than_equal": "write {ge} or more",
        "less_than": "write less than {lt}",
        "less_than_equal": "write {le} or less",
        "too_short": "name at least {min_length}",
        "string_too_long": "write at most {max_length} characters",
        "string_too_short": "write at least {min_length} characters",
    }.get(kind)
    return words.format(**context) if words else None


def _shape(path: KeyPath, kind: str, otherwise: str) -> str:
    field = field_at(path)
    section = model_in(field.annotation) if field else None
    if section and field and is_list(field):
        return f"write its heading with two brackets: [[{path[0]}]]"
    if section:
        return f"write it as a section with one pair of brackets: [{'.'.join(map(str, path))}]"
    words = {
        "bool": "write true or false, without quotes",
        "int": "write a whole number",
        "float": "write a number",
        "tuple": 'write a list, like ["one", "two"]',
        "string": "write text in quotes",
        "path": "write a file's path in quotes",
        "finite": "write a number",
    }
    return words.get(kind.partition("_")[0], otherwise)
