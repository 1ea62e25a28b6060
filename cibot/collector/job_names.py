"""The name under which a job is stored: the same from change to change and build to build. Pure."""

from __future__ import annotations

import re
from itertools import pairwise

_END = r"(?![0-9A-Za-z])"
_REF = re.compile(
    r"(?:^|[^0-9A-Za-z])(?:refs(?:%2F|[/_-])changes(?:%2F|[/_-]))?"
    rf"(?P<end>\d\d)(?P<between>%2F|[/_-])(?P<change>\d{{1,9}})(?:%2F|[/_,-])\d{{1,4}}{_END}"
)
_NUMBERED = re.compile(
    r"[ /_-]*(?:"
    r"\(?#\d{1,9}\)?"  # Jenkins' display name: "verify #123"
    r"|\(build:? #?\d{1,9}\)|(?<= )build:? #?\d{1,9}"
    rf"|(?<![0-9A-Za-z])(?:change|review|cl)[ /_-]\d{{4,9}}(?:[/_,-]\d{{1,4}})?{_END}"
    rf"|(?<![0-9A-Za-z])\d{{4,9}},\d{{1,4}}{_END}"  # change and patch set: "912345,2"
    r")[ /_-]*",
    re.IGNORECASE,
)
_LONGEST = 1000  # characters of a name that are looked at
_LOWEST = 1000  # of a change in a name with dashes: "26-11-28" is a date


def lasting_name(job: str, url: str | None = None) -> str:
    """A job's name without the ref of the change that it ran on, and without its build's number.

    Jenkins' multibranch projects make a job of each patch set (``verify/64%2F7864%2F10``), and
    some CIs name a job with its change or build; what is one job for people is one here. What
    a number means is known by its form, or by the ``url`` of the build, which has it too.
    """
    job = job[:_LONGEST]
    if not any(letter.isdigit() for letter in job):
        return job
    found = _NUMBERED.sub(" ", _without_ref(job)).strip()
    for number in _numbers(url):
        found = re.sub(rf"(?:^|[ /_#-]){number}(?:[/_,-]\d{{1,4}})?{_END}", "", found)
    return found.strip(" /_-") or job


def _without_ref(job: str) -> str:
    match = _REF.search(job)
    if match is None or int(match["change"]) % 100 != int(match["end"]):
        return job
    if match["between"] in "_-" and int(match["change"]) < _LOWEST:
        return job
    return f"{job[: match.start()]}{job[match.end() :]}"


def _numbers(url: str | None) -> list[str]:
    """The number of the change and that of the build that a URL shows, of three digits or more."""
    path = (url or "").split("?", 1)[0].split("#", 1)[0]
    parts = [part for part in path.split("/") if part]
    change = next((number for end, number in pairwise(parts) if _is_change(end, number)), "")
    build = next((part for part in parts[:-3:-1] if part.isdigit()), "")
    return [number for number in (change, build) if 3 <= len(number) <= 9]


def _is_change(end: str, number: str) -> bool:
    """Whether two parts of a path begin as a ref of Gerrit's does: "45/912345"."""
    return len(end) == 2 and number.isdigit() and 4 <= len(number) <= 9 and number[-2:] == end
