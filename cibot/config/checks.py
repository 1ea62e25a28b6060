"""Mistakes between two parts of the configuration.

The checks read the raw tables, so that they find their mistakes even where
pydantic finds others; whatever has the wrong shape is left to pydantic.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cibot.config.keys import entries
from cibot.config.lines import KeyPath
from cibot.config.mistakes import Mistake, shown, suggest
from cibot.config.models import Config
from cibot.config.network import NetworkConfig, together
from cibot.config.networks import kinds
from cibot.config.values import ALL_DAYS

Tables = Mapping[str, Any]
CONSOLE = "console"
_RESERVED = {
    CONSOLE: '"console" is the terminal\'s own name; take another',
    "cli": '"cli" stands for the commands of the shell; take another',
    "api": '"api" stands for the JSON API; take another',
}


def cross_check(tables: Tables) -> list[Mistake]:
    """Every mistake between keys, in no order."""
    return [mistake for check in _CHECKS for mistake in check(tables)]


def _duplicates(tables: Tables) -> Iterator[Mistake]:
    """Names are what chat, URLs and routes know a thing by."""
    chat = tuple(kind.section for kind in kinds())
    for sections in (("gerrit",), chat, ("ci",), ("token",)):
        seen: dict[str, KeyPath] = {}
        for section in sections:
            for path, entry in entries(tables, section):
                name = entry.get("name")
                if not isinstance(name, str):
                    continue
                if name.casefold() in seen:
                    yield Mistake(
                        (*path, "name"),
                        f"{shown(name)} is taken already; names differ by more than case",
                    )
                seen.setdefault(name.casefold(), path)
    for _kind, path, entry in _chat_entries(tables):
        wrong = _RESERVED.get(str(entry.get("name")))
        if wrong:
            yield Mistake((*path, "name"), wrong)


def _gerrits(tables: Tables) -> Iterator[Mistake]:
    servers: dict[str, str] = {}
    for path, entry in entries(tables, "gerrit"):
        url = str(entry.get("url")).casefold().rstrip("/")
        same = servers.setdefault(url, str(entry.get("name")))
        if "://" in url and same.casefold() != str(entry.get("name")).casefold():
            yield Mistake((*path, "url"), f"is the server of {shown(same)} already; take one out")
        for key, text in together(entry, "username", "password"):
            yield Mistake((*path, key), text)
        if entry.get("poll") is False and "webhook_token" not in entry:
            yield Mistake(
                (*path, "poll"),
                "nothing would be read from this server; poll it or give it a `webhook_token`",
            )
        if entry.get("ci_groups") and "username" not in entry:
            yield Mistake(
                (*path, "ci_groups"),
                "Gerrit shows a group's members only after a login; add `username` and `password`",
            )


def _cis(tables: Tables) -> Iterator[Mistake]:
    servers = _names(tables, "gerrit")
    owners: dict[tuple[object, object], str] = {}
    for path, entry in entries(tables, "ci"):
        server = entry.get("gerrit")
        if isinstance(server, str):
            if server not in servers:
                yield Mistake((*path, "gerrit"), _unknown("[[gerrit]]", server, servers))
        elif server is not None:
            continue
        accounts = entry.get("accounts")
        for index, account in enumerate(accounts if isinstance(accounts, list) else []):
            if not isinstance(account, int | str):
                continue
            folded = account.casefold() if isinstance(account, str) else account
            other = owners.setdefault((server, folded), str(entry.get("name")))
            if other != str(entry.get("name")):
                yield Mistake(
                    (*path, "accounts", index),
                    f"account {shown(account)} is {shown(other)} already; one account is one CI",
                )


def _references(tables: Tables) -> Iterator[Mistake]:
    named = _names(tables, "ci")
    folded = {name.casefold() for name in named}
    if _may_discover(tables):
        return
    for path, entry in entries(tables, "reference"):
        name = entry.get("ci")
        if isinstance(name, str) and name.casefold() not in folded:
            yield Mistake((*path, "ci"), _unknown("[[ci]]", name, named))


def _may_discover(tables: Tables) -> bool:
    return any(
        entry.get("discover", True) is not False or entry.get("ci_groups")
        for _, entry in entries(tables, "gerrit")
    )


def _networks(tables: Tables) -> Iterator[Mistake]:
    for kind, path, entry in _chat_entries(tables):
        for key, text in kind.mistakes(entry):
            yield Mistake((*path, key) if key else path, text)


def _channels(tables: Tables) -> Iterator[Mistake]:
    """Every channel is on a configured network, or its alerts would stay in the outbox."""
    here = {str(entry.get("name")): (kind, entry) for kind, _, entry in _chat_entries(tables)}
    networks = [*here]
    if tables.get(CONSOLE) in (True, "true"):
        networks.append(CONSOLE)
    for path, channel in _named_channels(tables):
        network, slash, room = channel.partition("/")
        if not slash:
            continue
        if network not in networks:
            wrong = "`console = true` is missing" if network == CONSOLE else None
            yield Mistake(path, wrong or _unknown(_sections(), network, networks))
        elif network in here:
            kind, entry = here[network]
            why = kind.unreachable(entry, room)
            if why:
                yield Mistake(path, f"{why}: add {shown(room)} to `channels` of {shown(network)}")


def _named_channels(tables: Tables) -> Iterator[tuple[KeyPath, str]]:
    for path, entry in (*entries(tables, "route"), *entries(tables, "quiet")):
        channels = entry.get("channels")
        for index, channel in enumerate(channels if isinstance(channels, list) else []):
            if isinstance(channel, str):
                yield (*path, "channels", index), channel
    for path, entry in entries(tables, "summary"):
        if isinstance(entry.get("channel"), str):
            yield (*path, "channel"), entry["channel"]


def _people(tables: Tables) -> Iterator[Mistake]:
    """Each account's network must be configured, and no two people share an account."""
    networks = [str(entry.get("name")) for _, _, entry in _chat_entries(tables)]
    networks += _RESERVED
    holders: dict[str, str] = {}
    for path, entry in entries(tables, "person"):
        accounts = entry.get("accounts")
        for index, account in enumerate(accounts if isinstance(accounts, list) else []):
            if not isinstance(account, str) or ":" not in account:
                continue
            here = (*path, "accounts", index)
            network = account.partition(":")[0]
            if network not in networks:
                yield Mistake(here, _unknown(_sections(), network, networks))
            holder = holders.setdefault(account.lower(), str(entry.get("name")))
            if holder != str(entry.get("name")):
                yield Mistake(here, f"{shown(account)} is {shown(holder)} already")


