"""Reads which change a person means: a number, or any address that Gerrit shows. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from cibot.errors import UserError

_NUMBER = r"(?P<number>\d{1,9})(?!\d)"
_PATCH_SET = r"(?:/(?:\d{1,5}\.\.)?(?P<patch_set>\d{1,5}))?(?![\d.])"
_PROJECT = r"(?P<project>[^\s?#]{1,600}?)"
_ADDRESSES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:/c/{_PROJECT})?/\+/{_NUMBER}{_PATCH_SET}",  # what Gerrit shows today
        r"refs/changes/\d{1,2}/(?P<number>\d{1,9})(?:/(?P<patch_set>\d{1,5}))?",
        r"/changes/(?:(?P<project>[^\s/~?#]{1,600})~)?(?P<number>\d{1,9})(?![\d~])"
        r"(?:/revisions/(?P<patch_set>\d{1,5}))?",  # the REST API
        rf"(?:^|[/#])[cr]/{_NUMBER}{_PATCH_SET}",  # the old interface: /#/c/1/2; r/1 for short
        r"/q/(?:change:)?(?P<number>\d{1,9})(?![\w-])(?P<patch_set>(?!))?",
        r"^(?:https?://)?[^\s/]+\.[^\s/]+(?:/[^\s/?#\d][^\s/?#]*){0,3}/#?/?"
        rf"{_NUMBER}{_PATCH_SET}/?(?:[?#]\S*)?$",  # the short one: HOST/1
        rf"^https?://[^\s/]+(?:/[^\s/?#\d][^\s/?#]*){{0,3}}/{_NUMBER}{_PATCH_SET}/?(?:[?#]\S*)?$",
    )
)
_SET = r"(?:ps|patch[\s-]?set|rev(?:ision)?)"
_WRITTEN = re.compile(
    r"(?:(?:change|review|gerrit|patch|cl)\s*){0,2}(?:(?P<project>[^\s~]{1,255})~)?"
    r"#?(?P<number>\d{1,9})"
    rf"(?:(?:\s*[,/ ]|(?<=\d\d\d)[-:.])\s*(?:{_SET}\s*)?#?(?P<patch_set>\d{{1,5}}))?",
    re.IGNORECASE,
)
_SET_FIRST = re.compile(
    rf"{_SET}\s*#?(?P<patch_set>\d{{1,5}})\s+(?:of|in|on)\s+(?:(?:change|review)\s+)?"
    r"(?:(?P<project>[^\s~]{1,255})~)?#?(?P<number>\d{1,9})",
    re.IGNORECASE,
)
_AROUND = "<>()[]{}\"'`*.,;:!? "


@dataclass(frozen=True, slots=True)
class ChangeWanted:
    """A change as a person named it; ``project`` where they said it."""

    number: int
    patch_set: int | None = None
    project: str | None = None


def parse_change(text: str) -> ChangeWanted:
    """The change meant by "912345", "912345,3", "#912345", "project~912345" or a Gerrit address.

    Raises UserError on anything else.
    """
    match = _match(text.strip(_AROUND))
    if not match or int(match["number"]) == 0:
        raise UserError(
            f"{text.strip()[:40]!r} is not a change; write its number, as in 912345 or 912345,3."
        )
    project = match.groupdict().get("project")
    patch_set = match["patch_set"]
    return ChangeWanted(
        int(match["number"]),
        int(patch_set) if patch_set else None,
        unquote(project) if project else None,
    )


def _match(text: str) -> re.Match[str] | None:
    address = next((word.strip(_AROUND) for word in text.split() if "/" in word), "")
    for form in (pattern.search(address) for pattern in _ADDRESSES):
        if form is not None:
            return form
    return _WRITTEN.fullmatch(text) or _SET_FIRST.fullmatch(text)
