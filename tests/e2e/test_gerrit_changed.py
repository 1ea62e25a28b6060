"""What becomes of changes and groups on a real Gerrit, noticed by polls alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cibot.collector.gerrit import Gerrit
from cibot.store import schema
from tests.support.gerrit.rest import ADMIN, Account
from tests.support.gerrit.server import GerritServer
from tests.support.whole_bot import WholeBot, eventually
from tests.support.zygote import Zygote

pytestmark = pytest.mark.e2e
TEXT = "Build failed (check pipeline).\n\n- unit https://logs.example.org/1 : FAILURE in 3m 12s"
PROJECT = "moving"


@pytest.fixture
def ci(gerrit: GerritServer) -> Account:
    return gerrit.create_account("moving-ci", name="Moving CI", service_user=True)


@pytest.fixture
def bot(tmp_path: Path, gerrit: GerritServer, ci: Account, zygote: Zygote) -> Iterator[WholeBot]:
    """It polls every second, and may read what everybody may."""
    gerrit.create_project(PROJECT)
    server = {"name": "review", "url": gerrit.url, "projects": [PROJECT], "poll_every": "1s"}
    tables = {"gerrit": [server], "ci": [{"name": "Moving", "accounts": [ci.username]}]}
    bot = WholeBot(tmp_path, f"sqlite:///{tmp_path}/cibot.db", tables, zygote=zygote)
    bot.start()
    yield bot
    bot.stop()


def stored(bot: WholeBot) -> set[tuple[int, str, int]]:
    """The number and branch of each change that the bot has, and how many reports."""
    change, report = schema.change, schema.report
    query = (
        select(change.c.number, change.c.branch, func.count(report.c.seq))
        .outerjoin(report, report.c.change_id == change.c.id)
        .group_by(change.c.id)
    )
    store = bot.store()
    try:
        return {(row[0], row[1], row[2]) for row in store.read(lambda tx: tx.execute(query).all())}
    finally:
        store.close()


def test_changes_that_go_or_move_are_followed(
    gerrit: GerritServer, bot: WholeBot, ci: Account
) -> None:
    private, deleted, moved = (gerrit.create_change(PROJECT, "Secret") for _ in range(3))
    for number in (private, deleted, moved):
        gerrit.review(ci, number, TEXT, labels={"Verified": -1})
    before = {(number, "master", 1) for number in (private, deleted, moved)}
    eventually(lambda: stored(bot) == before, "the changes")
    gerrit.create_branch(PROJECT, "stable")
    gerrit.set_private(private)
    gerrit.delete_change(deleted)
    gerrit.request("POST", f"changes/{moved}/move", {"destination_branch": "stable"})
    eventually(lambda: stored(bot) == {(moved, "stable", 1)}, "the change that is left, moved")


def test_a_group_has_the_members_of_the_groups_in_it_and_may_be_emptied(
    gerrit: GerritServer,
) -> None:
    ci = gerrit.create_account("grouped-ci", service_user=True)
    gerrit.create_group("inner-cis", (ci,))
    gerrit.create_group("outer-cis")
    gerrit.request("PUT", "groups/outer-cis/groups/inner-cis")
    asked = Gerrit(gerrit.url, username=ADMIN.username, password=ADMIN.password)
    members = {account.username for account in asked.group_members("outer-cis")}
    assert ci.username in members
    gerrit.request("DELETE", f"groups/inner-cis/members/{ci.number}")
    left = {account.username for account in asked.group_members("outer-cis")}
    assert members - left == {ci.username}
