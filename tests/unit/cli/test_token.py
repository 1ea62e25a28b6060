"""`cibot token`: what it prints is what the configuration takes."""

from __future__ import annotations

import tomllib

import pytest
from click.testing import CliRunner

from cibot.cli import main
from cibot.config.models import Config
from cibot.logs import Scrubber
from cibot.web.tokens import Tokens, hash_of


def run(*arguments: str, typed: str | None = None) -> str:
    result = CliRunner().invoke(main, ["token", *arguments], input=typed)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_printed_section_knows_the_printed_token() -> None:
    shown = run("acme-tools", "--role", "owner", "--owns", "Acme*", "--owns", 'The "B" CI')
    token = next(line.strip() for line in shown.splitlines() if line.startswith("    "))
    config = Config.model_validate(tomllib.loads(shown[shown.index("[[token]]") :]))
    (section,) = config.token
    assert (section.role, section.owns) == ("owner", ("Acme*", 'The "B" CI'))
    assert Tokens(config.token).holder(token) is section
    assert Tokens(config.token).holder(token[:-1]) is None
    assert token not in shown[shown.index("[[token]]") :]
    assert Scrubber()(f"it was {token}.") == "it was [secret]."


def test_two_are_never_the_same() -> None:
    assert run("a") != run("a")


def test_a_token_of_your_own_is_hashed_and_not_shown() -> None:
    own = "x" * 40
    shown = run("a", "--hash", typed=f"{own}\n")
    assert own not in shown
    assert hash_of(own) in shown


@pytest.mark.parametrize(
    ("arguments", "typed", "said"),
    [
        (["a b"], None, "name: a name has letters, digits"),
        (["a", "--role", "owner"], None, "an owner needs --owns"),
        (["a", "--owns", "x"], None, "an owner needs --owns"),
        (["a", "--hash"], "short\n", "a token has at least 32"),
    ],
)
def test_what_would_be_refused_later_is_refused_now(
    arguments: list[str], typed: str | None, said: str
) -> None:
    result = CliRunner().invoke(main, ["token", *arguments], input=typed)
    assert result.exit_code == 2
    assert said in result.output
    assert "short" not in result.output
