"""How a CI is on each branch, on both databases and in every face."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from cibot.chat.dispatch import Dispatcher
from cibot.chat.protocol import Asker, Channel, Question
from cibot.config.models import RouteConfig, SummaryConfig
from cibot.errors import UserError
from cibot.judging import Monitor
from cibot.model import State
from cibot.reports.compare import compare
from cibot.reports.context import Context
from cibot.reports.history import history
from cibot.reports.jobs import jobs
from cibot.reports.latency import latency
from cibot.reports.listing import listing
from cibot.reports.matrix import matrix
from cibot.reports.status import CiDetail, status, why
from cibot.reports.summary import Summary, summary
from cibot.store import schema
from cibot.store.engine import Store, open_store
from cibot.store.migrate import upgrade
from cibot.text.card import Card
from tests.support.faces import application
from tests.support.scenario import CONFIG, Scenario

STABLE = "stable/2026.1"


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def scenario(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Acme passes what Zuul passes on master, and nothing of the stable branch any more.

    Only asked, never changed: every test may have the same.
    """
    if request.param == "sqlite":
        database = f"sqlite:///{tmp_path_factory.mktemp('branches') / 'cibot.db'}"
    else:
        database = request.getfixturevalue("mariadb").create_database()
    store = open_store(database)
    upgrade(store)
    scenario = Scenario(store)
    for turn in range(30):
        scenario.change()
        scenario.change(branch=STABLE, acme=turn < 5)
    scenario.change(branch="stable/2025.2", times=3)
    scenario.judge()
    yield scenario
    store.close()


def context(scenario: Scenario) -> Context:
    return Context(scenario.now, CONFIG)


def ask(scenario: Scenario, branch: str | None) -> CiDetail:
    return scenario.store.read(lambda tx: status(tx, context(scenario), "acme", branch))


def chat(scenario: Scenario, words: str) -> str:
    asked = Question(words, Asker("bob"), Channel("net", "#ops"), private=False)
    answer = Dispatcher(scenario.store, CONFIG, lambda: scenario.now)(asked)
    assert answer is not None
    return answer.text()


def test_one_branch_is_broken_and_the_others_are_well(scenario: Scenario) -> None:
    branches = {health.branch: health for health in ask(scenario, None).branches}
    assert list(branches) == ["master", STABLE, "stable/2025.2"]
    assert (branches["master"].state, branches["master"].passes, branches["master"].n) == (
        State.HEALTHY, 30, 30,
    )  # fmt: skip
    assert (branches[STABLE].state, branches[STABLE].passes, branches[STABLE].n) == (
        State.FAILING,
        5,
        30,
    )
    assert (branches["stable/2025.2"].state, branches["stable/2025.2"].n) == (State.UNKNOWN, 3)


@pytest.mark.parametrize("wanted", [STABLE, "2026.1", "STABLE/2026.1", " stable/2026.1 "])
def test_a_branch_is_meant_by_its_name_or_its_end(scenario: Scenario, wanted: str) -> None:
    ci = ask(scenario, wanted)
    assert ci.branch is not None
    assert (ci.branch.branch, ci.state, ci.rate and ci.rate.n) == (
        STABLE, State.FAILING, 30,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("stable/2026.2", "did you mean stable/2026.1 or stable/2025.2?"),
        ("2026", "did you mean stable/2026.1"),
        ("stable/2026.10", "did you mean stable/2026.1"),
        ("zzz", "Known: master, stable/2025.2 and stable/2026.1."),
        ("x" * 5000, "Known: "),
        ("\u202e<b>\n*", "Known: "),
    ],
)
def test_a_branch_that_is_not_there_is_said_so_and_nothing_is_guessed(
    scenario: Scenario, wanted: str, said: str
) -> None:
    with pytest.raises(UserError) as caught:
        ask(scenario, wanted)
    assert str(caught.value).startswith("No branch of Acme is called ")
    assert said in str(caught.value)
    assert len(str(caught.value)) < 200


