"""Finds the accounts that write like a CI on a Gerrit that is not configured yet."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cibot.collector.discovery import CiEvidence
from cibot.collector.formats import parse
from cibot.collector.gerrit import Gerrit
from cibot.collector.roster import display_name
from cibot.collector.walk import descend
from cibot.errors import Permanent
from cibot.model import Account, Change
from cibot.text.projects import in_projects

_PAGE = 50
_GATE = re.compile(r"zuul|jenkins", re.IGNORECASE)


@dataclass(slots=True)
class Writer:
    """What one account wrote in the changes that were looked at."""

    account: Account
    reports: int = 0
    evidence: CiEvidence = field(default_factory=CiEvidence)
    changes: set[tuple[str, int]] = field(default_factory=set)
    projects: set[str] = field(default_factory=set)
    formats: Counter[str] = field(default_factory=Counter)
    in_group: bool = False

    @property
    def name(self) -> str:
        return display_name(self.account)

    @property
    def is_ci(self) -> bool:
        """Whether it is sure enough a CI to be put into a configuration."""
        if self.in_group:
            return True
        return self.evidence.shows_ci or (self.account.service_user and self.reports > 0)


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found on a server; ``cis`` are ordered by the number of changes they report on."""

    url: str
    version: str
    projects: int
    changes: int
    cis: Sequence[Writer]
    service_users: Sequence[Account]
    missed: Sequence[str]

    @property
    def reference(self) -> Writer | None:
        """The CI that the others are best measured against: the project's own gate.

        It reports on the most changes; one called Zuul or Jenkins is preferred
        where it reports on at least half as many.
        """
        reporting = [ci for ci in self.cis if ci.changes]
        if not reporting:
            return None
        most = len(reporting[0].changes)
        gates = [writer for writer in reporting if _GATE.search(writer.name)]
        return next((gate for gate in gates if 2 * len(gate.changes) >= most), reporting[0])


def survey(
    gerrit: Gerrit,
    *,
    projects: Sequence[str],
    groups: Sequence[str],
    most_changes: int,
    now: datetime,
    progress: Callable[[int], None],
) -> Survey:
    """Looks at the newest ``most_changes`` changes of the last year.

    ``progress`` is called with the number read. A group that cannot be read is reported
    in ``missed``. Raises what `Gerrit` raises when the server cannot be used.
    """
    version = gerrit.version()
    seen = len(gerrit.projects())
    writers: dict[object, Writer] = {}
    service: dict[object, Account] = {}
    count = 0
    for count, change in enumerate(_newest(gerrit, projects, now, most_changes), 1):
        _read(change, writers, service)
        progress(count)
    missed = _add_groups(gerrit, groups, writers)
    cis = [writer for writer in writers.values() if writer.is_ci]
    cis.sort(key=lambda ci: (-len(ci.changes), -len(ci.projects), ci.name.casefold()))
    accounts = {_key(ci.account) for ci in cis}
    quiet = [account for key, account in service.items() if key not in accounts]
    return Survey(gerrit.url, version, seen, count, cis, quiet, missed)


def _newest(gerrit: Gerrit, projects: Sequence[str], now: datetime, most: int) -> Iterable[Change]:
    scope = in_projects(projects)
    after = now - timedelta(days=365)
    steps = descend(gerrit, scope, after=after, before=None, page_size=min(_PAGE, most))
    return itertools.islice((change for step in steps for change in step.changes), most)


def _read(change: Change, writers: dict[object, Writer], service: dict[object, Account]) -> None:
    for message in change.messages:
        if message.author is None:
            continue
        key = _key(message.author)
        if message.author.service_user:
            service.setdefault(key, message.author)
        report = parse(message.text, account=message.author, tag=message.tag, votes=message.votes)
        writer = writers.setdefault(key, Writer(message.author))
        speaks = writer.evidence.add(change.number, message, message.author)
        if report is None or (report.format == "votes" and not speaks):  # people vote, too
            continue
        writer.reports += 1
        writer.changes.add((change.project, change.number))
        writer.projects.add(change.project)
        writer.formats[report.format] += 1


def _key(account: Account) -> object:
    return account.gerrit_id or account.username or account.email or account.name


def _add_groups(gerrit: Gerrit, groups: Sequence[str], writers: dict[object, Writer]) -> list[str]:
    missed = []
    for group in groups:
        try:
            members = gerrit.group_members(group)
        except Permanent as error:
            missed.append(f"group {group}: {error}")
            continue
        for account in members:
            writers.setdefault(_key(account), Writer(account)).in_group = True
    return missed
