"""Every page at two widths, light and dark: nothing for axe to find, nothing loaded elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
PAGES = {
    "overview": "/",
    "filtered": "/?q=nothing-fits",
    "ci": "/ci/NetApp%20CI",
    "ci-silent": "/ci/Quobyte%20CI",
    "ci-unknown": "/ci/Vexx%20ARM%20CI",
    "change": "/change/912345",
    "incidents": "/incidents",
    "incident": "/incidents/1",
    "projects": "/projects",
    "matrix": "/projects/openstack/cinder",
    "how": "/how",
    "api": "/api",
    "sorry": "/ci/nobody-at-all",
}


@pytest.mark.parametrize("width", [1240, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_hangs_over(
    browser: Browser,
    site: str,
    axe: str,
    screenshots: Path,
    width: int,
    scheme: Literal["light", "dark"],
) -> None:
    size = {"width": width, "height": 900}
    context = browser.new_context(viewport=size, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    found = []
    for name, path in PAGES.items():
        page.goto(site + path)
        page.evaluate(axe)
        wrong = page.evaluate("axe.run()")["violations"]
        found += [(name, one["id"], one["nodes"][0]["html"]) for one in wrong]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append((name, "too wide", ""))
        page.screenshot(path=screenshots / f"{name}-{width}-{scheme}.png", full_page=True)
    context.close()
    assert found == []


def test_the_policy_holds_and_no_other_host_is_asked(browser: Browser, site: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda one: said.append(one.text))
    page.on("pageerror", lambda one: said.append(str(one)))
    page.on("request", lambda one: asked.append(one.url))
    for name, path in PAGES.items():
        if name != "sorry":  # a 404 is said on the console
            page.goto(site + path)
    context.close()
    assert said == []
    assert [one for one in asked if not one.startswith((site, "data:"))] == []


def test_without_scripts_the_filter_is_a_form(browser: Browser, site: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site)
    page.get_by_label("Name").fill("netapp")
    page.get_by_role("button", name="Show").click()
    assert page.url.startswith(f"{site}/?q=netapp")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_text("Times are UTC.")).to_be_visible()
    context.close()


def test_with_scripts_times_are_the_readers(browser: Browser, site: str) -> None:
    context = browser.new_context(timezone_id="Asia/Tokyo")
    page = context.new_page()
    page.goto(f"{site}/incidents/1")
    moment = page.locator("time.at").first
    assert moment.get_attribute("datetime") == "2026-11-21T16:10:00Z"
    assert moment.get_attribute("title") == "2026-11-21 16:10 UTC"
    assert "01:10" in moment.inner_text()
    expect(page.get_by_text("Times are yours; hover for UTC.")).to_be_visible()
    context.close()


def test_everything_can_be_reached_by_keyboard(browser: Browser, site: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(site)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    context.close()