def test_chat_tells_of_one_branch_and_names_those_that_are_unlike(scenario: Scenario) -> None:
    broken = chat(scenario, "status acme stable/2026.1")
    assert broken.startswith("Acme on stable/2026.1: ■ failing since ")
    assert "17 % passed where Zuul did (7–34 %, n=30)" in broken
    assert "elsewhere: ● master 100 %" in broken
    assert "by branch: ■ stable/2026.1 17 %, ● master 100 %" in chat(scenario, "status acme")
    assert chat(scenario, "how is acme on master?").startswith(
        "Acme on master: ● healthy: 100 % pass"
    )
    few = chat(scenario, "status acme 2025.2")
    assert few.startswith(
        "Acme on stable/2025.2: ? unknown: 3 of 3 results passed there, too few to judge."
    )
    assert "No branch of Acme is called 'stable/2027.1'" in chat(
        scenario, "status acme stable/2027.1"
    )
    assert "No CI is called" in chat(scenario, "status nonesuch stable/2026.1")
    every = chat(scenario, "status branch 2026.1")
    assert every.startswith("On stable/2026.1 1 of 2 CIs needs a look: 1 failing; 1 healthy.")


def test_lists_and_reasons_by_branch(scenario: Scenario) -> None:
    answer = scenario.store.read(lambda tx: listing(tx, context(scenario), branch="2026.1"))
    assert answer.branch == STABLE
    assert [(ci.name, ci.state) for ci in answer.cis] == [
        ("Acme", State.FAILING), ("Zuul", State.HEALTHY),
    ]  # fmt: skip
    assert chat(scenario, "list failing branch master") == "No CI on master is failing."
    assert "Acme" in chat(scenario, "list failing branch stable/2026.1")
    reasons = scenario.store.read(lambda tx: why(tx, context(scenario), "acme", branch=STABLE))
    assert len(reasons.failures) == 10
    on_master = scenario.store.read(lambda tx: why(tx, context(scenario), "acme", branch="master"))
    assert on_master.failures == ()


def test_days_jobs_and_times_of_one_branch(scenario: Scenario) -> None:
    def of(branch: str | None) -> tuple[int, int]:
        answer = scenario.store.read(
            lambda tx: history(tx, context(scenario), "acme", branch=branch)
        )
        hours = scenario.store.read(
            lambda tx: history(tx, context(scenario), "acme", 7, "hour", branch=branch)
        ).hours
        counted = sum(day.passes for day in answer.days), sum(day.fails for day in answer.days)
        assert counted == (sum(hour.passes for hour in hours), sum(hour.fails for hour in hours))
        return counted

    assert [of(None), of("master"), of("2026.1"), of("2025.2")] == [
        (38, 25), (30, 0), (5, 25), (3, 0),
    ]  # fmt: skip
    answer = scenario.store.read(lambda tx: jobs(tx, context(scenario), "acme", "2026.1"))
    assert answer.reports == 30
    assert [job.rate and (job.rate.passes, job.rate.n) for job in answer.jobs] == [(5, 30)]
    took = scenario.store.read(lambda tx: latency(tx, context(scenario), "acme", 7, "2025.2"))
    assert sum(day.n for day in took.days) == 3
    assert chat(scenario, "jobs acme stable/2026.1").startswith(
        "Acme on stable/2026.1: 1 job in 30 "
    )
    assert "on stable/2026.1 " in chat(scenario, "history acme 2026.1 7d")
    assert "5 of 30 passed" in chat(scenario, "history acme on stable/2026.1 7d")
    assert "5 of 30 passed" in chat(scenario, "history acme 7d branch stable/2026.1")
    assert "No branch of Acme is called 'stable/1'" in chat(scenario, "history acme stable/1")


def test_incidents_of_another_branch_are_not_those_of_one(scenario: Scenario) -> None:
    def numbers(branch: str | None) -> list[int]:
        answer = scenario.store.read(
            lambda tx: history(tx, context(scenario), "acme", branch=branch)
        )
        return [incident.id for incident in answer.incidents]

    assert len(numbers(None)) == 1
    assert (numbers("2026.1"), numbers("master")) == (numbers(None), [])


def test_two_cis_on_the_patch_sets_of_one_branch(scenario: Scenario) -> None:
    def beside(branch: str | None) -> tuple[int, int]:
        answer = scenario.store.read(
            lambda tx: compare(tx, context(scenario), "acme", "zuul", branch=branch)
        )
        return answer.both_passed, answer.only_first_failed

    assert [beside(None), beside("master"), beside(STABLE)] == [(38, 25), (30, 0), (5, 25)]
    assert chat(scenario, "compare acme zuul stable/2026.1").startswith(
        "Acme and Zuul agree on 17 % (7–34 %, n=30) of the patch sets that both judged"
        " on stable/2026.1 in seven days."
    )
    assert "n=30) of the patch sets that both judged on master" in chat(
        scenario, "compare acme with zuul on master"
    )
    assert "No branch of Acme is called 'stable/1'" in chat(scenario, "compare acme zuul stable/1")


