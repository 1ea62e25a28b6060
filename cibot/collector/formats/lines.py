"""The reader of one job line, in the orders CIs write it.

``- job URL : RESULT text in 1h 2m 3s (non-voting)``, ``URL : RESULT (skipped)``,
``job job : RESULT``, ``RESULT: URL``, ``job: RESULT (URL)``, ``[job](URL) RESULT``,
``| job | RESULT | URL |``, ``✅ job : RESULT`` with its URL on the next line.
"""

from __future__ import annotations

from collections.abc import Sequence

from cibot.collector.formats.places import duration_in, name_and_url, tidy
from cibot.collector.formats.text import clean_url, duration_s, first_url, job_name, verdict
from cibot.collector.formats.words import word_set
from cibot.collector.results import RESULT_WORDS, known_result
from cibot.model import Build, Outcome

MAX_BUILDS = 1_000
_BULLETS = "-*•+–—· \t"
_GOOD = "✅✔✓☑🟢"
_BAD = "❌✖✗✘🔴⛔🚫"
_MARKS = _GOOD + _BAD + "⚠ℹ⏩⏭⚪🟡\ufe0f"
_NAMELESS = word_set(
    "status result results outcome overall build verdict conclusion state summary note "
    "warning error message details reason log logs"
)


def read_builds(lines: Sequence[str]) -> list[Build]:
    """Every job line among ``lines``; those under a "Non-voting" headline do not vote.

    Reading ends at a ``Warning:`` paragraph, whose lines may look like job lines.
    """
    builds: list[Build] = []
    voting = True
    for index, line in enumerate(lines):
        if " : " not in line:
            if line.startswith(("Warning:", "Warnings:", "Errors:")) and builds:
                break
            section = _section(line)
            if section is not None:
                voting = section
                continue
        build = read_line(line, lines[index + 1] if index + 1 < len(lines) else "")
        if build is not None:
            if not voting and build.voting:
                build = Build(build.name, build.result, build.url, build.duration_s, voting=False)
            builds.append(build)
            if len(builds) == MAX_BUILDS:
                break
    return builds


def _section(line: str) -> bool | None:
    """Whether a headline starts a section of voting (True) or non-voting jobs."""
    if len(line) > 60 or "oting" not in line.lower() or "://" in line:
        return None
    words = line.strip(_BULLETS + "#=:_[]()").lower().replace("-", " ").split()
    if words[:2] == ["non", "voting"] or words[:1] == ["nonvoting"]:
        return False if len(words) <= 4 else None
    return True if words[:1] == ["voting"] and len(words) <= 3 else None


def read_line(line: str, following: str = "") -> Build | None:
    """The build that one line tells of, or None; ``following`` may hold its URL."""
    at = line.find(" : ")
    if at > 0:
        build = _colon_line(line, at)
        if build is not None:
            return build
    text = line.strip()
    mark = text[:1]
    if mark == "|":
        return _table_row(text)
    if mark in _MARKS and mark:
        return _marked_line(text, following)
    bulleted = mark in "-*•+–—" and len(text) > 2
    if bulleted:
        text = text.lstrip(_BULLETS)
        if text[:1] in _MARKS and text:
            return _marked_line(text, following)
    return _other_line(text, bulleted=bulleted)


def _colon_line(line: str, at: int) -> Build | None:
    left = line[:at].strip(_BULLETS)
    right = line[at + 3 :].strip()
    if right[:4] == "http" and " : " in right:  # "job : URL : RESULT"
        url, _, right = right.partition(" : ")
        left = f"{left} {url}"
    if left[:1] in _MARKS:
        return None
    word, _, rest = right.partition(" ")
    name, url_found = name_and_url(left)
    if word not in RESULT_WORDS:
        plain = word.strip("*.,;!`")
        if known_result(plain) is not None and (url_found or line.lstrip()[:1] in "-*"):
            word = plain
        elif not _shouted(plain, url_found) or line.lstrip()[:1] not in "-*":
            return _in_words(name, url_found, right)
    if not name and url_found is None:
        return None
    return _finish(name, word, url_found, rest)


def _shouted(word: str, url: str | None) -> bool:
    """A result we have no name for: capitals and underscores, in a job's place."""
    letters = word.replace("_", "")
    return url is not None and 3 <= len(word) <= 30 and letters.isalpha() and letters.isupper()


def _in_words(name: str, url: str | None, right: str) -> Build | None:
    """``URL : Test ran successfully``: the job's own words instead of a result."""
    if url is None or len(right) > 200:
        return None
    said = verdict(right.replace(" ran ", " success ") if "successfully" in right else right)
    if said not in (Outcome.SUCCESS, Outcome.FAILURE):
        return None
    return Build(name, said.name, url)


def _finish(name: str, word: str, url: str | None, rest: str) -> Build:
    """The build with what follows its result: text, duration, whether it votes."""
    voting = True
    duration: float | None = None
    if rest:
        if rest[-1] == ")":
            head, _, flag = rest.rpartition("(")
            if flag in ("non-voting)", "skipped)", "nonvoting)", "non voting)", "not voting)"):
                voting = False
                rest = head.rstrip()
        duration = duration_in(rest)
    return Build(name, word, url, duration, voting)


