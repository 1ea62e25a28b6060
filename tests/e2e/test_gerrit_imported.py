"""A project that was imported from another Gerrit: two changes of one number, authors unknown."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from cibot.store import schema
from cibot.store.engine import Store
from cibot.store.feeds import feed_states
from tests.support.event_receiver import EventReceiver
from tests.support.gerrit.rest import ADMIN, Account
from tests.support.gerrit.server import GerritServer
from tests.support.processes import server_directory
from tests.support.whole_bot import TOKEN, WholeBot, eventually
from tests.support.zygote import Zygote

pytestmark = pytest.mark.e2e

OLD, NEW = "imported", "local"
SAID = "Build {} (check pipeline).\n\n- unit https://logs.example.org/{} : {} in 3m 12s"
Said = list[tuple[str, str | None, str]]


def git(directory: Path, *words: str, text: str | None = None) -> str:
    """What git answers; ``text`` is its standard input."""
    done = subprocess.run(
        ["git", *words], cwd=directory, input=text, text=True, capture_output=True, check=True
    )
    return done.stdout.strip()


def say(gerrit: GerritServer, ci: Account, change: int | str, passed: bool, run: str) -> None:
    """A CI's verdict and vote."""
    verb, word, vote = ("succeeded", "SUCCESS", 1) if passed else ("failed", "FAILURE", -1)
    gerrit.review(ci, change, SAID.format(verb, run, word), labels={"Verified": vote})


class Imported:
    """A Gerrit with a project of its own and one of another server's, a change in each."""

    def __init__(self, other: GerritServer, directory: Path) -> None:
        other.create_project(OLD)
        ci = other.create_account("old-ci", name="Old CI", service_user=True)
        self.number = other.create_change(OLD, "Old change")
        for number in [self.number, *(other.create_change(OLD, "Another") for _ in range(4))]:
            say(other, ci, number, passed=False, run="old")
            say(other, ci, number, passed=True, run="again")  # enough to make a CI of an account
        other.review(ADMIN, self.number, "Why does it fail?")
        self.gerrit = GerritServer(directory)
        config = self.gerrit.site / "etc" / "gerrit.config"
        server_id = git(directory, "config", "-f", str(config), "gerrit.serverId")
        for key, value in {"serverId": "the-new-server", "importedServerId": server_id}.items():
            git(directory, "config", "-f", str(config), f"gerrit.{key}", value)
        repositories = self.gerrit.site / "git"
        shutil.copytree(other.site / "git" / f"{OLD}.git", repositories / f"{OLD}.git")
        counter = repositories / "All-Projects.git"
        blob = git(counter, "hash-object", "-w", "--stdin", text=str(self.number))
        git(counter, "update-ref", "refs/sequences/changes", blob)

    def start(self) -> None:
        """Starts it, and gives its own project the change of the same number."""
        gerrit = self.gerrit
        gerrit.start()
        gerrit.create_project(NEW)
        assert gerrit.create_change(NEW, "New change") == self.number
        gerrit.request("POST", f"projects/{OLD}/index.changes", {})
        eventually(lambda: len(gerrit.request("GET", "changes/?q=is:open")) == 6, "the index")
        self.ci = gerrit.create_account("new-ci", name="New CI", service_user=True)
        say(gerrit, self.ci, self.key(NEW), passed=True, run="first")

    def key(self, project: str) -> str:
        """What REST calls a project's change."""
        return f"{project}~{self.number}"

    def messages(self) -> Said:
        """Project, id and text of all that was said."""
        return sorted(
            (change["project"], message["id"], message["message"])
            for change in self.gerrit.request("GET", "changes/?q=is:open")
            for message in self.gerrit.messages(change["id"])
        )


@pytest.fixture
def imported(gerrit: GerritServer) -> Iterator[Imported]:
    with server_directory("gerrit-imported") as directory:
        server = Imported(gerrit, directory)
        try:
            server.start()
            yield server
        finally:
            server.gerrit.close()
            server.gerrit.crash()


@pytest.fixture
def bot(imported: Imported, zygote: Zygote, tmp_path: Path) -> Iterator[WholeBot]:
    source = {
        "name": "review", "url": imported.gerrit.url, "poll_every": "1s", "webhook_token": TOKEN,
    }  # fmt: skip
    tables = {
        "gerrit": [source],
        "ci": [{"name": "Old CI", "accounts": ["old-ci"]},
               {"name": "New CI", "accounts": ["new-ci"]}],
    }  # fmt: skip
    bot = WholeBot(tmp_path, f"sqlite:///{tmp_path}/cibot.db", tables, zygote=zygote)
    bot.start()
    yield bot
    bot.stop()


def comments(store: Store) -> Said:
    change, comment = schema.change.c, schema.comment.c
    query = select(change.project, comment.message_id, comment.text).join(
        schema.change, change.id == comment.change_id
    )
    return sorted((tuple(row) for row in store.read(lambda tx: tx.execute(query).all())), key=repr)


def reports(store: Store) -> list[tuple[str, str, str | None]]:
    change, report, ci = schema.change.c, schema.report.c, schema.ci.c
    query = (
        select(change.project, ci.name, report.result)
        .join(schema.report, report.change_id == change.id)
        .join(schema.ci, ci.id == report.ci_id)
    )
    return sorted(tuple(row) for row in store.read(lambda tx: tx.execute(query).all()))


def get(bot: WholeBot, path: str) -> Any:
    answer = requests.get(f"{bot.url}/api/v1{path}", timeout=10)
    assert answer.ok, answer.text
    return answer.json()


def test_two_changes_of_one_number_stay_two_over_polls_and_webhooks(
    imported: Imported, bot: WholeBot
) -> None:
    gerrit, number, store = imported.gerrit, imported.number, bot.store()
    eventually(lambda: comments(store) == sorted(imported.messages(), key=repr), "the poll")
    assert reports(store) == [(NEW, "New CI", "pass")]  # the imported ones are nobody's
    with EventReceiver() as receiver:
        gerrit.set_webhook(bot.webhook("review"), receiver.url)
        say(gerrit, imported.ci, imported.key(OLD), passed=False, run="second")
        say(gerrit, imported.ci, imported.key(NEW), passed=True, run="second")
        posted = receiver.wait_for("comment-added", number=2)
    eventually(lambda: comments(store) == sorted(imported.messages(), key=repr), "both, once")
    feeds = {feed.name: feed for feed in store.read(feed_states)}
    assert (feeds["webhook"].heard_at is not None, feeds["webhook"].rejected) == (True, 0)
    assert reports(store) == [
        (OLD, "New CI", "fail"), (NEW, "New CI", "pass"), (NEW, "New CI", "pass"),
    ]  # fmt: skip
    assert {row["name"] for row in get(bot, "/cis")["items"]} == {"New CI"}
    pages = {post.event["change"]["project"]: post.event["change"]["url"] for post in posted}
    for project, subject in ((OLD, "Old change"), (NEW, "New change")):
        answer = get(bot, f"/changes/{number}?project={project}")
        assert (answer["project"], answer["subject"]) == (project, subject)
        assert answer["gerrit"] == f"{pages[project]}/1"
    assert "Why does it fail?" in {text.splitlines()[-1] for _, _, text in comments(store)}
