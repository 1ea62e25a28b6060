"""A small history that every face is asked about: one CI in each state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pydantic import SecretStr

from cibot.chat.irc.settings import IrcConfig
from cibot.config.models import (
    CiConfig,
    Config,
    PersonConfig,
    ReferenceConfig,
    RouteConfig,
    RuleConfig,
    TokenConfig,
    WebConfig,
)
from cibot.health.chart import Drop
from cibot.health.intervals import wilson
from cibot.health.seen import Fault, FaultShare, OwnPast, Period
from cibot.health.signal import Signal
from cibot.model import State
from cibot.store.engine import Store, Tx
from cibot.store.incidents import add_incident, incident_by_id, merge_incident
from cibot.web.tokens import hash_of
from tests.support.history import NOW, History, ago, heard, passed, signal

TOKENS = {role: f"cibot_{role}-{'0' * 30}" for role in ("reader", "owner", "admin")}
CONFIG = Config(
    web=WebConfig(public_url="https://ci.example.org"),
    reference=(ReferenceConfig(ci="Zuul"),),
    ci=(
        CiConfig(
            name="NetApp CI",
            accounts=("netapp-ci",),
            owner="NetApp Storage",
            wiki="https://wiki.example.org/netapp",
            contact="storage-ci@netapp.example",
            recheck="run NetApp CI",
        ),
    ),
    irc=(IrcConfig(name="irc", host="irc.example.org", channels=("#ci",)),),
    rule=(
        RuleConfig(
            projects=("openstack/*",),
            agrees=0.95,
            silent_at_most=ago(days=14),
            jobs=("netapp-iscsi",),
        ),
    ),
    route=(RouteConfig(channels=("irc/#ci",)),),
    person=(
        PersonConfig(name="Mika", accounts=("irc:mika",), admin=True),
        PersonConfig(name="NetApp's team", accounts=("irc:netapp-ops",), owns=("NetApp*",)),
    ),
    token=(
        TokenConfig(name="grafana", hash=hash_of(TOKENS["reader"])),
        TokenConfig(
            name="netapp-tools", hash=hash_of(TOKENS["owner"]), role="owner", owns=("NetApp*",)
        ),
        TokenConfig(name="ops", secret=SecretStr(TOKENS["admin"]), role="admin"),
    ),
)


def canned(store: Store) -> History:
    """NetApp CI fails what Zuul passes, Quobyte CI is silent, Beta Net CI has got worse."""
    history = History(store).feed(ago(minutes=1))
    zuul, netapp = history.ci("Zuul", origin="configured"), history.ci("NetApp CI")
    pure, quobyte = history.ci("Pure-Storage CI"), history.ci("Quobyte CI")
    _changes(history)
    for place in range(24):
        number, at = 912300 + place, ago(hours=2 * (24 - place))
        zuul.report(number, at=at, jobs={"tempest": "SUCCESS"})
        pure.report(number, at=at - ago(minutes=30), jobs={"pure-iscsi": "SUCCESS"})
        bad = place >= 5
        word = "FAILURE" if bad else "SUCCESS"
        netapp.report(
            number,
            outcome="failure" if bad else "success",
            at=at - ago(minutes=45),
            jobs={"netapp-iscsi": word, "netapp-nfs": "FAILURE" if place == 23 else "SUCCESS"},
        )
        if place < 14:
            quobyte.report(number, at=at - ago(minutes=20), jobs={"quobyte": "SUCCESS"})
    zuul.report(912345, ps=3, at=ago(hours=2))
    netapp.report(
        912345, ps=3, outcome="failure", at=ago(hours=1), jobs={"netapp-iscsi": "FAILURE"}
    )
    pure.report(912345, ps=3, outcome="started", at=ago(minutes=20))
    history.ci("Vexx ARM CI", since=ago(hours=6)).report(912345, ps=2, at=ago(hours=5))
    _states(history)
    _counted(history)
    return history.save()


def merged_away(store: Store) -> int:
    """The number of an incident that was merged into another, and that into NetApp CI's #1."""

    def write(tx: Tx) -> int:
        into = 1
        for _ in range(2):
            stored = incident_by_id(tx, 1)
            assert stored is not None
            number = add_incident(tx, replace(stored, resolved_at=NOW))
            merge_incident(tx, number, into)
            into = number
        return into

    return store.write(write)


