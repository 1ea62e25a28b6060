"""What the comments in golden/ mean, as a careful reader says; texts of our own in real shapes.

A case with ``both`` means the same of an unknown account and of a known CI; ``counts_as`` is what
it counts as when the CI is judged.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cibot.cli.parse import answer_to, report_of
from cibot.collector.results import report_result

CASES = [
    pytest.param(json.loads(line), id=f"{path.stem}: {json.loads(line)['why']}")
    for path in sorted((Path(__file__).parent / "golden").glob("*.jsonl"))
    for line in path.read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("case", CASES)
def test_a_comment_means_what_a_careful_reader_says(case: dict[str, Any]) -> None:
    for ci in (False, True) if case.get("both") else (case.get("ci"),):
        answer = answer_to(json.dumps(case | {"ci": ci}))
        assert answer["outcome"] == case["outcome"]
        assert answer["jobs"] == case["jobs"]
        if "pipeline" in case:
            assert answer["pipeline"] == case["pipeline"]
        if "counts_as" in case:
            report = report_of(json.dumps(case | {"ci": ci}))
            assert report is not None
            assert report_result(report) == case["counts_as"]
