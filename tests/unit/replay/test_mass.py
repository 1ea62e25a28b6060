"""Mass failures in a replay: the bot's own messages, on the replay's clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from cibot.incidents.incident import Incident, Phase, Transition
from cibot.incidents.tracker import IncidentStep
from cibot.model import State
from cibot.replay.run import Replayed
from cibot.replay.timeline import Timeline
from cibot.replay.written import lines
from cibot.store.cis import KnownCi
from tests.unit.health.facts import HOUR, NOW
from tests.unit.incidents.making import cleared, symptom

MINUTE = timedelta(minutes=1)
FAILING = symptom(severity=State.FAILING)


class History:
    """What happens to nine CIs, A to I."""

    def __init__(self) -> None:
        self.replayed = Replayed()
        for number, name in enumerate("ABCDEFGHI", 1):
            self.replayed.cis[number] = KnownCi(number, name, "configured", NOW)
        self._incidents: dict[str, Incident] = {}

    def _step(self, name: str, at: datetime, incident: Incident, step: str) -> None:
        ci = next(ci for ci in self.replayed.cis.values() if ci.name == name)
        self._incidents[name] = incident
        taken = IncidentStep(incident, Transition(step, at, incident.severity, "success"))
        self.replayed.steps.append((ci, taken))

    def half_way(self, names: str, minutes: float) -> None:
        at = NOW + minutes * MINUTE
        for name in names:
            self._step(name, at, Incident(at, Phase.PENDING, at, (FAILING,)), "pending")

    def opens(self, names: str, minutes: float) -> None:
        at = NOW + minutes * MINUTE
        for name in names:
            before = self._incidents.get(name) or Incident(at, Phase.PENDING, at, (FAILING,))
            now = replace(before, phase=Phase.FIRING, opened_at=at, changed_at=at)
            self._step(name, at, now, "opened")

    def drops(self, names: str, minutes: float) -> None:
        at = NOW + minutes * MINUTE
        for name in names:
            gone = replace(self._incidents[name], phase=Phase.DROPPED, changed_at=at)
            self._step(name, at, gone, "dropped")
            del self._incidents[name]

    def ends(self, names: str, minutes: float) -> None:
        at = NOW + minutes * MINUTE
        for name in names:
            over = {"phase": Phase.RESOLVED, "resolved_at": at, "changed_at": at}
            now = replace(self._incidents[name], symptoms=(cleared(FAILING, at),), **over)  # type: ignore[arg-type]
            self._step(name, at, now, "resolved")

    def said(self) -> list[str]:
        """Each message's time and headline, without its state."""
        self.replayed.steps.sort(key=lambda ci_step: (ci_step[1].transition.at, ci_step[0].id))
        heads = [next(iter(lines(message))) for message in Timeline(self.replayed).said()]
        return [f"{head[11:16]} {head.partition(' — ')[2]}" for head in heads]


def test_the_first_speaks_for_those_half_way_and_all_ends_are_one() -> None:
    history = History()
    history.half_way("BC", -60)
    history.opens("A", 0)
    history.opens("BC", 70)
    history.ends("A", 300)
    history.ends("BC", 380)
    assert history.said() == [
        "12:00 1 of 9 CIs broke since Mon 23 Nov 12:00 UTC: A (#3); going the same way: B, C",
        "18:20 all 3 CIs that broke since Mon 23 Nov 12:00 UTC recovered:"
        " A (#3), B (#1), C (#2) (after 6 h)",
    ]


def test_the_second_is_held_and_told_with_the_third_or_by_itself() -> None:
    history = History()
    history.opens("A", 0)
    history.opens("B", 10)
    history.opens("C", 20)
    history.opens("D", 600)
    first, together, *_rest = history.said()
    assert first.startswith("12:00 A is failing")
    assert together == "12:20 3 of 9 CIs broke since Mon 23 Nov 12:00 UTC: A (#1), B (#2), C (#3)"
    history = History()
    history.opens("A", 0)
    history.opens("B", 10)
    history.ends("AB", 300)
    assert [said[:7] for said in history.said()] == ["12:00 A", "12:40 B", "17:00 A", "17:00 B"]


def test_what_came_and_went_while_it_was_held_is_not_told() -> None:
    history = History()
    history.opens("A", 0)
    history.opens("B", 10)
    history.ends("B", 20)
    assert [said[:7] for said in history.said()] == ["12:00 A"]


def test_who_joins_and_who_is_left_are_named_once() -> None:
    history = History()
    history.half_way("BC", -60)
    history.opens("ABC", 0)
    history.opens("D", 100)
    history.opens("E", 130)
    history.ends("ABC", 600)
    history.ends("D", 700)
    history.ends("E", 2000)
    assert history.said() == [
        "12:00 1 of 9 CIs broke since Mon 23 Nov 12:00 UTC: A (#3); going the same way: B, C",
        "14:40 5 of 9 CIs broke since Mon 23 Nov 12:00 UTC, by now also:"
        " D (#4) failing, E (#5) failing",
        "02:40 4 of the 5 CIs that broke since Mon 23 Nov 12:00 UTC recovered:"
        " A (#3), B (#1), C (#2), D (#4) (after 12 h); not yet: E (#5) failing",
        "21:20 E recovered: " + history.said()[-1].partition("recovered: ")[2],
    ]


def test_what_was_half_way_and_came_to_nothing_is_not_counted_as_over() -> None:
    history = History()
    history.half_way("BCD", -60)
    history.opens("A", 0)
    history.drops("B", 5)
    history.opens("CD", 10)
    history.opens("B", 70)
    history.ends("ACD", 300)
    history.ends("B", 2000)
    assert [said[:5] for said in history.said()] == ["12:00", "14:10", "05:00", "21:20"]


def test_what_gets_worse_in_one_family_is_known() -> None:
    history = History()
    history.opens("ABC", 0)
    at = NOW + HOUR
    silent = symptom("silent", State.SILENT)
    for name in "AB":
        before = history._incidents[name]
        more = (silent,) if name == "B" else ()
        history._step(name, at, replace(before, symptoms=(FAILING, *more)), "escalated")
    assert [said[6:] for said in history.said()][1:] == [
        "3 of 9 CIs broke since Mon 23 Nov 12:00 UTC: A (#1), B (#2), C (#3)",
        "3 of 9 CIs broke since Mon 23 Nov 12:00 UTC, by now also: B (#2) silent",
    ]
    assert len(history.said()) == 3
    assert history.said()[2].startswith("14:00")


def test_who_breaks_again_after_a_mass_failure_is_told_by_itself() -> None:
    history = History()
    history.opens("ABC", 0)
    history.ends("ABC", 380)
    at = NOW + timedelta(days=3)
    again = replace(
        history._incidents["B"], phase=Phase.FIRING, symptoms=(FAILING,), resolved_at=None,
        reopened=1, changed_at=at,
    )  # fmt: skip
    history._step("B", at, again, "reopened")
    assert history.said()[-1].startswith("12:00 B is again failing")
