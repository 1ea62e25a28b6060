"""Finds the name that a person means: of a CI, a project, a command. Pure.

People write "netapp" for "NetApp CI" and "pure storage" for "Pure-Storage-CI".
What fits one name is taken; what fits several is asked back; what fits none
brings the nearest.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache

from cibot.errors import UserError
from cibot.text.figures import cut, some
from cibot.text.patterns import fits

_LONGEST = 120  # of what is compared: longer than any name, and matching stays cheap
_ENOUGH = 0.8  # of difflib's likeness, for a slip of the finger that is unmistakable
_NEAR = 0.5  # … and for one worth asking back about


class Ambiguous(UserError):
    """Several names fit; the text asks back.

    It is made when it is shown: most are caught, as the last word was no branch.
    """

    def __str__(self) -> str:
        return _ask_back(*self.args)


@lru_cache(maxsize=4096)
def normalised(name: str) -> str:
    """A name without what people leave out: case, spaces, dashes, a last "CI"."""
    return "".join(_words(name))


def _words(name: str) -> list[str]:
    composed = unicodedata.normalize("NFKC", name[:_LONGEST]).casefold()
    squeezed = re.sub(r"[\W_]+", " ", unicodedata.normalize("NFC", composed)).strip()
    return re.sub(r"^(the )?(.+?) (ci|ci system)$", r"\2", squeezed).split()


@lru_cache(maxsize=4096)
def _unordered(name: str) -> frozenset[str]:
    """The words of a name but for "the", "CI" and "system", in no order."""
    return frozenset(_words(name)) - {"the", "ci", "system"}


def nearest(wanted: str, names: Sequence[str], most: int = 3) -> list[str]:
    """The names most like ``wanted``, best first; none when nothing is like it."""
    target = normalised(wanted)
    by_form: dict[str, str] = {}
    for name in names:
        by_form.setdefault(normalised(name), name)
    return [
        by_form[form]
        for form in difflib.get_close_matches(target, list(by_form), n=most, cutoff=_NEAR)
    ]


def _fits(wanted: str) -> list[Callable[[str], bool]]:
    """The ways in which a name may be meant, strictest first."""
    folded, form = wanted.casefold(), normalised(wanted)
    ways: list[Callable[[str], bool]] = [
        lambda name: name == wanted,
        lambda name: name.casefold() == folded,
    ]
    if form:
        ways += [
            lambda name: normalised(name) == form,
            lambda name: normalised(name).startswith(form),
            lambda name: form in normalised(name),
        ]
    words = _unordered(wanted)
    if words:
        ways += [
            lambda name: _unordered(name) == words,
            lambda name: words < _unordered(name),
            lambda name: all(any(part.startswith(w) for part in _unordered(name)) for w in words),
        ]
    return ways


def means_whole(wanted: str) -> list[Callable[[str], bool]]:
    """As `resolve` has it but for parts of names: for what cannot be taken back."""
    return _fits(wanted)[: 3 if normalised(wanted) else 2]


def _means_branch(wanted: str) -> list[Callable[[str], bool]]:
    """As `_fits`, for a branch: 2026.1 is not 2026.10, but "2026.1" means stable/2026.1."""
    folded = wanted.casefold()
    return [
        lambda name: name == wanted,
        lambda name: name.casefold() == folded,
        lambda name: name.casefold().endswith(f"/{folded}"),
    ]


def resolve(
    wanted: str,
    names: Sequence[str],
    noun: str = "CI",
    ways: Callable[[str], list[Callable[[str], bool]]] = _fits,
    *,
    guess: bool = True,
) -> str:
    """The one of ``names`` that ``wanted`` means, in the first of ``ways`` that fits any.

    Raises UserError, whose text asks back, when several fit or none does; with ``guess`` an
    unmistakable slip is taken for the name.
    """
    wanted = " ".join(wanted.split())[:_LONGEST]
    if not names:
        raise UserError(f"No {noun} is known yet: nothing has been read from Gerrit so far.")
    if not wanted:
        raise UserError(f"Which {noun}? Known: {some(sorted(names, key=str.casefold), 5)}.")
    for means in ways(wanted):
        fitting = [name for name in names if means(name)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise Ambiguous(wanted, fitting, noun)
    if noun == "CI" and "/" in wanted:
        guess = False  # that may be a branch behind the CI's name
    return _guess(wanted, names, noun, guess=guess)


def resolve_branch(wanted: str, names: Sequence[str], noun: str = "branch") -> str:
    """The branch of ``names`` that ``wanted`` means; never a guess. Raises as `resolve`."""
    wanted = wanted.removeprefix("refs/heads/")
    return resolve(wanted, names, noun, _means_branch, guess=False)


def resolve_branches(wanted: str, names: Sequence[str]) -> list[str]:
    """The branches that a pattern fits, or the one that a name means.

    Raises UserError, as `resolve_branch`, also where a pattern fits none.
    """
    fitting = [name for name in names if fits(wanted, name)] if set("*?[") & set(wanted) else []
    return fitting or [resolve_branch(wanted, names)]


def _guess(wanted: str, names: Sequence[str], noun: str, *, guess: bool) -> str:
    near = nearest(wanted, names)
    if not near:
        known_names = some(sorted(names, key=str.casefold), 5)
        raise UserError(f"No {noun} is called {cut(wanted, 40)!r}. Known: {known_names}.")
    likeness = [
        difflib.SequenceMatcher(None, normalised(wanted), normalised(name)).ratio() for name in near
    ]
    # A name with one more word, "netapp mastre", has something in it that was not understood.
    guess = guess and not _unordered(near[0]) < _unordered(wanted)
    if guess and likeness[0] >= _ENOUGH and (len(near) == 1 or likeness[1] < _ENOUGH):
        return near[0]
    raise UserError(_ask_back(wanted, near, noun))


def _ask_back(wanted: str, near: Sequence[str], noun: str) -> str:
    return f"No {noun} is called {cut(wanted, 40)!r}: did you mean {some(near, 5, 'or')}?"
