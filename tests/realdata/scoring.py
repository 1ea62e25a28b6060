"""How well comments are read: outcome, jobs, pipeline and what counts, against careful readers.

Each message is read twice, as an unknown account's and as a known CI's; what a person
wrote is read as an unknown account's only. ``python -m tests.realdata`` prints the scores.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cibot.cli.parse import as_json, report_of
from cibot.collector.formats import looks_like_ci, parse
from cibot.collector.results import report_result

FILES = ("formats.jsonl", "formats_more.jsonl", "parse_cases.jsonl")
PEOPLE = "parse_people.jsonl"
_NO_CI = ("person", "nobody")


@dataclass(slots=True)
class Score:
    """What was asked and what was answered; ``wrong`` holds the messages' numbers and why."""

    asked: int = 0
    unread: int = 0
    jobs_right: int = 0
    jobs_found: int = 0
    jobs_expected: int = 0
    wrong: dict[int, list[str]] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)

    @property
    def precision(self) -> float:
        return self.jobs_right / self.jobs_found if self.jobs_found else 1.0

    @property
    def recall(self) -> float:
        return self.jobs_right / self.jobs_expected if self.jobs_expected else 1.0

    def blame(self, number: int, kind: str, actual: object, expected: object) -> None:
        """Notes that the answer to message ``number`` is wrong, and in what."""
        self.kinds[kind] += 1
        self.wrong.setdefault(number, []).append(f"{kind}: {actual!r} instead of {expected!r}")


def score(lines: Iterable[str], *, ci: bool) -> Score:
    """The score over cases, a JSON line each; ``ci`` reads them as a known CI's."""
    result = Score()
    for number, line in enumerate(lines, 1):
        case = json.loads(line)
        if not (ci and case.get("who") in _NO_CI):
            _read(result, number, case, ci=ci)
    return result


def _read(result: Score, number: int, case: Mapping[str, Any], *, ci: bool) -> None:
    asked = {name: case.get(name) for name in ("message", "account", "tag", "labels")}
    report = report_of(json.dumps(asked | {"ci": ci}))
    answer: Any = as_json(report)
    expected = case["expected"]
    result.asked += 1
    if answer["outcome"] is None and expected["outcome"] is not None:
        result.unread += 1
    for kind in ("outcome", "pipeline"):
        if kind in expected and answer[kind] != expected[kind]:
            result.blame(number, kind, answer[kind], expected[kind])
    if "jobs" in expected:
        _compare_jobs(result, number, answer["jobs"], expected["jobs"])
    if "counts_as" in expected:
        counted = report_result(report) if report else None
        if (counted.value if counted else None) != expected["counts_as"]:
            result.blame(number, "counts as", counted, expected["counts_as"])
    if "looks_like_ci" in expected:
        looks = report is not None and looks_like_ci(report, case.get("tag"))
        if looks != expected["looks_like_ci"]:
            result.blame(number, "looks like a CI", looks, expected["looks_like_ci"])


def _compare_jobs(
    result: Score, number: int, actual: Sequence[Any], expected: Sequence[Any]
) -> None:
    """Jobs are right where all fields that are expected of them are."""
    fields = list(expected[0]) if expected else ["name"]
    missing = [tuple(job[name] for name in fields) for job in expected]
    extra = []
    result.jobs_expected += len(missing)
    result.jobs_found += len(actual)
    for job in (tuple(job[name] for name in fields) for job in actual):
        if job in missing:
            missing.remove(job)
            result.jobs_right += 1
        else:
            extra.append(job)
    if missing or extra:
        result.blame(number, "jobs", extra, missing)


def taken_for_cis(lines: Iterable[str]) -> list[str]:
    """The messages of people, a JSON line each, that read like a CI's."""
    taken = []
    for line in lines:
        case = json.loads(line)
        report = parse(case["message"], tag=case.get("tag"))
        if report is not None and looks_like_ci(report, case.get("tag")):
            taken.append(case["message"])
    return taken
