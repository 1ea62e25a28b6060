"""In which order a worker of `make test` gets its work."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from xdist.remote import Producer

from tests.support.scheduling import Scheduling

DAY, BROWSER, MIDDLE, LAST = (
    f"tests/{name}.py::test_it" for name in ("chaos/test_day", "browser/test_b", "test_m", "test_z")
)


class Worker:
    """Notes which tests it is given."""

    shutting_down = False

    def __init__(self) -> None:
        self.given: list[int] = []

    def send_runtest_some(self, tests: list[int]) -> None:
        self.given += tests

    def shutdown(self) -> None:
        self.shutting_down = True


def scheduling_for(worker: Any) -> Scheduling:
    option = SimpleNamespace(loadscopereorder=True)
    config: Any = SimpleNamespace(getvalue=lambda _name: ["1*popen"], option=option)
    scheduling = Scheduling(config, Producer("test", enabled=False))
    scheduling.add_node(worker)
    return scheduling


def test_only_behind_a_test_of_minutes_a_worker_is_given_a_short_one() -> None:
    node: Any = (worker := Worker())
    scheduling = scheduling_for(node)
    tests = [DAY, BROWSER, MIDDLE, LAST]
    scheduling.add_node_collection(node, tests)
    scheduling.schedule()
    while not worker.shutting_down:
        scheduling.mark_test_complete(node, worker.given[-2])
    assert [tests[place] for place in worker.given] == [DAY, LAST, BROWSER, MIDDLE]


def test_all_files_that_need_the_real_gerrit_are_one_workers() -> None:
    here = Path(__file__).resolve().parents[2]
    tests = {
        f"{path.relative_to(here)}::test_it": bool(
            re.search(r"from tests\.support\.gerrit[. ]", path.read_text())
        )
        for path in sorted((here / "tests").rglob("test_*.py"))
    }
    node: Any = Worker()
    scheduling = scheduling_for(node)
    scheduling.add_node_collection(node, list(tests))
    scheduling.schedule()
    units = [
        set(unit)
        for unit in (*scheduling.workqueue.values(), *scheduling.assigned_work[node].values())
    ]
    need = {test for test, needs in tests.items() if needs}
    assert len(need) > 1
    assert need in units
    assert all(len(unit) == 1 for unit in units if unit != need)
