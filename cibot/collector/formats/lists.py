"""Results written as keys and values: YAML-like lists of failed jobs, ``…-result: SUCCESS``."""

from __future__ import annotations

import re

from cibot.collector.formats.comment import MIXED, Comment
from cibot.collector.formats.conclude import conclude
from cibot.collector.formats.shapes import as_written, marked_as, silent
from cibot.collector.formats.text import duration_s, first_url, is_url
from cibot.collector.formats.verdict import verdict
from cibot.collector.results import known_result
from cibot.model import Build, Report

NAME = "list"
PLAIN_TO_SEE = (NAME,)
_ROLES = {
    **dict.fromkeys(("name", "job", "builder", "label", "test", "build"), "name"),
    **dict.fromkeys(("status", "result", "state", "conclusion", "outcome"), "state"),
    **dict.fromkeys(("link", "url", "logs", "log", "console", "details"), "link"),
    **dict.fromkeys(("duration", "time"), "duration"),
}
"""What a key's last word says: ``Job name: unit``, ``Test-Status: FAILURE``, ``web_url: …``."""
# "Name: unit   Status: SUCCESS", "name=unit status=success", "job: unit, result: SUCCESS"
_FIELD = re.compile(r"[ \t]{2,}(?=[A-Za-z]{3,8}: )|[ \t]+(?=[a-z_]{3,10}=)|, (?=[A-Za-z]{3,8}: )")
_ROLE_LINE = re.compile(
    r"[*-]{0,2} ?\*{0,2}(?:status|result|state|conclusion|outcome)\b", re.IGNORECASE
)
_SIGN = re.compile(r"[:=]")
_KEY_END = re.compile(r"[^ _-]*$")
_STATE = re.compile(r"(?:^|[\s_-])(?:status|result|state|conclusion|outcome)(?:\s*:\s|=)")
_BARE = re.compile(r"\n[ \t]*[A-Za-z_]{2,20}[ \t]*(?:\n|$)")  # a result below its job's name
_NAME = re.compile(
    r"^[ \t*-]*(?:[a-z]+[ _-])?(?:name|job|builder|label|test|build)(?:\s*:\s|=)", re.MULTILINE
)


def read(comment: Comment) -> Report | None:
    """A list of jobs by ``name:`` and ``link:``, or a line ``…-result: WORD (job: NAME)``."""
    body = comment.body
    lower = body[:2000].lower()
    plain = "-result: " in lower and "(job: " in lower
    listed = plain or ("name: " in lower and ("jobs:" in lower or "issue:" in lower))
    stated = _STATE.search(lower) and (
        _NAME.search(lower) or "\n  " in lower or ("#" in lower and comment.by_ci)
    )
    if not listed and not stated and not _BARE.search(body):
        return None
    builds = tuple(_items(comment.lines))
    if not builds or not (comment.by_ci or plain or all(build.url for build in builds)):
        return None
    outcome = conclude(comment, None, builds)
    name = NAME if listed or comment.by_ci else MIXED
    return Report(outcome, name, None, builds) if outcome else None


def _items(lines: list[str]) -> list[Build]:
    """One build an item; an item starts at ``- id:``, at a second ``name:``, or under its name."""
    builds: list[Build] = []
    item: dict[str, str] = {}
    for index, line in enumerate(lines):
        following = lines[index + 1] if index + 1 < len(lines) else ""
        if _heads(line, following):
            builds += _build(item)
            item = {"name": line.strip("* -#")}
        elif is_url(bare := line.strip()):
            item.setdefault("link", bare)
        elif "name" in item and known_result(bare) is not None:
            item["state"] = bare
        for field in _FIELD.split(line.strip()):
            bare = field.lstrip("* \t")
            sign = _SIGN.search(bare)
            colon = sign is not None
            key = bare[: sign.start()].lstrip("- ").strip() if sign else ""
            value = bare[sign.end() :] if sign else ""
            role = _ROLES.get(_KEY_END.findall(key.lower())[0]) if colon else None
            if item and colon and (bare.startswith("- ") or (role and role in item)):
                builds += _build(item)
                item = {}
            if key.lower() in ("failed jobs", "jobs"):
                item = {"in": "failed" if key.lower().startswith("failed") else ""}
            elif role == "state" and "(job: " in value:  # "SUCCESS (job: unit, build: 3)"
                state, _, job = value.partition("(job: ")
                item |= {"state": state.strip(), "name": re.split("[,)]", job)[0]}
            elif role is not None and value.strip():
                item[role] = value.strip().strip("'\"")
    return builds + _build(item)


def _heads(line: str, following: str) -> bool:
    """Whether a line is a job's name: indented lines follow, or a URL or a result alone."""
    if ":" in line or line[0] in " \t":
        return False
    if following[:1] in (" ", "\t") or (line[0] == "#" and _ROLE_LINE.match(following)):
        return True
    alone = is_url(following) or known_result(following) is not None
    return alone and known_result(line) is None and verdict(line) is None and len(line) <= 60


def _build(item: dict[str, str]) -> list[Build]:
    name = item.get("name", "").partition(" #")[0]
    url = first_url(item.get("link", ""))
    state = marked_as(item.get("state", "failed" if url else ""))
    if not name or is_url(name) or known_result(state) is None or known_result(name) is not None:
        return []
    seconds = item.get("duration")
    duration = (duration_s(seconds) or duration_s(f"{seconds}s")) if seconds else None
    name, voting = silent(name)
    return [Build(name, as_written(state), url, duration, voting)]
