"""``cibot replay`` as a person calls it, on a history written by hand."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cibot.cli import main
from tests.support.recorded import ACME, BREAKS, MENDS, START, changes, file_of

NAMED = ("--ci", f"{ACME}=Acme", "--reference", "1")


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["replay", *map(str, words)], catch_exceptions=False)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return file_of(tmp_path_factory.mktemp("replay") / "demo.jsonl.gz", changes())


@pytest.fixture(scope="module")
def incidents(recorded: Path) -> list[dict[str, Any]]:
    result = run(recorded, *NAMED, "--json", "-")
    assert result.exit_code == 0, result.output
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows


def test_the_break_is_found_soon_and_its_end_too(incidents: list[dict[str, Any]]) -> None:
    (incident,) = incidents
    broke = START + timedelta(minutes=30 * BREAKS + 40)
    opened = datetime.fromisoformat(incident["opened_at"])
    assert timedelta(0) <= opened - broke <= timedelta(hours=3)
    mended = broke + timedelta(minutes=30 * (MENDS - BREAKS))
    ends = {symptom["signal"]: datetime.fromisoformat(symptom["cleared_at"])
            for symptom in incident["symptoms"]}  # fmt: skip
    for signal in ("job", "success"):
        assert timedelta(0) <= ends[signal] - mended <= timedelta(minutes=150)
    assert max(ends.values()) == datetime.fromisoformat(incident["resolved_at"])
    assert (incident["ci"], incident["account_id"], incident["state"]) == (
        "Acme", ACME, "resolved",
    )  # fmt: skip
    assert datetime.fromisoformat(incident["since"]) <= opened
    assert [run["change"] for run in incident["evidence"]][-1] == BREAKS
    assert incident["evidence"][0]["url"].startswith("https://logs.example.org/")
    assert (incident["notified"], incident["messages"]) == (True, 2)


def test_an_incident_has_these_keys(incidents: list[dict[str, Any]]) -> None:
    assert set(incidents[0]) == {
        "ci", "account_id", "kind", "state", "severity", "opened_at", "acknowledged_at",
        "resolved_at", "since", "n", "figure", "reopened", "notified", "messages", "said",
        "evidence", "symptoms",
    }  # fmt: skip
    assert all(incident["opened_at"].endswith("Z") for incident in incidents)


def test_the_timeline_tells_the_trouble_and_its_end(recorded: Path) -> None:
    result = run(recorded, *NAMED)
    begun, details, over = result.stdout.splitlines()
    assert "■ failing — Acme is failing since " in begun
    assert "(unit): 0 of 4 passed since" in begun
    assert "unit failed 4 changes in a row" in details
    assert "● healthy — Acme recovered" in over
    assert "300 changes" in result.stderr


def test_cis_are_discovered_and_the_gate_is_guessed(recorded: Path) -> None:
    result = run(recorded, "--discover")
    assert "account-2 is failing" in result.stdout
    assert "account-1 is" not in result.stdout


def test_the_order_of_files_and_lines_does_not_matter(
    tmp_path: Path, incidents: list[dict[str, Any]]
) -> None:
    history = changes()
    first = file_of(tmp_path / "b.jsonl", history[150:][::-1])
    second = file_of(tmp_path / "a.jsonl.gz", history[:150])
    result = run(first, second, *NAMED, "--json", "-")
    assert json.loads(result.stdout) == incidents


def test_two_policies_side_by_side(tmp_path: Path, recorded: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text("[judgement.job]\nchanges = 60\n[judgement.chart]\nminimum = 9999\n")
    lines = run(recorded, *NAMED, "--against", other).stdout.splitlines()
    assert all(line[0] in "-+~" for line in lines)


def test_a_policy_against_itself_differs_in_nothing(tmp_path: Path, recorded: Path) -> None:
    same = tmp_path / "same.toml"
    same.write_text("[judgement]\n")
    assert run(recorded, *NAMED, "--against", same).stdout == "no incident differs\n"


def test_events_are_taken_too(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    event = {
        "type": "comment-added",
        "author": {"name": "Acme", "username": "acme-ci"},
        "comment": "Patch Set 1:\n\nBuild failed (check pipeline).\n\n- unit https://x : FAILURE",
        "patchSet": {"number": 1, "createdOn": 1772438400},
        "change": {"project": "demo", "branch": "master", "number": "5", "subject": "S"},
        "eventCreatedOn": 1772442000,
    }
    path.write_text(json.dumps({"source": "webhook", "event": event}) + "\n")
    result = run(path, "--ci", "acme-ci=Acme")
    assert "1 changes, 1 messages, 1 CIs" in result.stderr


def test_lines_that_make_no_sense_are_counted_and_named(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('nonsense\n\n[1]\n{"_number": 0}\n' + json.dumps(changes(1)[0]) + "\n")
    result = run(path, *NAMED)
    assert result.exit_code == 0
    assert "3 lines could not be read: x.jsonl:1: " in result.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["{empty}", *NAMED], "there is no change in these files"),
        (["{folder}/absent.jsonl"], "cannot be read"),
        (["{broken}"], "cannot be read"),
        (["{one}", "--ci", "Acme"], "write ACCOUNT_ID=NAME"),
    ],
)
def test_what_cannot_be_done_is_one_line(tmp_path: Path, words: list[str], expected: str) -> None:
    places = {
        "{empty}": tmp_path / "empty.jsonl",
        "{broken}": tmp_path / "broken.gz",
        "{one}": file_of(tmp_path / "one.jsonl", changes(1)),
        "{folder}/absent.jsonl": tmp_path / "absent.jsonl",
    }
    places["{empty}"].write_text("")
    places["{broken}"].write_bytes(b"\x1f\x8b\x08\x00rubbish")
    result = run(*[places.get(word, word) for word in words])
    assert result.exit_code == 1
    assert expected in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_files_of_several_servers_are_told_apart(tmp_path: Path) -> None:
    file = file_of(tmp_path / "h.jsonl", changes())
    alone = run(file, "--discover").stderr
    two = run(f"one.example.org={file}", f"two.example.org={file}", "--discover").stderr
    count = int(alone.split()[0])
    assert f"{2 * count} changes" in two
    assert f"{count} changes" in run(file, file, "--discover").stderr
    odd = tmp_path / "a=b.jsonl"
    odd.write_bytes(file.read_bytes())
    assert f"{count} changes" in run(odd, "--discover").stderr


def test_hostile_text_stays_on_its_line(tmp_path: Path) -> None:
    history = changes()
    for change in history:
        change["messages"][2]["message"] = change["messages"][2]["message"].replace(
            "unit", "u\x1b[31m"
        )
    result = run(file_of(tmp_path / "h.jsonl", history), "--ci", f"{ACME}=Acme", "--reference", "1")
    assert "u[31m" in result.stdout
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize("name", ["A\u202eb", "A" * 300])
def test_a_name_that_the_configuration_refuses_is_refused_here(recorded: Path, name: str) -> None:
    result = run(recorded, "--ci", f"{ACME}={name}")
    assert result.exit_code == 1
    assert "the CI's name" in result.stderr
    assert "write 1 to 255 characters" in result.stderr
    assert "\u202e" not in result.stderr
