"""What cibot asks a Gerrit by REST, and the answers in the model's words.

Source: Gerrit's Documentation/rest-api.html and the pages it links.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from cibot.collector.complaints import BadRequest, NotFound, RequestRefused, ServerFault, TooMuch
from cibot.collector.decode import account_from_rest, change_from_rest
from cibot.collector.fields import DecodeError, expected, integer, mapping, moment, sequence, string
from cibot.collector.transport import HttpAnswer, Transport
from cibot.errors import Permanent
from cibot.model import Account, Change

log = logging.getLogger(__name__)

__all__ = [
    "BadRequest",
    "BrokenAnswer",
    "ChangesPage",
    "Gerrit",
    "NotFound",
    "RequestRefused",
    "TooMuch",
]

# Messages with their authors, and the newest patch set's commit with its parents. Other
# patch sets are read out of the messages: ALL_REVISIONS makes the same query ten times slower.
_SPARE = "SKIP_DIFFSTAT"
_COMMIT = ("CURRENT_REVISION", "CURRENT_COMMIT")
OPTIONS = ("MESSAGES", "DETAILED_ACCOUNTS", _SPARE, *_COMMIT)
_MOST_ROWS = 10_000  # where no limit was given; Gerrit's own default is 500
_MOST_PROJECTS = 200_000


@dataclass(frozen=True, slots=True)
class BrokenAnswer:
    """A row of an answer that could not be read; ``key`` where at least that could.

    A key is what `Gerrit.change` takes.
    """

    key: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """One answer to a query: newest ``updated`` first.

    ``keys`` has one entry for every row sent (`change_key`), None where it could
    not be read; ``last_updated`` is that of the last row that has a readable one, and
    ``served_at`` the server's clock.
    """

    changes: list[Change]
    more: bool
    broken: tuple[BrokenAnswer, ...] = ()
    keys: tuple[str | None, ...] = ()
    last_updated: datetime | None = None
    served_at: datetime | None = None


class Gerrit(Transport):
    """One Gerrit server. Parameters as in `Transport`; use from one thread at a time."""

    _unknown_options: frozenset[str] = frozenset()

    def version(self) -> str:
        """The server's version, such as ``3.13.5``."""
        version = self.get("config/server/version").value
        if not isinstance(version, str):
            raise Permanent(f"{self.url}: is this a Gerrit? Its version is not a text")
        return version[:80]

    def changes(
        self,
        query: str,
        *,
        limit: int | None = None,
        start: int = 0,
        options: Sequence[str] = OPTIONS,
    ) -> ChangesPage:
        """One page of the changes that match ``query``, newest ``updated`` first.

        ``limit`` is at most what the server allows (500 by default); ``start``
        skips that many. A row that cannot be read is in ``broken``, not raised.
        """
        params = [("q", query)]
        if limit is not None:
            params.append(("n", str(limit)))
        if start:
            params.append(("S", str(start)))
        answer = self._asked("changes/", options, params)
        rows = self._rows(answer.value, "changes/")
        if len(rows) > (limit or _MOST_ROWS):
            raise Permanent(
                f"{self.url}: {len(rows)} changes came where at most {limit or _MOST_ROWS} were"
                " asked for; is it a Gerrit?"
            )
        return read_page(rows, answer.served_at)

    def _asked(
        self, path: str, options: Sequence[str], params: Sequence[tuple[str, str]] = ()
    ) -> HttpAnswer:
        wanted = [option for option in options if option not in self._unknown_options]
        try:
            return self.get(path, [*params, *(("o", option) for option in wanted)])
        except BadRequest as error:
            # Servers older than 3.3 do not know it and refuse the whole query.
            if _SPARE not in wanted or _SPARE not in error.said:
                raise
            self._unknown_options |= {_SPARE}
        except ServerFault as error:  # a repository may have lost a commit
            if not set(_COMMIT) & set(wanted):
                raise
            log.warning("read without commits: %s", error)
            wanted = [option for option in wanted if option not in _COMMIT]
        return self._asked(path, wanted, params)

    def change(self, key: str | int) -> Change:
        """One change with all its messages. Raises NotFound where it is gone or private.

        ``key`` is ``project~number``; of the number alone a server with imported
        projects may have two changes, and then finds none.
        """
        path = f"changes/{quote(str(key), safe='~')}/detail"
        # Without the diffstat, which needs the commit, too.
        return change_from_rest(self._asked(path, (_SPARE, *_COMMIT)).value)

    def projects(self) -> list[str]:
        """The names of every project that the account may see."""
        names: list[str] = []
        while True:
            params = [("n", "500"), *([("S", str(len(names)))] if names else [])]
            listed = mapping(self.get("projects/", params).value, "projects")
            fresh = set(listed).difference(names)
            names += sorted(fresh)
            # Older servers do not say _more_projects; a short page is then the last.
            said = any(
                isinstance(entry, dict) and entry.get("_more_projects") for entry in listed.values()
            )
            if len(names) > _MOST_PROJECTS:
                raise Permanent(f"{self.url}: it has more than {_MOST_PROJECTS:,} projects")
            if not fresh or not (said or len(listed) >= 500):
                return names

    def account(self, who: int | str = "self") -> Account:
        """The account with that id, username or e-mail; ``self`` is the one logged in as."""
        raw = self.get(f"accounts/{quote(str(who), safe='')}/detail").value
        account = account_from_rest(raw)
        if account is None:
            raise expected("an account", "account", raw)
        return account

    def group_members(self, name: str) -> list[Account]:
        """The members of a group and of the groups in it. Needs a login and a visible group."""
        path = f"groups/{quote(name, safe='')}/members/?recursive"
        rows = self._rows(self.get(path).value, "members")
        read = (account_from_rest(member, f"members[{at}]") for at, member in enumerate(rows))
        return [account for account in read if account]

    def _rows(self, value: object, place: str) -> Sequence[object]:
        if value is None:
            raise expected("a list", f"{self.url}/{place}", value)
        return sequence(value, f"{self.url}/{place}")


def read_page(rows: Sequence[object], served_at: datetime | None) -> ChangesPage:
    """The page that these rows of JSON are."""
    changes: list[Change] = []
    broken: list[BrokenAnswer] = []
    keys: list[str | None] = []
    last_updated: datetime | None = None
    for row in rows:
        try:
            change = change_from_rest(row)
        except DecodeError as error:
            keys.append(_key(row))
            broken.append(BrokenAnswer(keys[-1], str(error)))
            last_updated = _updated(row) or last_updated
        else:
            changes.append(change)
            keys.append(change_key(change.project, change.number))
            last_updated = change.updated
    last = rows[-1] if rows else None
    more = isinstance(last, dict) and last.get("_more_changes") is True
    return ChangesPage(changes, more, tuple(broken), tuple(keys), last_updated, served_at)


def change_key(project: str, number: int) -> str:
    """The key of a change on its server, as Gerrit's REST takes it."""
    return f"{project}~{number}"


def _key(row: object) -> str | None:
    """The row's key; the number alone where its project cannot be read."""
    try:
        fields = mapping(row, "change")
        number = integer(fields.get("_number"), "_number", 1)
        try:
            return change_key(string(fields.get("project"), "project"), number)
        except DecodeError:
            return str(number)
    except DecodeError:
        return None


def _updated(row: object) -> datetime | None:
    try:
        return moment(mapping(row, "change").get("updated"), "updated")
    except DecodeError:
        return None
