"""What each failure on a patch set says of the change, from the store to the sentence."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from cibot.chat.commands.change import render
from cibot.chat.commands.summary import summary_card
from cibot.cli.questions.cis import exit_code
from cibot.config.models import Config, SummaryConfig
from cibot.health.weighing.reasons import ReasonName
from cibot.health.weighing.weigh import Blame
from cibot.model import PatchSetKind
from cibot.reports.change import ChangeReport, change, ci_verdicts
from cibot.reports.change_address import ChangeWanted
from cibot.reports.context import Context
from cibot.reports.listing import all_lines
from cibot.reports.summary import summary
from cibot.reports.weighing import JobWeight
from cibot.store.changes import changes_by_number
from cibot.store.engine import Store, Tx
from cibot.store.reports import verdicts_on
from tests.support.history import NOW, CiHistory, History, ago

CTX = Context(NOW, Config())
CHANGE = 900


def asked(store: Store, patch_set: int | None = None) -> ChangeReport:
    return store.read(lambda tx: change(tx, CTX, ChangeWanted(CHANGE, patch_set)))


def weight(report: ChangeReport, ci: str = "Vendor") -> JobWeight:
    verdict = next(verdict for verdict in report.verdicts if verdict.ci.name == ci)
    assert verdict.jobs[0].weight is not None
    return verdict.jobs[0].weight


def said(report: ChangeReport) -> str:
    return render(CTX, report).text()


def past(ci: CiHistory, letters: str, again: int = 0, job: str = "tempest") -> None:
    """One other change a letter, the oldest first; the first ``again`` failures pass in an hour."""
    for place, letter in enumerate(letters):
        at = 20 + 2 * (len(letters) - place)
        word = {"P": "SUCCESS", "F": "FAILURE"}[letter]
        outcome = {"P": "success", "F": "failure"}[letter]
        ci.report(100 + place, outcome=outcome, at=ago(hours=at), jobs={job: word})
        if letter == "F" and again > 0:
            again -= 1
            ci.report(100 + place, at=ago(hours=at - 1), jobs={job: "SUCCESS"})


def fails(ci: CiHistory, ps: int, hours: float, jobs: Mapping[str, str] | None = None) -> None:
    jobs = jobs or {"tempest": "FAILURE"}
    ci.report(CHANGE, ps=ps, outcome="failure", at=ago(hours=hours), jobs=jobs)


@pytest.fixture
def history(store: Store) -> History:
    return History(store).feed(ago(minutes=1))


def uploads(history: History, hours: list[float], **kinds: PatchSetKind) -> None:
    named = {int(name.removeprefix("ps")): kind for name, kind in kinds.items()}
    history.change(CHANGE, uploads=[ago(hours=age) for age in hours], kinds=named)


def test_a_lost_node_of_a_flaky_job_is_not_the_change(store: Store, history: History) -> None:
    vendor = history.ci("Vendor")
    uploads(history, [3])
    past(vendor, "PFPPFPFPPFPF", again=4)
    fails(vendor, 1, 1, {"tempest": "NODE_FAILURE", "unit": "SUCCESS"})
    history.save()
    report = asked(store)
    assert weight(report).verdict is Blame.NOT_THE_CHANGE
    assert (weight(report).again_passed, weight(report).again) == (4, 4)
    assert "the failure is nothing to look at; 0 passed, 1 failed" in said(report)
    assert "Probably not the change: NODE_FAILURE, and all of its last 4 failures passed" in said(
        report
    )
    assert "when run again; about 9 in 10 like this did." in said(report)
    assert exit_code(report) == 3


def test_what_fails_patch_set_after_patch_set_wants_a_look(store: Store, history: History) -> None:
    vendor, other = history.ci("Vendor"), history.ci("Other")
    uploads(history, [30, 20, 10, 3])
    past(vendor, "PPPPPFPPPPPP")
    other.report(CHANGE, ps=4, at=ago(hours=2))
    fails(vendor, 2, 19)
    fails(vendor, 3, 9)
    fails(vendor, 4, 1)
    history.save()
    report = asked(store)
    assert weight(report).verdict is Blame.LOOK
    assert weight(report).failed_before == (3, 2)
    assert (weight(report).changes_failed, weight(report).changes) == (1, 10)
    assert weight(report).cis_passed == ("Other",)
    text = said(report)
    assert "the failure is worth a look; 1 passed, 1 failed" in text
    assert "Look at it: it failed on patch sets 2 and 3 too" in text
    assert exit_code(report) == 4


def test_a_pass_before_a_mere_rebase_acquits_and_before_new_code_does_not(
    store: Store, history: History
) -> None:
    vendor = history.ci("Vendor")
    uploads(history, [30, 3], ps2=PatchSetKind.TRIVIAL_REBASE)
    vendor.report(CHANGE, ps=1, at=ago(hours=28), jobs={"tempest": "SUCCESS"})
    fails(vendor, 2, 1)
    history.save()
    assert weight(asked(store)).passed_unchanged == 1
    assert ReasonName.PASSED_UNCHANGED in {reason.name for reason in weight(asked(store)).reasons}


def test_new_code_is_new_code(store: Store, history: History) -> None:
    vendor = history.ci("Vendor")
    uploads(history, [30, 3], ps2=PatchSetKind.REWORK)
    vendor.report(CHANGE, ps=1, at=ago(hours=28), jobs={"tempest": "SUCCESS"})
    fails(vendor, 2, 1)
    history.save()
    assert weight(asked(store)).passed_unchanged is None


def test_a_job_that_fails_everywhere_says_nothing(store: Store, history: History) -> None:
    vendor = history.ci("Vendor")
    uploads(history, [3])
    past(vendor, "PPP" + "F" * 23)
    fails(vendor, 1, 1)
    history.save()
    report = asked(store)
    assert (weight(report).verdict, weight(report).streak) == (Blame.SAYS_NOTHING, 23)
    assert "Says nothing of this change: tempest failed on the last 23 changes, no pass since" in (
        said(report)
    )
    assert exit_code(report) == 3


def test_two_long_broken_cis_do_not_vouch_for_each_other(store: Store, history: History) -> None:
    uploads(history, [3])
    for name in ("Vendor", "Second"):
        ci = history.ci(name)
        past(ci, "F" * 20)
        fails(ci, 1, 1)
    history.save()
    report = asked(store)
    assert {weight(report, name).verdict for name in ("Vendor", "Second")} == {Blame.SAYS_NOTHING}
    assert "none of 2 failures is worth a look; 0 passed, 2 failed" in said(report)


def test_infra_is_nobodys_agreement(store: Store, history: History) -> None:
    uploads(history, [3])
    vendor, broken = history.ci("Vendor"), history.ci("Broken")
    past(vendor, "PPPPPPPP")
    fails(vendor, 1, 1)
    broken.report(CHANGE, outcome="merge_failure", at=ago(hours=1))
    history.save()
    report = asked(store)
    assert (weight(report).cis_failed, weight(report).cis_passed) == ((), ())
    assert weight(report, "Broken").verdict is Blame.CONFLICT
    assert "A merge conflict: the change wants a rebase." in said(report)


def test_a_ci_of_which_nothing_is_known(store: Store, history: History) -> None:
    uploads(history, [3])
    fails(history.ci("Vendor"), 1, 1)
    history.save()
    report = asked(store)
    assert "it is open whether the change is at fault; 0 passed, 1 failed" in said(report)
    assert "Too little is known of tempest." in said(report)
    assert exit_code(report) == 4


def test_a_report_that_names_no_job_is_weighed_as_one(store: Store, history: History) -> None:
    uploads(history, [30, 20, 3])
    vendor = history.ci("Vendor")
    for place in range(8):
        vendor.report(100 + place, at=ago(hours=60 + place))
    for ps, hours in ((1, 29), (2, 19), (3, 1)):
        vendor.report(CHANGE, ps=ps, outcome="failure", at=ago(hours=hours))
    history.save()
    report = asked(store)
    assert (report.verdicts[0].jobs[0].name, weight(report).verdict) == ("", Blame.LOOK)
    assert "Vendor failed in check. Look at it: it failed on patch sets 1 and 2 too" in said(report)


def test_what_says_most_comes_first_and_is_counted(store: Store, history: History) -> None:
    uploads(history, [30, 20, 3])
    vendor, flaky = history.ci("Vendor"), history.ci("Aflaky")
    past(vendor, "PPPPPPPPPP", job="unit")
    past(flaky, "PFPPFPFPPFPF", again=4)
    for ps, hours in ((1, 29), (2, 19)):
        fails(vendor, ps, hours, {"unit": "FAILURE", "tempest": "SUCCESS"})
    fails(vendor, 3, 1, {"unit": "FAILURE", "tempest": "NODE_FAILURE"})
    fails(flaky, 3, 1, {"tempest": "NODE_FAILURE"})
    history.save()
    report = asked(store)
    assert [verdict.ci.name for verdict in report.verdicts] == ["Vendor", "Aflaky"]
    assert [job.name for job in report.verdicts[0].jobs] == ["unit", "tempest"]
    text = said(report)
    assert "1 of 2 failures is worth a look; 0 passed, 2 failed" in text
    assert "unit: look at it: it failed on patch sets 1 and 2 too" in text
    assert "1 other job says less." in text


def test_the_summary_says_how_many_of_the_last_failures_are_worth_a_look(
    store: Store, history: History
) -> None:
    vendor, other = history.ci("Vendor"), history.ci("Other")
    uploads(history, [30, 20, 10, 3])
    past(vendor, "PPPPPFPPPPPP")
    for ps, hours in ((2, 19), (3, 9), (4, 1)):
        fails(vendor, ps, hours)
    history.change(901, uploads=[ago(hours=3)])
    other.report(901, outcome="failure", at=ago(hours=2), jobs={"tempest": "NODE_FAILURE"})
    history.change(902, uploads=[ago(hours=3)], status="MERGED")
    other.report(902, outcome="failure", at=ago(hours=2), jobs={"tempest": "FAILURE"})
    history.save()
    answer = store.read(lambda tx: summary(tx, CTX))
    assert (answer.looks.failures, answer.looks.looks) == (2, 1)
    assert [(patch_set.number, patch_set.patch_set) for patch_set in answer.looks.patch_sets] == [
        (CHANGE, 4)
    ]
    said = summary_card(CTX, answer).text()
    assert "1 of the last 2 failures is worth a look: 900,4." in said
    chosen = SummaryConfig.model_validate({"channel": "irc/#ci", "cis": ["Other"]})
    answer = store.read(lambda tx: summary(tx, CTX, "day", chosen))
    assert "The last failure is not worth a look." in summary_card(CTX, answer).text()


def test_several_patch_sets_are_weighed_at_once_as_each_is_alone(
    store: Store, history: History
) -> None:
    cis = [history.ci(f"Vendor {number}") for number in range(12)]  # past 60 reports of each
    history.change(901, uploads=[ago(hours=3)])
    uploads(history, [30, 3])
    for number, ci in enumerate(cis):
        past(ci, "PPF" * 30 + "P" * number, again=number)
        fails(ci, 2, 1)
        if number < 3:
            fails(ci, 1, 20 - number)
            ci.report(901, outcome="failure", at=ago(hours=2), jobs={"tempest": "TIMED_OUT"})
    history.save()

    def both(tx: Tx) -> None:
        lines = {line.id: line for line in all_lines(tx, CTX)}
        rows = [*changes_by_number(tx, CHANGE), *changes_by_number(tx, 901)]
        patch_sets = {rows[0].id: 2, rows[1].id: 1}
        by_change = ci_verdicts(tx, CTX, lines, verdicts_on(tx, list(patch_sets)), patch_sets)
        assert [len(verdicts) for verdicts in by_change.values()] == [12, 3]
        for change_id, number in patch_sets.items():
            alone = ci_verdicts(tx, CTX, lines, verdicts_on(tx, [change_id]), {change_id: number})
            assert alone == {change_id: by_change[change_id]}

    store.read(both)


def test_only_what_may_still_end_runs(store: Store, history: History) -> None:
    """A start is answered in its pipeline; a new patch set stops it, and no run takes days."""
    vendor, other, dead = history.ci("Vendor"), history.ci("Other"), history.ci("Dead")
    uploads(history, [200, 100])
    vendor.report(CHANGE, ps=1, at=ago(hours=190), pipeline="gate", outcome="failure")
    other.report(CHANGE, ps=1, at=ago(hours=101), outcome="started")
    vendor.report(CHANGE, ps=2, at=ago(hours=9), jobs={"unit": "SUCCESS"})
    vendor.report(CHANGE, ps=2, at=ago(hours=8), pipeline="gate", outcome="failure")
    vendor.report(CHANGE, ps=2, at=ago(hours=1), pipeline="check", outcome="started")
    other.report(CHANGE, ps=2, at=ago(hours=2), outcome="started")
    dead.report(CHANGE, ps=2, at=ago(hours=99), outcome="started")
    history.save()
    newest = asked(store)
    running = {(each.ci.name, each.pipeline) for each in newest.verdicts if each.running}
    assert running == {("Vendor", "check"), ("Other", "check")}
    assert "1 passed, 1 failed, 2 running" in said(newest)
    assert [each.running for each in asked(store, 1).verdicts] == [False, False]
    assert "running" not in said(asked(store, 1)).casefold()


def test_nothing_runs_on_a_change_that_is_merged(store: Store, history: History) -> None:
    history.ci("Vendor").report(CHANGE, at=ago(hours=2), outcome="started")
    history.change(CHANGE, uploads=[ago(hours=3)], merged=ago(hours=1))
    history.save()
    assert [each.running for each in asked(store).verdicts] == [False]


def test_a_merge_conflict_is_not_said_to_break_by_itself(store: Store, history: History) -> None:
    history.ci("Vendor").report(CHANGE, at=ago(hours=1), outcome="merge_failure")
    history.save()
    text = said(asked(store))
    assert "Vendor could not merge in check. A merge conflict: the change wants a rebase." in text


def test_a_job_may_be_called_anything(store: Store, history: History) -> None:
    vendor = history.ci("Vendor")
    uploads(history, [3])
    for job in ("two words, or more", "fail\npass x"):
        past(vendor, "PPPPPFPPPPPP", job=job)
    fails(vendor, 1, 1, {"two words, or more": "FAILURE", "fail\npass x": "FAILURE"})
    history.save()
    jobs = {job.name: job.weight for job in asked(store).verdicts[0].jobs}
    job_weight = jobs["two words, or more"]
    assert job_weight is not None
    assert (job_weight.changes_failed, job_weight.changes) == (1, 10)
    assert len(jobs) == 2
