"""A browser, the checker of accessibility, and the application with the canned history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from cibot.bot import WebServer
from cibot.store.engine import open_store
from tests.support.canned import CONFIG, canned
from tests.support.faces import application
from tests.support.history import make_tables
from tests.support.needs import absent, needs

ROOT = Path(__file__).resolve().parents[2]


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
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running application."""
    store = make_tables(open_store(f"sqlite:///{tmp_path_factory.mktemp('site') / 'cibot.db'}"))
    canned(store)
    server = WebServer(application(store, CONFIG), "127.0.0.1:0", 4)
    server.start()
    yield server.url
    server.stop(2)
    store.close()


@pytest.fixture
def screenshots() -> Any:
    """Where screenshots go, to be looked at."""
    folder = Path(__file__).parent / "screenshots"
    folder.mkdir(exist_ok=True)
    return folder
