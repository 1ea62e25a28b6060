"""A small history that every face is asked about: one CI in each state."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from cibot.chat.irc.settings import IrcConfig
from cibot.config.models import (
    CiConfig,
    Config,
    PersonConfig,
    ReferenceConfig,
    RouteConfig,
    TokenConfig,
    WebConfig,
)
from cibot.health.intervals import wilson
from cibot.model import State
from cibot.store.engine import Store
from cibot.web.tokens import hash_of
from tests.support.history import History, ago, signal

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
    return history.save()


def _changes(history: History) -> None:
    for place in range(24):
        at = ago(hours=2 * (24 - place) + 1)
        history.change(912300 + place, subject=f"Cinder change {place}", uploads=[at])
    history.change(
        912345, subject="Add iSCSI multipath", uploads=[ago(days=3), ago(days=1), ago(hours=3)]
    )


def _success(verdict: State, passes: int, n: int) -> dict[str, Any]:
    low, high = wilson(passes, n)
    said = f"{passes} of {n} passed in 7 d where the reference passed"
    limits = "degraded when surely below 80 %, failing below 50 %"
    return signal("success", verdict, said, figure=passes / n, low=low, high=high, n=n,
                  threshold=limits)  # fmt: skip


def _states(history: History) -> None:
    heard = signal("silent", State.HEALTHY, "last heard 60 min ago", figure=1.0, n=25)
    history.ci("Zuul").is_(State.HEALTHY, ago(days=20), _success(State.HEALTHY, 205, 221), heard)
    history.ci("NetApp CI").is_(
        State.FAILING, ago(hours=38), heard, _success(State.FAILING, 5, 25)
    ).on("master", State.FAILING, 5, 25, 0.93, ago(hours=38)).incident(
        "success", ago(hours=36), said="5 of 25 passed in 7 d where the reference passed"
    )
    history.ci("Quobyte CI").is_(
        State.SILENT,
        ago(hours=12),
        _success(State.HEALTHY, 14, 14),
        signal("silent", State.SILENT, n=14, figure=1.0,
               said="last heard 22 h ago; 14 chances to report missed in a row since",
               threshold="silent after 9 chances missed in a row"),
    ).incident("silent", ago(hours=10), state="acknowledged", acknowledged_by="mika",
               note="new hypervisors, looking")  # fmt: skip
    quobyte_missed = [(912345, 3), *((912300 + place, 1) for place in range(23, 11, -1))]
    history.ci("Quobyte CI").chances(16, quobyte_missed, in_a_row=11)
    history.ci("NetApp CI").chances(25)
    history.ci("Beta Net CI").is_(
        State.DEGRADED,
        ago(days=4),
        signal("infra", State.DEGRADED, "19 of 66 results broke by themselves", figure=19 / 66,
               low=0.192, high=0.406, n=66, threshold="above 10 %"),
        signal("passes_everything", State.HEALTHY, "21 of 24 passed where the reference failed"
               " in 7 d", figure=21 / 24, low=0.69, high=0.957, n=24, counts=False,
               threshold="shown only: a CI with other jobs than the reference's may rightly pass"),
    )  # fmt: skip
    history.ci("Pure-Storage CI").is_(
        State.HEALTHY, ago(hours=30), _success(State.HEALTHY, 99, 104), heard
    ).incident("success", ago(hours=40), resolved=ago(hours=3))
    few = _success(State.UNKNOWN, 6, 8) | {"said": "6 of 8 passed in 28 d; 20 are needed to judge"}
    history.ci("Vexx ARM CI").is_(State.UNKNOWN, None, few)
