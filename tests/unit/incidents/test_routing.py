from __future__ import annotations

from dataclasses import replace

import pytest

from cibot.config.models import RouteConfig
from cibot.health.signal import BranchHealth
from cibot.incidents.incident import Notified
from cibot.incidents.routing import Alert, alert_of, receivers
from cibot.model import State
from tests.unit.health.facts import NOW
from tests.unit.incidents.making import incident, symptom


def alert(**fields):
    base = {
        "ci": "netapp",
        "kinds": frozenset({"success", "job"}),
        "severity": State.DEGRADED,
        "owner": "NetApp",
    }
    where = {"projects": frozenset({"openstack/cinder"}), "branches": frozenset({"master"})}
    return Alert(**(base | where | fields))


def route(*channels, **fields):
    return RouteConfig(channels=channels, **fields)


def test_a_route_without_patterns_takes_all():
    assert receivers([route("irc/#ci")], alert()) == ("irc/#ci",)
    assert receivers([route("irc/#ci")], alert(owner=None, projects=frozenset())) == ("irc/#ci",)


def test_each_channel_once_in_the_order_of_the_routes():
    routes = [route("irc/#b", "irc/#a"), route("irc/#a", "irc/#c")]
    assert receivers(routes, alert()) == ("irc/#b", "irc/#a", "irc/#c")
    assert receivers([], alert()) == ()


def test_every_pattern_must_fit():
    for fields in (
        {"cis": ("dell*",)},
        {"owners": ("dell",)},
        {"projects": ("openstack/nova",)},
        {"branches": ("stable/*",)},
        {"kinds": ("silent",)},
        {"severity": "failing"},
    ):
        assert receivers([route("irc/#ci", **fields)], alert()) == ()
    fitting = route(
        "irc/#ci",
        cis=("Net*",),
        owners=("netapp",),
        projects=("openstack/*",),
        branches=("main", "mas*"),
        kinds=("success",),
        severity="degraded",
    )
    assert receivers([fitting], alert()) == ("irc/#ci",)


def test_severity_is_the_mildest_that_is_sent():
    failing = [route("irc/#ci", severity="failing")]
    assert receivers(failing, alert(severity=State.FAILING))
    assert receivers(failing, alert(severity=State.SILENT, kinds=frozenset({"silent"})))


def test_an_incident_goes_where_any_of_its_symptoms_and_its_worst_belong():
    trouble = incident(symptom(), replace(symptom("job"), came_at=None))
    assert alert_of("netapp", trouble, None, frozenset()).kinds == {"success"}
    heard = Notified((), State.SILENT, "silent", 1, NOW)
    assert alert_of("netapp", trouble, None, frozenset()).severity is State.DEGRADED
    eased = replace(trouble, notified=heard)
    assert alert_of("netapp", eased, None, frozenset()).severity is State.SILENT


def branches(**states):
    return [
        BranchHealth(name, state, 5, 30, 0.1, 0.4, None, None, NOW)
        for name, state in states.items()
    ]


@pytest.mark.parametrize(
    ("signal", "states", "concerned"),
    [
        ("success", {"master": State.HEALTHY, "stable": State.FAILING}, {"stable"}),
        ("success", {"master": State.HEALTHY, "stable": State.UNKNOWN}, {"master", "stable"}),
        ("success", {"master": State.DEGRADED, "stable": State.FAILING}, {"master", "stable"}),
        ("silent", {"master": State.HEALTHY, "stable": State.FAILING}, {"master", "stable"}),
        ("success", {}, set()),
    ],
)
def test_bad_results_concern_the_branches_where_the_ci_is_bad(signal, states, concerned):
    alert = alert_of("netapp", incident(symptom(signal)), None, frozenset(), branches(**states))
    assert alert.branches == concerned
    assert bool(receivers([route("irc/#s", branches=("stable",), kinds=(signal,))], alert)) == (
        "stable" in concerned
    )
    assert receivers([route("irc/#all")], alert)
