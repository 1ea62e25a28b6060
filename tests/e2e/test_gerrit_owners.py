"""Whose a change is and what its patch sets stand on, from a real Gerrit by REST and by events."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from cibot.collector.gerrit import Gerrit
from cibot.store import schema
from tests.support.gerrit.rest import ADMIN
from tests.support.gerrit.server import GerritServer
from tests.support.whole_bot import TOKEN, WholeBot, eventually
from tests.support.zygote import Zygote

pytestmark = pytest.mark.e2e
Known = tuple[int, str | None, str | None, str | None]  # change, owner, commit, its parent


def stored(bot: WholeBot) -> list[Known]:
    """What the bot has stored of each change's first patch set."""
    change, account, patch_set = schema.change, schema.account, schema.patch_set
    query = (
        select(change.c.number, account.c.username, patch_set.c.revision, patch_set.c.parent)
        .join(patch_set, patch_set.c.change_id == change.c.id)
        .outerjoin(account, account.c.id == change.c.owner_id)
        .where(patch_set.c.number == 1)
        .order_by(change.c.number)
    )
    store = bot.store()
    try:
        return [tuple(row) for row in store.read(lambda tx: tx.execute(query).all())]
    finally:
        store.close()


def started(
    directory: Path, gerrit: GerritServer, zygote: Zygote, project: str, poll_every: str
) -> WholeBot:
    """A bot that reads the project."""
    bot = WholeBot(
        directory,
        f"sqlite:///{directory}/cibot.db",
        {
            "gerrit": [
                {
                    "name": "review",
                    "url": gerrit.url,
                    "projects": [project],
                    "username": ADMIN.username,
                    "password": ADMIN.password,
                    "webhook_token": TOKEN,
                    "poll_every": poll_every,
                }
            ]
        },
        zygote=zygote,
    )
    bot.start()
    return bot


def stack(gerrit: GerritServer, project: str) -> Callable[[], list[Known]]:
    """Two changes of one author, the second on the first, and one of another beside them."""
    gerrit.create_project(project)
    author = gerrit.create_account(f"{project}-author")
    below = gerrit.create_change(project, "Below", account=author)
    above = gerrit.create_change(project, "Above", account=author, base_change=str(below))
    beside = gerrit.create_change(project, "Beside")

    def expected() -> list[Known]:
        commits = {
            number: gerrit.change(number)["current_revision"] for number in (below, above, beside)
        }
        head = gerrit.request("GET", f"projects/{project}/branches/master")["revision"]
        return [
            (below, author.username, commits[below], head),
            (above, author.username, commits[above], commits[below]),
            (beside, ADMIN.username, commits[beside], head),
        ]

    return expected


def test_the_poll_brings_owner_and_parent(
    gerrit: GerritServer, zygote: Zygote, tmp_path: Path
) -> None:
    expected = stack(gerrit, "owned-by-poll")()
    bot = started(tmp_path, gerrit, zygote, "owned-by-poll", "2s")
    try:
        eventually(lambda: stored(bot) == expected, "the owners and parents")
    finally:
        bot.stop()


def test_events_bring_owner_and_parent(
    gerrit: GerritServer, zygote: Zygote, tmp_path: Path
) -> None:
    bot = started(tmp_path, gerrit, zygote, "owned-by-event", "1h")
    gerrit.set_webhook(bot.webhook("review"))
    try:
        expected = stack(gerrit, "owned-by-event")()
        eventually(lambda: stored(bot) == expected, "the owners and parents")
    finally:
        gerrit.set_webhook(None)
        bot.stop()


def test_one_change_alone_has_them_too(gerrit: GerritServer) -> None:
    (_below, (number, _owner, revision, parent), _beside) = stack(gerrit, "owned-alone")()
    change = Gerrit(gerrit.url).change(f"owned-alone~{number}")
    assert change.owner is not None
    (patch_set,) = change.patch_sets
    assert (patch_set.revision, patch_set.parent) == (revision, parent)


def test_a_change_whose_commit_the_repository_lost_is_read_all_the_same(
    gerrit: GerritServer,
) -> None:
    (below, *_), (above, _, revision, _), (beside, _, _, head) = stack(gerrit, "commit-lost")()
    assert revision is not None
    (gerrit.site / "git/commit-lost.git/objects" / revision[:2] / revision[2:]).unlink()
    client = Gerrit(gerrit.url, backoff=0.01)
    page, alone = client.changes("project:commit-lost"), client.change(f"commit-lost~{above}")
    client.close()
    parents = {change.number: change.patch_sets[0].parent for change in page.changes}
    assert parents == {below: head, beside: head}
    assert (alone.number, alone.patch_sets[0].parent) == (above, None)
