"""Whom a question goes to, and which token goes with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer as Fake

from cibot.cli.connect import SourceOptions, connect
from cibot.client.database import Database
from cibot.client.remote import Remote
from cibot.errors import CibotError, ConfigError
from cibot.store.engine import open_store
from cibot.store.migrate import upgrade
from cibot.web.api.general import Version

TOKEN = "cibot_1234567890123456789012345678901234567890"
OTHER = "cibot_another-token-4567890123456789012345678"


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def sent(fake: Fake, wish: SourceOptions, environ: dict[str, str]) -> str | None:
    """The token that goes to the server."""
    fake.clear()
    fake.expect_request("/api/v1/version").respond_with_json({"version": "1"})
    source = connect(wish, environ)
    assert isinstance(source, Remote)
    source.ask(Version, "/version")
    source.close()
    said: str | None = fake.log[-1][0].headers.get("Authorization")
    return said


def test_the_option_comes_before_the_variable_and_both_before_the_configuration(
    httpserver: Fake, tmp_path: Path
) -> None:
    url, dead = httpserver.url_for(""), "http://127.0.0.1:9"
    written(tmp_path / "config/cibot.toml", f'[client]\nurl = "{dead}"\n')
    assert sent(httpserver, SourceOptions(url=url), {"CIBOT_URL": dead}) is None
    assert sent(httpserver, SourceOptions(), {"CIBOT_URL": url}) is None
    with pytest.raises(CibotError, match=r"127\.0\.0\.1:9: connection refused"):
        connect(SourceOptions(), {}).ask(Version, "/version")


def test_a_configuration_named_by_hand_comes_before_the_variable(tmp_path: Path) -> None:
    config = written(tmp_path / "mine.toml", '[client]\nurl = "http://127.0.0.1:9"\n')
    with pytest.raises(CibotError, match=r"127\.0\.0\.1:9: connection refused"):
        connect(SourceOptions(config=config), {"CIBOT_URL": "http://127.0.0.1:7"}).ask(
            Version, "/version"
        )


def test_ones_own_configuration_is_found_at_home(httpserver: Fake, tmp_path: Path) -> None:
    own = tmp_path / ".config/cibot/cibot.toml"
    written(own, f'[client]\nurl = "{httpserver.url_for("")}"\ntoken = "{TOKEN}"\n')
    assert sent(httpserver, SourceOptions(), {}) == f"Bearer {TOKEN}"


def test_the_token_of_the_configuration_goes_to_its_server_only(
    httpserver: Fake, tmp_path: Path
) -> None:
    text = f'[client]\nurl = "https://ci.example.org"\ntoken = "{TOKEN}"\n'
    written(tmp_path / "config/cibot.toml", text)
    assert sent(httpserver, SourceOptions(url=httpserver.url_for("")), {}) is None
    assert sent(httpserver, SourceOptions(), {"CIBOT_URL": httpserver.url_for("")}) is None


def test_a_token_of_the_configuration_that_is_none_is_named(tmp_path: Path) -> None:
    config = written(tmp_path / "c.toml", '[client]\nurl = "http://x"\ntoken = "10 €"\n')
    with pytest.raises(ConfigError, match=r"\[client\] token: that is no token"):
        connect(SourceOptions(config=config), {})


def test_where_a_token_may_come_from(httpserver: Fake, tmp_path: Path) -> None:
    url, file = httpserver.url_for(""), written(tmp_path / "token", f"{TOKEN}\n")
    other = written(tmp_path / "other", OTHER)
    for wish, environ, expected in (
        (SourceOptions(url=url, token_file=file), {"CIBOT_TOKEN": OTHER}, TOKEN),
        (SourceOptions(url=url), {"CIBOT_TOKEN": TOKEN, "CIBOT_TOKEN_FILE": str(other)}, TOKEN),
        (SourceOptions(url=url), {"CIBOT_TOKEN_FILE": str(file)}, TOKEN),
    ):
        assert sent(httpserver, wish, environ) == f"Bearer {expected}"


@pytest.mark.parametrize(
    ("wish", "environ", "said"),
    [
        (SourceOptions(url="http://x", database="y"), {}, "--url and --db are two places"),
        (SourceOptions(), {}, r"whom to ask\? Give --url http://HOST:8080"),
        (
            SourceOptions(url="http://x", token_file=Path("none")),
            {},
            "--token-file: cannot read none",
        ),
        (
            SourceOptions(url="http://x"),
            {"CIBOT_TOKEN": "two words"},
            "CIBOT_TOKEN: that is no token",
        ),
        (
            SourceOptions(url="http://x"),
            {"CIBOT_TOKEN": "a\nX-Evil: 1"},
            "CIBOT_TOKEN: that is no token",
        ),
        (SourceOptions(url="http://x", ca_file=Path("none")), {}, "there is no file none to trust"),
        (SourceOptions(database="none.db"), {}, "there is no database none.db"),
    ],
)
def test_what_cannot_be_says_what_to_do(
    wish: SourceOptions, environ: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        connect(wish, environ)
    assert "two words" not in str(caught.value)


def test_a_database_is_asked_with_the_configuration_that_is_there(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'c.db'}")
    upgrade(store)
    store.close()
    written(
        tmp_path / "config/cibot.toml",
        '[web]\npublic_url = "https://ci.example.org"\n[store]\nurl = "sqlite:///none.db"\n',
    )
    source = connect(SourceOptions(database="c.db"), {})
    assert isinstance(source, Database)
    assert source.context().page() == "https://ci.example.org"
    source.close()


def test_the_configured_database_is_asked_where_no_server_is_named(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'c.db'}")
    upgrade(store)
    store.close()
    written(tmp_path / "config/cibot.toml", f'[store]\nurl = "sqlite:///{tmp_path / "c.db"}"\n')
    for environ in ({}, {"CIBOT_TOKEN": TOKEN, "CIBOT_TOKEN_FILE": "x", "CIBOT_CA_FILE": "x"}):
        source: Any = connect(SourceOptions(), environ)
        assert isinstance(source, Database)
        source.close()
