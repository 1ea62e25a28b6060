"""``cibot unparsed`` on a real SQLite file that real comments went into."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cibot.cli import main
from cibot.cli.parse import answer_to
from cibot.collector.ingest import Ingest
from cibot.collector.roster import Roster
from cibot.config.models import Config
from cibot.model import Account, Change, Message, PatchSet
from cibot.store.cis import ensure_server
from cibot.store.engine import open_store
from cibot.store.migrate import upgrade

NOW = datetime.now(UTC)
CONFIG = Config.model_validate(
    {
        "gerrit": [{"name": "review", "url": "https://review.example.org"}],
        "ci": [
            {"name": "Acme", "accounts": ["acme"]},
            {"name": "Beta", "accounts": ["beta"]},
        ],
    }
)
SAID = [
    ("acme", "Patch Set 1:\n\nLab run 17 went astray on node-3"),
    ("acme", "Patch Set 1:\n\nLab run 18 went astray on node-9"),
    ("beta", "Patch Set 1:\n\nLab run 2 went astray on rack-1"),
    ("beta", "Patch Set 1:\n\nThe robots are on strike\x07"),
    (
        "beta",
        "Patch Set 1: Verified+1\n\nBuild succeeded.\n\n- unit https://logs.example : SUCCESS",
    ),
]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unparsed")
    store = open_store(f"sqlite:///{folder / 'db'}")
    upgrade(store)
    server = store.write(lambda tx: ensure_server(tx, "review", "https://review.example.org/"))
    ingest = Ingest(store, server, Roster.from_config(CONFIG, "review"), lambda: NOW)
    at = NOW - timedelta(hours=3)
    changes = [
        Change(
            number, "demo", "master", "S", "NEW", at, at,
            (Message(at + timedelta(minutes=number), text, Account(None, who, who.title()), 1,
                     message_id=f"m{number}"),),
            (PatchSet(1, at),),
            complete=True,
        )
        for number, (who, text) in enumerate(SAID, 1)
    ]  # fmt: skip
    ingest.ingest(changes, feed="poll", cursor=None, heard_at=NOW)
    store.close()
    path = folder / "cibot.toml"
    path.write_text(f'[store]\nurl = "sqlite:///{folder / "db"}"\n', encoding="utf-8")
    return path


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["unparsed", "--config", str(config), *words])


def test_shapes_are_listed_most_frequent_first(config: Path) -> None:
    shown = run(config)
    assert shown.exit_code == 0, shown.output
    lines = shown.output.splitlines()
    assert lines[0] == "4 comments of CIs in 28 days were not understood, in 2 shapes."
    assert lines[1] == "     3 × Lab run 0 went astray on <name>"
    assert lines[2] == "         Acme and Beta; newest 3 h ago on 3,1"
    assert lines[3] == "     1 × The robots are on strike"


def test_one_ci_is_asked_by_its_name(config: Path) -> None:
    assert "2 comments of CIs" in run(config, "acme").output
    assert run(config, "nonesuch").exit_code == 1


def test_what_was_left_out_is_said(config: Path) -> None:
    assert "1 more shape; see --limit." in run(config, "--limit", "1").output


def test_the_export_is_a_golden_test_that_holds(config: Path, tmp_path: Path) -> None:
    path = tmp_path / "new.jsonl"
    shown = run(config, "--export", str(path))
    assert "Wrote 2 cases to" in shown.output
    cases = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert cases[0]["message"] == SAID[2][1]
    assert cases[0]["account"] == {"username": "beta", "name": "Beta"}
    for case in cases:
        answer = answer_to(json.dumps(case))
        assert (answer["outcome"], answer["jobs"]) == (case["outcome"], case["jobs"])


def test_a_file_that_cannot_be_written_is_said(config: Path, tmp_path: Path) -> None:
    shown = run(config, "--export", str(tmp_path / "none" / "new.jsonl"))
    assert shown.exit_code == 1
    assert "cannot write" in shown.output
