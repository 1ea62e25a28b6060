"""`cibot init` against a simulated Gerrit."""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from cibot.cli import main
from cibot.cli.firstconfig import quoted, server_name
from cibot.cli.init import _roots
from cibot.config.load import read
from cibot.demo.review_server import ReviewServer
from tests.support.review_logins import with_logins

ZUUL, ACME, PERSON, QUIET, EVIL = 1, 22, 3, 44, 55
GREEN = (
    "Build succeeded ({0} pipeline).\n\n"
    "- {0}-unit https://logs.example.org/{1} : SUCCESS in 5m 02s\n"
    "- {0}-lint https://logs.example.org/{1}b : SUCCESS in 1m 10s\n"
)


@pytest.fixture
def server() -> Iterator[ReviewServer]:
    now = datetime.now(UTC).replace(microsecond=0)
    make_app = with_logins({"bot": "hunter2"}, {"CIs": [ACME, QUIET]})
    with ReviewServer(make_app=make_app) as server:
        reviews = server.reviews
        reviews.add_account(ZUUL, "Zuul", "zuul", service_user=True)
        reviews.add_account(ACME, "Acme Storage CI", "acme-ci")
        reviews.add_account(PERSON, "A Person", "person")
        reviews.add_account(QUIET, "Quiet CI", "quiet-ci", service_user=True)
        reviews.add_account(EVIL, 'x"\n[[gerrit]]\nname = "\x1b[31m\u202e', "evil")
        for number in range(1, 7):
            at = now - timedelta(days=10 - number)
            project = "acme/one" if number % 2 else "acme/two"
            reviews.add_change(project, f"Change {number}", PERSON, at, number=number)
            reviews.comment(number, PERSON, "Looks good to me", at, votes={"Code-Review": 1})
            writers = [EVIL, ACME, ACME, ZUUL] if number < 5 else [EVIL, ACME]
            for place, writer in enumerate(dict.fromkeys(writers)):
                text = GREEN.format("check", f"{number}-{writer}")
                later = at + timedelta(minutes=place + 1)
                reviews.comment(number, writer, text, later, votes={"Verified": 1})
        yield server


def initialized(folder: Path, url: str, *more: str) -> Result:
    output = str(folder / "etc" / "cibot.toml")
    result = CliRunner().invoke(main, ["init", url, "-o", output, *more])
    assert "hunter2" not in result.output
    return result


@pytest.mark.parametrize(
    ("copied", "root"),
    [
        ("review.example.org", "https://review.example.org"),
        ("https://review.example.org/", "https://review.example.org"),
        ("https://review.example.org/#/c/demo/+/912345/3", "https://review.example.org"),
        ("https://review.example.org/c/acme/one/+/912345/3/a.py", "https://review.example.org"),
        ("https://review.example.org/q/project:demo?n=25", "https://review.example.org"),
        ("https://review.example.org/912345", "https://review.example.org"),
        ("https://review.example.org/r/912345/", "https://review.example.org/r"),
        ("https://review.example.org/r/#/q/status:open", "https://review.example.org/r"),
        ("https://review.example.org/r/dashboard/self", "https://review.example.org/r"),
        ("https://review.example.org/r/settings/#HTTPCredentials", "https://review.example.org/r"),
        ("https://review.example.org/x/plugin/page", "https://review.example.org"),
        ("https://review.example.org/profile/self", "https://review.example.org"),
        ("https://review.example.org/Documentation/rest-api.html", "https://review.example.org"),
        ("https://review.example.org/changes/?q=is:open", "https://review.example.org"),
        ("https://review.example.org/login/%2Fq%2Fstatus%3Aopen", "https://review.example.org"),
        ("http://review.example.org:8080/a/", "http://review.example.org:8080"),
        ("https://mika@review.example.org/r/a/acme/one", "https://review.example.org/r"),
        ('git clone "https://review.example.org/a/acme/one"', "https://review.example.org"),
        (
            'git clone "ssh://jo@review.example.org:29418/one" && scp -p -P 29418'
            ' jo@review.example.org:hooks/commit-msg "one/.git/hooks/"',
            "https://review.example.org",
        ),
        ("scp -p -P 29418 jo@review.example.org:hooks/commit-msg .", "https://review.example.org"),
        (
            "git fetch https://review.example.org/r/c/one/+/1 refs/changes/01/1/1"
            " && git cherry-pick FETCH_HEAD",
            "https://review.example.org/r",
        ),
        ("ssh://mika@review.example.org:29418/acme/one", "https://review.example.org"),
        (" <https://review.example.org/q/> ", "https://review.example.org"),
    ],
)
def test_the_root_is_found_in_whatever_was_copied(copied: str, root: str) -> None:
    assert _roots(copied)[0] == root
    assert _roots(copied)[-1] == root.removesuffix("/r")


def test_the_address_of_a_clone_leads_to_the_server(tmp_path: Path, server: ReviewServer) -> None:
    result = initialized(tmp_path, server.url + "/acme/one")
    assert result.exit_code == 0, result.output
    text = (tmp_path / "etc" / "cibot.toml").read_text()
    assert tomllib.loads(text)["gerrit"][0]["url"].rstrip("/") == server.url.rstrip("/")


