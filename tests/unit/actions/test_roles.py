"""Who may change what."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.actions.roles import (
    Actor,
    Refused,
    name_of,
    require_admin,
    require_identified,
    require_owner,
)
from cibot.actions.silencing import is_pattern
from cibot.config.models import Config
from cibot.text.lengths import read_length

HASH = "sha256:" + "0" * 63
CONFIG = Config.model_validate(
    {
        "irc": [{"name": "libera", "host": "irc.example.org"}],
        "slack": [{"name": "work", "bot_token": "xoxb-1", "signing_secret": "s"}],
        "person": [
            {"name": "Mika", "accounts": ["libera:mika", "work:U1"], "admin": True},
            {"name": "Acme", "accounts": ["libera:acme-ops"], "owns": ["Acme*", "Other CI"]},
            {"name": "Root", "accounts": ["api:reader"], "admin": True},
        ],
        "token": [
            {"name": "ops", "hash": HASH + "1", "role": "admin"},
            {"name": "acme", "hash": HASH + "2", "role": "owner", "owns": ["Acme*"]},
            {"name": "reader", "hash": HASH + "3"},
            {"name": "odd", "hash": HASH + "4", "role": "reader", "owns": ["*"]},
        ],
    }
)
MIKA = Actor("libera", "mika", "anything")
ACME = Actor("libera", "acme-ops", "x")


@pytest.mark.parametrize("actor", [MIKA, Actor("libera", "MIKA", "x"), Actor("work", "U1", "m")])
def test_an_admin_may_all(actor: Actor) -> None:
    assert require_admin(CONFIG, actor) == "Mika"
    assert require_owner(CONFIG, actor, "Anything CI") == "Mika"


def test_an_owner_may_what_is_his() -> None:
    assert require_owner(CONFIG, ACME, "acme storage ci") == "Acme"
    assert require_owner(CONFIG, ACME, "Other CI") == "Acme"
    with pytest.raises(Refused, match="Only an owner of NetApp CI or an admin may do that"):
        require_owner(CONFIG, ACME, "NetApp CI")
    with pytest.raises(Refused, match="Only an admin may do that"):
        require_admin(CONFIG, ACME)


@pytest.mark.parametrize(
    "actor",
    [
        Actor("libera", None, "mika"),  # a nick proves nothing
        Actor("libera", "", "mika"),
        Actor("work", "mika", "mika"),  # another network's account
        Actor("work:U1", "", "mika"),
        Actor("libera", "mi\u212aa", "mika"),  # the Kelvin sign folds to k
        Actor("liber", "a:mika", "mika"),
        Actor("", "libera:mika", "mika"),
        Actor("oftc", "mika", "mika"),
    ],
)
def test_nobody_else_is_the_admin(actor: Actor) -> None:
    with pytest.raises(Refused):
        require_admin(CONFIG, actor)
    with pytest.raises(Refused):
        require_owner(CONFIG, actor, "Acme CI")


@given(st.text(), st.text(), st.text())
def test_no_made_up_account_is_an_admin(network: str, account: str, nick: str) -> None:
    actor = Actor(network, account or None, nick)
    if network in {"console", "cli"} or actor.identity.lower() in {"libera:mika", "work:u1"}:
        return
    with pytest.raises(Refused):
        require_admin(CONFIG, actor)


def test_who_has_the_terminal_is_an_admin() -> None:
    for network in ("console", "cli"):
        assert require_admin(Config(), Actor(network, "root", "root")) == "root"
        with pytest.raises(Refused):
            require_admin(Config(), Actor(network, None, "root"))


def test_a_refusal_says_how_to_get_the_right() -> None:
    with pytest.raises(Refused, match="NickServ IDENTIFY"):
        require_identified(CONFIG, Actor("libera", None, "mika"))
    with pytest.raises(Refused, match=r'\[\[person\]\] with accounts = \["work:U9"\]'):
        require_admin(Config(), Actor("work", "U9", "new"))


def test_without_a_configured_name_the_account_is_the_name() -> None:
    assert name_of(CONFIG, Actor("libera", "bob", "b")) == "bob"


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("30m", 30),
        ("2h", 120),
        ("1h30m", 90),
        ("3d", 4320),
        ("2W", 20160),
        ("0m", 0),
        ("2 h", 120),
        ("2h ", 120),
        ("38 h", 2280),
        ("3 days", 4320),
        ("1 h 30 min", 90),
        ("1 h 30", 90),
        ("2h05", 125),
        ("1 day 2h 30", 1590),
        ("1 day 2 hours", 1560),
        ("9 weeks", 90720),
    ],
)
def test_lengths_of_time(text: str, minutes: int) -> None:
    assert read_length(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2",
        "h",
        "-2h",
        "2h 3 days",
        "2h 2h",
        "2s",
        "٢h",
        "2hx",
        "2h 60",
        "2h 5",
        "2h 30 30",
    ],
)
def test_these_are_no_lengths(text: str) -> None:
    assert read_length(text) is None


@given(st.text(alphabet="0123456789mhdw", max_size=500))
def test_no_length_breaks_it(text: str) -> None:
    length = read_length(text)
    assert length is None or length >= timedelta(0)


def test_what_is_a_pattern() -> None:
    assert is_pattern("Acme*")
    assert is_pattern("*")
    assert is_pattern("[ab]cme")
    assert not is_pattern("Acme CI")


def test_a_token_may_what_its_role_says() -> None:
    assert require_admin(CONFIG, Actor("api", "ops", "ops")) == "ops"
    assert require_owner(CONFIG, Actor("api", "acme", "acme"), "Acme CI") == "acme"
    with pytest.raises(Refused, match=r"You are api:acme; what a token may do is its `role`"):
        require_owner(CONFIG, Actor("api", "acme", "acme"), "Other CI")


@pytest.mark.parametrize("name", ["reader", "odd", "gone", "OPS"])
def test_a_reader_changes_nothing_not_even_in_an_admin_s_name(name: str) -> None:
    actor = Actor("api", name, name)
    with pytest.raises(Refused):
        require_admin(CONFIG, actor)
    with pytest.raises(Refused):
        require_owner(CONFIG, actor, "Acme CI")


def test_a_token_s_name_is_the_person_s_who_has_it() -> None:
    assert name_of(CONFIG, Actor("api", "reader", "reader")) == "Root"


def test_a_token_is_nobody_on_another_network() -> None:
    with pytest.raises(Refused):
        require_admin(CONFIG, Actor("libera", "ops", "ops"))
