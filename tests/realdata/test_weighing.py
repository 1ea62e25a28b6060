"""The product's table of reasons on a recorded server, beside the figures that were asked for."""

from __future__ import annotations

from bench.weighing.__main__ import from_history, judged
from bench.weighing.fitting import table
from bench.weighing.recorded import recorded
from tests.support.needs import shared_file

_FILE = "softwarefactory-project.io__software-factory+sf-config.jsonl.gz"


def test_failures_of_a_recorded_server_are_weighed_well() -> None:
    (history,) = recorded([shared_file(f"gerrit/{_FILE}")])
    server = from_history(history)
    assert len(server.rows) > 3000
    result = judged(server.rows, table())
    assert result.brier <= 0.155
    assert result.auc >= 0.86
    assert result.calibration <= 0.06
    assert result.said_not[0] >= 0.15
    assert result.said_not[1] <= 0.2
    assert result.said_look[0] >= 0.24
    assert result.said_look[1] <= 0.16
