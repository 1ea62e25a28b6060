"""What every page of the dashboard promises, on each database."""

from __future__ import annotations

import re
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from cibot.config.models import Config
from cibot.health.seen import Fault
from cibot.health.signal import Evidence
from cibot.model import State
from cibot.store import schema
from cibot.store.engine import Store
from cibot.web.metrics import MOST_CIS
from tests.support.canned import CONFIG
from tests.support.faces import client
from tests.support.history import NOW, History, ago, signal
from tests.support.reading import HOSTILE, read, words

EVERY = [
    "/", "/?state=failing", "/?q=nothing-fits&project=&state=", "/ci/NetApp%20CI",
    "/ci/Quobyte%20CI", "/ci/Vexx%20ARM%20CI", "/ci/Zuul", "/change/912345",
    "/change/912345?patch_set=2", "/incidents", "/incidents/1", "/incidents/3", "/how", "/api",
    "/projects", "/projects/openstack/cinder", "/compare", "/unparsed", "/unparsed?ci=netapp",
    "/compare?first=NetApp%20CI&second=Zuul", "/compare?first=nobody&second=Zuul",
    "/report", "/report?project=cinder&branch=stable/*",
    "/report?project=&branch=&from=2026-11-01&to=2026-11-09",
    "/ci/nobody-at-all",
]  # fmt: skip


@pytest.fixture
def site(canned_app: Flask) -> FlaskClient:
    return canned_app.test_client()


@pytest.mark.parametrize("path", EVERY)
def test_pages_are_well_formed_and_ask_no_other_host(site: FlaskClient, path: str) -> None:
    response = site.get(path)
    assert response.status_code == (404 if path.startswith("/ci/nobody") else 200)
    assert "unsafe-inline" not in response.headers["Content-Security-Policy"]
    page = read(response.get_data(as_text=True))
    assert len(page.ids) == len(set(page.ids))
    assert page.scripts == 1
    loaded = re.findall(r'(?:src|<link[^>]*href)="([^"]*)"', response.get_data(as_text=True))
    prefixes = ("/static/", "/incidents.atom", "data:image/")
    assert all(address.startswith(prefixes) for address in loaded)
    own = [address for address in page.addresses if address.startswith("/") and address.strip("/")]
    assert {site.get(address).status_code for address in own} <= {200}
    assert page.text.count("%") == 0 or "{%" not in page.text


def test_the_overview_says_first_what_needs_a_look(site: FlaskClient) -> None:
    html = site.get("/").get_data(as_text=True)
    said = words(read(html))
    assert "3 CIs need a look 1 silent, 1 failing, 1 degraded; 2 healthy, 1 not judged." in said
    assert "In the last 24 hours: 1 opened, 1 resolved." in said
    assert "Job netapp-iscsi failed in 20 of the last 20 failures." in said
    assert "acknowledged by mika: “new hypervisors, looking”" in said
    assert 'aria-label="20 %, 95 % interval 9–39 %"' in html
    assert re.search(r'aria-label="30 days: 5 of 25 results passed, \d+ days without', html)


def test_the_filter_keeps_what_fits_and_says_what_it_left_out(site: FlaskClient) -> None:
    html = site.get("/?state=failing&project=openstack/cinder&q=net").get_data(as_text=True)
    table = html[html.index("<tbody>") : html.index("</tbody>")]
    assert re.findall(r'href="/ci/([^"]+)"', table) == ["NetApp%20CI"]
    assert "Show all 6" in html
    assert "No CI fits this filter" in site.get("/?q=nothing-fits").get_data(as_text=True)
    assert site.get("/?state=odd").status_code == 400


def test_a_ci_shows_why_and_evidence(site: FlaskClient) -> None:
    html = site.get("/ci/NetApp%20CI").get_data(as_text=True)
    said = words(read(html))
    assert (
        "failing since Sat 14:10 UTC (38 h): 0 of 20 passed since then where Zuul did, 93 % before"
        in said
    )
    assert "5 of 25 passed in 7 days" in said
    assert 'href="mailto:storage-ci@netapp.example"' in html
    assert 'href="https://logs.example.org/912345/3/netapp-iscsi"' in html
    assert 'href="/change/912345?patch_set=3"' in html
    assert site.get("/ci/netapp").headers["Location"] == "/ci/NetApp%20CI"