def _tokens(tables: Tables) -> Iterator[Mistake]:
    """A token that cannot be sent, grants nothing, or belongs to two people."""
    holders: dict[str, str] = {}
    for path, entry in entries(tables, "token"):
        if ("hash" in entry) == ("secret" in entry):
            yield Mistake(path, "give `hash` or `secret_file`, one of them: see `cibot token NAME`")
        if entry.get("role") == "owner" and not entry.get("owns"):
            yield Mistake((*path, "role"), 'an owner needs `owns`, like owns = ["Acme*"]')
        if entry.get("role") != "owner" and entry.get("owns"):
            yield Mistake((*path, "owns"), 'counts with role = "owner" only')
        for key in ("hash", "secret"):
            value = entry.get(key)
            holder = holders.setdefault(str(value), str(entry.get("name"))) if value else None
            if holder not in {None, str(entry.get("name"))}:
                yield Mistake((*path, key), f"is the token of {shown(str(holder))} already")


def _web(tables: Tables) -> Iterator[Mistake]:
    web = tables.get("web")
    if not isinstance(web, dict):
        return
    if web.get("private") in (True, "true") and not tables.get("token"):
        yield Mistake(
            ("web", "private"),
            "without a token no one can read anything: add a [[token]] (`cibot token NAME`)",
        )
    prefix, public = web.get("prefix"), web.get("public_url")
    both = isinstance(prefix, str) and isinstance(public, str)
    if both and not str(public).rstrip("/").endswith(str(prefix)):
        yield Mistake(("web", "prefix"), "must be the end of `public_url`")


