"""The dispatcher always has a reply, whatever is typed and whatever is broken."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cibot.chat.commands import COMMANDS
from cibot.chat.dispatch import Dispatcher
from cibot.chat.pace import Patience
from cibot.chat.protocol import Asker, Channel, Question
from cibot.chat.typed import LONGEST, clean, split
from cibot.config.models import Config, SummaryConfig
from cibot.store.engine import open_store
from cibot.text.card import Card
from tests.support.canned import CONFIG, canned
from tests.support.history import NOW, make_tables

WORDS = [
    *COMMANDS,
    "netapp",
    "CI",
    "7d",
    "1,2",
    "912345",
    "é\u202e",
    "'",
    '"',
    "project",
    "%",
    "\x00",
]


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dispatcher]:
    store = make_tables(open_store(f"sqlite:///{tmp_path_factory.mktemp('canned') / 'db'}"))
    canned(store)
    yield Dispatcher(store, CONFIG, clock=lambda: NOW, patience=Patience(most=10**9))
    store.close()


def question(text: str, room: str = "#ci") -> Question:
    return Question(text, Asker("mallory"), Channel("irc", room), private=False)


@given(st.one_of(st.text(max_size=200), st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)))
def test_any_text_gets_a_card(answer: Dispatcher, text: str) -> None:
    reply = answer(question(text))
    assert isinstance(reply, Card)
    said = reply.text()
    assert said.strip()
    assert not set(said) & set("\r\x00\x02\x03\x0f\u202e")
    assert len(said) < 4000


@settings(max_examples=60)
@given(st.text(max_size=700))
def test_words_are_short_clean_and_never_empty(text: str) -> None:
    assert len(clean(text)) <= LONGEST
    assert all(word == word.strip() and word.isprintable() and word for word in split(text))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("netapp status", "status netapp"),
        ("what about netapp", "status netapp"),
        ("any news on netapp?", "status netapp"),
        ("did netapp recover?", "status netapp"),
        ("is netapp broken again?", "status netapp"),
        ("what happened to netapp yesterday", "status netapp"),
        ("#1", "why #1"),
        ("#912345", "change 912345"),
        ("what's the matter with netapp", "status netapp"),
        ("staus netapp", "status netapp"),
        ("stat netapp", "status netapp"),
        ("status=netapp", "status netapp"),
        ("status(netapp)", "status netapp"),
        ("why has netapp been red since friday", "why netapp"),
        ("why does netapp fail so often", "why netapp"),
        ("reason netapp", "why netapp"),
        ("which CIs are failing?", "list failing"),
        ("silent", "list silent"),
        ("who is silent", "list silent"),
        ("overview", "list"),
        ("today's summary", "summary today"),
        ("todays summary", "summary today"),
        ("summary of yesterday please", "summary yesterday"),
        ("summary for yesterday", "summary yesterday"),
        ("history netapp last month", "history netapp 30d"),
        ("netapp vs zuul", "compare netapp zuul"),
        ("who owns netapp", "contact netapp"),
        ("who runs netapp?", "contact netapp"),
        ("recheck command for netapp", "recheck netapp"),
        ("what did netapp miss", "missed netapp"),
        ("any incidents", "incidents"),
        ("open incidents", "incidents"),
        ("all incidents", "incidents all"),
        ("--help", "help"),
        ("-h", "help"),
        ("man why", "help why"),
        ("help me", "help"),
        ("help please?", "help"),
        ("why --help", "help why"),
        ("silence --help", "help silence"),
        ("help me with why", "help why"),
        ("help !ci why", "help why"),
        ("--version", "version"),
        ("which version are you", "version"),
        ("netapp's status", "status netapp"),
        ("hows netapp", "status netapp"),
        ("/status netapp", "status netapp"),
        ('"status netapp"', "status netapp"),
        ("912345 PS 3", "change 912345,3"),
        ("912345 patch set 3", "change 912345,3"),
        ("who is missing on 912345", "change 912345"),
        ("git fetch ssh://r.example.org/x refs/changes/45/912345/3 && ls", "change 912345,3"),
        ("history netapp a week", "history netapp 7d"),
        ("history netapp last week", "history netapp 7d"),
        ("history netapp over the last 7-days", "history netapp 7d"),
        ("history of netapp since 7 days", "history netapp 7d"),
        ("history netapp this week", "history netapp 7d"),
        ("netapp history 14d", "history netapp 14d"),
        ("incidnets", "incidents"),
        ("lsit failing", "list failing"),
        ("list faling", "list failing"),
        ("summry", "summary"),
        ("summary yesteday", "summary yesterday"),
        ("repotr cinder 90d", "report cinder 90d"),
        ("hlep", "help"),
        ("hilfe", "help"),
        ("comapre netapp zuul", "compare netapp zuul"),
        ("difference between netapp and zuul", "compare netapp zuul"),
        ("is netapp worse than zuul?", "compare netapp zuul"),
        ("is netapp reliable", "status netapp"),
        ("is it safe to ignore netapp?", "status netapp"),
        ("when did netapp last report", "status netapp"),
        ("since when is netapp red", "status netapp"),
        ("estado netapp", "status NetApp CI"),
        ("wie geht es netapp?", "status NetApp CI"),
        ("which patches did netapp miss", "missed netapp"),
        ("email of netapp", "contact netapp"),
        ("why did netapp fail on 912345", "change 912345"),
        ("status https://review.example.org/c/openstack/cinder/+/912345/3", "change 912345,3"),
        ("should I recheck 912345?", "change 912345"),
        ("why netapp 2025.2", "why netapp branch 2025.2"),
        ("how many CIs are failing", "list failing"),
        ("which ones are silent?", "list silent"),
        ("who's silent?", "list silent"),
        ("anything broken?", "status"),
        ("cinder", "project cinder"),
        ("openstack/cinder", "project cinder"),
        ("how is cinder doing?", "project cinder"),
        ("who tests cinder?", "project cinder"),
        ("failing in cinder", "list failing project cinder"),
        ("did cinder keep the rules", "report cinder"),
        ("report for cinder this quarter", "report cinder q4 2026"),
        ("report this month", "report nov 2026"),
        ("report this year", "report 2026"),
        ("incident 1", "why #1"),
        ("incidents #1", "why #1"),
        ("open incidents of netapp", "incidents netapp"),
        ("https://ci.example.org/ci/NetApp%20CI?branch=master", "status netapp master"),
        ("look at https://ci.example.org/incidents/1", "why #1"),
        ("https://ci.example.org/projects/openstack/cinder", "project cinder"),
        ("https://ci.example.org/change/912345", "change 912345"),
        ("https://ci.example.org/change/912345?patch_set=3", "change 912345,3"),
        ("https://ci.example.org/change/912345?patch_set=98", "change 912345,98"),
        ("https://ci.example.org/", "list"),
        ("https://ci.example.org/?state=failing", "list failing"),
        ("https://ci.example.org/incidents", "incidents"),
        ("https://ci.example.org/compare?first=netapp&second=zuul", "compare netapp zuul"),
        (
            "https://ci.example.org/report?project=openstack%2Fcinder&from=2026-11-01&branch=master",
            "report openstack/cinder 2026-11-01 branch master",
        ),
        ("https://ci.example.org/ci/NetApp%20CI?branch=none", "status netapp branch none"),
        ("status netapp refs/heads/master", "status netapp master"),
        ("thank you!", "status"),
    ],
)
def test_what_was_typed_another_way_gets_the_same_answer(
    answer: Dispatcher, typed: str, meant: str
) -> None:
    assert answer(question(typed)) == answer(question(meant))


@pytest.mark.parametrize(
    "typed",
    ["it broke in 2026", "netapp silence", "911111 or 912222", "silenc netapp 2h x", "exlude zuul"],
)
def test_nothing_is_guessed_from_a_year_a_wish_or_two_changes(
    answer: Dispatcher, typed: str
) -> None:
    reply = answer(question(typed))
    assert reply is not None
    assert reply.error


def test_a_megabyte_is_read_in_no_time(answer: Dispatcher) -> None:
    reply = answer(question("status " + "net'app \"" * 100_000))
    assert isinstance(reply, Card)
    assert reply.error


def test_quotes_keep_words_together_and_need_not_be_closed() -> None:
    assert split("why “Pure Storage CI” 7d") == ("why", "Pure Storage CI", "7d")
    assert split("status 'a b'") == ("status", "a b")
    assert split("what's \"up?") == ("what's", "up")


def test_a_database_that_is_away_is_said_politely() -> None:
    store = open_store("mysql+pymysql://nobody:secret@127.0.0.1:1/none")
    reply = Dispatcher(store, Config())(question("status"))
    assert reply is not None
    assert reply.error
    assert reply.text() == "The database does not answer; try again in a minute."


def test_a_database_without_tables_is_no_crash(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'db'}")
    reply = Dispatcher(store, Config())(question("status"))
    store.close()
    assert reply is not None
    assert reply.error
    assert "no such table" in caplog.text


def test_an_empty_database_says_so(tmp_path: Path) -> None:
    store = make_tables(open_store(f"sqlite:///{tmp_path / 'db'}"))
    empty = Dispatcher(store, Config(), clock=lambda: NOW)
    for text in ("status", "list", "summary", "status netapp", "change 1", "why x"):
        reply = empty(question(text))
        assert reply is not None
        assert "known" in reply.text(), text
    store.close()


def test_the_log_names_the_command_and_not_what_was_typed(
    answer: Dispatcher, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        answer(question("status hunter2"))
    assert "command=status" in caplog.text
    assert "hunter2" not in caplog.text


def test_times_are_those_of_the_channel(tmp_path: Path) -> None:
    store = make_tables(open_store(f"sqlite:///{tmp_path / 'db'}"))
    canned(store)
    config = CONFIG.model_copy(
        update={"summary": (SummaryConfig(channel="irc/#tokyo", time_zone="Asia/Tokyo"),)}  # type: ignore[arg-type]
    )
    reply = Dispatcher(store, config, clock=lambda: NOW)(question("status netapp", "#tokyo"))
    store.close()
    assert reply is not None
    assert "since Sat 23:10 JST (38 h)" in reply.text()


def test_two_bots_do_not_keep_each_other_talking(answer: Dispatcher) -> None:
    now = [NOW]
    impatient = Dispatcher(answer._store, CONFIG, clock=lambda: now[0])
    said = [impatient(question("I do not understand you")) for _ in range(20)]
    assert [reply is not None for reply in said] == [True] * 8 + [False] * 12
    assert said[7] is not None
    assert "am silent until I do" in said[7].text()
    other = Question("what?", Asker("anna"), Channel("irc", "#ci"), private=False)
    assert impatient(other) is not None
    assert impatient(question("status netapp")) is not None
    assert impatient(question("what is this")) is not None
    for _ in range(20):
        impatient(question("I do not understand you"))
    now[0] += timedelta(minutes=6)
    assert impatient(question("I do not understand you")) is not None


def test_a_project_s_name_is_no_slip_of_a_state(answer: Dispatcher) -> None:
    said = answer(question("list project sailing"))
    assert said is not None
    assert said.text().startswith("No project is called 'sailing'")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("list project health", "No project is called 'health'"),
        ("list projects", "3 of 6 CIs need a look"),
        ("incidents last week", "2 incidents are open, 1 ended in seven days."),
        ("incidents of netapp in the past week", "1 incident is open, "),
        ("status NAME netapp", "NetApp CI: "),
    ],
)
def test_words_of_a_sentence_are_neither_lost_nor_taken_for_names(
    answer: Dispatcher, asked: str, said: str
) -> None:
    card = answer(question(asked))
    assert card is not None
    assert card.text().startswith(said)


def test_a_bot_that_repeats_the_name_of_a_ci_is_not_answered_for_ever(answer: Dispatcher) -> None:
    impatient = Dispatcher(answer._store, CONFIG, clock=lambda: NOW)
    said = [impatient(question("I cannot parse your 'netapp' text")) for _ in range(20)]
    assert [reply is not None for reply in said] == [True] * 8 + [False] * 12
    assert said[0] is not None
    assert not said[0].error


def test_the_terminal_is_always_answered(answer: Dispatcher) -> None:
    patient = Dispatcher(answer._store, CONFIG, clock=lambda: NOW)
    typed = Question("xyzzy", Asker("you", "console"), Channel("console", "here"), private=True)
    assert all(patient(typed) is not None for _ in range(30))


def test_a_repeated_request_is_answered_once_by_all_hosts_together(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'db'}"
    canned(make_tables(open_store(url)))
    hosts = [Dispatcher(open_store(url), CONFIG, clock=lambda: NOW) for _ in range(2)]
    asked = replace(question("version"), keys=("slack:event:1", "slack:message:2"))
    repeated = replace(question("version"), keys=("slack:event:9", "slack:message:2"))
    assert [host(asked) is None for host in hosts] == [False, True]
    assert [host(repeated) for host in hosts] == [None, None]
    assert hosts[1](replace(asked, keys=("slack:event:2",))) is not None


def test_a_request_that_cannot_be_noted_says_that_the_database_is_away(tmp_path: Path) -> None:
    away = Dispatcher(open_store(f"sqlite:///{tmp_path / 'no' / 'db'}"), CONFIG)
    (tmp_path / "no").rmdir()
    reply = away(replace(question("status"), keys=("slack:event:1",)))
    assert reply is not None
    assert "database does not answer" in reply.text()


@pytest.mark.parametrize(
    "typed",
    [
        "status netapp; why netapp",
        "!ci status netapp\n!ci why netapp",
        "status netapp && list",
        "; status netapp | why vexx",
        "status netapp and why netapp",
        "status netapp, and then list",
        "status netapp then why vexx",
    ],
)
def test_of_several_commands_the_first_is_answered_and_the_answer_says_so(
    answer: Dispatcher, typed: str
) -> None:
    status = answer(question("status netapp"))
    reply = answer(question(typed))
    assert status
    assert reply
    assert reply.text() == status.text() + (
        "\nI answer one command at a time, and this is the answer to the first."
    )


def test_of_several_commands_none_is_done(answer: Dispatcher) -> None:
    reply = answer(question("silence netapp 2h; silence vexx 2h"))
    assert reply
    assert reply.error
    assert reply.text().startswith("One command at a time, please; nothing is done.")


def test_the_and_of_a_reason_joins_no_commands(answer: Dispatcher) -> None:
    reply = answer(question("silence netapp 2h moving racks and status unknown"))
    assert reply
    assert "one command at a time" not in reply.text().lower()


@pytest.mark.parametrize(
    "typed", ["status netapp;", 'status "netapp; why netapp"', "a; b", "why|x"]
)
def test_what_holds_no_second_command_is_one(answer: Dispatcher, typed: str) -> None:
    reply = answer(question(typed))
    assert reply
    assert "one command at a time" not in reply.text().lower()
