"""A small history that every face is asked about: one CI in each state."""

from __future__ import annotations

from cibot.config import CiConfig, Config, ReferenceConfig, WebConfig
from cibot.model import State
from cibot.store.engine import Store
from tests.support.history import History, ago, signal

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
)


def canned(store: Store) -> History:
    """NetApp CI fails what Zuul passes, Quobyte CI is silent, Beta Net CI has got worse."""
    history = History(store).feed(ago(minutes=1))
    zuul, netapp = history.ci("Zuul", origin="configured"), history.ci("NetApp CI")
    pure, quobyte = history.ci("Pure-Storage CI"), history.ci("Quobyte CI")
    _changes(history)
    for place in range(12):
        number, at = 912300 + place, ago(hours=4 * (12 - place))
        zuul.report(number, at=at, jobs={"tempest": "SUCCESS"})
        pure.report(number, at=at - ago(minutes=30), jobs={"pure-iscsi": "SUCCESS"})
        bad = place >= 3
        word = "FAILURE" if bad else "SUCCESS"
        netapp.report(
            number,
            outcome="failure" if bad else "success",
            at=at - ago(minutes=45),
            jobs={"netapp-iscsi": word, "netapp-nfs": "FAILURE" if place == 11 else "SUCCESS"},
        )
        if place < 8:
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
    for place in range(12):
        at = ago(hours=4 * (12 - place) + 1)
        history.change(912300 + place, subject=f"Cinder change {place}", uploads=[at])
    history.change(
        912345, subject="Add iSCSI multipath", uploads=[ago(days=3), ago(days=1), ago(hours=3)]
    )


def _states(history: History) -> None:
    history.ci("Zuul").is_(
        State.HEALTHY,
        ago(days=20),
        signal("success", State.HEALTHY, "205 of 221 passed", figure=0.93, low=0.89, high=0.955,
               n=221, threshold="below 80 %"),
    )  # fmt: skip
    history.ci("NetApp CI").is_(
        State.FAILING,
        ago(hours=38),
        signal("coverage", State.HEALTHY, "33 of 34 patch sets reported in time", figure=0.97,
               low=0.85, high=0.995, n=34, threshold="below 90 %"),
        signal("success", State.FAILING, "4 of 31 passed", figure=4 / 31, low=0.05, high=0.289,
               n=31, threshold="below 50 %"),
    ).incident("success", ago(hours=36), said="Fails what Zuul passes.")  # fmt: skip
    history.ci("Quobyte CI").is_(
        State.SILENT,
        ago(hours=12),
        signal("silent", State.SILENT, "missed 14 patch sets in a row", figure=14, n=14,
               threshold="at 9 missed in a row"),
    ).incident("silent", ago(hours=10), state="acknowledged", acknowledged_by="mika",
               note="new hypervisors, looking")  # fmt: skip
    history.ci("Beta Net CI").is_(
        State.DEGRADED,
        ago(days=4),
        signal("infra", State.DEGRADED, "19 of 66 results broke by themselves", figure=19 / 66,
               low=0.192, high=0.406, n=66, threshold="above 10 %"),
    )  # fmt: skip
    history.ci("Pure-Storage CI").is_(
        State.HEALTHY,
        ago(hours=30),
        signal("success", State.HEALTHY, "99 of 104 passed", figure=99 / 104, low=0.892,
               high=0.979, n=104, threshold="below 80 %"),
    ).incident("success", ago(hours=40), resolved=ago(hours=3))  # fmt: skip
    history.ci("Vexx ARM CI").is_(
        State.UNKNOWN,
        None,
        signal("success", State.UNKNOWN, "6 of 8 passed, too few to judge", figure=0.75, low=0.41,
               high=0.93, n=8, threshold="below 80 %"),
    )  # fmt: skip
