"""In which order a worker of `make test` gets its work."""

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


def test_only_behind_a_test_of_minutes_a_worker_is_given_a_short_one() -> None:
    option = SimpleNamespace(loadscopereorder=True)
    config: Any = SimpleNamespace(getvalue=lambda _name: ["1*popen"], option=option)
    scheduling, worker = Scheduling(config, Producer("test", enabled=False)), Worker()
    node: Any = worker
    tests = [DAY, BROWSER, MIDDLE, LAST]
    scheduling.add_node(node)
    scheduling.add_node_collection(node, tests)
    scheduling.schedule()
    while not worker.shutting_down:
        scheduling.mark_test_complete(node, worker.given[-2])
    assert [tests[place] for place in worker.given] == [DAY, LAST, BROWSER, MIDDLE]
