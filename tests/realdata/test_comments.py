"""The parser against recorded comments: 139 read by people, and 219,567 of five servers."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cibot.cli.parse import answer_to
from cibot.collector.formats import parse
from tests.support.needs import shared_file

# The accounts that are CIs, by the server whose file name starts so.
CIS = {
    "review.rdoproject.org": {499, 2, 1005506},
    "softwarefactory-project.io": {458, 2},
    "gerrit.opnfv.org": {470, 7455, 7836},
    "gerrit-review": {1022687, 1083454},
    "gerrit.onap.org": {459, 8351, 2933, 8478, 4937},
}


def _job(job: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(job[key] for key in ("name", "result", "url", "duration_s", "voting"))


def test_comments_mean_what_careful_readers_said() -> None:
    lines = shared_file("formats.jsonl").read_text(encoding="utf-8").splitlines()
    wrong, right, found, expected = [], 0, 0, 0
    for number, line in enumerate(lines, 1):
        want = json.loads(line)["expected"]
        answer: Any = answer_to(line)
        if answer["outcome"] != want["outcome"]:
            wrong.append((number, answer["outcome"], want["outcome"]))
        missing = [_job(job) for job in want["jobs"]]
        expected += len(missing)
        found += len(answer["jobs"])
        for job in answer["jobs"]:
            if _job(job) in missing:
                missing.remove(_job(job))
                right += 1
    assert wrong == []
    assert right / found >= 0.99, "precision"
    assert right / expected >= 0.99, "recall"


def _of_cis(folder: Path) -> Iterator[tuple[bool, str, str | None]]:
    for path in sorted(folder.glob("*.jsonl.gz")):
        ids = next(ids for server, ids in CIS.items() if path.name.startswith(server))
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                for message in json.loads(line)["messages"]:
                    author = (message.get("author") or {}).get("_account_id")
                    yield author in ids, message["message"], message.get("tag")


def test_what_the_cis_of_five_servers_wrote_is_understood() -> None:
    of_cis = unread = 0
    for by_ci, text, tag in _of_cis(shared_file("gerrit")):
        report = parse(text, tag=tag)
        of_cis += by_ci
        unread += by_ci and report is None
    assert of_cis > 150_000
    assert unread <= 0.005 * of_cis
