"""What a CI missed on one branch, and the reference that it is measured against there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cibot.chat.dispatch import Dispatcher
from cibot.chat.protocol import Asker, Channel, Question
from cibot.config.models import Config
from cibot.judging.references import ReferenceLearner
from cibot.reports import wording
from cibot.reports.context import Context
from cibot.reports.home_projects import reference_on
from cibot.reports.matrix import matrix
from cibot.reports.missed import Missed, missed
from cibot.reports.status import status
from cibot.store.cis import ci_names
from cibot.store.engine import Store
from tests.support.faces import application
from tests.support.scenario import CONFIG, Scenario

STABLE = "stable/2026.1"


def test_what_was_missed_on_one_branch(store: Store) -> None:
    scenario = Scenario(store)
    for turn in range(30):
        scenario.change()
        scenario.change(branch=STABLE, acme=turn % 3 > 0 or None)
    scenario.now += timedelta(hours=6)
    scenario.change()
    scenario.judge()

    def of(branch: str | None) -> Missed:
        return store.read(
            lambda tx: missed(tx, Context(scenario.now, CONFIG), "acme", branch=branch)
        )

    assert (of("master").due, of("master").total, of("master").patch_sets) == (29, 0, ())
    there = of(STABLE)
    # From the change after its first report there it is expected, but for the last on master.
    assert (there.due, there.total, len(there.patch_sets)) == (28, 9, 9)
    assert (there.due + of("master").due, there.total) == (of(None).due, of(None).total)
    assert {row.number % 6 for row in there.patch_sets} == {2}
    asked = Question(
        "missed acme stable/2026.1", Asker("bob"), Channel("net", "#ops"), private=False
    )
    said = Dispatcher(store, CONFIG, lambda: scenario.now)(asked)
    assert said is not None
    assert said.text().startswith(
        "Acme on stable/2026.1 missed 9 of 28 chances to report in 7 days"
    )
    web = application(scenario.store, CONFIG, scenario.now).test_client()
    answer = web.get(f"/api/v1/cis/acme/missed?branch={STABLE}").get_json()
    assert (answer["due"], answer["total"], len(answer["patch_sets"])) == (28, 9, 9)
    page = web.get(f"/ci/Acme?branch={STABLE}").get_data(as_text=True)
    assert "missed 9 of 28 chances" in page


def test_what_was_missed_before_a_ci_was_last_heard_is_not_of_the_days_since(
    scenario: Scenario,
) -> None:
    """Nothing was due since, so that it is not silent."""
    for turn in range(30):
        scenario.change(acme=turn % 10 != 5 or None)
    scenario.judge()
    said = [_missed_by_acme(scenario)]
    scenario.now += timedelta(days=20)
    said += [_missed_by_acme(scenario)]
    assert said == [
        "missed 3 of 28 chances to report in 7 days",
        "missed 3 of 28 chances to report in the 7 days until it was last heard",
    ]


def _missed_by_acme(scenario: Scenario) -> str:
    ctx = Context(scenario.now, CONFIG)
    return wording.missed(scenario.store.read(lambda tx: missed(tx, ctx, "acme"))).split(" (due")[0]


@pytest.mark.parametrize("named", [False, True])
def test_a_branch_may_have_a_reference_of_its_own(store: Store, *, named: bool) -> None:
    """Zuul does not run on the stable branch; the CI that does is the reference there."""
    body = CONFIG.model_dump(mode="json", exclude_defaults=True)
    body["ci"].append({"name": "Stable", "accounts": ["stable-ci"]})
    body["reference"] = [{"ci": "Zuul"}] if named else []
    if named:
        body["reference"].insert(0, {"ci": "Stable", "branches": ["stable/*"]})
    config = Config.model_validate(body)
    scenario = Scenario(store, config)
    for turn in range(30):
        scenario.change()
        good = turn % 3 > 0
        scenario.change(branch=STABLE, zuul=None, gate=good, acme=good)
    scenario.judge()
    ctx = Context(scenario.now, config)

    def reference(branch: str | None) -> str | None:
        ci = store.read(lambda tx: reference_on(tx, ctx, "demo", branch=branch))
        return ci.name if ci else None

    assert (reference(None), reference("master"), reference(STABLE)) == ("Zuul", "Zuul", "Stable")
    there = store.read(lambda tx: status(tx, ctx, "acme", STABLE))
    assert there.reference == "Stable"
    assert there.branch is not None
    # What both failed is the change's fault: of 30 results 20 speak of Acme.
    assert (there.branch.passes, there.branch.n) == (20, 20)
    assert store.read(lambda tx: status(tx, ctx, "acme")).reference == "Zuul"
    assert store.read(lambda tx: matrix(tx, ctx, "demo", branch=STABLE)).reference == "Stable"
    # The faces' answer is the judging's.
    names = dict(store.read(ci_names))
    learner = ReferenceLearner(config)
    judged = store.read(lambda tx: learner.learn(tx, min(names), scenario.now))
    at = scenario.now.timestamp()
    assert names[judged.periods_of("demo", STABLE).at(at) or 0] == "Stable"
    assert names[judged.periods_of("demo").at(at) or 0] == "Zuul"
