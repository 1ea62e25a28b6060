"""Reads what a person typed, in the same way for every network. Pure.

Questions typed on a phone, pasted from a page or sent by a bridge are normalised: full-width
letters, curly quotes, invisible characters, decomposed accents, the bot's name with or without an
@.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection
from difflib import get_close_matches
from typing import TypeVar

from cibot.errors import UserError

T = TypeVar("T")
NAME = "cibot"
PREFIXES = ("!ci", "/ci")
"""Prefixes that work on every network, in addition to the configured ones."""
LONGEST = 500  # characters of a question; longer ones are cut
# mIRC's colours with their digits, and its other marks.
_FORMAT = re.compile(r"\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04[0-9a-fA-F]{0,6}|[\x1c-\x1f]")
_WORD = re.compile(r'"([^"]*)"|\'([^\']+)\'(?=\s|$)|(\S+)')
_BETWEEN_COMMANDS = re.compile(r"(\"[^\"]*\")|;+|&&|\|+")
_JOINED_COMMANDS = re.compile(
    rf"{_BETWEEN_COMMANDS.pattern}|,?\s+(?:and\s+(?:then|also)|and|then|&)\s+", re.IGNORECASE
)
_EDGES = "\"'`?!.,;:"
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»″", '"'),
        **dict.fromkeys("‘’‚‛‹›′´", "'"),
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
        "\u2044": "/",
        "\u3001": ",",
        "\u3002": ".",
    }
)
_FILLS_NOTHING = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\ufe00-\ufe0f]")
_AFTER = ":,;>-?!."  # between the bot's name and the question
_GREETING_WORDS = """
hey hi hello ok okay yo dear please ping moin there all everybody everyone folks team
good morning afternoon evening day
"""
_GREETINGS = frozenset(_GREETING_WORDS.split())
_MOST_GREETINGS = 3  # "good morning all, cibot: …"
_WRAPPED_IN = "\"'`*_~([{"
# How bridges name who speaks, and from where.
_RELAYED = re.compile(r"^(?:(?:<[^<>\s]{1,60}>|\[[^\[\]\s]{1,60}\]):? ){1,2}")
# As **cibot**: …
_MARKED_NAME = re.compile(r"^([\"'`*_~]{1,3})([^\s\"'`*~]+)\1(?=[:,;>?!.]*(?:\s|$))")
_UNMISTAKABLE = frozenset(("help", "status", "list", "why", "summary", "feeds"))
"""What is a question behind the bare name, too, unless it goes on as a sentence."""
_DASHES = frozenset(("-", "--", "->", ">", "|", "=>", ":", ",", ";"))

_FILLER_WORDS = """
a about again ago alive all am and any anybody anyone anything are at back bad be been better
between broken by can changed changes come command could currently dead degraded did do does doing
down due everything fail failed failing fails fare faring fine for friday from get gets getting give
going good had happened happening has have health healthy hello hey hi how how's hows i ignore in is
issue issues it it's its just keep keeps kept know lately latest like long look many matter me meet
meets met monday much my news nobody now of often ok okay on ones open pass passed patches please
pls problem problems recently recover recovered red reliable reliably right run safe saturday say
says shape should show sick silent since so someone something still sunday system tell tests thank
thanks that that's the there this thursday thx time times to today today's todays trouble troubled
trust tuesday under up update updates very was we wednesday well were what what's whats when where
which who who's whom will with working worse wrong yesterday yesterday's yesterdays you your
"""
_FILLERS = frozenset(_FILLER_WORDS.split())
_PLACE = "NAME"  # as `help` writes a command: "status NAME netapp" is typed by who copies it


def clean(text: str) -> str:
    """One line of at most 500 characters in one form (NFKC).

    Without colours, control, invisible and bidi characters, with straight
    quotes and dashes.
    """
    plain = _FILLS_NOTHING.sub("", _FORMAT.sub("", text[: LONGEST * 2]))
    plain = "".join(letter for letter in " ".join(plain.split()) if letter.isprintable())
    plain = unicodedata.normalize("NFKC", plain).translate(_ALIKE)
    return " ".join(plain.split())[:LONGEST]


def addressed(
    text: str, *, names: Collection[str], prefixes: Collection[str], private: bool
) -> str | None:
    """The question without the words that call the bot, or None where it is not meant.

    It is meant by a prefix as a word of its own, by its name with a mark behind
    it (``cibot:``) or an @ before it, by its name alone or before a question
    (``cibot status netapp``), and in private by everything.
    """
    text = clean(text)
    said = _MARKED_NAME.sub(r"\2", _RELAYED.sub("", text, count=1))
    if said[:1] in _WRAPPED_IN:  # by marks around all of it
        said = said.lstrip(_WRAPPED_IN).rstrip("\"'`*_~)]}")
    words = said.split(" ")
    for place in range(min(_MOST_GREETINGS + 1, len(words))):
        if place and words[place - 1].casefold().strip(_EDGES) not in _GREETINGS:
            break
        after = _called(words[place:], names, prefixes)
        if after is not None:
            return after
    return text if private and text else None


def _called(words: list[str], names: Collection[str], prefixes: Collection[str]) -> str | None:
    """What follows the bot's prefix or name at the beginning of the words."""
    head, rest = words[0], words[1:]
    calls = [(prefix, True) for prefix in prefixes] + [(name, False) for name in names]
    for call, bare in calls:
        word = head if bare else head.removeprefix("@")
        wanted = clean(call).casefold()
        if not wanted or word[: len(wanted)].casefold() != wanted:
            continue
        mark = word[len(wanted) :]
        if mark[:1] in tuple(":,;>." if bare else ":,;>") and mark.strip(_AFTER):
            return " ".join([mark.lstrip(_AFTER), *rest])
        if mark.strip(_AFTER):
            continue
        dashed = rest[:1] and rest[0] in _DASHES
        if mark or bare or word != head or not rest or dashed or _asks(rest):
            return " ".join(rest[1:] if dashed else rest)
    return None


