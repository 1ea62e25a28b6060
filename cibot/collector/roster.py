"""Which accounts are CIs: configured, in a Gerrit group, or discovered by what they write."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from cibot.config.models import CiConfig, Config
from cibot.model import Account
from cibot.store.cis import Origin

_NAME_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Membership:
    """The CI that an account belongs to, and how that is known."""

    ci: str
    origin: Origin


@dataclass(slots=True)
class Roster:
    """What the configuration and Gerrit's groups say of one server's accounts.

    ``groups`` holds the Gerrit ids of the members of the configured groups; it
    is replaced when they are looked up again. ``reserved`` are the names of all CIs
    that the configuration names: no account gets one of them by being called so.
    ``by_events`` says that events alone make an account a CI,
    as where nothing is polled: whoever has the webhook's token can make up any.
    """

    server: str
    cis: Sequence[CiConfig] = ()
    discover: bool = True
    groups: frozenset[int] = field(default_factory=frozenset)
    reserved: frozenset[str] = field(default_factory=frozenset)
    not_cis: Sequence[int | str] = ()
    by_events: bool = True

    @classmethod
    def from_config(cls, config: Config, server: str) -> Roster:
        """The roster of the server of that name."""
        gerrit = next(gerrit for gerrit in config.gerrit if gerrit.name == server)
        cis = [ci for ci in config.ci if ci.gerrit in {None, server}]
        reserved = frozenset(ci.name for ci in config.ci)
        return cls(
            server,
            cis,
            gerrit.discover,
            reserved=reserved,
            not_cis=gerrit.not_cis,
            by_events=not gerrit.poll,
        )

    @property
    def taken(self) -> frozenset[str]:
        """The names that no account gets by being called so."""
        return self.reserved | {ci.name for ci in self.cis}

    def excludes(self, account: Account) -> bool:
        """Whether the configuration says that the account is no CI."""
        return any(_is(account, named) for named in self.not_cis)

    def membership(self, account: Account) -> Membership | None:
        """The CI that an account is known to belong to, before it is read."""
        if self.excludes(account):
            return None
        for ci in self.cis:
            if any(_is(account, named) for named in ci.accounts):
                return Membership(ci.name, "configured")
        if account.gerrit_id is not None and account.gerrit_id in self.groups:
            return Membership(display_name(account), "group")
        return None


def _is(account: Account, named: int | str) -> bool:
    if isinstance(named, int):
        return account.gerrit_id == named
    if "@" in named:
        return (account.email or "").casefold() == named.casefold()
    return account.username == named or (named.isdigit() and account.gerrit_id == int(named))


def display_name(account: Account) -> str:
    """The name of a CI without a configured one: the account's, in one clean line."""
    for text in (account.name, account.username, (account.email or "").split("@")[0]):
        clean = clean_name(text or "")
        if clean:
            return clean
    return f"account-{account.gerrit_id}"


def clean_name(text: str) -> str:
    """Text from Gerrit as a name: no control or format characters, single spaces."""
    printable = "".join(
        " " if unicodedata.category(character)[0] in "CZ" else character for character in text
    )
    return re.sub(r" +", " ", printable).strip()[:_NAME_LENGTH].strip()


def free_name(account: Account, server: str, taken: Collection[str]) -> str:
    """`display_name`, made different from the names of other CIs."""
    name = display_name(account)
    tries: Iterable[str] = (
        name,
        f"{name[: _NAME_LENGTH - len(server) - 3]} ({server})",
        f"{name[:60]} ({account.username or account.gerrit_id})"[:_NAME_LENGTH],
    )
    used = {each.casefold() for each in taken}
    for candidate in tries:
        if candidate.casefold() not in used:
            return candidate
    number = 2
    while f"{name[:80]} ({number})".casefold() in used:
        number += 1
    return f"{name[:80]} ({number})"
