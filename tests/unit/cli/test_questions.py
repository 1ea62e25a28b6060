"""The chat's questions on the command line: of a database, and of a server that listens."""

from __future__ import annotations

import csv
import io
import json
import shlex
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import time_machine
from click.testing import CliRunner, Result

from cibot.chat.commands import COMMANDS as CHAT
from cibot.cli import COMMANDS, ci, main
from cibot.cli.questions import QUESTIONS
from cibot.cli.questions.question import CODES
from cibot.store.audit import last_audit
from cibot.store.engine import open_store
from cibot.store.migrate import upgrade
from tests.support.canned import CONFIG, canned
from tests.support.faces import application
from tests.support.history import NOW, History
from tests.support.listening import listening

Ask = Callable[..., Result]
PRIVATE = {"watch", "unwatch", "watching"}  # a shell cannot be told anything later


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ask") / "cibot.db"
    store = open_store(f"sqlite:///{path}")
    upgrade(store)
    canned(store)
    store.close()
    return path


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)  # no configuration stands there
    monkeypatch.setenv("HOME", str(tmp_path))
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(scope="module")
def url(database: Path) -> Iterator[str]:
    store = open_store(f"sqlite:///{database}")
    with listening(application(store, CONFIG)) as address:
        yield address
    store.close()


def run(*words: str, **env: str) -> Result:
    return CliRunner(env=env).invoke(main, [*words])


@pytest.fixture(params=["database", "server"])
def ask(request: pytest.FixtureRequest, database: Path, url: str) -> Ask:
    where = ("--db", str(database)) if request.param == "database" else ("--url", url)

    def asked(*words: str) -> Result:
        return run(words[0], *where, *words[1:])

    return asked


def test_every_question_of_the_chat_is_a_command() -> None:
    of_ci = {"retire", "unretire", "exclude"}  # as `cibot ci NAME`
    assert of_ci <= set(ci.command.commands)
    assert set(CHAT) - {"help", "version"} - PRIVATE - of_ci == set(QUESTIONS)
    assert set(QUESTIONS) <= set(COMMANDS)


def test_a_status_is_the_chats_sentences(ask: Ask) -> None:
    shown = ask("status", "netapp")
    assert shown.exit_code == 0, shown.output
    first, second = shown.output.splitlines()
    assert first == (
        "NetApp CI: ■ failing since Sat 14:10 UTC (38 h): 0 of 20 passed since then where"
        " Zuul did, 93 % before. Job netapp-iscsi failed in 20 of the last 20 failures."
    )
    assert second.startswith(
        "passed 20 % (9–39 %, n=25) of what Zuul passed in 7 days · last report"
    )


def test_a_list_is_a_table_without_colours_in_a_pipe(ask: Ask) -> None:
    shown = ask("list").output
    assert "\x1b" not in shown
    said, titles, *rows = shown.splitlines()
    assert (
        said == "3 of 6 CIs need a look: 1 silent, 1 failing, 1 degraded; 2 healthy, 1 not judged."
    )
    assert titles.split() == [
        "State",
        "CI",
        "For",
        "Passed",
        "95",
        "%",
        "n",
        "Heard",
        "Open",
        "Seen",
    ]
    assert [row.split("  ")[0] for row in rows] == [
        "○ silent", "■ failing", "▲ degraded", "? unknown", "● healthy", "● healthy",
    ]  # fmt: skip
    assert " ".join(rows[1].split()) == (
        "■ failing NetApp CI 38 h 20 % 9–39 % 25 60 min #1 0 of 20 passed since Sat 14:10 UTC,"
        " 93 % before; 5 of 25 passed in 7 days where the reference passed"
    )


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("list", "failing"), ["NetApp CI"]),
        (("list", "project", "cinder", "silent"), ["Quobyte CI"]),
        (("list", "--search", "storage"), ["Pure-Storage CI"]),
        (("list", "--project", "cinder", "--sort", "name"),
         ["NetApp CI", "Pure-Storage CI", "Quobyte CI", "Vexx ARM CI", "Zuul"]),
        (("project", "cinder"), ["Quobyte CI", "NetApp CI", "Vexx ARM CI", "Zuul",
                                 "Pure-Storage CI"]),
    ],
)  # fmt: skip
def test_lists_are_narrowed_as_in_chat(ask: Ask, words: tuple[str, ...], names: list[str]) -> None:
    shown = ask(*words, "--csv")
    assert shown.exit_code == 0, shown.output
    assert [row["name"] for row in csv.DictReader(io.StringIO(shown.output))] == names


