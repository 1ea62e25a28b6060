"""Results written as keys and values: YAML-like lists of failed jobs, ``…-result: SUCCESS``."""

from __future__ import annotations

import re

from cibot.collector.formats.comment import MIXED, Comment
from cibot.collector.formats.conclude import conclude
from cibot.collector.formats.text import duration_s, first_url, is_url
from cibot.collector.results import known_result
from cibot.model import Build, Report, Result

NAME = "list"
PLAIN_TO_SEE = (NAME,)
_LINKS = frozenset({"link", "url", "web_url", "logs", "log"})
_NAMES = frozenset({"name", "job", "builder"})
_KEYS = ("job: ", "builder: ")
_FIELD = re.compile(r"[ \t]{2,}(?=[A-Za-z]{3,8}: )")  # "Name: unit   Status: SUCCESS"
_STATES = frozenset({"status", "result", "state"})


def read(comment: Comment) -> Report | None:
    """A list of jobs by ``name:`` and ``link:``, or a line ``…-result: WORD (job: NAME)``."""
    body = comment.body
    if "-result: " in body:
        return _result_line(comment)
    lower = body[:2000].lower()
    listed = "name: " in lower and ("jobs:" in lower or "issue:" in lower)
    named = lower.startswith("name: ") and "\nname: " in lower
    keyed = named or lower.startswith(_KEYS) or any(f"\n{key}" in lower for key in _KEYS)
    if not listed and not keyed:
        return None
    builds = tuple(_items(comment.lines))
    if not builds or not (comment.by_ci or all(build.url for build in builds)):
        return None
    outcome = conclude(comment, None, builds)
    name = NAME if listed or comment.by_ci else MIXED
    return Report(outcome, name, None, builds) if outcome else None


def _result_line(comment: Comment) -> Report | None:
    builds = []
    for line in comment.lines[:100]:
        key, found, value = line.partition("-result: ")
        if not found or not key or " " in key or len(key) > 80:
            continue
        word, _, rest = value.partition(" ")
        if known_result(word) is None:
            continue
        name = key
        if "job: " in rest:
            name = rest[rest.find("job: ") + 5 :].partition(",")[0].rstrip(")").strip() or key
        builds.append(Build(name, word, first_url(rest)))
    if not builds:
        return None
    outcome = conclude(comment, None, builds)
    return Report(outcome, NAME, None, tuple(builds)) if outcome else None


def _items(lines: list[str]) -> list[Build]:
    """One build an item; an item starts at ``- id:`` or at a second ``name:``."""
    builds: list[Build] = []
    item: dict[str, str] = {}
    for field in (field for line in lines for field in _FIELD.split(line.strip())):
        bare = field.lstrip("* \t")
        key, colon, value = bare.lstrip("- ").partition(":")
        key = key.strip().lower()
        if not colon:
            continue
        if item and (bare.startswith("- ") or key in item):
            builds += _build(item)
            item = {}
        if key in ("failed jobs", "jobs"):
            item = {"in": "failed" if key.startswith("failed") else ""}
        elif key in _NAMES | _LINKS | _STATES or key == "duration":
            item[key] = value.strip().strip("'\"")
    return builds + _build(item)


def _build(item: dict[str, str]) -> list[Build]:
    name = next((item[key] for key in ("name", "job", "builder") if item.get(key)), "")
    url = next((u for key in _LINKS if (u := first_url(item.get(key, "")))), None)
    state = next((item[key] for key in _STATES if key in item), "failed" if url else "")
    if not name or is_url(name):
        return []
    known = known_result(state)
    if known is None:
        return []
    written = {Result.PASS: "SUCCESS", Result.FAIL: "FAILURE"}.get(known, state.upper())
    seconds = item.get("duration")
    return [Build(name, written, url, duration_s(f"{seconds}s") if seconds else None)]