def _table_row(text: str) -> Build | None:
    cells = [cell.strip().strip("*`") for cell in text.strip("|").split("|")][:12]
    result = next((cell for cell in cells[1:] if _cell_result(cell)), None)
    if result is None:
        return None
    url = next((found for cell in cells if (found := first_url(cell))), None)
    name, _ = name_and_url(cells[0]) if cells[0] else ("", None)
    times = (duration_s(cell) for cell in cells[1:] if cell != result and cell[:1].isdigit())
    duration = next((seconds for seconds in times if seconds is not None), None)
    return Build(name, _as_written(result.lstrip(_MARKS + " ")), url, duration)


def _cell_result(cell: str) -> bool:
    return len(cell) <= 30 and known_result(cell.lstrip(_MARKS + " ") or "?") is not None


def _marked_line(text: str, following: str) -> Build | None:
    """``✅ job : SUCCESS`` or ``❌ job``, with a URL here or alone on the next line."""
    good = text[0] in _GOOD
    if not good and text[0] not in _BAD:
        return None
    bare = text.lstrip(_MARKS + " ")
    own = first_url(bare)
    below = following.strip()
    url = own or (first_url(below) if below.strip("()<>")[:4] == "http" else None)
    result = "SUCCESS" if good else "FAILURE"
    at = bare.find(" : ")
    if at > 0:
        word, _, rest = bare[at + 3 :].partition(" ")
        if known_result(word) is not None:
            name, left_url = name_and_url(bare[:at])
            found = _finish(name, word, left_url or url, rest)
            return found if found.name or found.url else None
    other = _other_line(bare, bulleted=True)
    if other is not None:
        return other if other.url else Build(other.name, other.result, url, other.duration_s)
    if url is None:
        return None
    if own is None:  # the sentence says how it went; the URL says which job
        return Build(job_name(url) or tidy(bare), result, url)
    name, _ = name_and_url(bare) if bare.endswith((")", own)) else (bare[: bare.find(own)], None)
    return Build(tidy(name) or job_name(url), result, url)


def _other_line(text: str, *, bulleted: bool) -> Build | None:
    """``RESULT: URL``, ``job: RESULT (URL)``, ``job URL RESULT``, ``RESULT job URL``."""
    head, colon, tail = text.partition(": ")
    if not colon and text.endswith(":"):
        return None
    if colon and known_result(head.strip("[]*`")) is not None and len(head) <= 20:
        return _reversed(head.strip("[]*`"), tail)
    if colon:
        found = _named(head, tail, bulleted=bulleted)
        if found is not None:
            return found
    return _spaced(text) if "://" in text else None


def _reversed(word: str, tail: str) -> Build | None:
    url = first_url(tail)
    if url is None:
        return None
    before = tail[: tail.find(url)].strip().rstrip("(<[").strip(" -:")
    if len(before.split()) > 6:
        return None
    name = before.strip("[]") or job_name(url)
    after = tail[tail.find(url) + len(url) :].strip(" )>]")
    return _finish(name, _as_written(word), url, after)


def _named(head: str, tail: str, *, bulleted: bool) -> Build | None:
    name, url = name_and_url(head)
    word, _, rest = tail.strip().partition(" ")
    word = word.strip("*`.,;!").lstrip(_MARKS)
    if not word and rest:
        word, _, rest = rest.partition(" ")
    if known_result(word) is None or not name or name.lower() in _NAMELESS:
        return None
    own = url or first_url(rest)
    if own is None and not (bulleted or word.isupper()):
        return None
    if own is None and len(rest.split()) > 6 and not bulleted:
        return None
    if len(name.split()) > 8:
        return None
    before_url = rest[: rest.find(own)].rstrip("( ") if own and own in rest else rest
    return _finish(name, _as_written(word), own, before_url.strip())


def _spaced(text: str) -> Build | None:
    """``job URL RESULT`` and ``RESULT job URL``, without a colon; in capitals only."""
    tokens = text.split(None, 12)[:12]
    for index, token in enumerate(tokens):
        if token.isupper() and token.strip("[]()") in RESULT_WORDS:
            url = first_url(text)
            rest = " ".join(tokens[index + 1 :])
            names = [t for t in tokens[:index] if "://" not in t]
            if url is None or len(names) > 4:
                return None
            if not names:
                names = [t for t in tokens[index + 1 :] if "://" not in t][:1]
            name = tidy(" ".join(names)) or job_name(url)
            return _finish(name, token.strip("[]()"), clean_url(url), rest)
    return None


def _as_written(word: str) -> str:
    """A word in capitals as it stands; ``passed`` and ``Failed`` by what they mean."""
    word = word.strip()
    if word.isupper():
        return word
    known = known_result(word)
    if known is not None and known.name in ("PASS", "FAIL"):
        return "SUCCESS" if known.name == "PASS" else "FAILURE"
    return word.upper().replace(" ", "_").replace("-", "_")
