"""Each command's answer on the canned history, word for word, and that its example works.

``CIBOT_WRITE_GOLDEN=1`` writes the files again: read them as a user before you commit them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from shutil import copy

import pytest

from cibot.chat.commands import COMMANDS
from cibot.chat.dispatch import Dispatcher
from cibot.chat.protocol import Asker, Channel, Question
from cibot.store.engine import open_store
from tests.support.canned import CONFIG, canned
from tests.support.history import NOW, make_tables

GOLDEN = Path(__file__).parent / "golden"
QUESTIONS = {
    "status": [
        "status",
        "status netapp",
        "status quobyte",
        "status pure storage",
        "status zuul",
        "status vexx",
        "status beta",
        "status nonesuch",
        "status netapp master",
        "status netapp branch master",
        "is netapp ok on master?",
        "status netapp stable/2026.1",
        "status quobyte master",
    ],
    "list": [
        "list",
        "list failing",
        "list failing degraded",
        "list project cinder",
        "list unknown cinder",
        "list foo",
        "list branch master",
        "list failing branch nope",
        "list branch",
    ],
    "why": ["why netapp", "why quobyte", "why beta", "why", "why tell me", "why netapp master"],
    "change": [
        "change 912345,3",
        "change 912311",
        "change 912345,2",
        "change https://review.example.org/c/openstack/cinder/+/912311/1",
        "change 1",
        "change x",
        "change",
        "change 912345,9",
    ],
    "summary": [
        "summary",
        "summary yesterday",
        "summary today",
        "summary tomorrow",
        "summary yesterday on master",
        "summary m*",
        "summary 2026-11-21",
        "summary sunday on master",
        "summary 2026-02-30",
        "summary today yesterday",
    ],
    "jobs": ["jobs netapp", "jobs vexx", "jobs netapp master", "jobs netapp on stable/1"],
    "history": [
        "history netapp 7d",
        "history netapp master 3d",
        "history quobyte 1w",
        "history beta",
        "history zuul 400d",
        "history netapp 0d",
        "history netapp 12h",
    ],
    "compare": [
        "compare netapp zuul",
        "compare pure storage with netapp ci",
        "compare pure storage quobyte",
        "compare beta netapp",
        "compare netapp NetApp-CI",
        "compare netapp",
        "compare netapp zuul on master",
        "compare pure storage quobyte stable/1",
        "compare a b c d",
    ],
    "missed": [
        "missed netapp",
        "missed netapp master",
        "missed quobyte",
        "missed zuul",
        "missed vexx",
    ],
    "project": ["project cinder", "project cinder master", "project", "project nova"],
    "incidents": [
        "incidents netapp",
        "incidents nonesuch",
        "incidents zuul all",
        "incidents",
        "incidents all",
        "incidents foo",
    ],
    "ack": [
        "ack 1 looking into it",
        "incidents",
        "ack #1 looking into it",
        "ack 3",
        "ack 99",
        "ack netapp",
        "bob: ack 1",
        "netapp-ops: ack 2",
        "netapp-ops: ack 1 new disks",
        "-: ack 1",
    ],
    "silence": [
        "silence netapp 2h new disks",
        'silence "Quobyte CI" for 1h30m because of the move',
        "silence B* 3d moving house",
        "netapp-ops: silence netapp 30m",
        "netapp-ops: silence netapp 30m again",
        "netapp-ops: silence quobyte 30m theirs",
        "netapp-ops: silence * 30m all",
        "silence netapp 91d too long",
        "silence netapp",
        "silence",
        "silence 2h new disks",
        "silence nonesuch 2h x",
        "please silence netapp for 2h",
        "-: silence netapp 2h x",
        "silences",
        "status netapp",
    ],
    "unsilence": [
        "unsilence netapp",
        "silence netapp 2h new disks",
        "silence netapp 3h more of them",
        "silence Net* 1d moving house",
        "bob: unsilence netapp",
        "netapp-ops: unsilence netapp",
        "netapp-ops: unsilence 3",
        "unsilence #3",
        "unsilence #3",
        "unsilence 77",
        "unsilence",
    ],
    "silences": ["silences", "silence netapp 2h new disks", "silences"],
    "watch": [
        "bob: watch netapp",
        "bob: watch netapp",
        "-: watch netapp",
        "bob: watch nonesuch",
        "bob: watch netapp for anna",
        "netapp-ops: watch netapp for Anna",
        "anna: watching",
        "watch netapp for NetApp's team",
        "watch netapp for irc:anna",
        "watch netapp for nowhere:anna",
        "watch netapp for #ci",
        "bob: watch zuul for me",
    ],
    "unwatch": [
        "bob: unwatch netapp",
        "bob: watch netapp",
        "bob: watch zuul",
        "bob: unwatch NetApp CI",
        "bob: unwatch all",
        "bob: unwatch all",
        "-: unwatch all",
        "bob: watch netapp",
        "carl: unwatch netapp for bob",
        "netapp-ops: unwatch netapp for BOB",
        "netapp-ops: unwatch netapp for bob",
    ],
    "watching": [
        "bob: watching",
        "bob: watch zuul",
        "bob: watch netapp",
        "bob: watching",
        "watching",
        "-: watching",
    ],
    "contact": ["contact netapp", "contact zuul"],
    "recheck": ["recheck netapp", "recheck zuul"],
    "retire": [
        "retire quobyte",
        "list",
        "status quobyte",
        "retire nonesuch",
        "retire",
        "netapp-ops: retire netapp",
        "-: retire netapp",
    ],
    "unretire": ["unretire quobyte", "retire quobyte", "unretire quobyte", "list"],
    "exclude": [
        "exclude quobyte",
        "list",
        "status quobyte",
        "exclude netapp",
        "netapp-ops: exclude beta",
        "-: exclude beta",
    ],
    "feeds": ["feeds"],
    "version": ["version"],
    "help": ["help", "help why", "help change", "help nonsense"],
}


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that nobody writes."""
    path = tmp_path_factory.mktemp("canned") / "db"
    store = make_tables(open_store(f"sqlite:///{path}"))
    canned(store)
    store.close()
    return path


