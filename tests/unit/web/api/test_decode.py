"""The client reads back what the API wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any, Literal, get_args, get_origin

import pytest

from cibot.health.seen import OwnFigures
from cibot.model import Result, State
from cibot.store.engine import open_store
from cibot.store.silences import add_silence
from cibot.web.api import ENDPOINTS
from cibot.web.api.plain import Foreign, members, plain, typed
from cibot.web.asking import Asking
from tests.support.canned import CONFIG, canned
from tests.support.history import NOW, make_tables

ASKED = {"name": "netapp", "first": "netapp", "second": "zuul", "number": 912345, "id": 1}


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Any:
    store = make_tables(open_store(f"sqlite:///{tmp_path_factory.mktemp('decode') / 'db'}"))
    canned(store)
    until = NOW + timedelta(hours=2)
    store.write(lambda tx: add_silence(tx, "NetApp CI", NOW, until, "mika", "new disks"))
    yield Asking(store, CONFIG, lambda: NOW)
    store.close()


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)
def test_every_answer_comes_back_as_it_was(asking: Asking, endpoint: Any) -> None:
    given = {name: value for name, value in ASKED.items() if name in endpoint.params.model_fields}
    if endpoint.path == "/projects/<name>":
        given["name"] = "cinder"
    answer = endpoint.put_to(asking, endpoint.params.model_validate(given))
    raw = json.loads(json.dumps(plain(answer)))
    read = typed(endpoint.answer, raw)
    assert type(read) is type(answer)
    assert plain(read) == plain(answer)


@dataclass(frozen=True)
class Inner:
    """What another holds."""

    at: datetime
    length: timedelta | None


@dataclass(frozen=True)
class Outer:
    """One of everything."""

    word: Literal["a", "b"]
    state: State
    share: float
    days: dict[date, int]
    inner: tuple[Inner, ...]
    added: str = "later"


GOOD: dict[str, Any] = {
    "word": "a",
    "state": "failing",
    "share": 1,
    "days": {"2026-11-23": 3},
    "inner": [{"at": "2026-11-23T04:10:00.5Z", "length_s": 1.5}, {"at": "2026-11-23T04:10:00Z",
                                                                 "length_s": None}],
}  # fmt: skip


def test_what_is_unknown_is_passed_over_and_what_is_absent_has_its_default() -> None:
    read = typed(Outer, {**GOOD, "of_the_future": {"x": 1}})
    at = datetime(2026, 11, 23, 4, 10, tzinfo=UTC)
    first = Inner(at + timedelta(seconds=0.5), timedelta(seconds=1.5))
    assert read == Outer(
        "a", State.FAILING, 1.0, {date(2026, 11, 23): 3}, (first, Inner(at, None)), "later"
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"state": "purple"}, "the answer.state: Input should be "),
        ({"word": "c"}, "the answer.word: Input should be 'a' or 'b'"),
        ({"share": "1"}, "the answer.share: Input should be a valid number"),
        ({"share": True}, "the answer.share: Input should be a valid number"),
        ({"days": []}, "the answer.days: Input should be an object"),
        ({"days": {"no day": 1}}, "the answer.days.no day.[key]: Input should be a valid date"),
        ({"inner": {}}, "the answer.inner: Input should be a valid array"),
        (
            {"inner": [{"at": "x", "length_s": None}]},
            "the answer.inner[0].at: Input should be a valid date",
        ),
        ({"inner": [{"at": "2026-11-23T04:10:00Z"}]}, "the answer.inner[0].length: Field required"),
    ],
)
def test_what_is_not_as_promised_is_named_by_its_place(change: dict[str, Any], said: str) -> None:
    with pytest.raises(Foreign, match=said.replace("[", r"\[")):
        typed(Outer, {**GOOD, **change})


def test_no_answer_has_a_map_in_which_a_key_could_be_taken_for_a_length() -> None:
    def maps(kind: Any) -> Iterator[Any]:
        if get_origin(kind) in {dict, Mapping}:
            yield get_args(kind)[0]
        for part in get_args(kind):
            yield from maps(part)
        if is_dataclass(kind) and kind not in {OwnFigures, *seen}:
            seen.add(kind)
            for _name, _key, part in members(kind):
                yield from maps(part)

    seen: set[Any] = set()
    keys = {key for endpoint in ENDPOINTS for key in maps(endpoint.answer)}
    assert State in keys
    assert [key for key in keys if not issubclass(key, Enum | date)] == []


def test_null_is_no_object() -> None:
    with pytest.raises(Foreign, match="the answer: Input should be an object"):
        typed(Outer, None)
    assert typed(Result, "pass") is Result.PASS  # type: ignore[comparison-overlap]