def contradictions(config: Config) -> list[Mistake]:
    """Values that are right one by one and contradict each other."""
    judgement = config.judgement
    mistakes = [
        Mistake(("judgement", part, key), wrong) for part, key, wrong in judgement.contradictions()
    ]
    for place, quiet in enumerate(config.quiet):
        if quiet.begin == quiet.end and set(quiet.days) == set(ALL_DAYS):
            text = "this is quiet for ever; take the channel out of the routes, or name `days`"
            mistakes.append(Mistake(("quiet", place), text))
    for number, override in enumerate(judgement.override):
        changed = {part for part, _ in override.thresholds()}
        mistakes += [
            Mistake(("judgement", "override", number, part, key), wrong)
            for part, key, wrong in override.over(judgement).contradictions()
            if part in changed
        ]
    return mistakes


_VARIABLE = re.compile(r"\$\{?\w+\}?|%\w+%|\{\{ ?\w+ ?\}\}")


def _variables(tables: Tables) -> Iterator[Mistake]:
    """``password = "${GERRIT_PASSWORD}"``: a shell would replace it, and nothing does here."""

    def look(path: KeyPath, value: object) -> Iterator[KeyPath]:
        if isinstance(value, str) and _VARIABLE.fullmatch(value):
            yield path
        elif isinstance(value, dict):
            for key, inner in value.items():
                yield from look((*path, str(key)), inner)
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                yield from look((*path, index), inner)

    for path in look((), dict(tables)):
        yield Mistake(
            path,
            "variables are not replaced here; leave the key out and set it by a CIBOT_… variable"
            f" ({_spelt(tables, path)})",
        )


def _spelt(tables: Tables, path: KeyPath) -> str:
    """``CIBOT_GERRIT__OPENDEV__PASSWORD``."""
    words = []
    place: Any = tables
    for part in path:
        place = place[part]
        name = place.get("name") if isinstance(part, int) and isinstance(place, dict) else None
        words.append(re.sub(r"[^A-Z0-9]", "_", str(name or part).upper()))
    return "CIBOT_" + "__".join(words)


def doubts(config: Config) -> list[Mistake]:
    """Warnings about what is probably a slip: a reference that is nearly a CI's name."""
    named = {ci.name.casefold(): ci.name for ci in config.ci}
    mistakes = []
    for index, reference in enumerate(config.reference):
        near = difflib.get_close_matches(reference.ci.casefold(), named, n=1, cutoff=0.75)
        if near and reference.ci.casefold() not in named:
            text = f"no [[ci]] has the name {shown(reference.ci)}; did you mean `{named[near[0]]}`?"
            mistakes.append(Mistake(("reference", index, "ci"), text))
    return mistakes


def _names(tables: Tables, section: str) -> list[str]:
    names = (entry.get("name") for _, entry in entries(tables, section))
    return [name for name in names if isinstance(name, str)]


def _chat_entries(tables: Tables) -> Iterator[tuple[type[NetworkConfig], KeyPath, dict[str, Any]]]:
    """The raw table of each chat network, with its kind."""
    for kind in kinds():
        yield from ((kind, path, entry) for path, entry in entries(tables, kind.section))


def _sections() -> str:
    """The headings under which a chat network may stand, as "[[irc]] or [[slack]]"."""
    return " or ".join(f"[[{kind.section}]]" for kind in kinds() if kind.section != CONSOLE)


def _unknown(what: str, name: str, names: list[str]) -> str:
    return f"no {what} has the name {shown(name)}" + suggest(name, names)


_CHECKS: tuple[Callable[[Tables], Iterator[Mistake]], ...] = (
    _duplicates,
    _variables,
    _gerrits,
    _cis,
    _references,
    _networks,
    _channels,
    _people,
    _tokens,
    _web,
)
