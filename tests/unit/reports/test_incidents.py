"""When a trouble began and how long it lasted, as every face says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cibot.model import State
from cibot.reports.incidents import IncidentLine, SymptomView
from tests.unit.health.facts import NOW

HOUR = timedelta(hours=1)
OPENED = IncidentLine(1, "Acme", "success", "firing", NOW - HOUR, None, None, None, None)


def test_a_trouble_lasts_from_its_first_bad_run():
    incident = replace(OPENED, since=NOW - 9 * HOUR)
    assert (incident.began, incident.lasted(NOW)) == (NOW - 9 * HOUR, 9 * HOUR)
    over = replace(incident, resolved_at=NOW - 2 * HOUR)
    assert over.lasted(NOW) == 7 * HOUR


def test_without_a_first_bad_run_it_lasts_from_its_opening():
    assert (OPENED.began, OPENED.lasted(NOW)) == (NOW - HOUR, HOUR)


def test_what_never_opened_did_not_begin():
    pending = replace(OPENED, opened_at=None, since=NOW - 9 * HOUR)
    assert (pending.began, pending.lasted(NOW)) == (None, timedelta(0))


def test_a_headline_names_the_first_bad_run_only_of_results_that_are_in_trouble():
    level, silent = (
        SymptomView(signal=name, state=state, severity=State.SILENT, since=None, came_at=NOW,
                    cleared_at=None, figure=None, n=0, first_bad=None, evidence=())
        for name, state in (("level", "recovering"), ("silent", "firing"))
    )  # fmt: skip
    silence = replace(OPENED, kind="silent", symptoms=(level, silent))
    assert not silence.of_results
    assert replace(silence, symptoms=(replace(level, state="firing"), silent)).of_results
    assert replace(silence, kind="level", symptoms=(level,)).of_results
