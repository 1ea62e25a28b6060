"""What the dashboard's pages show beyond the overview: two CIs, times, what was not understood."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cibot.config.models import CiConfig, Config, ReferenceConfig
from cibot.health.chart import Drop
from cibot.health.intervals import wilson
from cibot.health.seen import OwnPast
from cibot.model import State
from cibot.store import schema
from cibot.store.engine import Store, open_store
from tests.support.faces import client
from tests.support.history import NOW, History, ago, make_tables, passed, signal
from tests.support.reading import HOSTILE, read, words

HEADERS = {
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@pytest.fixture
def site(canned_app: Flask) -> FlaskClient:
    return canned_app.test_client()


def said(site: FlaskClient, path: str) -> str:
    return words(read(site.get(path).get_data(as_text=True)))


def test_two_cis_are_compared_on_what_both_judged(site: FlaskClient) -> None:
    html = site.get("/compare?first=netapp&second=zuul").get_data(as_text=True)
    text = words(read(html))
    assert "NetApp CI and Zuul" in text
    assert "They agree on 20 % (9–39 %, n=25) of the patch sets that both judged" in text
    assert "NetApp CI passed 5 0 NetApp CI failed 20 0" in text
    assert 'aria-label="NetApp CI passed 20 % in 30 days, Zuul 100 %"' in html
    assert 'href="https://logs.example.org/912345/3/netapp-iscsi"' in html


def test_who_compares_is_asked_for_two(site: FlaskClient) -> None:
    html = site.get("/compare?first=Zuul").get_data(as_text=True)
    assert "<option selected>Zuul</option>" in html
    assert "Compare two CIs" in words(read(html))
    assert "Both names mean Zuul" in said(site, "/compare?first=zuul&second=Zuul")
    assert site.get("/compare?third=x").status_code == 400


def test_a_ci_shows_how_long_it_takes(site: FlaskClient) -> None:
    html = site.get("/ci/NetApp%20CI").get_data(as_text=True)
    usual = "NetApp CI usually took 1 h 45 from upload to first verdict, Zuul 1 h 00"
    assert f'aria-label="{usual}"' in html
    assert "<title>Sun 22 Nov: 12 first verdicts, half within 1 h 45, 95 % within 1 h 45" in html
    row = html[html.index('<th scope="row" class="t">Sun 22 Nov') :]
    assert words(read(row[: row.index("</tr>")])) == "Sun 22 Nov 0 12 0 0 % 100 % 1 h 45 1 h 45"


def test_a_ci_shows_what_it_missed(site: FlaskClient) -> None:
    text = said(site, "/ci/Quobyte%20CI")
    assert re.search(r"missed \d+ of \d+ chances to report", text)
    assert "of what Zuul judged" in text
    assert "had no chance to report" in said(site, "/ci/Zuul")


def test_badge_code_is_given_in_two_languages(site: FlaskClient, blank: Store) -> None:
    text = said(site, "/ci/NetApp%20CI")
    own = "https://ci.example.org"
    assert f"[![NetApp CI]({own}/badge/NetApp%20CI.svg)]({own}/ci/NetApp%20CI)" in text
    assert f'<a href="{own}/ci/NetApp%20CI"><img src="{own}/badge/NetApp%20CI.svg"' in text
    lone = History(blank)
    lone.ci("Lone CI")
    lone.save()
    assert "Set web.public_url" in said(client(blank, Config()), "/ci/Lone%20CI")


def test_an_incident_shows_its_steps_and_its_month(site: FlaskClient) -> None:
    html = site.get("/incidents/1").get_data(as_text=True)
    text = words(read(html))
    assert "Incident #1: NetApp CI, success" in text
    assert "NetApp CI is now failing" in text
    assert "Sat 16:10 UTC opened success" in text
    assert "!ci ack 1 on it" in text
    assert ">#1 success</text>" in html
    assert "!ci ack" not in said(site, "/incidents/3")


def test_a_pending_incident_is_shown_as_one_that_has_not_opened(blank: Store) -> None:
    history = History(blank).feed(ago(minutes=1))
    history.ci("A CI").incident("success", ago(days=1), resolved=ago(hours=1))
    history.ci("B CI").incident("success", ago(hours=1), state="pending")
    history.save()
    blank.write(
        lambda tx: tx.execute(
            schema.incident.update()
            .where(schema.incident.c.state == "pending")
            .values(opened_at=None)
        )
    )
    site = client(blank, Config())
    assert "resolved" in said(site, "/incidents")
    assert "23 h" in said(site, "/ci/A%20CI")
    assert "It has not opened yet" in said(site, "/incidents/2")


def test_what_is_pending_is_not_told_as_open(blank: Store) -> None:
    history = History(blank).feed(ago(minutes=1))
    history.ci("A CI").is_(State.HEALTHY, ago(days=1)).incident(
        "infra", ago(hours=1), state="pending"
    )
    history.save()
    blank.write(lambda tx: tx.execute(schema.incident.update().values(opened_at=None)))
    site = client(blank, Config())
    assert "Open incidents None." in said(site, "/")
    assert "No incident is open Pending" in said(site, "/incidents")
    assert "#1 A CI infra pending not yet" in said(site, "/incidents")


def test_projects_say_where_to_look(site: FlaskClient) -> None:
    text = said(site, "/projects")
    assert "1 project that CIs judged lately" in text
    assert "openstack/cinder silent Quobyte CI failing NetApp CI 5 CIs on openstack/cinder" in text


def test_the_overview_is_filtered_by_owner(site: FlaskClient) -> None:
    html = site.get("/?owner=netapp+storage").get_data(as_text=True)
    table = html[html.index("<tbody>") : html.index("</tbody>")]
    assert re.findall(r'href="/ci/([^"]+)"', table) == ["NetApp%20CI"]
    assert "1 of 6 CIs." in words(read(html))
    assert "<option>NetApp Storage</option>" in site.get("/").get_data(as_text=True)
    assert "<option selected>NetApp Storage</option>" in site.get(
        "/?owner=NetApp+Storage"
    ).get_data(as_text=True)


def test_times_in_sentences_can_be_made_local(site: FlaskClient) -> None:
    moment = '<time class="at" datetime="2026-11-21T14:10:00Z" title="2026-11-21 14:10 UTC">'
    assert f"Since {moment}Sat 14:10 UTC</time> (38 h)" in site.get("/").get_data(as_text=True)
    assert f"since {moment}Sat 14:10" in site.get("/ci/NetApp%20CI").get_data(as_text=True)


def test_a_time_that_is_said_twice_stays_whole(blank: Store) -> None:
    history = History(blank).feed(ago(minutes=1))
    ci = history.ci("A CI").report(5, at=ago(hours=3))
    missed = signal("silent", State.SILENT, "3 chances missed in a row", n=9)
    ci.is_(State.SILENT, ago(hours=3), missed).incident("silent", ago(hours=2))
    history.save()
    html = client(blank, Config()).get("/ci/A%20CI").get_data(as_text=True)
    lead = html[html.index('<p class="lead">') :]
    lead = lead[: lead.index("</p>")] + "</p>"
    text = words(read(lead))
    assert (
        text == "silent since 01:10 UTC (3 h): 3 chances missed in a row; last heard 01:10 UTC"
        " (3 h ago)."
    )
    assert lead.count('datetime="2026-11-23T01:10:00Z"') == 2


def test_a_moment_that_a_signal_names_can_be_made_local(blank: Store) -> None:
    history = History(blank).feed(ago(minutes=1))
    fell = Drop(history.now - ago(hours=11, minutes=25), 0.9, 9, 0)
    seen = OwnPast(passed(0, 9), 0.9, 100, 100, fell)
    earlier = signal("level", State.FAILING, f"not 2026-11-20 16:45 UTC {HOSTILE}")
    success = signal("success", State.FAILING, seen)
    history.ci("A CI").is_(State.FAILING, ago(hours=3), success, earlier)
    history.save()
    html = client(blank, Config()).get("/ci/A%20CI").get_data(as_text=True)
    assert 'since <time class="at" datetime="2026-11-22T16:45:00Z"' in html
    assert "2026-11-20T16:45" not in html  # text is not read for moments
    assert f"not 2026-11-20 16:45 UTC {HOSTILE}" in read(html).text


def test_what_was_not_understood_is_listed_as_text(blank: Store) -> None:
    history = History(blank).feed(ago(minutes=1))
    history.ci(f"{HOSTILE} CI").report(5, outcome=None, at=ago(hours=1))
    history.save()
    blank.write(lambda tx: tx.execute(schema.comment.update().values(text=f"Run {HOSTILE} 17")))
    html = client(blank, Config()).get("/unparsed").get_data(as_text=True)
    text = words(read(html))
    assert "1 comment not understood" in text
    assert f"Run {HOSTILE} 17" in text
    assert "<script>alert" not in html


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/", "cibot check tries every connection"),
        ("/incidents", "No incident is open"),
        ("/projects", "cibot backfill"),
        ("/compare", "That takes two CIs, and none is known yet."),
        ("/unparsed", "Every comment was understood"),
    ],
)
def test_where_there_is_nothing_a_page_says_what_to_do(blank: Store, path: str, words: str) -> None:
    assert words in said(client(blank, Config()), path)


def test_every_answer_has_the_strict_headers(site: FlaskClient) -> None:
    paths = [
        "/", "/static/style.css", "/static/page.js", "/static/none", "/ci/nobody", "/ci/netapp",
        "/badge/Zuul.svg", "/badge/none.svg", "/metrics", "/incidents.atom", "/api/v1/cis",
        "/api/v1/cis/none", "/api/v1/openapi.json", "/none", "/?state=odd",
    ]  # fmt: skip
    for path in paths:
        for method in ("GET", "POST", "OPTIONS"):
            response = site.open(path, method=method)
            for name, begins in HEADERS.items():
                assert response.headers[name].startswith(begins), (path, method)
            policy = response.headers["Content-Security-Policy"]
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert "*" not in policy


def test_what_is_not_here_is_a_page_for_people(site: FlaskClient) -> None:
    browser = site.get("/none", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (browser.status_code, browser.mimetype) == (404, "text/html")
    assert "There is no page /none" in words(read(browser.get_data(as_text=True)))
    for path, accept in (("/none", "*/*"), ("/api/v1/none", "text/html")):
        program = site.get(path, headers={"Accept": accept})
        assert (program.status_code, program.mimetype) == (404, "application/problem+json")


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """Sixty CIs that run every day, a third of them with an incident."""
    path = tmp_path_factory.mktemp("crowd") / "cibot.db"
    store = make_tables(open_store(f"sqlite:///{path}"))
    history = History(store).feed(ago(minutes=1))
    jobs = {f"vendor-driver-tempest-{place}": "SUCCESS" for place in range(4)}
    for place in range(60):
        ci = history.ci(f"Vendor {place:02d} Storage CI" if place else "Zuul")
        for run in range(60):
            bad = (place + run) % 3 == 0 and run % 8 < 6
            ci.report(1000 + run // 2, outcome="failure" if bad else "success",
                      at=ago(days=run // 2, minutes=place, hours=run % 2), jobs=jobs)  # fmt: skip
        passes = 20 + place
        low, high = wilson(passes, 80)
        state = State.FAILING if place % 3 == 1 else State.HEALTHY
        words = f"{passes} of 80 passed in 7 days where the reference passed"
        ci.is_(state, ago(days=2), *(
            signal(name, state, words, figure=passes / 80, low=low, high=high, n=80,
                   threshold="degraded when surely below 80 %, failing below 50 %")
            for name in ("success", "infra", "disagreement", "coverage")
        ))  # fmt: skip
        if state is State.FAILING:
            ci.incident("success", ago(days=2), said=words)
    history.save()
    owners = tuple(
        CiConfig(name=f"Vendor {place:02d} Storage CI", accounts=(place,), owner=f"Vendor {place}")
        for place in range(1, 60)
    )
    config = Config(ci=owners, reference=(ReferenceConfig(ci="Zuul"),))
    yield client(store, config, NOW)
    store.close()


@pytest.mark.parametrize(
    "path",
    ["/", "/ci/Vendor%2001%20Storage%20CI", "/incidents", "/projects/openstack/cinder",
     "/projects", "/change/1000", "/how",
     "/compare?first=Zuul&second=Vendor%2001%20Storage%20CI"],
)  # fmt: skip
def test_a_page_with_all_it_loads_is_at_most_100_kb(crowd: FlaskClient, path: str) -> None:
    response = crowd.get(path)
    assert response.status_code == 200
    html = response.get_data(as_text=True)
    loaded = re.findall(r'(?:<script[^>]*src|<link rel="stylesheet" href)="([^"]+)"', html)
    assert len(loaded) == 2
    sizes = [len(response.data), *(len(crowd.get(address).data) for address in loaded)]
    assert sum(sizes) <= 100_000, sizes
