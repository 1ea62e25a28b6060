"""A list read as rows: in one column the names, in another how they went, whatever divides these.

A line alone has to show that it tells of a job (`grammar`); here the lines of a list show it of
each other, so that more words are results, and a row whose result is none is noticed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from cibot.collector.formats.naming import (
    EVERY,
    STEPS,
    labels,
    like_a_name,
    nameless,
    names_author,
    names_test,
    without_telling,
)
from cibot.collector.formats.places import tidy
from cibot.collector.formats.shapes import MARKS, as_written, marked_as, silent, unabbreviated
from cibot.collector.formats.text import (
    BAD,
    GOOD,
    duration_s,
    first_url,
    is_place,
    is_url,
    word_set,
)
from cibot.collector.formats.tokens import may_tell
from cibot.collector.formats.verdict import SUBJECTS, verdict, words_of
from cibot.collector.results import known_result, listed_result, result_class
from cibot.model import Build, Outcome, Result

_LINES = 200
_LONGEST = 240
_MOST_CELLS = 6
_MOST_WORDS = 4  # of a name
_COLUMNS = ((1, 0), (0, 1), (2, 0), (2, 1))  # of the result and of the name
_LEAD = re.compile(r"[ \t]{0,20}[-*•◦+>]?[ \t]{0,9}(?:\[[ xX]\] )?")
_CUT = re.compile(
    rf"(?<=[{MARKS}])\s{{0,9}}|\s{{1,9}}(?=[{MARKS}])|\s{{0,40}}(?:\t|(?<=\s)\.\.(?=\s)|\.{{3,90}}|…|-{{1,2}}>|={{1,2}}>|[|;→⇒➔]|[:,](?=\s|$)|"
    r"=(?![=\s])|[()\[\]])\s{0,40}|\s{1,40}[-–—·](?=\s)\s{1,40}|\s{2,90}"
)
_TRIM = "*`'\" \ufe0f"
_NO_JOBS = STEPS | EVERY | {"line"}
_DIVIDED = re.compile(rf"(?<=\S)(?:\s[{MARKS}]|:\s|\s\s|\t|\s?\.\.|…|[->=→⇒]>?\s|[|;\])])|^[^\w\s]")
_MOST_JOBS = 60
_ANSWERS = {"yes": "SUCCESS", "no": "FAILURE"}
_CLOCK = re.compile(r"\d:\d\d")
_WIDE = ("", "..", "…", "->", "=>", "→", "⇒", "➔", "|")
_FACTS = word_set(
    "total duration time branch project change commit patchset author owner date node host machine "
    "version count pipeline runner arch os trigger cause platform url log logs"
)


class _Row(NamedTuple):
    """A line's cells, and what stands before and between them."""

    line: str
    cells: list[str]
    signs: list[str]


def rows(lines: Sequence[str], jobs: Iterable[str]) -> tuple[list[Build], list[str]]:
    """The jobs of lists of two rows or more, and the names in rows whose result is unknown.

    Without those of lines that name one of ``jobs``, which were read already.
    """
    jobs = {job for job in jobs if job}
    lines = lines[:_LINES]
    if not any(_may_add(line, jobs) if jobs else may_tell(line) for line in lines):
        return [], []
    table = [row for line in lines if (row := _row(line)) is not None]
    for result, name in _COLUMNS:
        for group in _alike(table, max(result, name)):
            builds, odd = _read(group, result, name)
            if builds or odd:
                lines = [row.line.replace('"', "") for row in group]
                new = "\n".join(line for line in lines if not any(job in line for job in jobs))
                return [job for job in builds if job.name in new], [n for n in odd if n in new]
    return [], []


def _may_add(line: str, jobs: Collection[str]) -> bool:
    """Whether a line may tell of another job than ``jobs``; quick, as few do."""
    if line[-1] == ":" or len(jobs) > _MOST_JOBS or any(job in line for job in jobs):
        return False
    text = line.strip()
    ends = known_result(text.rpartition(" ")[2]) is not None
    return not is_url(text) and (ends or _DIVIDED.search(text) is not None)


def _row(line: str) -> _Row | None:
    if len(line) > _LONGEST:
        return None
    lead = _LEAD.match(line)
    start = lead.end() if lead else 0
    text = unabbreviated(line[start:])
    url = first_url(text)
    text = text.replace(url, " ") if url else text
    words = text.split(" ", 2)
    if len(words) > 1 and words[0][-1:].isalnum() and like_a_name(words[0]):
        if known_result(words[1]):
            text = "\t".join(words)  # "powerpc/build fail Build failed!"
        elif known_result(words[-1]):
            text = f"{words[0]} {words[1]}\t{words[-1]}"  # "Leap_15 aarch64 failed"
        elif listed_result(words[1].strip(",")):
            text = f"{words[0]}\t{text[len(words[0]) :]}"  # "amd64 built and tested"
    cells: list[str] = []
    signs = [line[:start].strip() or line[:start][:1]]
    at = 0
    for cut in _CUT.finditer(text):
        if cell := text[at : cut.start()].strip(_TRIM):
            cells.append(cell)
            signs.append(cut[0].strip()[:2])
        at = cut.end()
        if len(cells) == _MOST_CELLS:
            break
    if cell := text[at:].strip(_TRIM):
        cells.append(cell)
    return _Row(line, cells, signs) if len(cells) > 1 else None


