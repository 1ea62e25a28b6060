"""One query layer: chat, API, pages and command line tell the same figures of the same history.

Each face is asked as its people ask it: the chat's dispatcher, the API and the
pages over WSGI, the command line in a process's own words, of a server that
listens and of the database. The figures are read out of what each shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import time_machine
from click.testing import CliRunner

from cibot.chat.dispatch import Dispatcher
from cibot.cli import main
from cibot.store.engine import Store, open_store
from cibot.store.migrate import upgrade
from tests.support.canned import CONFIG, canned
from tests.support.faces import application
from tests.support.figures import Figures, Sentences, Shell, chat
from tests.support.figures_web import Api, Pages
from tests.support.history import NOW, History, ago
from tests.support.listening import listening

CIS = ("Quobyte CI", "NetApp CI", "Beta Net CI", "Vexx ARM CI", "Zuul", "Pure-Storage CI")
FACES = ("chat", "pages", "server", "database")


@dataclass
class Faces:
    """The faces over one history."""

    api: Api
    chat: Sentences
    pages: Pages
    server: Shell
    database: Shell


def shell(*where: str) -> Shell:
    """`cibot` in a pipe."""

    def say(words: str) -> str:
        name, _, rest = words.partition(" ")
        typed = rest.replace('"', "\0").split("\0") if '"' in rest else rest.split()
        arguments = [word for word in typed if word.strip()]
        done = CliRunner().invoke(main, [name, *where, *arguments])
        assert done.exit_code == 0, done.output
        return done.output

    return Shell(say)


def faces_of(store: Store, url: str, database: str) -> Faces:
    app = application(store, CONFIG)
    return Faces(
        Api(app.test_client()),
        chat(Dispatcher(store, CONFIG, lambda: NOW)),
        Pages(app.test_client()),
        shell("--url", url),
        shell("--db", database),
    )


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def faces(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    if request.param == "sqlite":
        database = f"sqlite:///{tmp_path_factory.mktemp('faces') / 'cibot.db'}"
    else:
        database = request.getfixturevalue("mariadb").create_database()
    yield from over(database, canned)


def over(database: str, fill: Callable[[Store], object]) -> Iterator[Faces]:
    store = open_store(database)
    upgrade(store)
    fill(store)
    with time_machine.travel(NOW, tick=False), listening(application(store, CONFIG)) as url:
        yield faces_of(store, url, database)
    store.close()


def same(expected: Figures, other: Figures, must: set[str]) -> None:
    """What ``other`` tells is ``expected``, and it tells at least what it ``must``."""
    assert must <= set(other), f"not told: {must - set(other)}"
    assert other == {key: expected[key] for key in other if key in expected}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("name", CIS)
def test_how_a_ci_is(faces: Faces, face: str, name: str) -> None:
    expected = faces.api.status(name)
    shown = getattr(faces, face).status(name)
    must = {"state", "incidents"} | (set(expected) & {"passed", "heard", "for"})
    if face != "pages":
        must |= set(expected) & {"last"}  # the page says when, and lists what
    if expected["state"] == "silent" and face != "pages":
        pass  # the sentence is about silence, so the rate is left to `why` and `list`
    elif face == "pages" or expected["state"] in {"failing", "healthy"}:
        must |= set(expected) & {"rate", "low", "high", "n"}
    same(expected, shown, must)


def test_what_is_asked_is_worth_comparing(faces: Faces) -> None:
    """Figures that are None or empty everywhere would agree, and say nothing."""
    assert faces.api.status("NetApp CI") == {
        "state": "failing", "for": "38 h", "rate": 20, "low": 9, "high": 39, "n": 25,
        "passed": (0, 20, 93), "heard": "60 min",
        "last": ("failed", "912345,3"), "incidents": {"1"},
    }  # fmt: skip
    assert {faces.api.status(name)["state"] for name in CIS} == {
        "silent", "failing", "degraded", "unknown", "healthy",
    }  # fmt: skip


@pytest.mark.parametrize("face", ["server", "database"])
def test_the_list_has_each_ci_as_the_api_has_it(faces: Faces, face: str) -> None:
    shown = getattr(faces, face).listed()
    assert list(shown) == list(CIS)
    for name in CIS:
        expected = faces.api.status(name)
        heard = expected.get("heard", "never")
        must = {"state", "heard", "incidents"} | (
            set(expected) & {"for", "rate", "low", "high", "n"}
        )
        same(expected | {"heard": heard}, shown[name], must)


@pytest.mark.parametrize("face", FACES)
def test_each_job(faces: Faces, face: str) -> None:
    expected = faces.api.jobs("NetApp CI")
    assert expected["netapp-iscsi"] == {
        "rate": 20, "low": 9, "high": 39, "n": 25, "last pass": "39 h",
    }  # fmt: skip
    assert len(expected) == 2
    shown = getattr(faces, face).jobs("NetApp CI")
    assert list(shown) == list(expected)
    for job, figures in expected.items():
        same(figures, {key: value for key, value in shown[job].items() if value is not None},
             {"rate", "low", "high", "n"})  # fmt: skip


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("pair", [("NetApp CI", "Zuul"), ("Pure-Storage CI", "NetApp CI")])
def test_two_compared(faces: Faces, face: str, pair: tuple[str, str]) -> None:
    expected = faces.api.compare(*pair)
    assert expected["counts"] in {(5, 0, 20, 0), (5, 0, 0, 19)}
    assert len(expected["examples"]) == 5
    same(expected, getattr(faces, face).compare(*pair), set(expected))


@pytest.mark.parametrize("face", FACES)
def test_what_was_missed(faces: Faces, face: str) -> None:
    expected = faces.api.missed("Quobyte CI")
    assert expected["missed"] == (2, 16)
    assert expected["newest"][0] == "912345,3"
    assert len(expected["newest"]) == 8
    same(expected, getattr(faces, face).missed("Quobyte CI"), {"missed", "newest"})


@pytest.mark.parametrize("face", FACES)
def test_how_it_stands_beside_others(faces: Faces, face: str) -> None:
    expected = faces.api.standing("NetApp CI")
    assert expected["both"][2] == "Zuul"
    same(expected, getattr(faces, face).standing("NetApp CI"), {"rank", "both"})


@pytest.mark.parametrize(
    ("face", "asked"),
    [
        *(("chat", words) for words in ("status netapp", "why netapp", "list", "incidents")),
        *(("server", words) for words in ("status netapp", "why netapp", "incidents --csv")),
        *(("database", words) for words in ("list --csv", "incidents", "summary")),
        *(("pages", path) for path in ("/", "/ci/NetApp%20CI", "/incidents", "/incidents/1")),
        *(("pages", path) for path in ("/incidents.atom",)),
        *(("api", path) for path in ("/cis/netapp", "/incidents", "/summary")),
    ],
)  # fmt: skip
def test_what_passed_since_a_trouble_began_is_one_figure(
    faces: Faces, face: str, asked: str
) -> None:
    text = str(faces.api.get(asked)) if face == "api" else ""
    if face == "pages":
        text = re.sub(r"<[^>]+>", "", faces.pages.get(asked))
    elif face != "api":
        text = getattr(faces, face).say(asked)
    said = re.findall(r"([\d,]+) of ([\d,]+)\s+passed\s+since", text.replace("\xa0", " "))
    assert said, text
    assert set(said) == {("0", "20")}
    assert not re.search(r"passed (?!20\b)\d+ of the same", text)


@pytest.mark.parametrize("face", FACES)
def test_incidents(faces: Faces, face: str) -> None:
    expected = faces.api.incidents()
    assert expected == {
        "open": {"1": ("NetApp CI", "success"), "3": ("Quobyte CI", "silent")},
        "ended": {"2": ("Pure-Storage CI", "success")},
    }
    assert getattr(faces, face).incidents() == expected


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("name", ["NetApp CI", "Quobyte CI"])
def test_each_day(faces: Faces, face: str, name: str) -> None:
    expected = faces.api.history(name)
    assert len(expected["days"]) == 7
    assert expected["total"] == {"NetApp CI": (5, 25, 4), "Quobyte CI": (14, 14, 5)}[name]
    must = {"total"} | ({"bars"} if face != "pages" else set())
    must |= {"days"} if face in {"server", "database", "pages"} else set()
    same(expected, getattr(faces, face).history(name), must)


def test_another_history_gives_other_figures_on_every_face(tmp_path: Path) -> None:
    """What is compared above is read from the history, not from the page's words."""

    def worse(store: Store) -> None:
        canned(store)
        history = History(store)
        history.ci("NetApp CI").report(
            912400, outcome="failure", at=ago(minutes=10), jobs={"netapp-nfs": "FAILURE"}
        )
        history.ci("Zuul").report(912400, at=ago(minutes=30))
        history.save()

    for faces in over(f"sqlite:///{tmp_path / 'worse.db'}", worse):
        for face in ("api", *FACES):
            asked = getattr(faces, face)
            assert asked.status("NetApp CI")["heard"] == "10 min", face
            assert asked.jobs("NetApp CI")["netapp-nfs"]["n"] == 25, face
            assert asked.history("NetApp CI")["total"] == (5, 26, 4), face
            assert asked.compare("NetApp CI", "Zuul")["counts"] == (5, 0, 21, 0), face