def test_a_name_of_several_words_needs_no_second_quotes(ask: Ask) -> None:
    shown = ask("compare", "pure storage", "NetApp CI")
    assert shown.output.startswith("Pure-Storage CI and NetApp CI "), shown.output
    assert ask("compare", "pure", "storage", "with", "netapp").output == shown.output
    assert ask("status", "is", "netapp", "ok").output == ask("status", "netapp").output


def test_json_is_what_the_api_tells(ask: Ask, url: str) -> None:
    for words, path in {
        ("status", "netapp"): "/cis/netapp",
        ("list",): "/cis?limit=500",
        ("why", "netapp"): "/cis/netapp",
        ("jobs", "netapp"): "/cis/netapp/jobs",
        ("history", "netapp", "2w"): "/cis/netapp/history?days=14",
        ("missed", "quobyte"): "/cis/quobyte/missed",
        ("compare", "netapp", "zuul"): "/compare?first=netapp&second=zuul",
        ("change", "912345,3"): "/changes/912345?patch_set=3",
        ("incidents",): "/incidents?limit=500",
        ("incidents", "1"): "/incidents/1",
        ("summary", "yesterday"): "/summary?day=yesterday",
        ("contact", "netapp"): "/cis/netapp/contact",
        ("feeds",): "/feeds",
    }.items():
        shown = ask(*words, "--json")
        assert shown.exit_code == 0, (words, shown.output)
        assert shown.output.count("\n") == 1
        answer = requests.get(f"{url}/api/v1{path}", timeout=10).json()
        assert _without_configuration(json.loads(shown.output)) == _without_configuration(answer)


def _without_configuration(answer: Any) -> Any:
    """What the configuration adds: a database that is asked without one cannot tell it."""
    own = {"page", "owner", "contact", "wiki", "recheck", "configured"}
    if isinstance(answer, dict):
        return {
            key: _without_configuration(value) for key, value in answer.items() if key not in own
        }
    return [_without_configuration(part) for part in answer] if isinstance(answer, list) else answer


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("status", "zuul"), 0),
        (("status", "beta"), 3),
        (("status", "netapp"), 4),
        (("status", "quobyte"), 5),
        (("status", "vexx"), 6),
        (("status",), 5),
        (("why", "netapp"), 4),
        (("list", "healthy"), 0),
        (("project", "cinder"), 5),
        (("incidents",), 4),
        (("incidents", "2"), 0),
        (("feeds",), 0),
        (("change", "912345"), 3),
        (("change", "912302"), 0),
        (("status", "nonesuch"), 1),
        (("status", "--nonesuch"), 2),
    ],
)
def test_exit_codes_tell_scripts(ask: Ask, words: tuple[str, ...], code: int) -> None:
    shown = ask(*words, "--exit-code")
    assert shown.exit_code == code, shown.output


def test_without_the_option_a_failing_ci_is_no_failure(ask: Ask) -> None:
    assert ask("status", "netapp").exit_code == 0