def _asks(words: list[str]) -> bool:
    """Whether words behind the bot's bare name are a question: "status netapp", not "is down"."""
    short = len(words) <= 3 or words[-1].endswith("?")
    return short and words[0].casefold().strip(_EDGES) in _UNMISTAKABLE


def split(text: str) -> tuple[str, ...]:
    """Words; quotes keep some together and need not be closed, odd edges fall away."""
    words = []
    for match in _WORD.finditer(clean(text)):
        word = next((group for group in match.groups()[:2] if group is not None), None)
        if word is None:
            word = match[3].strip(_EDGES)
        if word.strip():
            words.append(" ".join(word.split()))
    return tuple(words)


def first_of_several(
    text: str, is_question: Callable[[str], bool], *, words: bool = False
) -> str | None:
    """The first of several commands that are typed at once, a line each or with ``;`` between.

    With ``words`` also those that "and" or "then" joins. None where it is one: where it begins
    otherwise or no other part is a command, and in quotes.
    """
    parts: list[str] = []
    between = _JOINED_COMMANDS if words else _BETWEEN_COMMANDS
    for written in text[: LONGEST * 2].splitlines():
        closed = between.sub(lambda match: match[1] or "\n", clean(written))
        parts.extend(part for part in closed.split("\n") if part.strip())
    commands = [number for number, part in enumerate(parts) if is_question(part)]
    return " ".join(parts[: commands[1]]) if commands[1:] and not commands[0] else None


def close_to(word: str, words: Collection[str], cutoff: float = 0.82) -> str | None:
    """The one of ``words`` that is meant, perhaps with a slip: letters swapped, one missing."""
    if word in words:
        return word
    swapped = (other for other in words if len(word) > 3 and sorted(other) == sorted(word))
    return next(swapped, next(iter(get_close_matches(word, words, n=1, cutoff=cutoff)), None))


def is_filler(word: str) -> bool:
    """Whether a word only makes a sentence, as "how" and "doing" do."""
    return word.casefold() in _FILLERS


def without_fillers(words: tuple[str, ...], more: Collection[str] = ()) -> tuple[str, ...]:
    """The words without those that only make a sentence: "how is netapp doing @bob" → "netapp".

    Without ``more`` of them, too.
    """
    plain = (
        word.removesuffix("'s")
        for word in words
        if word.casefold() not in _FILLERS and word.casefold() not in more and word != _PLACE
    )
    return tuple(word for word in plain if not word.startswith("@"))


def about(words: tuple[str, ...], ask: Callable[[str], T]) -> T:
    """Asks about what the words mean; "is netapp ok" means netapp.

    Raises UserError, asking back, when nothing is meant or several are.
    """
    try:
        return ask(" ".join(words))
    except UserError as error:
        meant = without_fillers(words)
        if meant in {words, ()}:
            raise
        try:
            return ask(" ".join(meant))
        except UserError as second:
            raise second from error


def about_branch(words: tuple[str, ...], ask: Callable[[str, str | None], T]) -> T:
    """Asks about what the words name, a CI or a project, and the branch that the last may name.

    Raises UserError as `about` does.
    """
    return with_branch(words, lambda some, branch: about(some, lambda name: ask(name, branch)))


_JOINS = frozenset(("and", "or", "&", "+"))  # before a second name, which is no branch


def with_branch(words: tuple[str, ...], ask: Callable[[tuple[str, ...], str | None], T]) -> T:
    """Asks with the words and the branch that the last of them may name, or with them all.

    Raises UserError: of the branch, where the others mean something without it.
    """
    words, branch = without_branch(words)
    *before, last = words or ("",)
    if branch is not None or not before or before[-1].casefold() in _JOINS:
        return ask(words, branch)
    others = tuple(before[:-1] if before[-1].casefold() == "on" else before)
    try:
        return ask(others, last)
    except UserError as of_branch:
        try:
            return ask(words, None)
        except UserError as of_all:
            try:
                ask(others, None)
            except UserError:
                raise of_all from of_branch
            raise of_branch from of_all


def names_branch(words: tuple[str, ...]) -> bool:
    """Whether the last word seems to be a branch: as "on master", or with a slash."""
    return len(words) > 1 and (words[-2].casefold() in {"on", "branch"} or "/" in words[-1])


def without_branch(words: tuple[str, ...]) -> tuple[tuple[str, ...], str | None]:
    """The words without "branch B", and B: "" where nothing follows, None without that word."""
    folded = [word.casefold() for word in words]
    if "branch" not in folded:
        return words, None
    place = folded.index("branch")
    return words[:place] + words[place + 2 :], "".join(words[place + 1 : place + 2])