@pytest.fixture
def answer(history: Path, tmp_path: Path) -> Iterator[Dispatcher]:
    """On a copy of its own: some commands change things."""
    copy(history, tmp_path / "db")
    store = open_store(f"sqlite:///{tmp_path / 'db'}")
    yield Dispatcher(store, CONFIG, clock=lambda: NOW)
    store.close()


def ask(answer: Dispatcher, text: str) -> str:
    """The admin Mika asks, unless another account stands before the question; "-" is nobody."""
    who, colon, rest = text.partition(": ")
    account = who if colon else "mika"
    asker = Asker(account, None if account == "-" else account)
    question = Question(rest if colon else text, asker, Channel("irc", "#ci"), private=False)
    reply = answer(question)
    assert reply is not None
    mark = "".join(word for word, on in ((" [error]", reply.error), (" [long]", reply.long)) if on)
    link = f"\n-> {reply.link}" if reply.link else ""
    return f">>> {text}{mark}\n{reply.text()}{link}\n"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_answers_are_these_words(answer: Dispatcher, name: str) -> None:
    text = "\n".join(
        ask(answer, question) for question in QUESTIONS.get(name, [COMMANDS[name].example])
    )
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("CIBOT_WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_explains_itself_and_its_example_works(answer: Dispatcher, name: str) -> None:
    command = COMMANDS[name]
    assert command.name == name
    assert command.usage.split()[0] == name
    assert command.example.split()[0] == name
    for question in command.before:
        ask(answer, question)
    reply = answer(Question(command.example, Asker("m", "mika"), Channel("irc", "m"), private=True))
    assert reply is not None
    assert not reply.error, reply.text()
    assert name in ask(answer, f"help {name}")


def test_no_word_means_two_commands() -> None:
    words = [word for command in COMMANDS.values() for word in (command.name, *command.aliases)]
    assert sorted(words) == sorted(set(words))
    assert all(word == word.casefold() for word in words)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("netapp", "status netapp"),
        ("NETAPP-CI", "status netapp"),
        ("how is netapp doing?", "status netapp"),
        ("is quobyte dead", "status quobyte"),
        ("what is the status of netapp?", "status netapp"),
        ("tell me why netapp fails", "why netapp"),
        ("why is netapp failing?", "why netapp"),
        ('status "NetApp CI"', "status netapp"),
        ("status “netapp ci", "status netapp"),
        ("Status netap", "status netapp"),
        ("912345,3", "change 912345,3"),
        ("#912345", "change 912345"),
        ("how are you?", "status"),
        ("", "help"),
        ("?", "help"),
        ("\x02\x0304status\x0f netapp\r\n", "status netapp"),
    ],
)
def test_almost_a_command_is_helped(answer: Dispatcher, typed: str, meant: str) -> None:
    assert ask(answer, typed).removeprefix(f">>> {typed}") == ask(answer, meant).removeprefix(
        f">>> {meant}"
    )


def test_what_is_no_command_gets_a_guess(answer: Dispatcher) -> None:
    assert "Did you mean status?" in ask(answer, "stts")
    assert "There is no command and no CI 'xyzzy'" in ask(answer, "xyzzy")