def test_the_changes_and_cis_of_a_project_on_one_branch(scenario: Scenario) -> None:
    answer = scenario.store.read(lambda tx: matrix(tx, context(scenario), "demo", branch="2025.2"))
    assert (answer.branch, len(answer.rows)) == ("stable/2025.2", 3)
    assert answer.branches == ("master", "stable/2025.2", STABLE)
    assert {line.branch.branch for line in answer.cis if line.branch} == {"stable/2025.2"}
    assert (
        len(scenario.store.read(lambda tx: matrix(tx, context(scenario), "demo", 100)).rows) == 63
    )
    assert chat(scenario, "project demo stable/2026.1").startswith(
        "On demo on stable/2026.1 1 of 2 CIs needs a look: 1 failing"
    )
    assert "No project is called" in chat(scenario, "project nope stable/2026.1")


def test_a_day_on_some_branches(scenario: Scenario) -> None:
    def of(branch: str | None, branches: tuple[str, ...] = ("*",)) -> Summary:
        choice = SummaryConfig(channel="net/#ops", branches=branches)
        since = scenario.now - timedelta(days=30)
        return scenario.store.read(lambda tx: summary(tx, context(scenario), since, choice, branch))

    for answer in (of("stable/2026.1"), of("2026.1"), of(None, (STABLE,)), of("*", (STABLE,))):
        assert (answer.totals.passes, answer.totals.fails, answer.totals.cis) == (35, 25, 2)
        assert answer.branches == (STABLE,)
        assert [(line.name, line.state) for line in answer.wrong] == [("Acme", State.FAILING)]
        assert len(answer.standing) == 1
        assert answer.looks.failures > 0
    some = of("stable/*")
    assert (some.branches, some.totals.passes, some.totals.fails) == (("stable/*",), 41, 25)
    assert some.states[State.FAILING] == 1  # each CI counts once, as on its worst branch
    master = of(None, ("mas*",))
    assert (master.totals.passes, master.totals.fails) == (60, 0)
    assert (master.wrong, master.standing, master.looks.failures) == ((), (), 0)
    assert of(None, ("none/*",)).totals.reports == 0
    with pytest.raises(UserError, match="No branch is called 'none/"):
        of("none/*")
    with pytest.raises(UserError, match=r"Known: stable/2026\.1"):
        of("master", (STABLE,))
    said = chat(scenario, "summary stable/*")
    assert said.startswith("Last 24 hours on stable/*: 1 of 2 CIs needs a look: 1 failing")
    assert "failing Acme on stable/2026.1 since" in said
    assert chat(scenario, "summary branch master").startswith("Last 24 hours on master: ")


def test_a_silent_ci_is_silent_on_every_branch(store: Store) -> None:
    scenario = Scenario(store)
    for turn in range(60):
        scenario.change(acme=turn < 25 or None)
    scenario.judge()
    assert ask(scenario, "master").state is State.SILENT
    assert "silent" in chat(scenario, "status acme master")


