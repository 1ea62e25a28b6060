"""Whether a name fits a pattern with ``*``, ``?`` or ``[…]``: one rule for every face. Pure.

Names of CIs, owners and pipelines are written by people, so case does not matter. Gerrit's projects
and branches are case-sensitive, but two never differ only by case.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase


def fits(pattern: str, name: str) -> bool:
    """Whether the whole name fits the glob, or is written so; case does not matter."""
    name, pattern = name.casefold(), pattern.casefold()
    return pattern in ("*", name) or fnmatchcase(name, pattern)


def fits_any(patterns: Iterable[str], name: str) -> bool:
    """Whether a name fits one of the globs."""
    return any(fits(pattern, name) for pattern in patterns)