def test_a_change_shows_verdicts_and_who_is_missing(site: FlaskClient) -> None:
    said = words(read(site.get("/change/912345").get_data(as_text=True)))
    assert "The failure is nothing to look at." in said
    assert "netapp-iscsi Says nothing of this change: netapp-iscsi failed on the last 19" in said
    assert "Missing Quobyte CI (silent for 12 h), usually reports on" in said


def test_a_project_is_a_matrix_of_its_patch_sets_and_cis(site: FlaskClient) -> None:
    html = site.get("/projects/openstack/cinder").get_data(as_text=True)
    read(html)
    row = html[html.index("912345,3") :]
    row = row[: row.index("</tr>")]
    assert re.findall("<i>([^<]+)</i>", row) == ["passed", "failed", "started"]
    assert site.get("/projects/cinder").headers["Location"] == "/projects/openstack/cinder"


def test_thresholds_in_force_are_shown(site: FlaskClient) -> None:
    said = words(read(site.get("/how").get_data(as_text=True)))
    assert "Degraded when surely below 80 %" in said


def test_nothing_stored_says_what_to_do(blank: Store) -> None:
    site = client(blank, Config())
    said = words(read(site.get("/").get_data(as_text=True)))
    assert "No CI is known yet" in said
    assert "cibot check tries every connection" in said
    for path in ("/incidents", "/how"):
        assert site.get(path).status_code == 200
    assert site.get("/ci/any").status_code == 404


def test_a_stale_feed_is_told(canned_history: Store) -> None:
    site = client(canned_history, CONFIG, NOW + timedelta(minutes=38))
    said = words(read(site.get("/").get_data(as_text=True)))
    assert "Our own feed is stale. review was last heard 39 min ago." in said
    assert "Our own feed is stale" not in client(canned_history, CONFIG).get("/").get_data(
        as_text=True
    )


def test_hostile_text_is_text(blank: Store) -> None:
    """Nor does it turn the words around it."""
    history = History(blank).feed(ago(minutes=1))
    evil = f"{HOSTILE}\u202e"
    history.change(5, evil, subject=evil, uploads=[ago(hours=9)])
    ci = history.ci(f"{evil} CI").counted(project=evil, jobs=[evil])
    history.ci("Other CI").report(5, at=ago(hours=1))
    for hour in range(3):
        ci.report(5, outcome="failure", at=ago(hours=hour + 1), jobs={evil: "FAILURE"})
    ci.is_(
        State.FAILING,
        ago(hours=5),
        signal("success", State.FAILING, evil, figure=0.1, low=0.0, high=0.3, n=9,
               threshold=evil),
    )  # fmt: skip
    seen = (Evidence(Fault.FAILED, 5, 5, 1, NOW, evil, "javascript:1"),)
    ci.incident(
        "success",
        ago(hours=4),
        first_evidence=seen,
        evidence=seen,
        said=evil,
        note=evil,
        acknowledged_by=evil,
    )
    history.save()
    site = client(blank, Config())
    name = read(site.get("/").get_data(as_text=True)).addresses
    own = next(address for address in name if address.startswith("/ci/%22"))
    both = f"/compare?first={own.removeprefix('/ci/')}&second=other"
    for path in ("/", own, "/change/5", "/incidents", "/incidents/1", both, "/projects", "/report"):
        html = site.get(path).get_data(as_text=True)
        page = read(html)
        assert "<script>" not in html
        assert "javascript:" not in html
        assert "\u202e" not in html
        assert page.scripts == 1
        assert "<script>alert(1)</script>" in page.text


