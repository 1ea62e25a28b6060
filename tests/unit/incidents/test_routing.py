from __future__ import annotations

from dataclasses import replace

from cibot.config.models import RouteConfig
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
    return Alert(**(base | {"projects": frozenset({"openstack/cinder"})} | fields))


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
        {"kinds": ("silent",)},
        {"severity": "failing"},
    ):
        assert receivers([route("irc/#ci", **fields)], alert()) == ()
    fitting = route(
        "irc/#ci",
        cis=("Net*",),
        owners=("netapp",),
        projects=("openstack/*",),
        kinds=("success",),
        severity="degraded",
    )
    assert receivers([fitting], alert()) == ("irc/#ci",)


def test_severity_is_the_mildest_that_is_sent():
    failing = [route("irc/#ci", severity="failing")]
    assert receivers(failing, alert(severity=State.FAILING))
    assert receivers(failing, alert(severity=State.SILENT, kinds=frozenset({"silent"})))


def test_an_incident_goes_where_any_of_its_symptoms_and_its_worst_belong():
    found = incident(symptom(), replace(symptom("job"), came_at=None))
    assert alert_of("netapp", found, None, frozenset()).kinds == {"success"}
    known = Notified((), State.SILENT, "silent", 1, NOW)
    assert alert_of("netapp", found, None, frozenset()).severity is State.DEGRADED
    eased = replace(found, notified=known)
    assert alert_of("netapp", eased, None, frozenset()).severity is State.SILENT
