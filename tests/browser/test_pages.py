"""Every page at three widths, light and dark: nothing for axe, nothing loaded from elsewhere."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.browser.conftest import Site

pytestmark = pytest.mark.browser
PHONE = 360  # pixels; here rows are blocks, whatever names they hold
WIDTHS = (1280, 768, PHONE)
TOO_WIDE = """[...document.querySelectorAll(".wrap:has(> .stack)")]
    .filter(wrap => wrap.scrollWidth > wrap.clientWidth)
    .map(wrap => wrap.outerHTML.slice(0, 120))"""
# What light and dark differ in is colours: the dark ones are judged by the rules about colours.
SCHEMES: dict[Literal["light", "dark"], str] = {
    "light": "{}",
    "dark": "{runOnly: {type: 'tag', values: ['cat.color']}}",
}
# The whole result, with all that is right, has megabytes.
JUDGE = "axe.run(%s).then(all => all.violations.map(one => [one.id, one.nodes[0].html]))"
HEAVIEST = 100_000  # bytes of a page with its style and script


@pytest.mark.parametrize("which", ["lived", "empty", "stale", "odd"])
def test_axe_finds_nothing_and_nothing_hangs_over(
    browser: Browser,
    request: pytest.FixtureRequest,
    axe: str,
    screenshots: Path | None,
    which: str,
) -> None:
    site: Site = request.getfixturevalue(which)
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    faults = []
    for name, path in site.pages.items():
        page.goto(site.url + path)
        for summary in page.query_selector_all("summary"):  # what is folded is judged, too
            summary.click()
        page.evaluate(axe)
        for width, scheme in itertools.product(WIDTHS, SCHEMES):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            where = (name, width, scheme)
            faults += [(*where, *wrong) for wrong in page.evaluate(JUDGE % SCHEMES[scheme])]
            if page.evaluate("document.documentElement.scrollWidth") > width:
                faults.append((*where, "too wide", ""))
            if screenshots and which != "empty" and (width != WIDTHS[-1]) == (scheme == "light"):
                file = screenshots / f"{name}-{width}-{scheme}.png"
                page.screenshot(path=file, full_page=True)
    context.close()
    assert faults == []


@pytest.mark.parametrize("which", ["lived", "odd"])
def test_no_table_of_rows_scrolls_inside_itself(
    browser: Browser, request: pytest.FixtureRequest, which: str
) -> None:
    site: Site = request.getfixturevalue(which)
    context = browser.new_context()
    page = context.new_page()
    faults = []
    for name, path in site.pages.items():
        page.goto(site.url + path)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            faults += [(name, width, wrap) for wrap in page.evaluate(TOO_WIDE)]
    context.close()
    assert faults == []


def test_a_page_loads_its_style_and_script_and_nothing_else(browser: Browser, lived: Site) -> None:
    said: list[str] = []
    for name, path in lived.pages.items():
        context = browser.new_context()  # with nothing kept from the page before
        page = context.new_page()
        answers: list[Response] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("response", lambda response, to=answers: to.append(response))
        page.goto(lived.url + path)
        page.wait_for_load_state("networkidle")
        sizes = [(response.url, len(response.body())) for response in answers]
        context.close()
        loaded = {url.split("?")[0] for url, _size in sizes if not url.startswith("data:")}
        own = {lived.url + path.split("?")[0]}
        assert loaded - own == {f"{lived.url}/static/{file}" for file in ("style.css", "page.js")}
        if name != "api":  # a document of all endpoints grows with them
            assert sum(size for _url, size in sizes) <= HEAVIEST, (name, sizes)
    assert [line for line in said if "404" not in line] == []


def test_hostile_text_runs_nothing(browser: Browser, odd: Site) -> None:
    context = browser.new_context()
    page = context.new_page()
    ran: list[str] = []
    page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: ran.append(message.text))
    for path in odd.pages.values():
        page.goto(odd.url + path)
        expect(page.get_by_text("<script>alert(1)</script>").first).to_be_attached()
    context.close()
    assert ran == []


def test_without_scripts_the_filter_is_a_form(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.url)
    page.get_by_label("Name").fill("netapp")
    page.get_by_label("Owner").select_option("NetApp Storage")
    page.get_by_role("button", name="Show").click()
    assert page.url.startswith(f"{site.url}/?q=netapp")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_text("Times are UTC.")).to_be_visible()
    page.get_by_role("link", name="Compare").click()
    page.get_by_label("One").select_option("NetApp CI")
    page.get_by_label("Other").select_option("Zuul")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("NetApp CI and Zuul")
    context.close()


def test_with_scripts_the_table_follows_what_is_typed(browser: Browser, site: Site) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(site.url)
    page.evaluate("window.loadedOnce = true")
    page.get_by_label("Name").press_sequentially("sto", delay=20)
    expect(page.locator("#cis tbody tr")).to_have_count(1)
    expect(page.get_by_role("status").filter(has_text="1 of 6 CIs.")).to_be_visible()
    expect(page.get_by_label("Name")).to_be_focused()
    page.get_by_label("State").select_option("failing")
    expect(page.get_by_text("No CI fits this filter.")).to_be_visible()
    expect(page).to_have_url(f"{site.url}/?q=sto&state=failing")
    page.get_by_label("Name").fill("")
    expect(page.locator("#cis tbody tr")).to_have_count(1)
    expect(page).to_have_url(f"{site.url}/?state=failing")
    assert page.evaluate("window.loadedOnce")
    page.reload()
    expect(page.get_by_label("State")).to_have_value("failing")
    context.close()


def test_with_scripts_times_are_the_readers(browser: Browser, site: Site) -> None:
    context = browser.new_context(timezone_id="Asia/Tokyo")
    page = context.new_page()
    page.clock.install(time="2026-11-23T04:10:00Z")
    page.goto(f"{site.url}/incidents/1")
    moment = page.locator("time.at").first
    assert moment.get_attribute("datetime") == "2026-11-21T14:10:00Z"
    assert moment.get_attribute("title") == "2026-11-21 14:10 UTC"
    assert moment.inner_text() == "Sat 23:10"
    expect(page.get_by_text("Times are yours (Asia/Tokyo); hover for UTC.")).to_be_visible()
    page.goto(site.url)
    expect(page.get_by_text("Since Sat 23:10 (38 h): 0 of 20 passed since then")).to_be_visible()
    context.close()


def test_everything_can_be_reached_and_seen_by_keyboard(browser: Browser, site: Site) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(site.url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    page.keyboard.press("Enter")
    page.wait_for_url("**/#main")
    page.wait_for_function("document.activeElement.id === 'main'")
    page.goto(f"{site.url}{site.pages['ci']}")
    reached = _walk(page)
    every = ":is(a, button, input, select, summary, [tabindex='0']):visible"
    wanted = page.locator(every).count()
    assert len(reached) == wanted
    assert [element for element in reached if element.endswith(" unseen")] == []
    context.close()


def _walk(page: Page) -> list[str]:
    """Tabs through a page; what has no outline when it has the focus is "unseen"."""
    look = """() => {
      const one = document.activeElement;
      if (one === document.body || one.dataset.walked) return null;
      one.dataset.walked = "yes";
      const seen = getComputedStyle(one).outlineStyle !== "none";
      return `${one.tagName} ${one.textContent.trim().slice(0, 40)}${seen ? "" : " unseen"}`;
    }"""
    reached = []
    while True:
        page.keyboard.press("Tab")
        element = page.evaluate(look)
        if element is None:
            return reached
        reached.append(element)