def test_the_api_and_the_pages_filter_by_branch(scenario: Scenario) -> None:
    web = application(scenario.store, CONFIG, scenario.now).test_client()
    whole = web.get("/api/v1/cis/acme").get_json()
    assert [branch["branch"] for branch in whole["branches"]] == ["master", STABLE, "stable/2025.2"]
    broken = web.get("/api/v1/cis/acme?branch=2026.1").get_json()
    assert (broken["state"], broken["branch"]["branch"]) == ("failing", STABLE)
    assert broken["branch"]["share"] == pytest.approx(5 / 30)
    listed = web.get(f"/api/v1/cis?branch={STABLE}&state=failing").get_json()
    assert ([ci["name"] for ci in listed["items"]], listed["branch"]) == (["Acme"], STABLE)
    for path in ("/api/v1/cis/acme?branch=nope", "/api/v1/cis?branch=nope"):
        assert web.get(path).status_code == 404
    assert web.get("/api/v1/cis/acme?branch=" + "x" * 256).status_code == 400

    ci = "/api/v1/cis/acme"
    for path, key in (
        (f"{ci}/jobs?", "ci"), (f"{ci}/history?", "ci"), (f"{ci}/latency?", "ci"),
        ("/api/v1/compare?first=acme&second=zuul&", "first"),
    ):  # fmt: skip
        answer = web.get(f"{path}branch=2026.1").get_json()
        assert answer[key]["branch"]["branch"] == STABLE, path
        assert web.get(f"{path}branch=nope").status_code == 404, path
    assert web.get("/api/v1/projects/demo?branch=2026.1").get_json()["branch"] == STABLE
    assert web.get("/api/v1/projects/demo?branch=nope").status_code == 404
    assert web.get("/api/v1/summary?branch=stable/*").get_json()["branches"] == ["stable/*"]
    assert web.get("/api/v1/summary?branch=nope/*").status_code == 404

    page = web.get(f"/ci/Acme?branch={STABLE}").get_data(as_text=True)
    assert 'id="jobs-title"' in page
    assert "The days as a table" in page
    matrix_page = web.get(f"/projects/demo?branch={STABLE}").get_data(as_text=True)
    assert "demo on stable/2026.1</h1>" in matrix_page
    assert '<option value="stable/2026.1" selected>' in matrix_page
    where = web.get("/projects/demo?branch=2026.1").headers["Location"]
    assert where == f"/projects/demo?branch={STABLE}"
    beside = web.get(f"/compare?first=Acme&second=Zuul&branch={STABLE}").get_data(as_text=True)
    assert "Acme and Zuul on stable/2026.1</h1>" in beside
    assert "No branch of Acme" in web.get("/compare?first=Acme&second=Zuul&branch=nope").get_data(
        as_text=True
    )
    assert "<h1>Acme on stable/2026.1</h1>" in page
    assert "/ci/Acme?branch=master" in page
    assert web.get("/ci/acme?branch=2026.1").headers["Location"] == f"/ci/Acme?branch={STABLE}"
    assert web.get("/ci/Acme?branch=nope").status_code == 404
    rows = web.get(f"/?branch={STABLE}&state=failing").get_data(as_text=True)
    assert "1 of 2 CIs" in rows
    assert web.get("/?branch=%3Cscript%3E").status_code == 200


def test_a_hostile_branch_is_shown_as_text_and_cut(store: Store) -> None:
    scenario = Scenario(store)
    name = "<script>alert(1)</script>" + "x" * 220
    for turn in range(25):
        scenario.change()
        scenario.change(branch=name, acme=turn < 2)
    scenario.judge()
    web = application(scenario.store, CONFIG, scenario.now).test_client()
    for path in ("/", "/ci/Acme", "/ci/Acme?branch=master", "/projects/demo"):
        page = web.get(path).get_data(as_text=True)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page
    assert len(chat(scenario, "status acme")) < 500


def test_branches_are_forgotten_that_ended_and_bounded(store: Store) -> None:
    scenario = Scenario(store)
    for place in range(30):
        scenario.change(branch=f"user/{place}")
    scenario.judge()
    assert len(ask(scenario, None).branches) == 24
    scenario.now += timedelta(days=29)
    scenario.change()
    scenario.judge()
    assert [branch.branch for branch in ask(scenario, None).branches] == ["master"]


def test_a_branch_that_never_worked_is_told_to_the_rooms_that_hear_of_it(store: Store) -> None:
    routes = tuple(
        RouteConfig(channels=(f"net/#{room}",), branches=branches)
        for room, branches in (("all", ("*",)), ("stable", ("stable/*",)), ("main", ("master",)))
    )
    scenario = Scenario(store)
    config = CONFIG.model_copy(update={"route": routes})
    scenario.monitor = Monitor(store, config, lambda: scenario.now)
    for _ in range(22):
        scenario.change(times=4)
        scenario.change(branch=STABLE, acme=False)
        scenario.judge()
    query = select(schema.outbox.c.room, schema.outbox.c.card).order_by(schema.outbox.c.id)
    messages = [(row.room, Card.from_json(row.card).text()) for row in store.read(
        lambda tx: tx.execute(query).all()
    )]  # fmt: skip
    assert [room for room, _text in messages] == ["#all", "#stable"]
    assert "on stable/2026.1 0 of 20 passed since " in messages[0][1]
    assert "on the other branches since then" in messages[0][1]
