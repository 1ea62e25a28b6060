"""Completion: the script, commands, options, and names that the server knows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from cibot.cli import COMMANDS, main
from cibot.store.engine import open_store
from tests.support.canned import CONFIG, canned
from tests.support.faces import application
from tests.support.history import make_tables
from tests.support.listening import listening


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    store = make_tables(open_store(f"sqlite:///{tmp_path_factory.mktemp('tab') / 'db'}"))
    canned(store)
    with listening(application(store, CONFIG)) as address:
        yield address
    store.close()


def completed(*words: str) -> list[str]:
    *before, begun = words
    made = ShellComplete(main, {}, "cibot", "_CIBOT_COMPLETE")
    return [str(candidate.value) for candidate in made.get_completions(before, begun)]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_asks_us(shell: str) -> None:
    shown = CliRunner().invoke(main, ["completion", shell])
    assert shown.exit_code == 0, shown.output
    assert f"_CIBOT_COMPLETE={shell}_complete" in shown.output


def test_bash_understands_the_script(tmp_path: Path) -> None:
    script = tmp_path / "cibot.bash"
    script.write_text(CliRunner().invoke(main, ["completion", "bash"]).output)
    done = subprocess.run(["bash", "-n", str(script)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_commands_and_options() -> None:
    assert completed("com") == ["compare", "completion"]
    assert completed("") == sorted(COMMANDS)
    assert "--exit-code" in completed("status", "--ex")
    assert completed("list", "fai") == ["failing"]


def test_completing_a_command_imports_none() -> None:
    script = (
        "import sys; from cibot.cli import main; from click.shell_completion import ShellComplete;"
        "ShellComplete(main, {}, 'cibot', '_CIBOT_COMPLETE').get_completions([], 'st');"
        "assert not {'pydantic', 'sqlalchemy', 'requests', 'flask'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_names_of_cis_and_projects_come_from_the_server(url: str) -> None:
    assert completed("status", "--url", url, "n") == ["NetApp CI"]
    assert completed("why", "--url", url, "Z") == ["Zuul"]
    assert completed("incidents", "--url", url, "Z") == ["Zuul"]
    assert completed("project", "--url", url, "open") == ["openstack/cinder"]


def test_a_server_that_is_away_completes_nothing_in_silence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert completed("status", "--url", "http://127.0.0.1:9", "n") == []
    assert capsys.readouterr() == ("", "")
