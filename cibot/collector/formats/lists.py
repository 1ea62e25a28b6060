"""Results written as keys and values: YAML-like lists of failed jobs, ``…-result: SUCCESS``."""

from __future__ import annotations

import re

from cibot.collector.formats.comment import MIXED, Comment
from cibot.collector.formats.conclude import conclude
from cibot.collector.formats.naming import like_a_name
from cibot.collector.formats.shapes import as_written, marked_as, silent
from cibot.collector.formats.text import duration_s, first_url, is_url
from cibot.collector.formats.verdict import verdict
from cibot.collector.results import known_result
from cibot.model import Build, Report

NAME = "list"
PLAIN_TO_SEE = (NAME,)
_ROLES = {
    **dict.fromkeys(("name", "job", "builder", "label", "test", "build", "check"), "name"),
    **dict.fromkeys(("status", "result", "state", "conclusion", "outcome", "verdict"), "state"),
    **dict.fromkeys(("link", "url", "logs", "log", "console", "details"), "link"),
    **dict.fromkeys(("config", "target", "platform", "suite", "task", "board", "device"), "about"),
    **dict.fromkeys(("duration", "time"), "duration"),
    **dict.fromkeys(("rc", "exitcode"), "code"),
}
"""What a key's last word says: ``Job name: unit``, ``Test-Status: FAILURE``, ``web_url: …``."""
# "Name: unit   Status: SUCCESS", "name=unit status=success", "job: unit, result: SUCCESS"
_FIELD = re.compile(r"[ \t]{2,}(?=[A-Za-z]{3,8}: )|[ \t;,]+(?=\w{1,15}=)|, (?=[A-Za-z]{3,8}: )")
_ROLE_LINE = re.compile(
    r"[*-]{0,2} ?\*{0,2}(?:status|result|state|conclusion|outcome|verdict)\b", re.IGNORECASE
)
_NUMBER = re.compile(r"^\d{1,3}[.)] ")
_SIGN = re.compile(r"[:=]")
_KEY_END = re.compile(r"[^ _-]*$")
_STATE = re.compile(
    r"(?:^|[\s_-])(?:status|result|state|conclusion|outcome|verdict|rc|exitcode)(?:\s*:\s|=)"
)
# A result below its job's name, perhaps with a URL behind it.
_BARE = re.compile(r"\n[ \t]*[A-Za-z_]{2,20}[ \t]*(?:\n|$|https?:)")
_NAME = re.compile(
    r"(?:^|[\s;,])[*-]*(?:[a-z]+[ _-])?(?:name|job|builder|label|test|build|check|config|target|"
    r"platform|suite|task|board|device)(?:\s*:\s|=)",
    re.MULTILINE,
)


def read(comment: Comment) -> Report | None:
    """A list of jobs by ``name:`` and ``link:``, or a line ``…-result: WORD (job: NAME)``."""
    body = comment.body
    lower = body[:2000].lower()
    plain = "-result: " in lower and "(job: " in lower
    listed = plain or ("name: " in lower and ("jobs:" in lower or "issue:" in lower))
    stated = _STATE.search(lower) and (
        _NAME.search(lower)
        or "\n  " in lower
        or "\n\t" in lower
        or ("#" in lower and comment.by_ci)
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
            item = {"name": _NUMBER.sub("", line).strip("* -#")}
        else:
            item |= _plain(line.strip(), item)
        for field in _FIELD.split(line.strip()):
            bare = field.lstrip("* \t")
            sign = _SIGN.search(bare)
            colon = sign is not None
            key = bare[: sign.start()].lstrip("- ").strip() if sign else ""
            value = bare[sign.end() :] if sign else ""
            role = _role(key, item) if colon else None
            if role == "name" and is_url(value.strip()):
                role = "link"  # "Build: URL"
            if item and role and role in item:
                builds += _build(item)
                item = {}
            if key.lower() in ("failed jobs", "jobs"):
                item = {"in": "failed" if key.lower().startswith("failed") else ""}
            elif role == "state" and "(job: " in value:  # "SUCCESS (job: unit, build: 3)"
                state, _, job = value.partition("(job: ")
                item |= {"state": state.strip(), "name": re.split("[,)]", job)[0]}
            elif role == "code" and like_a_name(item.get("name", "-")):
                item["state"] = "SUCCESS" if value.strip() == "0" else "FAILURE"
            elif role is not None and value.strip():
                item[role] = value.strip().strip("'\"")
    return builds + _build(item)


def _plain(bare: str, item: dict[str, str]) -> dict[str, str]:
    """What a line without a key says of the item: a URL, a result, or both."""
    if is_url(bare):
        return {} if "link" in item else {"link": bare}
    state, _, link = bare.partition(" ")
    if "name" not in item or known_result(state) is None or (link and not is_url(link)):
        return {}
    return {"state": state, "link": link} if link else {"state": state}


def _role(key: str, item: dict[str, str]) -> str | None:
    """What a key says of the item; a platform names it where nothing else does."""
    role = _ROLES.get(_KEY_END.findall(key.lower())[0])
    if role != "about":
        return role
    return None if "name" in item and "state" not in item else "name"


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
