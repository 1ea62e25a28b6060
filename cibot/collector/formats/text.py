"""Small readers of what CIs write everywhere: durations, URLs, the jobs that URLs name."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from functools import lru_cache
from urllib.parse import unquote

from cibot.collector.fields import storable

GOOD = "✅✔✓☑🟢🟩"
BAD = "❌✖✗✘🔴🟥⛔🚫"
_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_NAMES = {"min": "m", "mins": "m", "minute": "m", "minutes": "m", "sec": "s", "secs": "s"}
_NAMES |= {"second": "s", "seconds": "s", "hr": "h", "hrs": "h", "hour": "h", "hours": "h"}
_NAMES |= {"day": "d", "days": "d"}
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s?([a-z]{1,7})[\s,]{0,2}")
_ANCHOR = re.compile(
    r"<a\s[^<>]{0,200}?href=[\"']?([^\"'<>\s]{1,500}+)[\"']?[^<>]{0,200}+>([^<>]{0,200}+)</a>",
    re.IGNORECASE,
)
_CELL_TAG = re.compile(r"</t[dh]>\s{0,9}<t[dh](?:\s[^<>]{0,200})?>", re.IGNORECASE)
_LINE_TAG = re.compile(
    r"<(?:br ?/?|/?(?:p|li|tr|div|h\d|ul|ol))(?:\s[^<>]{0,200})?>", re.IGNORECASE
)
_TAG = re.compile(
    r"</?(?:b|i|u|em|tt|pre|span|font|code|strong|table|tbody|thead|t[dh])(?:\s[^<>]{0,200})?>",
    re.IGNORECASE,
)
_URL_END = re.compile(r"[ \t)>\]\"'|]")


def word_set(text: str) -> frozenset[str]:
    """The words of ``text``."""
    return frozenset(text.split())


@lru_cache(maxsize=4096)
def duration_s(written: str) -> float | None:
    """Seconds of ``1h 05m 59s``, ``122.03s``, ``3 min 2 sec`` or ``01:02:03``; else None.

    Rounded to whole seconds; a negative one (clocks that jumped) is None.
    """
    written = written.strip().lower().removesuffix(".")
    if not written or len(written) > 40:
        return None
    if ":" in written:
        days, comma, clock = written.rpartition(", ")
        before, rest = duration_s(days) if comma else 0.0, _clock(clock)
        return None if before is None or rest is None else before + rest
    total, at = 0.0, 0
    while at < len(written):
        match = _PART.match(written, at)
        unit = _UNITS.get(_NAMES.get(match[2], match[2])) if match else None
        if match is None or unit is None:
            return None
        total += float(match[1]) * unit
        at = match.end()
    return float(round(total))


def _clock(written: str) -> float | None:
    parts = written.split(":")
    if len(parts) not in (2, 3) or not all(p.isdigit() and p.isascii() for p in parts):
        return None
    total = 0
    for part in parts:
        total = total * 60 + int(part)
    return float(total)


def is_url(token: str) -> bool:
    """Whether a token without blanks is an absolute URL (any scheme: ``finger://`` too)."""
    at = token.find("://")
    return 0 < at <= 12 and len(token) > at + 3 and token[:at].isalnum()


def is_path(token: str) -> bool:
    """Whether a token stands for a place without a scheme (``logs.example.org/1/2``)."""
    host, slash, _ = token.partition("/")
    return bool(slash) and "." in host and host[0].isalnum() and not host.endswith(".")


def is_place(token: str) -> bool:
    """Whether it is such a place, by the ending of its host's name."""
    return is_path(token) and token.partition("/")[0].rpartition(".")[2].isalpha()


def clean_url(token: str) -> str:
    """The URL without the punctuation that text puts around it."""
    return token.strip("<>\"'").rstrip(".,;:").removesuffix(")").removeprefix("(")


def first_url(line: str) -> str | None:
    """The first URL of a line, wherever it stands (``link: (https://…)``); or None."""
    at = line.find("://")
    if at < 0:
        return None
    start = at
    while start > 0 and at - start < 12 and line[start - 1].isalnum():
        start -= 1
    end = _URL_END.search(line, at)
    url = line[start : end.start() if end else len(line)].rstrip(".,;:")
    return url if is_url(url) else None


def untagged(text: str) -> str:
    """HTML as plain text: a link's words and its address, rows in lines, cells between bars."""
    text = _ANCHOR.sub(r"\2 \1", text)
    text = _CELL_TAG.sub(" | ", text)
    return _TAG.sub(" ", _LINE_TAG.sub("\n", text))


def fields_of_json(text: str) -> str:
    """JSON, or a line of it each, as lines ``key: value``; what is no JSON as it is."""
    for parts in ([text], text.splitlines()):
        with suppress(ValueError, RecursionError):
            lines: list[str] = []
            _add_fields([json.loads(part) for part in parts], lines)
            return storable("\n".join(lines)) or text
    return text


def _add_fields(value: object, lines: list[str]) -> None:
    """Adds the fields of each object, those of the objects in it before its own."""
    if isinstance(value, list):
        for item in value:
            _add_fields(item, lines)
    elif isinstance(value, dict):
        _add_fields(list(value.values()), lines)
        lines += [f"{key}: {item}" for key, item in value.items() if isinstance(item, str | int)]


def job_name(url: str) -> str:
    """The job that a URL names, or "" where it names none.

    Jenkins: its ``job/`` segments, each percent-decoded once, joined by "/".
    Blue Ocean: the segment after ``organizations/ORG``. Zuul's log servers:
    ``…/CHANGE/PATCHSET/PIPELINE/JOB/BUILD``, the build a hash or, before Zuul 3, a number.
    """
    path = url.split("?", 1)[0].split("#", 1)[0]
    parts = [part for part in path.split("/") if part]
    names: list[str] = []
    for index, part in enumerate(parts[:-1]):
        if part in ("job", "nulljob"):
            names.append(unquote(parts[index + 1]))
    if names and not (len(names) == 1 and names[0].isdigit()):
        return "/".join(names)
    if "organizations" in parts[:-2]:
        return unquote(parts[parts.index("organizations") + 2])
    return _zuul_log_job(parts)


def _zuul_log_job(parts: list[str]) -> str:
    for index in range(len(parts) - 4):
        change, patch_set, _, job, build = parts[index : index + 5]
        if not (change.isdigit() and patch_set.isdigit()) or job.isdigit():
            continue
        hexadecimal = 7 <= len(build) <= 40 and all(c in "0123456789abcdef" for c in build)
        if hexadecimal or (build.isdigit() and len(build) <= 7):
            return job
    return ""


def job_url(line: str) -> str | None:
    """The first URL of a line that names a job, or simply the first: others are documentation."""
    first = first_url(line)
    if first is None or line.count("://") == 1 or job_name(first):
        return first
    urls = (url for part in line.split() if (url := first_url(part)))
    return next((url for url in urls if job_name(url)), first)