def test_a_log_that_is_no_web_address_is_no_link(blank: Store) -> None:
    history = History(blank).feed(ago(minutes=1))
    history.ci("Bad CI").report(7, outcome="failure", at=ago(hours=1), jobs={"j": "FAILURE"})
    history.save()
    blank.write(
        lambda tx: tx.execute(schema.build.update().values(url="javascript:alert(document.domain)"))
    )
    assert "javascript:" not in client(blank, Config()).get("/ci/Bad%20CI").get_data(as_text=True)


def test_style_and_script_are_small_and_kept(site: FlaskClient) -> None:
    html = site.get("/").get_data(as_text=True)
    size = len(html)
    for address in re.findall(r'"(/static/[^"]+)"', html):
        response = site.get(address)
        assert "max-age=31536000" in response.headers["Cache-Control"]
        size += len(response.get_data())
    assert size < 50_000
    assert site.get("/static/other").status_code == 404


def test_an_unchanged_page_is_not_sent_again(site: FlaskClient) -> None:
    first = site.get("/how")
    assert site.get("/how", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_a_badge_shows_the_state_and_escapes_the_name(site: FlaskClient, blank: Store) -> None:
    badge = site.get("/badge/NetApp%20CI.svg")
    assert (badge.status_code, badge.mimetype) == (200, "image/svg+xml")
    assert ET.fromstring(badge.data).attrib["aria-label"] == "NetApp CI: ■ failing, passes 20 %"
    none = site.get("/badge/nobody-at-all.svg")
    assert (none.status_code, b"no such CI" in none.data) == (404, True)
    hostile = client(blank, Config()).get("/badge/%22%3E%3Cscript%3E.svg")
    ET.fromstring(hostile.data)
    assert b"<script>" not in hostile.data


def test_incidents_are_a_feed_that_any_reader_takes(site: FlaskClient, blank: Store) -> None:
    atom = "{http://www.w3.org/2005/Atom}"
    response = site.get("/incidents.atom")
    assert response.mimetype == "application/atom+xml"
    feed = ET.fromstring(response.data)
    titles = [entry.findtext(f"{atom}title") for entry in feed.iter(f"{atom}entry")]
    assert "NetApp CI: failing (success), not acknowledged" in titles
    assert feed.findtext(f"{atom}id") == "https://ci.example.org/incidents"
    history = History(blank)
    history.ci(f"\x01 {HOSTILE}").incident("success", ago(hours=1), said=f"{HOSTILE} \x00\ufffe")
    history.save()
    hostile = ET.fromstring(client(blank, Config()).get("/incidents.atom").data)
    assert "<script>" in (hostile.findtext(f"{atom}entry/{atom}summary") or "")


def test_a_feed_does_not_believe_the_host_header(blank: Store) -> None:
    history = History(blank)
    history.ci("A").incident("success", ago(hours=1), said="x")
    history.save()
    feed = client(blank, Config()).get("/incidents.atom", base_url="http://evil.example").data
    assert b"evil" not in feed
    assert b'<link href="/incidents/' in feed
    assert b"<id>tag:cibot.invalid,2026:/incidents/" in feed


def test_metrics_are_readable_and_bounded(site: FlaskClient, blank: Store) -> None:
    response = site.get("/metrics")
    families = {family.name: family for family in text_string_to_metric_families(response.text)}
    state = {
        sample.labels["state"]: sample.value
        for sample in families["cibot_ci_state"].samples
        if sample.labels["ci"] == "NetApp CI"
    }
    assert state == {"silent": 0, "failing": 1, "degraded": 0, "unknown": 0, "healthy": 0}
    assert families["cibot_feed_age_seconds"].samples[0].value == 60
    incidents = {
        sample.labels["state"]: sample.value for sample in families["cibot_open_incidents"].samples
    }
    assert incidents == {"pending": 0, "firing": 1, "acknowledged": 1, "recovering": 0}
    many = History(blank)
    for place in range(MOST_CIS + 5):
        many.ci(f'CI "{place}"\\ {HOSTILE}')
    many.save()
    text = client(blank, Config()).get("/metrics").text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert len(families["cibot_ci_state"].samples) == 5 * MOST_CIS
