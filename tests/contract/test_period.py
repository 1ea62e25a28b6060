"""The report of a period: what the roll-up holds, cut by days, places and rules."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from cibot.actions.acknowledging import take
from cibot.actions.leaving import close_retired, retire
from cibot.actions.roles import Actor
from cibot.chat.commands import report as report_command
from cibot.config.models import Config, RuleConfig
from cibot.errors import UserError
from cibot.judging import Monitor
from cibot.reports import period_wording
from cibot.reports.context import Context
from cibot.reports.period import CiPeriod, PeriodReport, period_report, read_period
from cibot.reports.promise import Ruling
from cibot.store import schema
from cibot.store.cis import all_cis
from cibot.store.engine import Store
from cibot.store.incidents import health_of, incidents_of
from tests.support.canned import CONFIG
from tests.support.faces import client
from tests.support.history import NOW, History, ago
from tests.support.reading import HOSTILE, read, words
from tests.support.scenario import CONFIG as TOLD
from tests.support.scenario import HOUR, NOON, Scenario

DAY = timedelta(days=1)
RULE = RuleConfig(agrees=0.9, silent_at_most=3 * DAY, jobs=("tempest",))


def asked(
    store: Store, config: Config, now: datetime, since: date, until: date, **of: Any
) -> PeriodReport:
    ctx = Context(now, config)
    return store.read(
        lambda tx: period_report(tx, ctx, read_period(now, since=since, until=until), **of)
    )


def of(report: PeriodReport, name: str) -> CiPeriod:
    return next(ci for ci in report.cis if ci.name == name)


def test_a_history_is_told_with_its_counts(scenario: Scenario) -> None:
    """Acme fails 6 of 72, then is away for four days, then one day on another branch."""
    for place in range(72):
        scenario.change(acme=place % 12 != 5)
    scenario.change(acme=None, times=96)
    scenario.change(branch="stable/2026.1", times=12)
    scenario.change(times=12)
    scenario.judge()
    since, until = NOON.date(), scenario.now.date() + DAY
    config = TOLD.model_copy(update={"rule": (RULE,)})
    report = asked(scenario.store, config, scenario.now, since, until)
    acme = of(report, "Acme")
    now = acme.now
    # The deadlines of the last three have not passed.
    assert (now.due, now.reported and now.reported.passes) == (189, 93)
    assert now.in_time == now.reported
    assert now.right is not None
    assert (now.right.passes, now.right.n, now.false_failures) == (90, 96, 6)
    assert now.longest_outage is not None
    assert now.longest_outage.since == NOON + 71 * HOUR + timedelta(minutes=20)
    assert now.silent == now.longest_outage.until - now.longest_outage.since
    assert 4 * DAY < now.silent < 4 * DAY + 3 * HOUR
    assert now.p50 is not None
    assert timedelta(minutes=20) <= now.p50 <= timedelta(minutes=21)
    assert now.incidents == 1
    assert [(job.job, job.runs) for job in acme.jobs] == [("tempest", 96)]
    (promise,) = acme.promises
    rulings = {
        criterion.name: (criterion.kept, criterion.lacking) for criterion in promise.criteria
    }
    assert rulings == {
        "reports": (Ruling.NOT_MET, None),
        "agrees": (Ruling.TOO_LITTLE, "interval"),
        "job": (Ruling.MET, None),
        "silence": (Ruling.NOT_MET, None),
    }
    assert acme.kept is Ruling.NOT_MET
    assert of(report, "Zuul").is_reference
    assert of(report, "Zuul").kept is None

    stable = asked(scenario.store, config, scenario.now, since, until, branch="stable/*")
    assert of(stable, "Acme").now.due == 11  # from its first report there on
    with pytest.raises(UserError, match="No project is called"):
        asked(scenario.store, config, scenario.now, since, until, project="nowhere")


def test_a_rule_of_some_branches_asks_of_what_happens_there_alone(scenario: Scenario) -> None:
    """Acme is well on master, and no longer heard on the stable branch after two days."""
    for turn in range(24 * 4):
        scenario.change()
        scenario.change(branch="stable/2026.1", acme=turn < 24 or None)
    scenario.judge()
    since, until = NOON.date(), scenario.now.date() + DAY
    rules = tuple(
        RuleConfig(branches=branches, agrees=0.9, silent_at_most=3 * DAY)
        for branches in (("stable/*",), ("master",), ("nowhere/*",))
    )
    report = asked(
        scenario.store, TOLD.model_copy(update={"rule": rules}), scenario.now, since, until
    )
    stable, master = of(report, "Acme").promises  # none is for nowhere
    assert (stable.rule, master.rule) == (1, 2)
    of_stable, of_master = (
        {criterion.name: criterion for criterion in each.criteria} for each in (stable, master)
    )
    assert {name: criterion.kept for name, criterion in of_master.items()} == dict.fromkeys(
        ("reports", "agrees", "silence"), Ruling.MET
    )
    assert of_stable["reports"].kept is Ruling.NOT_MET
    assert of_stable["silence"].kept is Ruling.NOT_MET
    assert of_stable["silence"].longest == 5 * DAY
    assert of(report, "Acme").now.silent == timedelta(0)
    agrees, reports = of_stable["agrees"].rate, of_stable["reports"].rate
    assert agrees is not None
    assert reports is not None
    assert (agrees.passes, agrees.n) == (24, 24)
    some = asked(scenario.store, TOLD, scenario.now, since, until, branches=("stable/*", "old/*"))
    assert of(some, "Acme").now.due == reports.n


@pytest.mark.parametrize("seed", range(3))
def test_periods_are_half_open_and_add_up(scenario: Scenario, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(150):
        scenario.change(acme=rng.choice([True, True, False, None]), branch=rng.choice(["a", "b"]))
        scenario.now += timedelta(minutes=rng.choice([0, 30, 300]))
    scenario.judge()
    first, last = NOON.date(), scenario.now.date() + DAY
    middle = first + timedelta(days=rng.randint(1, (last - first).days // 2))
    parts = [(first, middle), (middle, last)]
    whole = of(asked(scenario.store, TOLD, scenario.now, first, last), "Acme").now
    halves = [of(asked(scenario.store, TOLD, scenario.now, *days), "Acme") for days in parts]
    for name in ("due", "paired", "false_failures", "incidents", "failing", "silent"):
        early, other = (getattr(half.now, name) for half in halves)
        assert early + other == getattr(whole, name), name
    branches = [
        of(asked(scenario.store, TOLD, scenario.now, first, last, branch=name), "Acme").now.due
        for name in ("a", "b")
    ]
    assert sum(branches) == whole.due
    before = of(
        asked(scenario.store, TOLD, scenario.now, middle, 2 * (middle - first) + first), "Acme"
    )
    assert before.before == replace(halves[0].now, p50=None, p95=None)


def test_who_came_in_the_middle_and_who_left_are_said_to_have(scenario: Scenario) -> None:
    scenario.change(acme=None, times=30)
    scenario.change(times=40)
    scenario.change(acme=None, times=40)
    scenario.judge()
    left = scenario.now
    ctx = Context(scenario.now, TOLD)
    boss = Actor("cli", "mika", "mika", "shell")
    scenario.store.write(lambda tx: retire(tx, ctx, boss, "Acme"))
    scenario.now += 5 * DAY
    report = asked(scenario.store, TOLD, scenario.now, NOON.date(), scenario.now.date() + DAY)
    acme = of(report, "Acme")
    assert acme.since == NOON + 30 * HOUR + timedelta(minutes=20)
    # From its first report on, which told that it is at home there; the last is not due yet.
    assert acme.now.due == 78
    assert (acme.retired, acme.retired_at) == (True, left)
    assert acme.now.longest_outage is not None
    assert acme.now.longest_outage.until == left
    later = asked(scenario.store, TOLD, scenario.now, left.date() + DAY, scenario.now.date() + DAY)
    assert "Acme" not in [ci.name for ci in later.cis]


@pytest.mark.parametrize("way", ["command", "configuration"])
def test_who_was_retired_before_there_was_a_roll_up_is_counted_then(
    scenario: Scenario, way: str
) -> None:
    for place in range(60):
        scenario.change(acme=place % 12 != 5)
    scenario.judge()
    ctx, boss = Context(scenario.now, TOLD), Actor("cli", "mika", "mika", "shell")
    counted = of(
        asked(scenario.store, TOLD, scenario.now, NOON.date(), scenario.now.date() + DAY), "Acme"
    )
    config = TOLD
    if way == "command":
        scenario.store.write(lambda tx: retire(tx, ctx, boss, "Acme"))
    else:
        gone = [ci.model_copy(update={"retired": ci.name == "Acme"}) for ci in TOLD.ci]
        config = TOLD.model_copy(update={"ci": tuple(gone)})
        scenario.store.write(lambda tx: close_retired(tx, config, ctx))
    for table in (schema.rollup, schema.spell, schema.checkpoint):  # as an earlier version left
        scenario.store.write(lambda tx, table=table: tx.execute(table.delete()))
    for _ in range(30):
        scenario.change(acme=None)  # which is no miss of its
    messages = scenario.alerts()
    monitor = Monitor(scenario.store, config, lambda: scenario.now)
    acme_id = next(ci.id for ci in scenario.store.read(all_cis) if ci.name == "Acme")
    assert monitor.judge(acme_id) is None
    assert monitor.judge(acme_id) is None  # which has nothing to do any more
    period = of(
        asked(scenario.store, config, scenario.now, NOON.date(), scenario.now.date() + DAY), "Acme"
    )
    assert period.retired
    assert period.now == counted.now
    assert [(job.job, job.runs) for job in period.jobs] == [("tempest", 60)]
    assert scenario.alerts() == messages
    assert scenario.store.read(lambda tx: health_of(tx, acme_id)) == []


def test_an_acknowledgement_is_timed_from_the_opening(store: Store) -> None:
    history = History(store).feed(ago(minutes=1))
    history.change(5, "openstack/cinder", subject="S", uploads=[ago(days=9)])
    for name, opened in (("A", 3), ("B", 5), ("C", 400)):
        history.ci(name).report(5, at=ago(days=8)).counted().incident("job", ago(hours=opened))
    history.save()
    since, until = (NOW - 9 * DAY).date(), NOW.date() + DAY
    boss = Actor("cli", "mika", "mika", "shell")
    for incident in store.read(incidents_of):
        store.write(lambda tx, n=incident.id: take(tx, Context(NOW, CONFIG), boss, n, "seen"))
    report = asked(store, CONFIG, NOW, since, until)
    periods = [of(report, name).now for name in "ABC"]
    assert [period.to_acknowledge for period in periods] == [3 * HOUR, 5 * HOUR, None]
    assert [period_wording.acknowledged(period) for period in periods] == [
        "1 acknowledged, half within 3 h", "1 acknowledged, half within 5 h", "",
    ]  # fmt: skip
    assert [(period.incidents, period.acknowledged) for period in periods] == [
        (1, 1),
        (1, 1),
        (0, 0),
    ]


@pytest.fixture
def api(canned_sqlite: Store) -> FlaskClient:
    return client(canned_sqlite, CONFIG)


def test_every_face_says_the_same(api: FlaskClient, canned_sqlite: Store) -> None:
    body = api.get("/api/v1/report?project=cinder&days=30").get_json()
    assert body["totals"] == {"met": 1, "not_met": 2, "too_little": 1}
    names = [ci["name"] for ci in body["cis"]]
    assert names == ["Quobyte CI", "NetApp CI", "Vexx ARM CI", "Pure-Storage CI", "Zuul"]
    text = api.get("/api/v1/report?project=cinder&days=30&format=csv").text
    table = list(csv.DictReader(io.StringIO(text)))
    assert [row["ci"] for row in table] == names
    assert [row["kept"] for row in table] == [ci["kept"] or "" for ci in body["cis"]]
    assert [int(row["due"]) for row in table] == [ci["now"]["due"] for ci in body["cis"]]
    page = words(read(api.get("/report?project=cinder&from=2026-10-25").get_data(as_text=True)))
    wanted = report_command.read_words(("cinder", "30", "days"), NOW.date())
    assert (wanted.project, wanted.days) == ("cinder", 30)
    ctx = Context(NOW, CONFIG)
    days = read_period(NOW, 30)
    card = canned_sqlite.read(
        lambda tx: report_command.render(ctx, period_report(tx, ctx, days, "cinder"))
    )
    for said in (
        "1 of 4 CIs met the rule, 2 did not and too little can be said of 1.",
        "longest silence 16 days, 14 days are allowed",
        "agrees with the reference on 75 % (69–80 %, n=232), 95 % are asked",
    ):
        assert said in card.text()
        assert said in page.replace("\xa0", " ")
        assert said in text or "CIs met" in said
    assert card.link == (
        "https://ci.example.org/report?project=openstack%2Fcinder&from=2026-10-25&to=2026-11-24"
    )


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("from=2026-11-20&to=2026-11-20", 400, "cannot end before"),
        ("from=2026-12-24", 400, "has not begun yet"),
        ("from=2020-01-01", 400, "at most 370 days"),
        ("from=0001-01-01", 400, "from 2000-01-01"),
        ("to=0001-01-01", 400, "from 2000-01-01"),
        ("from=9999-12-31&days=370", 400, "from 2000-01-01"),
        ("from=2026-11-01&to=2026-11-02&days=1", 400, "not all three"),
        ("project=nowhere", 404, "No project is called"),
        ("days=371", 400, "days"),
        ("from=20261120", 400, "2026-11-23"),
        ("from=2026-02-30", 400, "from"),
        ("branch=", 400, "branch"),
        ("until=2026-11-20", 400, "until"),
    ],
)
def test_days_that_are_none_are_refused(
    api: FlaskClient, query: str, status: int, said: str
) -> None:
    answer = api.get(f"/api/v1/report?{query}")
    assert answer.status_code == status
    assert said in answer.get_json()["detail"]
    page = api.get(f"/report?{query}")
    assert page.status_code == (200 if query == "branch=" else status)


def test_a_ci_of_a_hostile_name_harms_neither_page_nor_spreadsheet(sqlite_store: Store) -> None:
    history = History(sqlite_store).feed(ago(minutes=1))
    for name in (HOSTILE, "=cmd|' /C calc'!A0", "+1+1", "@SUM(1)"):
        history.change(5, HOSTILE, subject="S", uploads=[ago(days=2)])
        history.ci(name).report(5, at=ago(hours=9)).counted(project=HOSTILE, jobs=("=1+1", HOSTILE))
    history.save()
    site = client(sqlite_store, Config(rule=(RuleConfig(jobs=("=2",)),)))
    html = site.get("/report").get_data(as_text=True)
    assert "<script>alert" not in html
    assert HOSTILE in read(html).text
    for line in csv.reader(io.StringIO(site.get("/api/v1/report?format=csv").text)):
        assert not [cell for cell in line if cell.startswith(("=", "+", "@", "-"))]


def test_words_of_a_report() -> None:
    def wanted(text: str) -> tuple[Any, ...]:
        question = report_command.read_words(tuple(text.split()), NOW.date())
        return (question.project, question.branch, question.days, question.since, question.until)

    first, last = date(2026, 9, 1), date(2026, 12, 1)
    assert wanted("") == (None, None, None, None, None)
    assert wanted("cinder 90d") == ("cinder", None, 90, None, None)
    assert wanted("cinder for the last 12 weeks") == ("cinder", None, 84, None, None)
    assert wanted("of openstack/cinder from 2026-12-01 to 2026-09-01") == (
        "openstack/cinder", None, None, first, last,
    )  # fmt: skip
    assert wanted("cinder stable/2026.2 30d") == ("cinder", "stable/2026.2", 30, None, None)
    assert wanted("cinder on master") == ("cinder", "master", None, None, None)
    assert wanted("cinder branch stable/* 2026-09-01") == ("cinder", "stable/*", None, first, None)
    may, june = date(2026, 5, 1), date(2026, 6, 1)
    assert wanted("cinder may") == ("cinder", None, None, may, june)
    assert wanted("Since May") == wanted("SINCE may") == (None, None, None, may, None)
    assert wanted("from may 2025 to may") == (None, None, None, date(2025, 5, 1), june)
    assert wanted("cinder until may") == ("cinder", None, None, None, june)
    assert wanted("until 2026-12-01") == (None, None, None, None, last)
    assert wanted("since 2026-09-01 until may 2027")[3:] == (first, date(2027, 6, 1))
    with pytest.raises(UserError, match="Write the years"):
        wanted("from october to february")
    for text in ("cinder 3h", "2026-02-30", "2026-01-01 2026-01-02 2026-01-03",
                 "2026-01-01 2026-01-02 3d"):  # fmt: skip
        with pytest.raises(UserError):
            wanted(text)
