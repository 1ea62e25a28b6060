"""A page that stays open keeps itself fresh, and says when it cannot."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect

from cibot.config.models import Config
from cibot.model import State
from cibot.store import schema
from cibot.store.engine import Store
from tests.browser.conftest import serving
from tests.support.history import NOW, History, ago

pytestmark = pytest.mark.browser
EVERY_MS = 31_000


def test_what_changed_is_shown_anew_and_the_rest_stays(
    browser: Browser, new_store: Callable[[], Store]
) -> None:
    store = new_store()
    history = History(store).feed(ago(minutes=1))
    history.ci("Acme CI").report(5, at=ago(hours=1)).is_(State.HEALTHY, ago(days=1))
    history.save()
    with serving(store, Config(), NOW, {}) as site:
        context = browser.new_context()
        page = context.new_page()
        page.clock.install()
        page.goto(site.url)
        expect(page.get_by_role("heading", level=1)).to_have_text("No CI needs a look")
        page.evaluate("for (const one of document.querySelectorAll('#open, #headline'))"
                      " one.firstElementChild.asBefore = true")  # fmt: skip
        page.get_by_label("Name").focus()
        failing = schema.health.update().values(state="failing")
        store.write(lambda tx: tx.execute(failing))
        page.clock.fast_forward(EVERY_MS)
        expect(page.get_by_role("heading", level=1)).to_have_text("1 CI needs a look")
        expect(page.locator("#cis tbody td").first).to_have_text("failing")
        expect(page.get_by_label("Name")).to_be_focused()
        same = "(id) => document.getElementById(id).firstElementChild.asBefore === true"
        assert page.evaluate(same, "open")
        assert not page.evaluate(same, "headline")
        context.close()


def test_a_page_whose_server_is_away_says_so_until_it_is_back(
    browser: Browser, new_store: Callable[[], Store]
) -> None:
    store = new_store()
    History(store).feed(ago(minutes=1)).save()
    with serving(store, Config(), NOW, {}) as site:
        context = browser.new_context()
        page = context.new_page()
        page.clock.install()
        page.goto(site.url)
        lost = page.get_by_text("This page is not fresh.")
        expect(lost).to_be_hidden()
        page.route("**/*", lambda route: route.abort())
        page.clock.fast_forward(EVERY_MS)
        expect(lost).to_be_visible()
        page.unroute("**/*")
        page.clock.fast_forward(EVERY_MS)
        expect(lost).to_be_hidden()
        context.close()
