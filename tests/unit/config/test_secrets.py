"""``*_file``, and that no secret is ever shown."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.config.keys import secrets_in
from cibot.config.load import load, read
from cibot.config.models import Config
from cibot.errors import ConfigError

SERVER = '[[gerrit]]\nname = "g"\nurl = "https://g.example/"\nusername = "u"\n'
SLACK = '[[slack]]\nname = "w"\nbot_token_file = "bot"\nsigning_secret_file = "sign"\n'


def write(folder: Path, text: str, **files: str) -> Path:
    for name, content in files.items():
        (folder / name).write_text(content)
        (folder / name).chmod(0o600)
    path = folder / "cibot.toml"
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_files_are_found_beside_the_configuration_and_stripped(tmp_path: Path) -> None:
    text = SERVER + 'password_file = "pw"\n' + SLACK
    path = write(tmp_path, text, pw=" p w \r\n", bot="xoxb-1\n", sign="s")
    loaded = read(path, {})
    assert secrets_in(loaded.config) == {
        ("gerrit", 0, "password"): " p w ",
        ("slack", 0, "bot_token"): "xoxb-1",
        ("slack", 0, "signing_secret"): "s",
    }
    assert loaded.warnings == ()
    assert "xoxb" not in repr(loaded)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ('"none"', "cannot read {folder}/none: No such file or directory"),
        ('"empty"', "{folder}/empty is empty"),
        ('"."', "cannot read {folder}: Is a directory"),
        ('"latin"', "{folder}/latin is not text in UTF-8"),
        ('"large"', "{folder}/large is too large for a secret"),
        ("5", "write the path of a file in quotes"),
        ('"a\\u0000b"', "write the path of a file in quotes"),
    ],
)
def test_a_file_that_cannot_be_used_is_the_one_mistake(
    tmp_path: Path, key: str, expected: str
) -> None:
    path = write(tmp_path, SERVER + f"password_file = {key}\n", empty="\n", large="x" * 70000)
    (tmp_path / "latin").write_bytes(b"\xe9")
    with pytest.raises(ConfigError) as caught:
        read(path, {})
    assert str(caught.value).splitlines()[1:] == [
        f"  {path}:5: gerrit[0].password_file: " + expected.replace("{folder}", str(tmp_path))
    ]


def test_a_bad_secret_in_a_file_is_told_at_its_file_key(tmp_path: Path) -> None:
    path = write(tmp_path, SERVER + 'password_file = "s"\nwebhook_token_file = "s"', s="hunter2")
    with pytest.raises(ConfigError, match=r":6: gerrit\[0\]\.webhook_token_file: a webhook token"):
        read(path, {})


def test_both_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, SERVER + 'password = "a"\npassword_file = "s"', s="b")
    with pytest.raises(ConfigError, match=r":6: .*give `password` or `password_file`, not both"):
        read(path, {})


def test_what_everybody_may_read_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path, SERVER + 'password_file = "pw"\n', pw="hunter2")
    (tmp_path / "pw").chmod(0o644)
    path.chmod(0o644)
    expected = (
        f"{path}:5: gerrit[0].password_file: everybody on this host can read "
        f"{tmp_path}/pw; chmod 600 it"
    )
    assert read(path, {}).warnings == (expected,)
    with caplog.at_level(logging.WARNING):
        load(path, {})
    assert caplog.messages == [expected]


def test_secrets_in_an_open_configuration_and_in_clear_text_are_warned_of(tmp_path: Path) -> None:
    irc = '[[irc]]\nname = "i"\nhost = "irc.example"\ntls = false\npassword = "hunter2"\n'
    text = SERVER.replace("https", "http") + 'password = "hunter2"\n' + irc
    path = write(tmp_path, text)
    path.chmod(0o644)
    warnings = "\n".join(read(path, {}).warnings)
    assert "hunter2" not in warnings
    assert ":3: gerrit[0].url: sends its password in clear over http://; write https://" in warnings
    assert ":5: gerrit[0].password: everybody on this host can read this secret" in warnings
    assert ":9: irc[0].tls: sends its password in clear; write `tls = true`" in warnings


SECRETS = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=8, max_size=40)


@given(SECRETS)
def test_no_secret_is_in_any_text_of_an_error(secret: str) -> None:
    marked = "5ecre7" + secret
    environ = {
        "CIBOT_STORE__URL": marked,
        "CIBOT_GERRIT__0__WEBHOOK_TOKEN": marked + "/",
        "CIBOT_GERRIT__0__PASSWORD": marked,
        "CIBOT_SLACK__0__BOT_TOKEN": marked,
        "CIBOT_IRC__0__SASL_PASSWORD": marked,
    }
    with pytest.raises(ConfigError) as caught:
        load(None, environ)
    assert "5ecre7" not in "".join(traceback.format_exception(caught.value))


def test_a_configuration_shows_no_secret() -> None:
    config = Config.model_validate({"store": {"url": "mysql+pymysql://u:hunter2@h/d"}})
    assert "hunter2" not in repr(config) + str(config) + config.model_dump_json()


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("mysql+pymysql://cibot:hunter2@db.example.org/cibot", True),
        ("mysql+pymysql://cibot:hunter2@db.example.org/cibot?ssl_ca=/etc/ssl/ca.pem", False),
        ("mysql+pymysql://cibot:hunter2@127.0.0.1/cibot", False),
        ("mysql+pymysql://cibot:hunter2@/cibot?unix_socket=/run/mysqld.sock", False),
    ],
)
def test_a_database_across_the_network_in_clear_is_warned_of(
    tmp_path: Path, url: str, warned: bool
) -> None:
    path = write(tmp_path, f'[store]\nurl = "{url}"\n')
    path.chmod(0o600)
    warnings = "\n".join(read(path, {}).warnings)
    assert ("store.url: what is stored goes over the network in clear" in warnings) == warned
    assert "hunter2" not in warnings
