"""``cibot parse``: JSON lines in, JSON lines out, wrong lines named."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from cibot.cli import main

GOOD = {
    "message": "Patch Set 1: Verified+1\n\nBuild succeeded.\n\n- a http://x.org/1 : SUCCESS in 5s"
}


def test_a_line_gives_a_line() -> None:
    result = CliRunner().invoke(main, ["parse", "-"], input=json.dumps(GOOD) + "\n\n")
    assert result.exit_code == 0
    assert json.loads(result.output) == {
        "outcome": "success",
        "pipeline": None,
        "jobs": [
            {
                "name": "a",
                "result": "SUCCESS",
                "url": "http://x.org/1",
                "duration_s": 5,
                "voting": True,
            }
        ],
        "format": "zuul",
    }


def test_what_is_not_understood_is_null() -> None:
    result = CliRunner().invoke(main, ["parse", "-"], input='{"message": "what is this"}')
    assert json.loads(result.output)["outcome"] is None


def test_every_form_of_account_and_labels_is_taken() -> None:
    link = "Patch Set 1:\n\nhttps://ci.example.org/job/a/1/"
    for account in (None, "Acme CI", 7, {"_account_id": 7, "name": "A", "tags": ["SERVICE_USER"]}):
        for labels in (
            None,
            ["Verified=-1"],
            ["Verified=-1, 9cab9c4587d5"],
            {"Verified": -1},
            {"Verified": "-1"},
            {"Verified": {"value": -1}},
        ):
            line = json.dumps({"message": link, "account": account, "labels": labels, "tag": None})
            result = CliRunner().invoke(main, ["parse", "-"], input=line)
            assert result.exit_code == 0, result.output
            assert json.loads(result.output)["outcome"] == ("failure" if labels else "none")


def test_wrong_lines_are_named_and_the_others_answered(tmp_path: Path) -> None:
    file = tmp_path / "comments.jsonl"
    wrong = [
        "nope",
        "[1]",
        "{}",
        '{"message": 3}',
        '{"message": "a", "tag": 1}',
        '{"message": "a", "account": [1]}',
        '{"message": "a", "account": true}',
        '{"message": "a", "labels": 5}',
        '{"message": "a", "labels": ["Verified"]}',
        '{"message": "a", "labels": {"Verified": "yes"}}',
        '{"message": "a", "labels": {"Verified": "+-"}}',
        "[" * 100_000,
    ]
    file.write_text("\n".join([json.dumps(GOOD), *wrong, json.dumps(GOOD)]), encoding="utf-8")
    result = CliRunner().invoke(main, ["parse", str(file)])
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 2
    errors = result.stderr.splitlines()
    assert [line.partition(": ")[0] for line in errors] == [
        f"{file}:{number}" for number in range(2, 2 + len(wrong))
    ]
    assert all(len(line) < 400 for line in errors)


def test_a_missing_file_is_a_usage_error() -> None:
    result = CliRunner().invoke(main, ["parse", "nowhere.jsonl"])
    assert result.exit_code == 2
    assert "nowhere.jsonl" in result.output
