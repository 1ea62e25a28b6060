"""The daily summary as a channel gets it: its parts, its CIs, and never more than it bears."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.chat.commands.summary import summary_card
from cibot.chat.dispatch import Dispatcher
from cibot.chat.irc.text import MOST_BYTES, Style, render
from cibot.chat.protocol import Asker, Channel, Question
from cibot.config.models import SUMMARY_PARTS, SummaryConfig
from cibot.health.seen import EarlierWords
from cibot.model import State, Window
from cibot.reports.ci import CiLine
from cibot.reports.context import Context
from cibot.reports.feeds import ServerFeeds
from cibot.reports.incidents import IncidentLine
from cibot.reports.summary import Summary, Totals, rules_since, summary, window_of
from cibot.store.engine import Store, open_store
from tests.support.canned import CONFIG, canned
from tests.support.history import NOW, make_tables

CTX = Context(NOW, CONFIG)
NO_TOTALS = Totals(0, 0, 0, 0, 0, 0)
DAY = timedelta(days=1)
hostile = st.text(max_size=100) | st.sampled_from(
    ["\u202e", "a" * 100, "é" * 100, "👩\u200d👧" * 30]
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = make_tables(open_store(f"sqlite:///{tmp_path_factory.mktemp('canned') / 'db'}"))
    canned(store)
    yield store
    store.close()


def said(store: Store, **fields: object) -> list[str]:
    to = SummaryConfig.model_validate({"channel": "irc/#ci"} | fields)
    contents = store.read(lambda tx: summary(tx, CTX, "day", to))
    return summary_card(CTX, contents, to.parts).text().splitlines()


def test_only_the_parts_that_were_asked_for(store: Store) -> None:
    for part, starts in [
        ("worst", ["○ silent Quobyte CI", "■ failing NetApp CI", "▲ degraded Beta Net CI"]),
        ("silent", ["○ Silent: Quobyte CI (12 h)."]),
        ("changes", ["Changed: opened #3 Quobyte CI (silent); resolved #2 Pure-Storage CI"]),
        ("new", ["New: Vexx ARM CI."]),
        ("totals", ["Total: 41 results of 5 CIs, 68 % passed (before: 85 %)."]),
    ]:
        head, *lines = said(store, parts=[part])
        assert head.startswith("Last 24 hours: 3 of 6 CIs need a look")
        assert len(lines) == len(starts)
        assert all(line.startswith(start) for line, start in zip(lines, starts, strict=True))


def test_what_opened_and_ended_in_one_day_is_named_once(store: Store) -> None:
    to = SummaryConfig.model_validate({"channel": "irc/#ci"})
    contents = store.read(lambda tx: summary(tx, CTX, "day", to))
    both = replace(contents, opened=(*contents.opened, *contents.resolved))
    (changed,) = summary_card(CTX, both, ("changes",)).text().splitlines()[1:]
    assert changed.count("#2 Pure-Storage CI") == 1
    assert "resolved #2 Pure-Storage CI" in changed


def test_a_weekly_one_says_who_kept_the_rules(store: Store) -> None:
    def weekly(**fields: object) -> list[str]:
        to = SummaryConfig.model_validate({"channel": "irc/#ci", "every": "week"} | fields)
        contents = store.read(lambda tx: summary(tx, CTX, "day", to))
        rules = store.read(lambda tx: rules_since(tx, CTX, NOW - 7 * DAY, to))
        return summary_card(CTX, contents, to.parts, rules).text().splitlines()

    lines = weekly(parts=["report"])
    assert lines[1:] == [
        "Rules, 16 Nov to 22 Nov 2026 (7 days):"
        " 0 of 4 CIs met the rule, 2 did not and too little can be said of 2.",
        "Not met: Quobyte CI, NetApp CI.",
    ]
    assert len(weekly()) == 8
    assert lines[1] in weekly()
    assert not [line for line in weekly(parts=["totals"]) if line.startswith("Rules")]
    only = weekly(parts=["report"], cis=["Pure*"])
    assert only[1:] == [
        "Rules, 16 Nov to 22 Nov 2026 (7 days): 0 of 1 CI met the rule and"
        " too little can be said of 1."
    ]


def test_only_the_cis_that_were_chosen(store: Store) -> None:
    head, worst, total = said(store, cis=["NetApp*", "Zuul"])
    assert head == "Last 24 hours: 1 of 2 CIs needs a look: 1 failing; 1 healthy."
    assert worst.startswith("■ failing NetApp CI")
    assert total.startswith("Total: 26 results of 2 CIs")
    assert "1 of 1 CI needs a look" in said(store, owners=["NetApp Storage"])[0]
    assert said(store, projects=["openstack/nova"])[0] == "Last 24 hours: no CI is known yet."
    assert "of 5 CIs" in said(store, projects=["openstack/*"])[0]


def test_asked_in_a_channel_it_is_that_channels(store: Store) -> None:
    to = SummaryConfig(channel="work/#storage", cis=("NetApp*",), parts=("worst",))
    answer = Dispatcher(store, CONFIG.model_copy(update={"summary": (to,)}), lambda: NOW)
    for where, named in [
        (Channel("work", "#storage"), None),
        (Channel("work", "C0123456"), Channel("work", "#storage")),
    ]:
        reply = answer(Question("summary", Asker("bob"), where, private=False, named=named))
        assert reply is not None
        assert len(reply.text().splitlines()) == 2
    elsewhere = answer(Question("summary", Asker("bob"), Channel("work", "#x"), private=False))
    assert elsewhere is not None
    assert len(elsewhere.text().splitlines()) > 4


def a_ci(number: int, name: str, state: State, words: str) -> CiLine:
    since = NOW - DAY if number % 2 else None
    seen = EarlierWords(words)
    page = CTX.page("ci", name)
    return CiLine(number, name, state, since, None, NOW - DAY, (), page, seen)


def an_incident(number: int, ci: str) -> IncidentLine:
    return IncidentLine(number, ci, "disagreement", "resolved", NOW - DAY, NOW, None, None, None)


cis = st.lists(st.tuples(hostile.filter(bool), st.sampled_from(State), hostile), max_size=12).map(
    lambda rows: tuple(a_ci(place, *row) for place, row in enumerate(rows))
)
incidents = st.lists(hostile, max_size=9).map(
    lambda names: tuple(an_incident(10**9 + n, name) for n, name in enumerate(names))
)
stale = st.lists(hostile, max_size=3).map(
    lambda names: tuple(ServerFeeds(name, "", NOW - DAY, DAY, True, ()) for name in names)
)


@given(cis, cis, incidents, incidents, incidents, stale, st.booleans())
def test_it_is_eight_lines_of_four_hundred_bytes_at_most(
    wrong: tuple[CiLine, ...], new: tuple[CiLine, ...], opened: tuple[IncidentLine, ...],
    worse: tuple[IncidentLine, ...], resolved: tuple[IncidentLine, ...],
    old: tuple[ServerFeeds, ...],
    paged: bool,
) -> None:  # fmt: skip
    worst = tuple(sorted(wrong, key=lambda ci: ci.state.rank))
    if not paged:  # no public address, so no CI has a page
        worst, new = (tuple(replace(ci, page=None) for ci in some) for some in (worst, new))
    contents = Summary(
        "Last 24 hours", Window(NOW - DAY, NOW), dict.fromkeys(State, 7), worst, opened, worse,
        resolved, new, replace(NO_TOTALS, reports=9**9, passes=9**9, infra=9**9, cis=999),
        NO_TOTALS, old,
    )  # fmt: skip
    ctx = CTX if paged else Context(NOW)
    card = summary_card(ctx, contents)
    assert len(card.lines) <= 8
    messages = [text for line in render(card, Style()) for text in line]
    assert len(messages) <= 8 + paged  # a link that does not fit beside the head has its own
    assert all(len(text.encode()) <= MOST_BYTES for text in messages)
    silent = [ci for ci in worst if ci.state is State.SILENT]
    assert bool(silent) <= ("○" in card.text())


def test_every_part_has_a_name() -> None:
    assert set(SUMMARY_PARTS) == {"worst", "silent", "changes", "new", "report", "totals"}


def test_a_window_is_called_by_its_length_or_by_its_beginning() -> None:
    title, window = window_of(CTX, CTX.now - timedelta(hours=24, minutes=1))
    assert title == "Last 24 hours"
    assert window.since == CTX.now - timedelta(hours=24, minutes=1)
    since = CTX.now - timedelta(days=3)
    title, window = window_of(CTX, since)
    assert title == f"Since {since:%a} {since.day} {since:%b}, {since:%H:%M}"
    assert (window.since, window.until) == (since, CTX.now)
