"""Which pipelines count follows from the configuration, in judging and on every face alike."""

from __future__ import annotations

import pytest

from cibot.config.models import Config
from cibot.reports.compare import compare
from cibot.reports.context import Context
from cibot.reports.latency import latency
from cibot.reports.status import status
from cibot.store.engine import Store
from tests.support.scenario import CONFIG, Scenario, comment


@pytest.mark.parametrize(("uncounted", "pipeline"), [(["extra"], "gate"), (["check"], "post")])
def test_what_judging_counts_the_faces_count(
    store: Store, uncounted: list[str], pipeline: str
) -> None:
    """Zuul and Acme report in a pipeline that does not count unless the configuration says so."""
    values = CONFIG.model_dump(mode="json", exclude_defaults=True)
    config = Config.model_validate({**values, "judgement": {"uncounted": uncounted}})
    passed, failed = (
        comment(word).replace("check pipeline", f"{pipeline} pipeline") for word in (True, False)
    )
    other, another = (
        comment(word).replace("check pipeline", f"{uncounted[0]} pipeline")
        for word in (True, False)
    )
    scenario = Scenario(store, config)
    scenario.change(passed, passed, times=30)
    scenario.change(passed, failed, times=15)
    scenario.change(other, another, times=5)
    assert scenario.judge().bad
    ctx = Context(scenario.now, config)
    answer = store.read(lambda tx: status(tx, ctx, "acme"))
    assert answer.rate is not None
    assert (answer.rate.passes, answer.rate.n) == (30, 45)
    both = store.read(lambda tx: compare(tx, ctx, "acme", "zuul"))
    assert (both.both_passed, both.only_first_failed) == (30, 15)
    days = store.read(lambda tx: latency(tx, ctx, "acme", 7)).days
    assert sum(day.n for day in days) == 45
