"""Tables of jobs, and what job lines of every shape have in common: marks, flags, result words."""

from __future__ import annotations

import re

from cibot.collector.formats.naming import GENERAL, tells
from cibot.collector.formats.places import duration_in, name_and_url
from cibot.collector.formats.text import BAD, GOOD, duration_s, first_url, word_set
from cibot.collector.results import known_result, listed_result, result_class
from cibot.model import Build, Result

NEUTRAL = "⏩⏭⚪🟡🟨⬜⚠"
MARKS = GOOD + BAD + NEUTRAL + "ℹ\ufe0f"
# They name the jobs where no other column does.
_GROUPS = word_set("stage suite step pipeline platform target board machine architecture")
_HEADS = word_set("job jobs name task check test builder subsystem") | {
    "job name",
    "test name",
    "test suite",
    "check name",
}
_COLUMNS = word_set("status result state outcome duration conclusion")
_VOTES = {"+1": "SUCCESS", "-1": "FAILURE"}
_SHORT_CODES = (
    (":heavy_check_mark:", "✔"),
    (":white_check_mark:", "✅"),
    (":x:", "❌"),
    (":warning:", "⚠"),
)
_SILENT = re.compile(
    r"[(\[](?:non-?voting|non voting|not voting|skipped|allowed to fail|allow(?:ed)? failure|"
    r"optional|advisory|informational|non-(?:gating|blocking|critical))[)\]]",
    re.IGNORECASE,
)


def silent(text: str) -> tuple[str, bool]:
    """The text without "(non-voting)" or the like, and whether the job votes."""
    if "(" not in text and "[" not in text:
        return text, True
    text = text.replace("(voting)", "")
    flag = _SILENT.search(text)
    if flag is None:
        return text, True
    return text[: flag.start()].rstrip() + text[flag.end() :], False


def finish(name: str, word: str, url: str | None, rest: str) -> Build:
    """The build with what follows its result: text, duration, whether it votes."""
    voting = True
    duration: float | None = None
    if name[-1:] in ")]" and name:
        bare, voting = silent(name)
        name = bare or name
    if rest:
        rest, votes = silent(rest)
        voting = voting and votes
        duration = duration_in(rest)
    return Build(name, word, url, duration, voting)


def unabbreviated(text: str) -> str:
    """``:x: [job](URL) …``: the mark that a short code at the begin stands for."""
    if text[:1] != ":":
        return text
    for code, mark in _SHORT_CODES:
        if text.startswith(code):
            return mark + text[len(code) :]
    return text


def named_column(text: str) -> int | None:
    """Which column of a table's head (``| STATUS | DURATION | NAME |``) names the jobs."""
    cells = [cell.strip().strip("*`").lower() for cell in text.strip("|").split("|")[:12]]
    named = [index for index, cell in enumerate(cells) if cell in _HEADS]
    named = named or [index for index, cell in enumerate(cells) if cell in _GROUPS]
    heading = any(cell in _COLUMNS for cell in cells)
    head = len(cells) > 1 and (heading or not any(_cell_result(cell) for cell in cells))
    return named[0] if named and head else None


def table_row(text: str, column: int = 0) -> Build | None:
    """``| job | RESULT | URL |``, in any order; ``column`` names the job. A mark is a result."""
    cells = [unabbreviated(cell.strip().strip("*`")) for cell in text.strip("|").split("|")[:12]]
    cells = [_VOTES.get(cell[:2], cell) for cell in cells]
    named = cells.pop(column) if column < len(cells) else ""
    if known_result(named) is not None:
        return None  # a column that is headed so says how it went: "TEST"
    results = [cell for cell in cells if _cell_result(cell)]
    failed = [cell for cell in results if result_class(marked_as(cell)) is Result.FAIL]
    result = next(iter(failed or results), None)  # of a column each for build, boot and tests
    if result is None and named[:1] and named[0] in GOOD + BAD:  # "| ❌ unit | URL |"
        result, named = named[0], named[1:].strip("\ufe0f ")
    if result is None:
        return None
    url = next((link for cell in (named, *cells) if (link := first_url(cell))), None)
    name, _ = name_and_url(named) if named else ("", None)
    if url is None and (not name or tells(name) or name.lower() in GENERAL):
        return None
    times = (duration_s(cell) for cell in cells if cell != result and cell[:1].isdigit())
    duration = next((seconds for seconds in times if seconds is not None), None)
    return Build(name, as_written(marked_as(result)), url, duration)


def _cell_result(cell: str) -> bool:
    word = cell[:30].lstrip(MARKS + " ")
    marked = not word and cell[:1] in GOOD + BAD and bool(cell)
    return len(cell) <= 30 and (marked or known_result(word) is not None)


def marked_as(cell: str) -> str:
    """The result in a cell: its word (``✅ Passed``), or what its mark stands for (``❌``)."""
    word = cell.lstrip(MARKS + " ")
    if word or not cell:
        return word
    return "SUCCESS" if cell[0] in GOOD else "FAILURE" if cell[0] in BAD else "SKIPPED"


def as_written(word: str) -> str:
    """A word in capitals as it stands; ``passed`` and ``Failed`` by what they mean."""
    word = word.strip()
    if word.isupper():
        return word
    result = listed_result(word)
    if result is not None and result.name in ("PASS", "FAIL"):
        return "SUCCESS" if result.name == "PASS" else "FAILURE"
    return word.upper().replace(" ", "_").replace("-", "_")