def test_a_refusal_is_one_line_on_standard_error(ask: Ask) -> None:
    for words, said in {
        ("status", "quobite cluster"): "did you mean Quobyte CI?",
        ("status", "nonesuch"): "Known: Beta Net CI, ",
        ("change", "1"): "is not known here",
        ("change", "x"): "is not a change",
        ("history", "netapp", "400d"): "days",
        ("list", "--project", "nowhere"): "No project is called",
        ("incidents", "77"): "There is no incident #77",
        ("summary", "tomorrow"): "summary takes today",
        ("compare", "netapp", "netapp ci"): "Both names mean NetApp CI",
        ("status", ".."): "called '..'",
    }.items():
        shown = ask(*words)
        assert shown.exit_code == 1, words
        assert shown.stdout == ""
        assert said in shown.stderr
        assert shown.stderr.startswith("Error: ")
        assert shown.stderr.count("\n") == 1


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_the_examples_in_the_help_work(name: str, database: Path, tmp_path: Path, url: str) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(database.read_bytes())
    question = QUESTIONS[name]
    shown = run(name, "--help").output
    assert f"cibot {question.command.example}" in shown
    for example in (f"cibot {question.command.example}", *question.examples):
        assert example in shown
        words = shlex.split(example)[1:]
        if name == "unsilence":
            run("silence", "netapp", "2h", "new disks", "--db", str(copy))
        if "--watch" in words:
            continue  # never ends by itself; test_watch has it
        done = run(*words, "--db", str(copy))
        assert done.exit_code in ({0} if "--exit-code" not in words else {3, 4}), done.output
        if not question.command.writes and name != "silences":
            assert run(*words, "--url", url).exit_code == done.exit_code


def test_changes_are_made_in_the_name_of_who_has_the_shell(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(database.read_bytes())
    monkeypatch.setenv("LOGNAME", "mika")
    db = ("--db", str(copy))
    assert run("silences", *db).output == "No alert is silenced.\n"
    shown = run("silence", "netapp", "2h", "new disks", *db)
    assert shown.output.startswith("Silence #1: no alerts of NetApp CI until 06:10 UTC (2 h), by")
    assert "new disks" in run("silences", *db).output
    assert "Silence #1" in run("status", "netapp", *db).output
    assert run("unsilence", "netapp", *db).output == "NetApp CI: silence #1 is over.\n"
    assert run("ack", "1", "looking", *db).output.startswith("#1 NetApp CI (success): acknowledged")
    store = open_store(f"sqlite:///{copy}")
    rows = store.read(lambda tx: last_audit(tx, limit=10))
    store.close()
    assert [(row.network, row.account, row.what) for row in rows] == [
        ("cli", "mika", "ack"), ("cli", "mika", "unsilence"), ("cli", "mika", "silence"),
    ]  # fmt: skip


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "cibot.db"
    store = open_store(f"sqlite:///{path}")
    upgrade(store)
    history = History(store).feed(timedelta(minutes=1))
    history.ci("Evil \x1b[31m[bold]=1+1 CI").report(1, at=timedelta(hours=1))
    history.save()
    store.close()
    shown = run("list", "--db", str(path)).output
    assert "\x1b" not in shown
    assert "[bold]=1+1" in shown


def test_tables_that_are_missing_name_the_remedy(tmp_path: Path) -> None:
    shown = run("list", "--db", str(tmp_path / "none.db"))
    assert shown.exit_code == 1
    assert "cibot db upgrade" in shown.stderr
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "empty.db").touch()
    assert "cibot db upgrade" in run("list", "--db", str(tmp_path / "empty.db")).stderr


def test_two_forms_at_once_are_refused(ask: Ask) -> None:
    assert ask("list", "--json", "--csv").exit_code == 2
    assert ask("list", "--watch", "--exit-code").exit_code == 2


def test_the_page_about_the_command_line_shows_real_answers(ask: Ask) -> None:
    page = (Path(__file__).parents[3] / "docs/cli.md").read_text(encoding="utf-8")
    assert {name for name in QUESTIONS if f"`{name}" not in page} == set()
    for words in (("status", "netapp"), ("list",)):
        real = ask(*words).output.splitlines()
        after = page.partition(f"$ cibot {' '.join(words)}\n")[2].splitlines()
        for shown, row in zip(after, real, strict=False):
            assert row.startswith(shown), "\n".join(real)
    for state, code in CODES.items():
        assert f"| {code} | {state.value} |" in page
