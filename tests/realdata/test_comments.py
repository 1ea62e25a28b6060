"""The parser against recorded comments: 491 read by people, and 219,567 of five servers."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from cibot.collector.formats import parse
from cibot.model import NOTE
from tests.realdata.scoring import FILES, PEOPLE, score, taken_for_cis
from tests.support.needs import shared_file

# The accounts that are CIs, by the server whose file name starts so.
CIS = {
    "review.rdoproject.org": {499, 2, 1005506},
    "softwarefactory-project.io": {458, 2},
    "gerrit.opnfv.org": {470, 7455, 7836},
    "gerrit-review": {1022687, 1083454},
    "gerrit.onap.org": {459, 8351, 2933, 8478, 4937},
}


@pytest.mark.parametrize("ci", [False, True], ids=["unknown account", "known CI"])
@pytest.mark.parametrize("name", FILES)
def test_comments_mean_what_careful_readers_said(name: str, ci: bool) -> None:
    result = score(shared_file(name).read_text(encoding="utf-8").splitlines(), ci=ci)
    assert result.asked > 100
    assert {number: why for number, why in result.wrong.items() if _grave(why)} == {}
    assert result.precision >= 0.99
    assert result.recall >= 0.99


def _grave(reasons: list[str]) -> bool:
    return any(not reason.startswith("jobs:") for reason in reasons)


def test_what_people_wrote_makes_nobody_a_ci() -> None:
    lines = shared_file(PEOPLE).read_text(encoding="utf-8").splitlines()
    assert lines
    assert taken_for_cis(lines) == []


def _of_cis(folder: Path) -> Iterator[tuple[bool, str, str | None]]:
    for path in sorted(folder.glob("*.jsonl.gz")):
        ids = next(ids for server, ids in CIS.items() if path.name.startswith(server))
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                for message in json.loads(line)["messages"]:
                    author = (message.get("author") or {}).get("_account_id")
                    yield author in ids, message["message"], message.get("tag")


def test_what_the_cis_of_five_servers_wrote_is_understood() -> None:
    comments = _of_cis(shared_file("gerrit"))
    written = Counter((text, tag) for by_ci, text, tag in comments if by_ci)
    unread = noted = 0
    for (text, tag), times in written.items():
        report = parse(text, tag=tag, ci=True)
        unread += times * (parse(text, tag=tag) is None or report is None)
        noted += times * (report is not None and report.format == NOTE)
    of_cis = written.total()
    assert of_cis > 150_000
    assert unread <= 0.005 * of_cis
    assert noted <= 0.005 * of_cis
