"""`cibot check` against servers on loopback, right and wrong ones."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from time import monotonic
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from cibot.chat.findings import Finding, Mark, right
from cibot.cli import main
from cibot.cli.check import Probe, run_all
from cibot.demo.review_server import ReviewServer
from cibot.errors import Permanent
from cibot.store.cis import ensure_server
from cibot.store.engine import open_store
from cibot.store.feeds import feed_heard
from cibot.store.migrate import newest, upgrade
from tests.support.processes import free_port
from tests.support.slack_server import SlackServer
from tests.support.slack_workspace import APP_TOKEN, BOT_TOKEN

PASSWORD = "hunter2hunter2"


class Review:
    """As much of a Gerrit as the check asks for; each part can be made wrong."""

    def __init__(self, server: HTTPServer) -> None:
        self.url = server.url_for("/")
        self.projects = ["acme/one", "acme/two"]
        self.groups = {"CIs": [{"_account_id": 7}]}
        self.version: object = "3.13.5"
        server.expect_request(re.compile("/.*")).respond_with_handler(self.answer)

    def answer(self, request: Request) -> Response:
        path = request.path.removeprefix("/a")
        if path != request.path and (
            request.authorization is None or request.authorization.password != PASSWORD
        ):
            return Response("Unauthorized", 401)
        group = path.removeprefix("/groups/").removesuffix("/members/")
        answers: dict[str, object] = {
            "/config/server/version": self.version,
            "/accounts/self/detail": {"_account_id": 1, "username": "bot\x1b[31m"},
            "/changes/": [],
            "/projects/": {name: {"id": name} for name in self.projects},
            f"/groups/{group}/members/": self.groups.get(group),
        }
        if answers.get(path) is None:
            return Response("Not found", 404)
        return Response(")]}'\n" + json.dumps(answers[path]), content_type="application/json")


@pytest.fixture
def review(httpserver: HTTPServer) -> Review:
    return Review(httpserver)


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


def checked(folder: Path, text: str, *more: str, listen: str = "127.0.0.1:0") -> Result:
    file = folder / "cibot.toml"
    store = "" if "[store]" in text else f'[store]\nurl = "sqlite:///{folder}/cibot.db"\n'
    file.write_text(f'{store}[web]\nlisten = "{listen}"\n{text}')
    file.chmod(0o600)
    result = CliRunner().invoke(main, ["check", "--config", str(file), *more])
    assert PASSWORD not in result.output
    assert "\x1b" not in result.output
    return result


def gerrit(review: Review, more: str = "", password: str = PASSWORD) -> str:
    return (
        f'[[gerrit]]\nname = "g"\nurl = "{review.url}"\n'
        f'username = "bot"\npassword = "{password}"\n{more}\n'
    )


def test_all_is_well(tmp_path: Path, review: Review) -> None:
    token = "0123456789abcdef" * 2
    more = f'ci_groups = ["CIs"]\nprojects = ["acme/*"]\nwebhook_token = "{token}"'
    result = checked(tmp_path, gerrit(review, more))
    root = review.url.rstrip("/")
    assert result.output.splitlines() == [
        f"✓ database: {tmp_path}/cibot.db does not exist yet; the start makes it",
        "✓ web: 127.0.0.1:0 is free to listen on",
        "! web: no `public_url`: what the bot says in chat carries no links",
        f"✓ gerrit g: Gerrit 3.13.5 at {root}",
        r"✓ gerrit g: logged in as bot\x1b[31m (1)",
        "! gerrit g: no change can be seen; is the login's group allowed to read the projects?",
        "✓ gerrit g: 2 projects can be seen",
        "✓ gerrit g: group CIs has 1 members",
        "! gerrit g: webhook_token is set; Gerrit needs `public_url` to post to",
        "All is well.",
    ]
    assert result.exit_code == 0
    assert not (tmp_path / "cibot.db").exists()


def test_what_is_wrong_is_told_with_the_remedy(tmp_path: Path, review: Review) -> None:
    more = 'ci_groups = ["Nobody"]\nprojects = ["acme/*", "other/*"]'
    result = checked(tmp_path, gerrit(review, more))
    assert result.exit_code == 1
    failures = [line for line in result.output.splitlines() if line.startswith("✗")]
    assert failures[0] == "✗ gerrit g: of 2 projects none fits other/*; see `projects`"
    assert failures[1].startswith("✗ gerrit g: group Nobody cannot be seen (")
    assert result.output.splitlines()[-1] == "2 to mend"


def test_a_clock_that_is_off(tmp_path: Path) -> None:
    with ReviewServer(clock=lambda: datetime.now(UTC) - timedelta(minutes=10)) as server:
        server.reviews.add_change("acme/one", "Fix", 1, datetime(2026, 11, 1, tzinfo=UTC))
        result = checked(tmp_path, f'[[gerrit]]\nname = "g"\nurl = "{server.url}"\n')
    assert "✓ gerrit g: no login: reads what everybody can see\n" in result.output
    assert "✓ gerrit g: changes can be read\n" in result.output
    assert re.search(
        r"\n✗ gerrit g: its clock is (59\d|60\d) s behind ours; set both by NTP\n", result.output
    )


def test_a_wrong_password(tmp_path: Path, review: Review) -> None:
    result = checked(tmp_path, gerrit(review, password="not" + PASSWORD))
    assert result.exit_code == 1
    assert "✗ gerrit g: " in result.output
    assert "401" in result.output


def test_nothing_to_read_is_wrong(tmp_path: Path) -> None:
    result = checked(tmp_path, "")
    assert "✗ gerrit: no [[gerrit]]: there is nothing to read" in result.output
    assert result.exit_code == 1


def test_a_broken_configuration_is_told_before_anything_is_tried(tmp_path: Path) -> None:
    result = checked(tmp_path, "[[gerrit]]\nnam = 1\n")
    assert result.exit_code == 1
    assert "3 mistakes in the configuration:" in result.output


def test_databases(tmp_path: Path, review: Review) -> None:
    def database(url: str) -> str:
        text = f'[store]\nurl = "{url}"\n' + gerrit(review)
        return checked(tmp_path, text).output.splitlines()[0].replace(str(tmp_path), "")

    path = tmp_path / "there.db"
    store = open_store(f"sqlite:///{path}")
    upgrade(store)
    store.close()
    there = f"✓ database: sqlite:////there.db, tables of version {newest()}"
    assert database(f"sqlite:///{path}") == there
    (tmp_path / "text.db").write_text("no database at all, for sure" * 10)
    assert database(f"sqlite:///{tmp_path}/text.db").endswith("file is not a database")
    line = database("mysql+pymysql://me:hunter2hunter2@127.0.0.1:1/x")
    assert line.startswith("✗ database: mysql+pymysql://me@127.0.0.1:1/x: Can't connect")
    assert line.endswith("; nothing listens there; is the server running, are host and port right?")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("TMP", "TMP is a directory; name a file in it"),
        ("TMP/file/x.db", "TMP/file/x.db cannot be"),
        ("TMP/no/x\0y.db".replace("\0", "n" * 300), "cannot be made: the name is too long"),
        ("/proc/nowhere/x.db", "/proc/nowhere/x.db cannot be made: "),
        ("/dev/null/x.db", "/dev/null/x.db cannot be"),
    ],
)
def test_a_database_that_cannot_be_made_is_not_well(
    tmp_path: Path, review: Review, path: str, said: str
) -> None:
    (tmp_path / "file").write_text("")
    path, said = (text.replace("TMP", str(tmp_path)) for text in (path, said))
    result = checked(tmp_path, f'[store]\nurl = "sqlite:///{path}"\n' + gerrit(review))
    (line,) = [line for line in result.output.splitlines() if "database:" in line]
    assert line.startswith("✗ database: ")
    assert said in line
    assert result.exit_code == 1


def test_a_file_that_is_no_database_is_named(tmp_path: Path, review: Review) -> None:
    file = tmp_path / "notes"
    file.write_text("no database at all, but some words that somebody wrote down once")
    result = checked(tmp_path, f'[store]\nurl = "sqlite:///{file}"\n' + gerrit(review))
    assert result.exit_code == 1
    assert f"database: {file}: " in result.output
    assert "file is not a database" in result.output


def test_a_relative_database_goes_by_the_configuration_and_is_named_whole(
    tmp_path: Path, review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, elsewhere = tmp_path / "config", tmp_path / "elsewhere"
    for place in (folder, elsewhere / "var"):
        place.mkdir(parents=True)
    monkeypatch.chdir(elsewhere)
    text = '[store]\nurl = "sqlite:///var/cibot.db"\n' + gerrit(review)
    whole = f"{folder}/var/cibot.db"
    output = checked(folder, text).output
    assert f"✓ database: {whole} does not exist yet; the start makes it" in output
    (elsewhere / "var" / "cibot.db").touch()  # where it lay when it went by the working directory
    result = checked(folder, text)
    assert result.exit_code == 1
    assert f"{whole} is not there and {elsewhere}/var/cibot.db is; move it, or" in result.output
    store = open_store(f"sqlite:///{whole}")
    upgrade(store)
    store.close()
    output = checked(folder, text).output
    assert f"✓ database: sqlite:///{whole}, tables of version {newest()}" in output


HOOKED = 'webhook_token = "0123456789abcdef0123456789abcdef"'


def hooked(review: Review, port: int) -> str:
    public = f'listen = "127.0.0.1:{port}"\npublic_url = "http://127.0.0.1:{port}/"\n'
    return public + gerrit(review, HOOKED)


def waited(folder: Path, text: str, seconds: float) -> Result:
    """`check --webhook`."""
    file = folder / "cibot.toml"
    file.write_text(f'[store]\nurl = "sqlite:///{folder}/cibot.db"\n[web]\n{text}')
    file.chmod(0o600)
    words = ["check", "--config", str(file), "--webhook", "--wait", str(seconds)]
    return CliRunner().invoke(main, words)


def test_webhook_prints_what_gerrit_is_to_be_told_and_says_that_nothing_came(
    tmp_path: Path, review: Review
) -> None:
    result = waited(tmp_path, hooked(review, free_port()), 0.1)
    assert result.exit_code == 1
    lines = result.output.splitlines()
    shown = lines[lines.index("cat >> webhooks.config <<'END'") + 1 : lines.index("END")]
    (tmp_path / "webhooks.config").write_text("\n".join(shown))
    url = subprocess.run(
        ["git", "config", "-f", str(tmp_path / "webhooks.config"), "remote.cibot.url"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    assert url.endswith("/webhooks/gerrit/g/0123456789abcdef0123456789abcdef")
    assert f"git clone {review.url}a/All-Projects cibot-webhook" in result.output
    direct, for_review = "HEAD:refs/meta/config", "HEAD:refs/for/refs/meta/config"
    assert f"git push origin {direct} || git push origin {for_review}" in lines
    assert "✗ webhook g: no event came within" in lines[-2]


def test_an_address_that_can_never_be_listened_on_is_wrong(tmp_path: Path, review: Review) -> None:
    text = gerrit(review)
    elsewhere = checked(tmp_path, text, listen="192.0.2.1:8080").output
    assert "✗ web: cannot listen on 192.0.2.1:8080: Cannot assign requested address" in elsewhere
    with socket.create_server(("127.0.0.1", 0)) as taken:
        here = checked(tmp_path, text, listen=f"127.0.0.1:{taken.getsockname()[1]}").output
    assert ": Address already in use (is cibot running already?)" in here
    assert "✗ web" not in here


def test_webhook_hears_a_real_event(tmp_path: Path, review: Review) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/webhooks/gerrit/g/0123456789abcdef0123456789abcdef"
    with ReviewServer(tries=200) as server, ThreadPoolExecutor(1) as thread:
        server.webhooks.urls = [url]
        done = thread.submit(waited, tmp_path, hooked(review, port), 60)
        server.reviews.add_account(1, "Jo", "jo")
        server.reviews.add_change("acme/one", "Fix", 1, datetime(2026, 11, 1, tzinfo=UTC))
        result = done.result()
    assert "✓ webhook g: news of change 1 of acme/one came by the webhook" in result.output


def test_webhook_beside_a_running_cibot_looks_at_what_that_hears(
    tmp_path: Path, review: Review
) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'cibot.db'}")
    upgrade(store)
    server_id = store.write(lambda tx: ensure_server(tx, "g", review.url))
    taken = urlsplit(review.url).port  # where something listens and answers
    assert taken
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(waited, tmp_path, hooked(review, taken), 60)
        while not done.done():  # as events come
            store.write(lambda tx: feed_heard(tx, server_id, "webhook", None, datetime.now(UTC)))
            Event().wait(0.05)
        result = done.result()
    store.close()
    assert "✓ webhook g: an event came by the webhook" in result.output


def test_a_reference_that_is_only_named_is_noted(tmp_path: Path, review: Review) -> None:
    named = '[[reference]]\nci = "Zuul"\n'
    note = "! reference: Zuul is known by its name only"
    assert note in checked(tmp_path, gerrit(review) + named).output
    listed = gerrit(review) + named + '[[ci]]\nname = "Zuul"\naccounts = ["zuul"]\n'
    assert note not in checked(tmp_path, listed).output


def test_slack(tmp_path: Path, review: Review, slack: SlackServer) -> None:
    text = gerrit(review) + (
        f'[[slack]]\nname = "work"\nbot_token = "{BOT_TOKEN}"\napp_token = "{APP_TOKEN}"\n'
        f'api_url = "{slack.api_url}"\n[[route]]\nchannels = ["work/#nowhere", "work/U0123456"]\n'
    )
    slack.scopes.discard("commands")
    result = checked(tmp_path, text)
    lines = [line for line in result.output.splitlines() if "slack work" in line]
    assert lines[0].startswith("✓ slack work: the bot token works: user U0CIBOT00")
    assert lines[1].startswith("✗ slack work: the app lacks commands; add them under")
    assert lines[2] == "✓ slack work: no pictures: the app lacks files:write"
    assert lines[3].startswith("✗ slack work: no channel #nowhere that the bot can see")
    assert lines[4] == "✓ slack work: U0123456 is a person"
    assert lines[5] == "✓ slack work: the app token works: Socket Mode can connect"
    slack.token_error = "token_revoked"
    result = checked(tmp_path, text)
    assert "✗ slack work: auth.test: Slack refuses: token_revoked; install the app" in result.output


def test_a_probe_that_hangs_is_given_up_and_the_others_are_told() -> None:
    forever = threading.Event()

    def hang() -> Iterator[Finding]:
        yield right("first")
        forever.wait(20)

    def fail() -> Iterator[Finding]:
        raise Permanent("no")

    def mistaken() -> Iterator[Finding]:
        raise PermissionError(13, "Permission denied", "/root/x.db")

    started = monotonic()
    findings = list(run_all([Probe("a", hang), Probe("b", fail), Probe("c", mistaken)], 0.05))
    forever.set()
    assert monotonic() - started < 10
    assert [(probe.what, finding.mark) for probe, finding in findings] == [
        ("a", Mark.RIGHT),
        ("a", Mark.WRONG),
        ("b", Mark.WRONG),
        ("c", Mark.WRONG),
    ]


def one_irc_login(server: socket.socket) -> None:
    """Lets one client in; what it says after that does not matter."""
    peer, _ = server.accept()
    with peer, peer.makefile("rb") as lines:
        for line in lines:
            if line.startswith(b"USER"):
                peer.sendall(b":irc.test CAP * LS :\r\n:irc.test 001 cibot :Welcome\r\n")
                peer.sendall(b":irc.test 422 cibot :no MOTD\r\n")
            if line.startswith((b"QUIT", b"JOIN")):
                assert line.startswith(b"QUIT")
                return


def test_irc(tmp_path: Path, review: Review) -> None:
    text = gerrit(review) + (
        '[[irc]]\nname = "net"\nhost = "127.0.0.1"\nport = PORT\ntls = TLS\nchannels = ["#a"]\n'
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        thread = threading.Thread(target=one_irc_login, args=(server,))
        thread.start()
        plain = text.replace("PORT", port).replace("TLS", "false")
        output = checked(tmp_path, plain).output
        assert f"✓ irc net: 127.0.0.1:{port} in clear: cibot is online, no login" in output
        thread.join(10)
    output = checked(tmp_path, text.replace("PORT", port).replace("TLS", "true")).output
    assert f"✗ irc net: 127.0.0.1:{port}: Connection refused" in output
