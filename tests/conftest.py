"""What every test shares: servers as fixtures, loud skips, no network beyond loopback."""

import gc
import os
import tempfile
from collections import Counter

import pytest
from hypothesis import settings
from xdist.remote import Producer

from tests.support.loopback import forbid_network
from tests.support.needs import ABSENT
from tests.support.processes import in_memory
from tests.support.scheduling import Scheduling, arrange, import_share, workers

_OBJECTS = 50_000  # so many more than were freed start a search; with Python's 700, 4 % more time
# A busy machine is no failure: nothing in these tests is timed. CI looks where it looked before.
settings.register_profile("cibot", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("cibot")

pytest_plugins = [
    "tests.support.gerrit.server",
    "tests.support.galera",
    "tests.support.inspircd",
    "tests.support.logging_state",
    "tests.support.mariadb",
    "tests.support.ngircd",
    "tests.support.nights",
    "tests.support.stores",
    "tests.support.canned_stores",
    "tests.support.scenario",
    "tests.support.going_back",
    "tests.support.whole_bot",
]


def pytest_configure() -> None:
    """Guards the sockets before any test module is imported.

    Files of the tests lie in memory: SQLite waits for the disk at each commit.
    """
    forbid_network()
    if place := in_memory():
        os.environ.setdefault("TMPDIR", str(place))
        tempfile.tempdir = None  # it is asked for again


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """What `-n auto` means."""
    return workers()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """With `--dist loadgroup`, as `make test` has it, the order of work is ours."""
    return Scheduling(config, log) if config.getoption("dist") == "loadgroup" else None


def pytest_collectstart(collector: pytest.Collector) -> None:
    """The first thing of a collection is the session itself."""
    if isinstance(collector, pytest.Session):
        gc.disable()  # what is made now stays
        if hasattr(collector.config, "workerinput"):
            import_share(collector.config)


def pytest_collection_finish() -> None:
    """From here on only what the tests make is looked through for garbage, and less often."""
    gc.freeze()
    gc.set_threshold(_OBJECTS)
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A worker of `make test` has its tests in our order."""
    if hasattr(config, "workerinput"):
        arrange(items)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One loud line for each thing that was absent."""
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        if isinstance(report.longrepr, tuple) and ABSENT in report.longrepr[2]:
            reasons[report.longrepr[2].removeprefix("Skipped: ")] += 1
    if not reasons:
        return
    terminalreporter.section("ABSENT, SO NOT TESTED", red=True, bold=True)
    for reason, number in sorted(reasons.items()):
        terminalreporter.line(f"SKIPPED {number} tests: {reason}", red=True, bold=True)
