"""The chat's commands on the command line, on a real SQLite file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cibot.chat.commands import COMMANDS as CHAT
from cibot.cli import COMMANDS, main
from cibot.store.engine import open_store
from cibot.store.migrate import upgrade
from tests.support.canned import canned


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ask")
    store = open_store(f"sqlite:///{folder / 'db'}")
    upgrade(store)
    canned(store)
    store.close()
    path = folder / "cibot.toml"
    path.write_text(f'[store]\nurl = "sqlite:///{folder / "db"}"\n', encoding="utf-8")
    return path


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [words[0], "--config", str(config), *words[1:]])


def test_every_question_of_the_chat_is_a_command() -> None:
    private = {"watch", "unwatch", "watching"}  # a shell cannot be told anything later
    assert set(CHAT) - {"help", "version"} - private <= set(COMMANDS)


def test_an_answer_is_the_chats(config: Path) -> None:
    shown = run(config, "status", "netapp")
    assert shown.exit_code == 0, shown.output
    assert shown.output.startswith("NetApp CI: ■ failing since ")
    assert "stale" in shown.output  # the history is of another day


def test_a_name_of_several_words_needs_no_second_quotes(config: Path) -> None:
    shown = run(config, "compare", "pure storage", "NetApp CI")
    assert shown.exit_code == 0, shown.output
    assert shown.output.startswith("Pure-Storage CI and NetApp CI ")


def test_json_has_the_lines_and_their_addresses(config: Path) -> None:
    shown = run(config, "change", "912345,3", "--json")
    answer = json.loads(shown.output)
    assert answer["text"].startswith("912345,3 Add iSCSI multipath")
    assert answer["lines"][0][0]["href"].endswith("/c/openstack/cinder/+/912345/3")


def test_a_refusal_is_one_line_on_standard_error(config: Path) -> None:
    shown = run(config, "status", "nonesuch")
    assert shown.exit_code == 1
    assert shown.stdout == ""
    assert shown.stderr.startswith("Error: No CI is called 'nonesuch'. Known: ")


def test_help_has_the_example() -> None:
    shown = CliRunner().invoke(main, ["history", "--help"])
    assert "cibot history netapp 7d" in shown.output
    assert "NAME [7d]" in shown.output


def test_tables_that_are_missing_name_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "cibot.toml"
    path.write_text(f'[store]\nurl = "sqlite:///{tmp_path / "none"}"\n', encoding="utf-8")
    shown = run(path, "list")
    assert shown.exit_code == 1
    assert "cibot db upgrade" in shown.stderr
