"""Job lines whose parts dots, arrows, dashes or wide blanks hold apart.

``unit ...... PASS``, ``unit -> ok``, ``unit => FAILURE (URL)``, ``*unit* — **SUCCESS** — URL``,
``unit    SUCCESS   1m 2s``, ``Job unit finished with status FAILURE. URL``, ``-1 lint URL``.
"""

from __future__ import annotations

import re

from cibot.collector.formats.places import tidy
from cibot.collector.formats.shapes import as_written, finish, nameless, names_author, table_row
from cibot.collector.formats.text import first_url, job_name
from cibot.collector.results import RESULT_WORDS, known_result
from cibot.model import Build, Result

_APART = re.compile(
    r"(?P<name>[\w*`][^\s:|]*(?: [^\s:|]+){0,3}?)"
    r"(?: ?\.{4,}\**|\s*(?:->|=>|→|⇒|—|–)|(?P<wide>\t| {2,}))\s*"
    r"(?P<word>[*`]*[A-Za-z][A-Za-z_-]{1,24}[*`]*)(?P<rest>(?:$|[\s.,;(—–|-]).*)"
)
_JOB = re.compile(
    r"(?:Job|Stage|Builder|Task|Check|Workflow) ['\"`]?(?P<name>[\w./-]{1,100})['\"`]?:?"
    r"(?: \(?#\d+\)?)? (?:(?:has |have )?(?:finished|completed|ended|concluded|done)"
    r"(?: (?:with|as|in))?(?: (?:status|state|result|conclusion|outcome))?:? |"
    r"(?:status|result|state): |(?:is|was) )?"
    r"['\"`*]*(?P<word>[A-Za-z_]{2,24})['\"`*]*(?P<rest>$|[.,;:\s(].*)"
)
_VOTED = re.compile(r"(?P<sign>[+-])[12] (?P<name>[\w./-]{2,100}):? <?(?P<url>https?://\S+)")


_LINKED = re.compile(
    r"(?:(?P<name>[\w*`][^\s:|]*(?: [^\s:|]+){0,3}?)\s*(?:->|=>|→|—|–|-)\s*)?"
    r"(?P<url>https?://[^\s)]+)(?:\s*(?:->|=>|→|—|–|-)\s*|\s+)(?P<word>[A-Za-z_]{2,20})\.?$"
)
_JOBS = ("Job ", "Stage ", "Builder ", "Task ", "Check ", "Workflow ")
_DELIMITER = re.compile(r"\s*[,|]\s*")
_URL_ENDS = frozenset("/0123456789)>]")
_MARKS = ("....", "->", "=>", "→", "⇒", "—", "–", "  ", "\t")


def voted_line(text: str) -> Build | None:
    """``-1 lint URL``."""
    match = _VOTED.match(text) if len(text.split()) == 3 else None
    if match is None:
        return None
    return Build(match["name"], "SUCCESS" if match["sign"] == "+" else "FAILURE", match["url"])


def apart(text: str, *, bulleted: bool = False) -> Build | None:
    """The build of such a line, or None."""
    text = _plain(text, bulleted=bulleted)
    if (build := _delimited(text)) is not None:
        return build
    if "://" in text and text[-1] not in _URL_ENDS and (linked := _LINKED.match(text)):
        return _linked(linked["name"] or "", linked["url"], linked["word"])
    match = _JOB.match(text) if text.startswith(_JOBS) else None
    if match is None and any(mark in text for mark in _MARKS):
        match = _APART.match(text)
    return _of_parts(match, bulleted=bulleted) if match is not None else None


def _plain(text: str, *, bulleted: bool) -> str:
    """The line without its author (``Acme CI: Job unit failed``), with dashes for what divides."""
    if bulleted:
        text = text.replace(" - ", " — ")
        if text[-1:] == ")":  # "- unit (failed, 4m 1s)"
            text = text[:-1].replace(" (", " — ", 1)
    at = text.find(": ")
    if at > 0 and text.startswith(_JOBS, at + 2) and names_author(text[:at]):
        return text[at + 2 :]
    return text


def _delimited(text: str) -> Build | None:
    """``unit,SUCCESS,URL``, ``unit | SUCCESS`` and ``unit=SUCCESS``."""
    if "|" in text or ("," in text and "://" in text):
        name, _, cells = _DELIMITER.sub("|", text).partition("|")
        return table_row(f"{name}|{cells}") if "://" not in name and not nameless(name) else None
    name, _, word = text.partition("=")
    named = word in RESULT_WORDS and " " not in name and not nameless(name, bulleted=True)
    return Build(name, word, None) if named else None


def _of_parts(match: re.Match[str], *, bulleted: bool) -> Build | None:
    word = match["word"].strip("*`")
    known = known_result(word)
    if known is None or (known is Result.SKIPPED and not word.isupper()):
        return None
    name = tidy(match["name"])
    if not name or nameless(name, bulleted=bulleted):
        return None
    rest = match["rest"].strip(" .,;—–-|")
    url = first_url(rest)
    if url is None and not _ends(rest):
        return None
    return finish(name or job_name(url or ""), as_written(word), url, rest)


def _linked(written: str, url: str, word: str) -> Build | None:
    """``unit — URL — passed``, ``URL passed``."""
    name = tidy(written) or job_name(url)
    if known_result(word) not in (Result.PASS, Result.FAIL) or not name:
        return None
    return Build(name, as_written(word), url)


def _ends(rest: str) -> bool:
    """Whether what follows a result is no sentence: a time, a count, a remark in brackets."""
    return not rest or rest[0] in "([" or rest[0].isdigit() or rest.startswith(("in ", "after "))
