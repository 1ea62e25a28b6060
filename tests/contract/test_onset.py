"""Since when a trouble is there, and after what: from the store to the sentence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from cibot.config.models import Config
from cibot.health.signal import Evidence, Fault
from cibot.incidents.symptom import Symptom, SymptomPhase
from cibot.model import Change, State
from cibot.reports import wording
from cibot.reports.context import Context
from cibot.reports.incidents import incident
from cibot.reports.onset import Onset
from cibot.reports.status import status, why
from cibot.store.changes import change_id, put_changes
from cibot.store.cis import ensure_server
from cibot.store.engine import Store, Tx
from cibot.store.onsets import MergedRow, ProjectBranch, merged_between
from tests.support.history import NOW, CiHistory, History, ago, signal

CTX = Context(NOW, Config.model_validate({"web": {"public_url": "https://ci.example.org"}}))
CINDER = "openstack/cinder"
BROKE = 10.0  # hours ago


@pytest.fixture
def history(store: Store) -> History:
    return History(store).feed(ago(minutes=1))


def runs(
    history: History, ci: CiHistory, *, breaks: bool, lag: float = 0, place: Mapping[str, Any] = {}
) -> None:
    """A run every hour on another change, for two days; from ``BROKE`` on they fail."""
    for hour in range(40, 0, -1):
        number = place.get("first", 100) + hour
        if number not in history.numbers:
            branch = place.get("branch", "master")
            history.change(number, CINDER, uploads=[ago(hours=hour + 1)], branch=branch)
        bad = breaks and hour <= BROKE
        ci.report(
            number,
            outcome="failure" if bad else "success",
            at=ago(hours=hour) - timedelta(minutes=lag),
            jobs={"unit": "SUCCESS", "tempest": "FAILURE" if bad else "SUCCESS"},
        )


def evidence(number: int, hours: float, job: str | None = None) -> Evidence:
    return Evidence(Fault.FAILED, change_id(1, number), number, 1, NOW - ago(hours=hours), job)


def troubled(ci: CiHistory, *seen: Evidence, kind: str = "success", **fields: Any) -> None:
    ci.is_(State.FAILING, ago(hours=BROKE), signal(kind, State.FAILING, "0 of 10 passed"))
    since = min(run.at for run in seen)
    body = {"first_evidence": seen, "evidence": seen[:1], "since": since, **fields}
    ci.incident(kind, ago(hours=6), **body)


def began(store: Store, number: int = 1) -> Onset:
    onset = store.read(lambda tx: incident(tx, CTX, number).onset)
    assert onset is not None
    return onset


def said(onset: Onset) -> str:
    return "".join(span.text for span in wording.onset(CTX, onset))


def test_one_of_many_broke_after_two_merges(store: Store, history: History) -> None:
    history.change(7001, CINDER, "Too early", merged=ago(hours=11.5))
    history.change(7002, CINDER, "While the last pass ran", merged=ago(hours=11, minutes=5))
    history.change(7003, CINDER, "In between", merged=ago(hours=10.5))
    history.change(7004, CINDER, "Too late", merged=ago(hours=9.9))
    history.change(7005, CINDER, "Elsewhere", branch="stable/2026.2", merged=ago(hours=10.5))
    history.change(7006, "openstack/nova", "Elsewhere", merged=ago(hours=10.5))
    history.change(7007, CINDER, "Given up", status="ABANDONED", uploads=[ago(hours=10.5)])
    vendor = history.ci("Vendor")
    runs(history, vendor, breaks=True)
    for place in range(8):
        runs(history, history.ci(f"Other {place}"), breaks=False)
    troubled(vendor, evidence(101, 1), evidence(110, 10))
    history.save()
    onset = began(store)
    assert onset.last_pass is not None
    assert (onset.last_pass.number, onset.last_pass.job) == (111, "unit")
    assert (onset.first_failure.number, onset.first_failure.job) == (110, "tempest")
    assert onset.first_failure.log == "https://logs.example.org/110/1/tempest"
    assert onset.first_failure.page == f"https://review.example.org/c/{CINDER}/+/110/1"
    assert [change.number for change in onset.merged] == [7002, 7003]
    assert (onset.merges, onset.broke, onset.cis, onset.look_at) == (2, 1, 9, "ci")
    assert "then 2 changes merged on openstack/cinder master: 7002, 7003;" in said(onset)
    assert said(onset).endswith(" 1 of 9 CIs there broke then: look at the CI")


def test_three_of_nine_broke_and_one_that_had_been_broken_before_is_not_among_them(
    store: Store, history: History
) -> None:
    history.change(7003, CINDER, merged=ago(hours=10.5))
    vendor = history.ci("Vendor")
    runs(history, vendor, breaks=True)
    for place in range(8):
        runs(history, history.ci(f"Other {place}"), breaks=place < 2, lag=place)
    lost = history.ci("Other 7")
    for hour in range(40, 0, -1):
        lost.report(100 + hour, outcome="failure", at=ago(hours=hour) - timedelta(minutes=30))
    troubled(vendor, evidence(110, 10))
    history.save()
    onset = began(store)
    assert (onset.broke, onset.cis, onset.look_at) == (3, 9, "merges")
    assert onset.broken == ("Other 0", "Other 1")
    assert "3 of 9 CIs there broke then: look at the merges" in said(onset)


def test_a_job_has_its_own_last_pass_also_in_a_run_that_failed(
    store: Store, history: History
) -> None:
    vendor = history.ci("Vendor")
    vendor.report(101, at=ago(hours=30), jobs={"unit": "SUCCESS", "tempest": "SUCCESS"})
    broken = {"unit": "FAILURE", "tempest": "SUCCESS"}
    vendor.report(102, outcome="failure", at=ago(hours=20), jobs=broken)
    vendor.report(103, at=ago(hours=15), jobs={"unit": "SUCCESS"})
    broken = {"unit": "SUCCESS", "tempest": "FAILURE"}
    vendor.report(104, outcome="failure", at=ago(hours=10), jobs=broken)
    troubled(vendor, evidence(104, 10, "tempest"), kind="job")
    history.save()
    onset = began(store)
    assert onset.last_pass is not None
    assert (onset.job, onset.last_pass.number, onset.last_pass.job) == ("tempest", 102, "tempest")
    assert onset.last_pass.log == "https://logs.example.org/102/1/tempest"
    assert (onset.first_failure.number, onset.first_failure.job) == (104, "tempest")
    assert "nothing merged on openstack/cinder master" in said(onset)
    assert "CIs there broke" not in said(onset)


def test_without_a_pass_nothing_is_said_of_merges(store: Store, history: History) -> None:
    history.change(7003, CINDER, merged=ago(hours=10.5))
    vendor = history.ci("Vendor")
    vendor.report(104, outcome="failure", at=ago(hours=10), jobs={"tempest": "FAILURE"})
    troubled(vendor, evidence(104, 10))
    history.save()
    assert (began(store).last_pass, began(store).merges, began(store).merged) == (None, 0, ())
    assert said(began(store)) == "no pass on openstack/cinder master is known before"


def test_many_merges_are_counted_and_the_first_are_listed(store: Store, history: History) -> None:
    for place in range(40):
        history.change(7000 + place, CINDER, merged=ago(hours=10.9) - timedelta(minutes=place))
    vendor = history.ci("Vendor")
    runs(history, vendor, breaks=True)
    troubled(vendor, evidence(110, 10))
    history.save()
    onset = began(store)
    assert (onset.merges, len(onset.merged), onset.merged[0].number) == (40, 10, 7000)
    assert "40 changes merged" in said(onset)
    assert "7000, 7001, 7002 and 37 more" in said(onset)


@pytest.mark.parametrize("kind", ["silent", "coverage", "latency"])
def test_what_is_no_trouble_of_results_has_no_such_beginning(
    store: Store, history: History, kind: str
) -> None:
    vendor = history.ci("Vendor")
    runs(history, vendor, breaks=True)
    troubled(vendor, evidence(110, 10), kind=kind)
    history.save()
    assert store.read(lambda tx: incident(tx, CTX, 1).onset) is None


def test_why_of_a_silent_ci_tells_no_beginning_of_results_that_recover(
    store: Store, history: History
) -> None:
    vendor, seen = history.ci("Vendor"), evidence(110, 10)
    runs(history, vendor, breaks=True)
    recovers = Symptom(
        "success", SymptomPhase.RECOVERING, State.FAILING, came_at=NOW - ago(hours=9),
        since=seen.at, first_evidence=(seen,),
    )  # fmt: skip
    troubled(vendor, evidence(101, 1), kind="silent", others=(recovers,))
    history.save()
    assert store.read(lambda tx: why(tx, CTX, "Vendor")).onset is None
    assert began(store).first_failure.number == 110  # the page of all its troubles has it


def test_a_change_that_is_hidden_since_leaves_an_incident_without_a_beginning(
    store: Store, history: History
) -> None:
    vendor = history.ci("Vendor")
    runs(history, vendor, breaks=True)
    troubled(vendor, evidence(999, 10))
    history.save()
    assert store.read(lambda tx: incident(tx, CTX, 1).onset) is None


def test_every_headline_links_the_first_bad_run(store: Store, history: History) -> None:
    vendor = history.ci("Vendor")
    runs(history, vendor, breaks=True)
    troubled(vendor, evidence(101, 1), evidence(110, 10))
    history.save()
    asked = store.read(lambda tx: status(tx, CTX, "Vendor"))
    links = {span.text: span.href for span in wording.headline(CTX, asked)}
    assert links["110,1"] == "https://ci.example.org/change/110?patch_set=1"
    reasons = store.read(lambda tx: why(tx, CTX, "Vendor"))
    assert reasons.onset == began(store)
    shown = store.read(lambda tx: incident(tx, CTX, 1)).incident
    assert shown.first_bad is not None
    assert shown.first_bad.number == 110


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_was_abandoned_first_was_merged_when_it_was_merged(
    store: Store, order: tuple[int, int]
) -> None:
    abandoned, merged = NOW - ago(hours=12), NOW - ago(hours=10)
    changes = [
        Change(7, CINDER, "master", "S", status, abandoned, closed, closed=closed)
        for status, closed in (("ABANDONED", abandoned), ("MERGED", merged))
    ]
    place = ProjectBranch(1, CINDER, "master")

    def work(tx: Tx) -> tuple[int, list[MergedRow]]:
        server = ensure_server(tx, "review", "https://review.example.org")
        for number in order:
            put_changes(tx, server, [changes[number]])
        return merged_between(tx, place, merged, NOW, 10)

    assert store.write(work) == (1, [MergedRow(7, "S", merged)])
