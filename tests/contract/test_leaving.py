"""CIs that leave: excluded ones with all that was kept of them, retired ones with their history."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from cibot.actions.leaving import close_retired, exclude, retire, unretire
from cibot.actions.roles import Actor
from cibot.chat.commands import status as status_command
from cibot.chat.commands import why as why_command
from cibot.collector.roster import Roster
from cibot.config.models import Config
from cibot.errors import Conflict, UserError
from cibot.judging import Monitor
from cibot.reports.context import Context
from cibot.reports.listing import all_lines
from cibot.reports.status import status, why
from cibot.store import schema
from cibot.store.cis import all_cis
from cibot.store.engine import Store
from cibot.store.incidents import every_incident, incidents_of
from cibot.text import figures
from tests.support.canned import CONFIG as CANNED
from tests.support.canned import TOKENS, canned
from tests.support.faces import application
from tests.support.scenario import ACME, CONFIG, Scenario

SHELL = Actor("cli", "mika", "mika", "shell")
FOUND: dict[str, Any] = {
    "gerrit": [{"name": "review", "url": "https://review.example.org"}],
    "ci": [{"name": "Zuul", "accounts": ["zuul"]}],
    "reference": [{"ci": "Zuul"}],
}


class Bot(Scenario):
    """A scenario whose configuration is chosen."""

    config = CONFIG

    def use(self, **tables: Any) -> None:
        """The bot starts again with another configuration."""
        self.config = Config.model_validate(FOUND | tables)
        self.ingest._roster = Roster.from_config(self.config, "review")
        self.ingest.sync_roster()
        ctx = Context(self.now, self.config)
        self.store.write(lambda tx: close_retired(tx, self.config, ctx))
        self.monitor = Monitor(self.store, self.config, lambda: self.now, self._wake)

    def names(self) -> list[str]:
        ctx = Context(self.now, self.config)
        return sorted(line.name for line in self.store.read(lambda tx: all_lines(tx, ctx)))

    def act(self, action: Any, name: str) -> None:
        ctx = Context(self.now, self.config)
        self.store.write(lambda tx: action(tx, ctx, SHELL, name))

    def failing(self) -> None:
        """Acme fails until an incident is open."""
        for _ in range(30):
            self.change()
        for _ in range(40):
            self.change(acme=False)
        for ci in self.store.read(all_cis):
            self.monitor.judge(ci.id)
        assert self.store.read(incidents_of)

    def count(self, table: Any) -> int:
        query = select(func.count()).select_from(table)
        return int(self.store.read(lambda tx: tx.execute(query).scalar_one()))


@pytest.fixture
def bot(store: Store) -> Bot:
    return Bot(store)


def test_who_is_no_ci_by_the_configuration_goes_with_its_incidents(bot: Bot) -> None:
    bot.use()
    bot.failing()
    assert len(bot.names()) == 2
    comments = bot.count(schema.comment)
    bot.use(gerrit=[FOUND["gerrit"][0] | {"not_cis": [ACME.username]}])
    assert bot.names() == ["Zuul"]
    assert bot.store.read(every_incident) == []
    assert bot.count(schema.transition) == 0
    assert bot.count(schema.comment) == comments
    (zuul,) = bot.store.read(all_cis)
    ids = select(schema.report.c.ci_id).distinct()
    assert bot.store.read(lambda tx: tx.execute(ids).scalars().all()) == [zuul.id]
    for _ in range(5):
        bot.change(acme=False)
    assert bot.names() == ["Zuul"]  # and is not discovered again


def test_who_is_no_ci_by_command_is_not_discovered_again(bot: Bot) -> None:
    bot.use()
    bot.failing()
    for slip in ("acm", "amce", "Acmee CI", "cme"):
        with pytest.raises(UserError, match="did you mean Acme CI"):
            bot.act(exclude, slip)
        with pytest.raises(UserError, match="did you mean Acme CI"):
            bot.act(retire, slip)
    bot.act(exclude, "acme")
    assert bot.names() == ["Zuul"]
    assert bot.store.read(every_incident) == []
    bot.ingest._authors = {}
    for _ in range(5):
        bot.change(acme=False)
    bot.use()
    assert bot.names() == ["Zuul"]
    with pytest.raises(UserError, match="named in the configuration"):
        bot.act(exclude, "Zuul")


@pytest.mark.parametrize("way", ["configuration", "command"])
def test_a_retired_ci_is_not_listed_judged_or_told_of(bot: Bot, way: str) -> None:
    tables = {"ci": [*FOUND["ci"], {"name": "Acme", "accounts": ["acme-ci"]}]}
    bot.use(**tables)
    bot.failing()
    reports = bot.count(schema.report)
    if way == "command":
        with pytest.raises(Conflict, match="is not retired"):
            bot.act(unretire, "Acme")
        bot.act(retire, "acme")
        with pytest.raises(Conflict, match="is retired already"):
            bot.act(retire, "acme")
    else:
        bot.use(ci=[tables["ci"][0], tables["ci"][1] | {"retired": True}])
    assert bot.names() == ["Zuul"]
    assert bot.store.read(incidents_of) == []
    assert bot.store.read(every_incident) != []
    assert bot.count(schema.report) == reports
    bot.now += timedelta(days=30)
    bot.poll()
    acme = next(ci for ci in bot.store.read(all_cis) if ci.name == "Acme")
    assert bot.monitor.judge(acme.id) is None
    assert bot.store.read(incidents_of) == []
    if way == "command":
        bot.act(unretire, "Acme")
    else:
        with pytest.raises(UserError, match="retired in the configuration"):
            bot.act(unretire, "Acme")
        bot.use(**tables)
    assert bot.monitor.judge(acme.id) is not None
    assert bot.names() == ["Acme", "Zuul"]


@pytest.mark.parametrize("way", ["configuration", "command"])
def test_who_asks_for_a_retired_ci_is_told_since_when_and_how_to_undo_it(
    bot: Bot, way: str
) -> None:
    tables = {"ci": [*FOUND["ci"], {"name": "Acme", "accounts": ["acme-ci"]}]}
    bot.use(**tables)
    bot.failing()
    if way == "command":
        at = bot.now
        bot.act(retire, "acme")
        bot.now += timedelta(days=2)
        said = f"retired since {figures.zoned(at, bot.now, UTC)} (2 days): it is not judged, its"
        undo = "To have it judged again: unretire Acme."
    else:
        bot.use(ci=[tables["ci"][0], tables["ci"][1] | {"retired": True}])
        said = "retired by the configuration: it is not judged, its history stays."
        undo = "To have it judged again: take out retired = true of its entry."
    bot.poll()
    ctx = Context(bot.now, bot.config)
    for ask in (status_command, why_command):
        question = status if ask is status_command else why
        for branch in (None, "master"):
            answer = bot.store.read(lambda tx, q=question, b=branch: q(tx, ctx, "acme", branch=b))
            text = ask.render(ctx, answer).text()
            assert text.startswith(f"Acme: {said}")
            assert undo in text
            assert "unknown" not in text
            assert "assessed" not in text
    client = application(bot.store, bot.config, bot.now).test_client()
    page = client.get("/ci/Acme").text
    assert f"Retired {said.split()[1]} " in page
    retired = client.get("/api/v1/cis/Acme").get_json()["retired"]
    assert (retired["at"] is None) == (way == "configuration")


@pytest.mark.parametrize(("role", "status"), [("reader", 403), ("owner", 403), ("admin", 200)])
def test_over_the_api_by_admins_only(store: Store, role: str, status: int) -> None:
    canned(store)
    client = application(store, CANNED).test_client()
    headers = {"Authorization": f"Bearer {TOKENS[role]}"}

    def post(what: str, name: str) -> TestResponse:
        return client.post(f"/api/v1/cis/{name}/{what}", headers=headers)

    assert post("retire", "quobyte").status_code == status
    assert post("unretire", "quobyte").status_code == status
    assert post("exclude", "vexx%20arm").status_code == status
    names = [ci.name for ci in store.read(all_cis)]
    assert ("Vexx ARM CI" in names) == (status == 403)
    if status == 200:
        assert post("exclude", "vexx%20arm").status_code == 404
        assert post("exclude", "netapp").status_code == 409  # it is in the configuration
