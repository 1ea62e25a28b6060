"""Which accounts are CIs: configured, in a Gerrit group, or discovered by what they write."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from cibot.config.models import CiConfig, Config
from cibot.model import Account
from cibot.store.cis import Origin
from cibot.text.cleaning import clean, one_line

_NAME_LENGTH = 100
_JOINERS = re.compile("[\u180b-\u180f\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_DRAWN_ALIKE = str.maketrans(  # Cyrillic, Greek and Armenian letters and digits that look Latin
    "АВЕКМНОРСТУХІЈЅаеорсухіјѕһԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧοսօI10|",
    "ABEKMHOPCTYXlJSaeopcyxijshdqwABEZHlKMNOPTYXouollol",
)


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
    return account.username == named or named == str(account.gerrit_id)


def display_name(account: Account) -> str:
    """The name of a CI without a configured one: the account's, in one clean line."""
    for text in (account.name, account.username, (account.email or "").split("@")[0]):
        plain = one_line(clean(text or ""))[:_NAME_LENGTH].strip()
        if plain:
            return plain
    return f"account-{account.gerrit_id}"


def _forms(name: str) -> tuple[str, str]:
    """What people take for the same name: in any case and width, and drawn alike."""
    plain = _JOINERS.sub("", unicodedata.normalize("NFKC", name))
    return plain.casefold(), plain.translate(_DRAWN_ALIKE).casefold()


def free_name(account: Account, server: str, taken: Collection[str]) -> str:
    """`display_name`, made different from the names of other CIs, to the eye too."""
    name = display_name(account)
    tries: Iterable[str] = (
        name,
        f"{name[: _NAME_LENGTH - len(server) - 3]} ({server})",
        f"{name[:60]} ({account.username or account.gerrit_id})"[:_NAME_LENGTH],
    )
    used = {form for each in taken for form in _forms(each)}
    for candidate in tries:
        if used.isdisjoint(_forms(candidate)):
            return candidate
    number = 2
    while not used.isdisjoint(_forms(f"{name[:80]} ({number})")):
        number += 1
    return f"{name[:80]} ({number})"