def _alike(table: Sequence[_Row], column: int) -> Iterator[list[_Row]]:
    """The rows whose cells as far as ``column`` are divided alike, two or more of them."""
    groups: dict[tuple[str, ...], list[_Row]] = {}
    for row in table:
        listing = column == 1 and row.signs[1:3] == [":", ","]  # "Failed: lint, docs"
        if len(row.cells) > column and not listing:
            groups.setdefault(tuple(row.signs[: column + 1]), []).append(row)
    return (group for group in groups.values() if len(group) > 1)


def _read(group: Sequence[_Row], result: int, name: int) -> tuple[list[Build], list[str]]:
    places = [at for at, row in enumerate(group) if _shows(row, result)]
    if len(places) < 2:
        return [], []
    builds: dict[str, Build] = {}
    odd: list[str] = []
    for row in group[max(0, places[0] - 1) : places[-1] + 2]:
        called = tidy(row.cells[name])
        if not (_names(called) or _answer(row, result)):
            continue
        word = _said(row, result)
        if word is None:
            odd += [called] if SUBJECTS.isdisjoint(words_of(row.cells[result])) else []
        elif called in builds:
            return [], []
        else:
            _, voting = silent(row.line)
            times = (duration_s(cell) for cell in row.cells)
            seconds = next((time for time in times if time is not None), None)
            builds[called] = Build(called, word, first_url(row.line), seconds, voting)
    return (list(builds.values()), odd) if len(builds) > 1 else ([], [])


def _is_result(cell: str) -> bool:
    return cell in MARKS or listed_result(cell.lstrip(MARKS + " ")) is not None


def _begins(row: _Row, result: int) -> str | None:
    """The result behind the name that words follow and no count: "success Errors before: 12"."""
    word, _, rest = row.cells[result].lstrip(MARKS + " ").partition(" ")
    if not (result and rest) or rest[0].isdigit():
        return None
    counts = listed_result(word)
    listed = counts is not None and (row.signs[result] in _WIDE or counts is Result.FAIL)
    return word if listed or known_result(word) is not None else None


def _answer(row: _Row, result: int) -> str | None:
    """What "yes" or "no" says of a row "boots: yes"."""
    verb = row.cells[0].lower()
    if result != 1 or not (verb.endswith("s") or verb in SUBJECTS) or len(row.cells) > 2:
        return None
    return _ANSWERS.get(row.cells[1].lower())


def _shows(row: _Row, result: int) -> bool:
    """Whether the cell is a result, or behind more than a colon states one: "..... no issues"."""
    cell = row.cells[result]
    if _is_result(cell) or _begins(row, result) or _answer(row, result):
        return True
    return bool(result) and row.signs[result] in _WIDE and verdict(cell) is not None


def _names(name: str) -> bool:
    """Whether a cell may be a job's name."""
    words = name.lower().split()
    if not any(c.isalpha() for c in name) or len(words) > _MOST_WORDS:
        return False
    if without_telling(words) != words:
        return False
    if words[0] in _NO_JOBS or any(map(is_place, words)) or _CLOCK.search(name):
        return False
    if len(words) > 1 and words[-1] in SUBJECTS:
        return False  # "Continuous Integration: Failed"
    if name.lower() in _FACTS or _is_result(name) or labels(name) or names_test(name):
        return False
    return not (nameless(name, listed=True) or names_author(name)) and verdict(name) is None


def _said(row: _Row, result: int) -> str | None:
    """How a row's job went: its result, or what its words say; None where they say nothing."""
    cells = [cell for cell in row.cells[result:] if _is_result(cell)]
    bad = (cell for cell in cells if result_class(marked_as(cell)) is Result.FAIL)
    cell = next(bad, row.cells[result])  # one of several columns
    said = verdict(" ".join(row.cells[result:]))
    weak = known_result(cell) is None and cell not in GOOD + BAD
    if _is_result(cell) and not (weak and said is Outcome.FAILURE):
        return as_written(marked_as(cell))
    word = _begins(row, result) or _answer(row, result)
    if word and not (known_result(word) is None and said is Outcome.FAILURE):
        return as_written(word)
    if said in (Outcome.SUCCESS, Outcome.FAILURE, Outcome.STARTED):
        return said.name
    return cell if "_" in cell and cell.isupper() else None  # a result that we have no name for
