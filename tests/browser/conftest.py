"""A browser, the checker of accessibility, and the application with several histories."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, sync_playwright

from cibot.config.models import Config
from cibot.model import State
from cibot.store import schema
from cibot.store.engine import Store, open_store
from cibot.web.server import WebServer
from tests.support import replayed
from tests.support.canned import CONFIG, canned
from tests.support.faces import application
from tests.support.history import NOW, History, ago, make_tables, signal
from tests.support.needs import absent, needs
from tests.support.reading import HOSTILE

ROOT = Path(__file__).resolve().parents[2]

ANYWHERE = {
    "overview": "/",
    "filtered": "/?q=nothing-fits",
    "incidents": "/incidents",
    "incident": "/incidents/1",
    "projects": "/projects",
    "compare-asks": "/compare",
    "report": "/report",
    "unparsed": "/unparsed",
    "how": "/how",
    "api": "/api",
    "sorry": "/ci/nobody-at-all",
}
CANNED = ANYWHERE | {
    "ci": "/ci/NetApp%20CI",
    "ci-silent": "/ci/Quobyte%20CI",
    "ci-unknown": "/ci/Vexx%20ARM%20CI",
    "change": "/change/912345",
    "matrix": "/projects/openstack/cinder",
    "compare": "/compare?first=NetApp%20CI&second=Zuul",
}
REPLAYED = ANYWHERE | {
    "ci": "/ci/ONAP%20Jenkins",
    "ci-beside": "/ci/RDO%20Jenkins",
    "ci-unknown": "/ci/ONAP%20Integration%20Lab",
    "change": "/change/56779",
    "matrix": "/projects/integration",
    "compare": "/compare?first=ONAP%20Jenkins&second=ONAP%20Integration%20Lab",
}
EMPTY = {name: path for name, path in ANYWHERE.items() if name not in {"incident", "how", "api"}}


@dataclass
class Site:
    """A running application and its pages by name; ``store`` is what it shows."""

    url: str
    store: Store
    pages: dict[str, str] = field(default_factory=dict)


@contextmanager
def serving(store: Store, config: Config, now: datetime, pages: dict[str, str]) -> Iterator[Site]:
    """The application over a store, at a fixed moment, on a port of its own."""
    server = WebServer(application(store, config, now), "127.0.0.1:0")
    server.start()
    try:
        yield Site(server.url, store, pages)
    finally:
        server.stop(2)


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    source = ROOT / "var" / "node_modules" / "axe-core" / "axe.min.js"
    if not source.exists():
        absent("axe-core", "npm install --no-save --prefix var axe-core@4")
    return source.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium."""
    chromium = needs("chromium", package="chromium")
    with sync_playwright() as playwright:
        # In a container the tests may run as root, where chromium's sandbox refuses to start.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def new_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Store]]:
    """Makes stores with tables and nothing in them."""
    made: list[Store] = []

    def make() -> Store:
        path = tmp_path_factory.mktemp("site") / "cibot.db"
        made.append(make_tables(open_store(f"sqlite:///{path}")))
        return made[-1]

    yield make
    for store in made:
        store.close()


@pytest.fixture(scope="session")
def site(new_store: Callable[[], Store]) -> Iterator[Site]:
    """The canned history: small, and its figures are known."""
    store = new_store()
    canned(store)
    with serving(store, CONFIG, NOW, CANNED) as running:
        yield running


@pytest.fixture(scope="session")
def lived(new_store: Callable[[], Store]) -> Iterator[Site]:
    """Recorded history as it was lived through where there is any, else the canned one."""
    store = new_store()
    if replayed.recorded():
        now = replayed.replay(store)
        with serving(store, replayed.CONFIG, now, REPLAYED) as running:
            yield running
        return
    canned(store)
    with serving(store, CONFIG, NOW, CANNED) as running:
        yield running


@pytest.fixture(scope="session")
def empty(new_store: Callable[[], Store]) -> Iterator[Site]:
    """Nothing was read so far."""
    with serving(new_store(), Config(), NOW, EMPTY) as running:
        yield running


@pytest.fixture(scope="session")
def stale(site: Site) -> Iterator[Site]:
    """The canned history, when its Gerrit has not been heard for a while."""
    later = NOW + timedelta(minutes=38)
    with serving(site.store, CONFIG, later, {"stale": "/", "stale-ci": CANNED["ci"]}) as running:
        yield running


@pytest.fixture(scope="session")
def odd(new_store: Callable[[], Store]) -> Iterator[Site]:
    """Hostile names, comments that nobody understood, and incidents of every kind at once."""
    store = new_store()
    history = History(store).feed(ago(minutes=1))
    history.change(5, HOSTILE, subject=HOSTILE, uploads=[ago(days=2)])
    ci = history.ci(f"{HOSTILE} CI")
    for hour in range(40):
        ci.report(5, outcome="failure", at=ago(hours=hour + 1), jobs={HOSTILE: "FAILURE"})
        ci.report(5, outcome=None, at=ago(hours=hour + 1, minutes=5))
    ci.is_(State.FAILING, ago(hours=5), signal("success", State.FAILING, HOSTILE, figure=0.1,
           low=0.0, high=0.3, n=9, threshold=HOSTILE))  # fmt: skip
    ci.counted(wrong=2, project=HOSTILE, jobs=(HOSTILE,))
    for day, kind in enumerate(("success", "silent", "infra", "job", "latency", "coverage"), 1):
        ended = None if day == 1 else ago(days=3 * day - 1)
        ci.incident(kind, ago(days=3 * day), ended, said=HOSTILE)
    history.save()
    said = f"Build thing 17 went {HOSTILE} sideways\n" + "lorem ipsum " * 200
    store.write(lambda tx: tx.execute(schema.comment.update().values(text=said)))
    pages = {
        "odd-overview": "/",
        "odd-ci": f"/ci/{quote(HOSTILE + ' CI')}",
        "odd-incidents": "/incidents",
        "odd-report": "/report",
        "odd-unparsed": "/unparsed",
        "odd-project": f"/projects/{quote(HOSTILE)}",
    }
    with serving(store, Config(), NOW, pages) as running:
        yield running


@pytest.fixture(scope="session")
def screenshots() -> Path | None:
    """Where screenshots go, to be looked at; None where nobody asked for them."""
    if not os.environ.get("CIBOT_SCREENSHOTS"):
        return None
    folder = ROOT / "var" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
