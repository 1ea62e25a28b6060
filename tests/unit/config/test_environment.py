"""``CIBOT_…`` over the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from cibot.config.load import load, read
from cibot.config.models import Config
from cibot.errors import ConfigError

FILE = """
[[gerrit]]
name = "review-eu.example"
url = "https://eu.example/"
username = "u"
password_file = "absent"
[[gerrit]]
name = "two"
url = "https://two.example/"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cibot.toml"
    path.write_text(FILE)
    path.chmod(0o600)
    return path


def refused(path: Path | None, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(path, environ)
    return str(caught.value).splitlines()[1:]


def test_a_variable_outdoes_the_file_and_its_secret_file(file: Path) -> None:
    config = load(
        file,
        {
            "CIBOT_GERRIT__REVIEW_EU_EXAMPLE__PASSWORD": "by name",
            "CIBOT_GERRIT__1__POLL_EVERY": "90s",
            "CIBOT_GERRIT__1__PROJECTS": "a/*, b",
            "CIBOT_GERRIT__0__CI_GROUPS": '["CIs, all of them"]',
            "CIBOT_WEB__PAGE_THREADS": "5",
            "CIBOT_JUDGEMENT__SUCCESS__MINIMUM": "7",
            "CIBOT_CONSOLE": "true",
            "CIBOT_LOG__LEVEL": "",
            "CIBOT_CONFIG": "elsewhere",
            "HOME": "/root",
        },
    )
    first, second = config.gerrit
    assert config.judgement.success.minimum == 7
    assert first.password is not None
    assert first.password.get_secret_value() == "by name"
    assert first.ci_groups == ("CIs, all of them",)
    assert second.poll_every.total_seconds() == 90
    assert second.projects == ("a/*", "b")
    assert (config.web.page_threads, config.console, config.log.level) == (5, True, "info")


def test_a_container_needs_no_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("0123456789abcdef0123456789abcdef\n")
    (tmp_path / "token").chmod(0o600)
    environ = {
        "CIBOT_STORE__URL": "mysql+pymysql://cibot:pw@db/cibot",
        "CIBOT_GERRIT__0__NAME": "g",
        "CIBOT_GERRIT__0__URL": "https://g.example/",
        "CIBOT_GERRIT__0__WEBHOOK_TOKEN_FILE": str(tmp_path / "token"),
    }
    environ |= {f"CIBOT_CI__{n}__NAME": f"ci{n}" for n in range(12)}
    environ |= {f"CIBOT_CI__{n}__ACCOUNTS": f"[{n + 1}]" for n in range(12)}
    config = load(None, environ)
    token = config.gerrit[0].webhook_token
    assert token is not None
    assert token.get_secret_value() == "0123456789abcdef0123456789abcdef"
    assert [ci.accounts for ci in config.ci] == [(n + 1,) for n in range(12)]


def test_nothing_at_all_is_a_configuration() -> None:
    config = load(None, {})
    assert config.store.url.get_secret_value() == f"sqlite:///{Path.cwd()}/var/cibot.db"
    assert config.model_copy(update={"store": Config().store}) == Config()


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ("CIBOT_STOR__URL", "there is no such section; did you mean `STORE`?"),
        ("CIBOT_WEB__LISTN", "there is no such key; did you mean `LISTEN`?"),
        ("CIBOT_WEB_LISTEN", "write two underscores between the parts: CIBOT_WEB__LISTEN"),
        ("CIBOT_WEB", "the name ends too early: it needs the key after two underscores"),
        ("CIBOT_WEB__LISTEN__X", "there is no such key"),
        ("CIBOT_CONSOLE__X", "`console` has no parts; write CIBOT_CONSOLE"),
        ("CIBOT_GERRIT", "write CIBOT_GERRIT__NAME__KEY or CIBOT_GERRIT__0__KEY"),
        ("CIBOT_GERRIT__TWO", "the name ends too early: it needs the key after two underscores"),
        ("CIBOT_GERRIT__TWOO__URL", "no [[gerrit]] has that name; did you mean `TWO`?"),
        ("CIBOT_GERRIT__7__URL", "there are 2 [[gerrit]]; the next is number 2"),
        ("CIBOT_GERRIT__TWO__PASWORD", "there is no such key; did you mean `PASSWORD`?"),
    ],
)
def test_names_that_lead_nowhere(file: Path, variable: str, expected: str) -> None:
    (file.parent / "absent").write_text("x")
    (file.parent / "absent").chmod(0o600)
    assert refused(file, **{variable: "x"}) == [f"  {variable}: {expected}"]


