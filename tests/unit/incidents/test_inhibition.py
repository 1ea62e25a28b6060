"""Silences and inhibition: what keeps an alert from going out."""

from __future__ import annotations

from datetime import timedelta

from cibot.incidents.inhibition import (
    Opening,
    Surroundings,
    common_breakage,
    inhibited,
    shared_cause,
)
from cibot.incidents.messages import together_card
from cibot.incidents.silences import Silence, silenced
from cibot.model import State
from tests.unit.health.facts import HOUR, NOW

MINUTE = timedelta(minutes=1)


def test_a_silence_holds_from_its_start_until_just_before_its_end():
    mute = Silence("net*", NOW, NOW + HOUR, "ann", "new lab")
    assert silenced([mute], "NetApp", NOW) is mute
    assert silenced([mute], "NetApp", NOW + HOUR) is None
    assert silenced([mute], "NetApp", NOW - MINUTE) is None
    assert silenced([mute], "dell", NOW) is None
    longer = Silence("*", NOW, NOW + 2 * HOUR, "bob", "all")
    assert silenced([mute, longer], "netapp", NOW) is longer


def test_a_greater_trouble_keeps_the_lesser_back():
    assert inhibited("success", Surroundings()) is None
    assert inhibited("success", Surroundings(feed_fresh=False)) == "our own feed is stale"
    assert inhibited("silent", Surroundings(feed_fresh=False)) == "our own feed is stale"
    assert inhibited("success", Surroundings(silent=True)) == "the CI is silent"
    assert inhibited("silent", Surroundings(silent=True, reference_broken=True)) is None
    assert inhibited("success", Surroundings(reference_broken=True)) == "the reference CI is broken"
    assert inhibited("success", Surroundings(reference_broken=True, is_reference=True)) is None


def test_one_message_per_trouble():
    failing = Surroundings(told={"success": State.FAILING})
    for kind in ("disagreement", "job", "level"):
        assert inhibited(kind, failing) == "its success incident explains it"
        assert inhibited(kind, failing, State.FAILING) == "its success incident explains it"
    assert inhibited("infra", failing) is None
    mild = Surroundings(told={"job": State.DEGRADED})
    for kind in ("success", "level", "disagreement"):
        assert inhibited(kind, mild) == "its job incident explains it"
        assert inhibited(kind, mild, State.FAILING) is None  # worse than people know
    silent = Surroundings(told={"silent": State.SILENT})
    assert inhibited("coverage", silent, State.FAILING) == "its silent incident explains it"
    assert inhibited("latency", Surroundings(told={"infra": State.FAILING})) is not None
    assert inhibited("silent", silent, State.SILENT) is None
    assert inhibited("infra", Surroundings(reference_broken=True)) is None
    assert inhibited("job", Surroundings(reference_broken=True)) == "the reference CI is broken"


def test_a_mild_level_without_a_reference_is_shown_and_not_told():
    alone = Surroundings(alone=True)
    assert inhibited("level", alone) == (
        "without a reference nobody knows whether the changes are at fault"
    )
    assert inhibited("level", alone, State.FAILING) is None
    assert inhibited("success", alone) is None
    assert inhibited("level", Surroundings()) is None


def test_figures_over_days_do_not_tell_anew_of_what_is_over():
    over = Surroundings(over={"success": State.FAILING, "silent": State.SILENT})
    assert inhibited("disagreement", over) == "its success incident explains it"
    assert inhibited("coverage", over) == "its silent incident explains it"
    assert inhibited("latency", over) == "its silent incident explains it"
    assert inhibited("level", over) == "its success incident explains it"
    assert inhibited("job", over) is None
    assert inhibited("success", over) is None
    for kind in ("infra", "disagreement", "coverage", "latency", "job"):
        assert inhibited(kind, Surroundings(silent=True)) == "the CI is silent"


def test_what_is_worse_than_what_is_over_is_news():
    over = Surroundings(over={"job": State.DEGRADED})
    for kind in ("level", "disagreement"):
        assert inhibited(kind, over) == "its job incident explains it"
        assert inhibited(kind, over, State.FAILING) is None


def opened(*minutes_ago):
    return [
        Opening(f"ci{i}", "success", NOW - ago * MINUTE, State.FAILING)
        for i, ago in enumerate(minutes_ago)
    ]


def test_many_at_once_are_one_message():
    assert [one.ci for one in common_breakage(opened(50, 20, 0), 10, NOW)] == ["ci0", "ci1", "ci2"]


def test_fewer_than_three_or_than_thirty_percent_are_messages_of_their_own():
    assert common_breakage(opened(1, 0), 2, NOW) is None
    assert common_breakage(opened(2, 1, 0), 11, NOW) is None
    assert common_breakage(opened(200, 100, 0), 5, NOW) is None
    assert common_breakage([], 0, NOW) is None


def test_two_incidents_of_one_ci_are_one_ci():
    twice = [Opening("a", kind, NOW, State.FAILING) for kind in ("success", "infra")]
    assert common_breakage([*twice, Opening("b", "success", NOW, State.FAILING)], 3, NOW) is None


def test_the_breakage_keeps_its_name_while_it_goes_on():
    first = common_breakage(opened(60, 30, 0), 10, NOW)
    later = [
        *opened(60, 30, 0),
        *(
            Opening(f"x{i}", "success", NOW + (i + 1) * 30 * MINUTE, State.FAILING)
            for i in range(3)
        ),
    ]
    found = common_breakage(later, 10, NOW + 90 * MINUTE)
    assert found[0] == first[0]
    assert len(found) == 6
    assert common_breakage(later, 10, NOW + 300 * MINUTE) is None


def _broke(ci: str, changes: set[int], jobs: set[str]) -> Opening:
    rows = frozenset((7_000 + number, number) for number in changes)
    return Opening(ci, "job", NOW, State.DEGRADED, rows, frozenset(jobs))


def test_what_many_share_is_named_as_their_cause():
    openings = [
        _broke("A", {1, 2}, {"tempest"}),
        _broke("B", {2}, {"tempest", "unit"}),
        _broke("C", {2, 3}, {"lint"}),
        _broke("D", {4}, {"tempest"}),
    ]
    assert shared_cause(openings) == ((2,), ("tempest",))
    assert shared_cause(openings[:2]) == ((), ())
    text = together_card(openings, 10, None).text()
    assert (
        text.splitlines()[1] == "they share failures of change 2 and job tempest; look there first"
    )
    alone = [_broke(name, set(), set()) for name in "ABC"]
    assert "common cause" in together_card(alone, 10, None).text()


def test_a_name_that_reads_like_a_pattern_mutes_itself_only() -> None:
    hostile = Silence("[!Acme7]*", NOW, NOW + HOUR, "ann", "its own", is_pattern=False)
    assert silenced([hostile], "[!acme7]*", NOW) is hostile
    assert silenced([hostile], "NetApp", NOW) is None
    pattern = Silence("[!Acme7]*", NOW, NOW + HOUR, "ann", "all others")
    assert silenced([pattern], "NetApp", NOW) is pattern
    assert silenced([pattern], "[!Acme7]*", NOW) is pattern