def test_it_finds_the_cis_and_writes_what_loads(tmp_path: Path, server: ReviewServer) -> None:
    result = initialized(tmp_path, server.url + "/q/status:open")
    assert result.exit_code == 0, result.output
    path = tmp_path / "etc" / "cibot.toml"
    assert f"Wrote {path}: Gerrit 3.13.5, 2 projects, 3 CIs in 6 changes;" in result.output
    assert "Zuul looks like the reference CI." in result.output
    assert "cibot check" in result.output
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    loaded = read(path, {})
    assert loaded.warnings == ()
    config = loaded.config
    assert [(ci.name, ci.accounts) for ci in config.ci] == [
        ("Acme Storage CI", (ACME,)),
        ('x" [[gerrit]] name = " [31m', (EVIL,)),
        ("Zuul", (ZUUL,)),
    ]
    assert config.reference[0].ci == "Zuul"
    (gerrit,) = config.gerrit
    assert (gerrit.name, str(gerrit.url)) == ("gerrit", server.url + "/")
    assert gerrit.webhook_token is not None
    assert len(gerrit.webhook_token.get_secret_value()) == 48
    text = path.read_text()
    assert "# 6 reports on 6 changes of 2 projects (zuul)\n" in text
    assert "#   Quiet CI" not in text  # it wrote nothing, so no change names it


def test_a_file_is_not_overwritten(tmp_path: Path, server: ReviewServer) -> None:
    path = tmp_path / "etc" / "cibot.toml"
    path.parent.mkdir()
    path.write_text("mine")
    result = initialized(tmp_path, server.url)
    assert result.exit_code == 1
    assert "is there already; --force overwrites it" in result.output
    assert path.read_text() == "mine"
    assert initialized(tmp_path, server.url, "--force").exit_code == 0
    assert "[[gerrit]]" in path.read_text()


def test_a_login_and_a_group(tmp_path: Path, server: ReviewServer) -> None:
    secret = tmp_path / "pw"
    secret.write_text("hunter2\n")
    secret.chmod(0o600)
    more = ("--username", "bot", "--group", "CIs", "--group", "Nobody", "--project", "acme/one")
    result = initialized(tmp_path, server.url, *more, "--password-file", str(secret))
    assert result.exit_code == 0, result.output
    assert "! group Nobody: " in result.output
    config = read(tmp_path / "etc" / "cibot.toml", {}).config
    (gerrit,) = config.gerrit
    assert gerrit.username == "bot"
    assert gerrit.password is not None
    assert gerrit.password.get_secret_value() == "hunter2"
    assert gerrit.ci_groups == ("CIs", "Nobody")
    assert gerrit.projects == ("acme/one",)
    assert "Quiet CI" in [ci.name for ci in config.ci]
    assert " of 1 project (" in (tmp_path / "etc" / "cibot.toml").read_text()


def test_a_password_that_was_asked_for_goes_to_a_file_of_its_own(
    tmp_path: Path, server: ReviewServer
) -> None:
    output = tmp_path / "cibot.toml"
    arguments = ["init", server.url, "-o", str(output), "--username", "bot"]
    result = CliRunner().invoke(main, arguments, input="hunter2\n")
    assert result.exit_code == 0, result.output
    assert "hunter2" not in output.read_text()
    assert stat.S_IMODE((tmp_path / "gerrit.password").stat().st_mode) == 0o600
    password = read(output, {}).config.gerrit[0].password
    assert password is not None
    assert password.get_secret_value() == "hunter2"


def test_a_wrong_password_writes_nothing(tmp_path: Path, server: ReviewServer) -> None:
    arguments = ["init", server.url, "-o", str(tmp_path / "c.toml"), "--username", "bot"]
    result = CliRunner().invoke(main, arguments, input="wrong\n")
    assert result.exit_code == 1
    assert "401" in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_server_without_cis(tmp_path: Path) -> None:
    with ReviewServer() as server:
        result = initialized(tmp_path, server.url)
    assert result.exit_code == 0, result.output
    assert "0 CIs in 0 changes; no reference CI yet." in result.output
    assert read(tmp_path / "etc" / "cibot.toml", {}).config.ci == ()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://review.opendev.org/", "opendev"),
        ("https://gerrit-review.googlesource.com", "googlesource"),
        ("https://review.rdoproject.org/r/", "rdoproject"),
        ("https://gerrit/", "gerrit"),
        ("https://acme/", "acme"),
        ("http://127.0.0.1:8080", "gerrit"),
        ("http://[::1]:8080", "gerrit"),
        ("http://localhost", "gerrit"),
        ("https://_x_.example.org", "x"),
    ],
)
def test_a_server_is_named_by_its_host(url: str, expected: str) -> None:
    assert server_name(url) == expected


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_can_be_quoted(text: str) -> None:
    assert tomllib.loads(f"k = {quoted(text)}") == {"k": text}