def _changes(history: History) -> None:
    for place in range(24):
        at = ago(hours=2 * (24 - place) + 1)
        history.change(912300 + place, subject=f"Cinder change {place}", uploads=[at])
    history.change(
        912345, subject="Add iSCSI multipath", uploads=[ago(days=3), ago(days=1), ago(hours=3)]
    )


def _counted(history: History) -> None:
    """Thirty days: NetApp CI is often wrong, Quobyte CI seldom there, Vexx ARM CI is new."""
    jobs = ("netapp-iscsi", "netapp-nfs")
    history.ci("Zuul").counted(due=0, missed=-8, hours=1, jobs=("tempest",))
    history.ci("NetApp CI").counted(due=8, wrong=2, jobs=jobs).accused(
        "success", State.FAILING, ago(hours=38)
    )
    history.ci("Quobyte CI").counted(due=8, missed=3, hours=30, jobs=("quobyte",)).accused(
        "silent", State.SILENT, ago(days=25), ago(days=9)
    )
    history.ci("Pure-Storage CI").counted(60, due=8, jobs=("netapp-iscsi", "pure-iscsi"))
    history.ci("Vexx ARM CI").counted(1, due=3, jobs=("arm",))


def _success(
    verdict: State, passes: int, n: int, days: int = 7, drop: Drop | None = None
) -> Signal:
    low, high = wilson(passes, n)
    seen = OwnPast(passed(passes, n, days), 0.93, n, 100, drop)
    return signal("success", verdict, seen, figure=passes / n, low=low, high=high, n=n)


def _share(
    name: str,
    verdict: State,
    fault: Fault,
    count: int,
    n: int,
    limits: tuple[float | None, float | None] = (None, None),
) -> Signal:
    low, high = wilson(count, n)
    seen = FaultShare(fault, count, n, Period(timedelta(days=7)), 10, *limits)
    counts = limits[0] is not None
    return signal(name, verdict, seen, figure=count / n, low=low, high=high, n=n, counts=counts)


def _states(history: History) -> None:
    here = signal("silent", State.HEALTHY, heard(1), figure=1.0, n=25)
    history.ci("Zuul").is_(State.HEALTHY, ago(days=20), _success(State.HEALTHY, 205, 221), here)
    fell = _success(State.FAILING, 5, 25, drop=Drop(NOW - ago(hours=38), 0.93, 20, 0, 9))
    history.ci("NetApp CI").is_(State.FAILING, ago(hours=38), here, fell).on(
        "master", State.FAILING, 5, 25, 0.93, ago(hours=38)
    ).incident("success", ago(hours=36), seen=fell.seen)
    history.ci("Quobyte CI").is_(
        State.SILENT,
        ago(hours=12),
        _success(State.HEALTHY, 14, 14),
        signal("silent", State.SILENT, heard(22, missed=14), n=14, figure=1.0),
    ).incident("silent", ago(hours=10), state="acknowledged", acknowledged_by="mika",
               note="new hypervisors, looking")  # fmt: skip
    quobyte_missed = [(912345, 3), *((912300 + place, 1) for place in range(23, 11, -1))]
    history.ci("Quobyte CI").chances(16, quobyte_missed, in_a_row=11)
    history.ci("NetApp CI").chances(25)
    history.ci("Beta Net CI").is_(
        State.DEGRADED,
        ago(days=4),
        _share("infra", State.DEGRADED, Fault.BROKE, 19, 66, (0.1, 0.3)),
        _share("passes_everything", State.HEALTHY, Fault.PASSED_ALONE, 21, 24, (0.75, None)),
    )
    history.ci("Pure-Storage CI").is_(
        State.HEALTHY, ago(hours=30), _success(State.HEALTHY, 99, 104), here
    ).incident("success", ago(hours=40), resolved=ago(hours=3))
    few = _success(State.UNKNOWN, 6, 8, days=28)
    history.ci("Vexx ARM CI").is_(State.UNKNOWN, None, few)