def test_names_spelt_alike_need_a_number(file: Path) -> None:
    file.write_text(FILE.replace('"two"', '"review_eu-example"').replace("absent", file.name))
    mistakes = refused(file, CIBOT_GERRIT__REVIEW_EU_EXAMPLE__POLL="false")
    assert mistakes == [
        "  CIBOT_GERRIT__REVIEW_EU_EXAMPLE__POLL: more than one [[gerrit]] is spelt "
        "REVIEW_EU_EXAMPLE; use its number, from 0"
    ]


def test_a_wrong_value_names_the_variable(file: Path) -> None:
    file.write_text(FILE.replace("absent", file.name))
    assert refused(file, CIBOT_WEB__PAGE_THREADS="many", CIBOT_GERRIT__1__PROJECTS="[1]") == [
        "  CIBOT_GERRIT__1__PROJECTS (gerrit[1].projects[0]): 1 does not do: write text in quotes",
        '  CIBOT_WEB__PAGE_THREADS (web.page_threads): "many" does not do: write a whole number',
    ]


def test_a_file_of_another_shape_does_not_break_the_overlay(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("web = 5\ngerrit = 3\n")
    mistakes = refused(path, CIBOT_WEB__PAGE_THREADS="2", CIBOT_GERRIT__0__URL="https://x/")
    assert mistakes == [
        f"  {path}:1: web: write it as a section with one pair of brackets: [web]",
        f"  {path}:2: gerrit: write its heading with two brackets: [[gerrit]]",
        "  CIBOT_GERRIT__0__URL: `gerrit` in the file is not a list of sections",
    ]


def test_the_earlier_name_of_a_key_counts_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "cibot.toml"
    path.write_text(
        "[judgement.branch]\nbeside = 7\n"
        "[[judgement.override]]\ncis = ['Acme']\n[judgement.override.silent_branch]\nbeside = 8\n"
    )
    loaded = read(path, {"CIBOT_JUDGEMENT__BRANCH_COVERAGE__BESIDE": "9"})
    policy = loaded.config.judgement.policy_of("Acme", None, None)
    assert policy.branch.others == 7
    assert policy.silent_branch.others == 8  # type: ignore[attr-defined]
    assert policy.branch_coverage.others == 9  # type: ignore[attr-defined]
    place = "judgement.override[0].silent_branch"
    assert loaded.warnings == (
        f"{path}:2: judgement.branch.beside: is called `others` now; write that",
        f"{path}:6: {place}.beside: is called `others` now; write that",
        "CIBOT_JUDGEMENT__BRANCH_COVERAGE__BESIDE (judgement.branch_coverage.others): is called"
        " `others` now; write that",
    )


def test_a_key_that_an_earlier_version_had_stops_nothing(tmp_path: Path) -> None:
    path = tmp_path / "cibot.toml"
    path.write_text("[web]\nthreads = 16\npage_threads = 2\n")
    loaded = read(path, {})
    assert loaded.config.web.page_threads == 2
    why = "each Gerrit's webhooks have one thread now; take it out"
    assert loaded.warnings == (f"{path}:2: web.threads: {why}",)
    by_variable = read(None, {"CIBOT_WEB__THREADS": "16"})
    assert by_variable.warnings == (f"CIBOT_WEB__THREADS (web.threads): {why}",)
