"""What is meant by a question that does not begin with a command: "netapp", "why is netapp red"."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from urllib.parse import parse_qsl, unquote, urlsplit

from cibot.chat.command import Command
from cibot.chat.typed import close_to, is_filler, names_branch, without_fillers
from cibot.errors import UserError
from cibot.reports.change_address import parse_change
from cibot.reports.context import Context
from cibot.reports.names import Ambiguous, nearest, normalised, resolve
from cibot.store.changes import changes_by_number, project_names
from cibot.store.cis import all_cis
from cibot.store.engine import Tx
from cibot.store.incidents import incident_by_id
from cibot.text import figures

Words = tuple[str, ...]
Meant = tuple[str, Words]
"""A command's name and the words behind it."""
_STATES = frozenset(("failing", "degraded", "silent", "healthy"))
_SPANS = {"todays": "today", "yesterdays": "yesterday"}
_TAKES: Mapping[str, Collection[str]] = {
    "list": _STATES, "summary": ("today", "yesterday"), "incidents": ("all",),
}  # fmt: skip
"""Words that belong to a command although they only make a sentence elsewhere."""
_INCIDENT = re.compile(r"#\d{1,9}", re.ASCII)
_LONG_OR_ADDRESS = re.compile(r"(?:\W|\S+~)?\d{5}|\S*(?:://|refs/changes/)", re.ASCII)
_PAGES = {
    ("", False): ("list", "state", "project"), ("ci", True): ("status",),
    ("change", True): ("change", "patch_set"),
    ("incidents", False): ("incidents",), ("incidents", True): ("why",),
    ("projects", False): ("list",), ("projects", True): ("project",),
    ("compare", False): ("compare", "first", "second"),
    ("report", False): ("report", "project", "from", "to"),
}  # fmt: skip
"""The command and its parameters for a page's address, without or with a name in it."""
_SHORTEST = 4  # letters of a word that is looked for inside a name


class Guess:
    """Looks for what is meant; ``by_word`` are the commands by their names and aliases.

    ``sure`` turns false where the words only mention a CI or a change, as a bot's words may that
    are no question.
    """

    def __init__(self, tx: Tx, ctx: Context, by_word: Mapping[str, Command], words: Words) -> None:
        self._tx = tx
        self._ctx = ctx
        self._by_word = by_word
        self._words = words
        self._bare = without_fillers(words)
        self._names = [ci.name for ci in all_cis(tx)]
        self.sure = True

    def meant(self) -> Meant:
        """The command and its words. Raises UserError, asking back, where none is meant."""
        ways = (
            self._page, self._change, self._inside, self._alone, self._ci, self._project,
            self._writing, self._behind, self._mentioned_change, self._misspelt, self._mentioned_ci,
        )  # fmt: skip
        for way in ways:
            if (meant := way()) is not None:
                self.sure = way not in (self._mentioned_change, self._mentioned_ci)
                return meant
        raise UserError(self._unknown())

    def _page(self) -> Meant | None:
        """A page of our own: ".../ci/NetApp%20CI", ".../incidents/1", ".../report?project=P"."""
        base = self._ctx.page() or "?"
        own = next((word for word in self._words if f"{word}/".startswith(f"{base}/")), None)
        address = urlsplit(own[len(base) :] if own else "?")
        kind, _slash, name = address.path.strip("/").partition("/")
        if own is None or (kind, bool(name)) not in _PAGES:
            return None
        command, *parameters = _PAGES[kind, bool(name)]
        given = dict(parse_qsl(address.query))
        words = [unquote(name), *(given.get(parameter, "") for parameter in parameters)]
        if command == "why":
            words = [f"#{name}"]
        branch = ("branch", given["branch"]) if "branch" in given else ()
        return command, (*filter(None, words), *branch)

    def _change(self) -> Meant | None:
        """A change's number or address, or an incident's number."""
        for words in (self._words, self._bare):
            if is_change(words):
                return "why" if self._is_incident(words) else "change", words
        return None

    def _is_incident(self, words: Words) -> bool:
        """Whether the words are an incident's number as alerts write it (#12), and no change's."""
        if len(words) > 1 or not _INCIDENT.fullmatch(words[0]):
            return False
        number = int(words[0][1:])
        return incident_by_id(self._tx, number) is not None and not changes_by_number(
            self._tx, number
        )

    def _inside(self) -> Meant | None:
        """A command within a sentence that is followed by a CI's name; never one that writes."""
        for place, word in enumerate(self._words[1:], 1):
            command = self._asking(word)
            rest = without_fillers(self._words[place + 1 :])
            if command is None or is_filler(word) or not self._names_ci(rest):
                continue
            before = without_fillers(self._words[:place]) if command.name == "compare" else ()
            return command.name, before + rest
        return None

    def _alone(self) -> Meant | None:
        """A question that names nothing: "any incidents?", "who is silent", "how are you"."""
        folded = [word.casefold().removesuffix("'s") for word in self._words]
        if not self._bare:
            state = next((word for word in folded if word in _STATES), None)
            return ("list", (state,)) if state else ("status", ())
        command = self._asking(self._bare[-1]) if len(self._bare) == 1 else None
        if command is None:
            return None
        said = (_SPANS.get(word, word) for word in folded)
        return command.name, tuple(word for word in said if word in _TAKES.get(command.name, ()))

    def _ci(self) -> Meant | None:
        """A CI's name, and perhaps a branch."""
        for words in (self._words, self._bare):
            if self._names_ci(words):
                return "status", words
        on_branch = names_branch(self._words) and self._names_ci(self._bare[:-1])
        return ("status", self._bare) if on_branch else None

    def _project(self) -> Meant | None:
        """A project's name, and perhaps a state: "how is cinder doing", "silent on cinder"."""
        project = self._project_of(self._words) or self._project_of(self._bare)
        if project is None:
            return None
        state = next((word.casefold() for word in self._words if word.casefold() in _STATES), None)
        return ("list", (state, project)) if state else ("project", (project,))

    def _project_of(self, words: Words) -> str | None:
        """The project of that name, or whose last part is that; no other."""
        wanted = " ".join(words).casefold()
        names = project_names(self._tx)
        fit = [name for name in names if name.casefold() == wanted] or [
            name for name in names if name.casefold().endswith(f"/{wanted}")
        ]
        return fit[0] if len(fit) == 1 else None

    def _writing(self) -> None:
        """Raises UserError where a command is named that changes something: never on a guess."""
        for word in (*self._words, close_to(self._words[0].casefold(), self._by_word) or ""):
            command = self._by_word.get(word.casefold())
            if command is not None and command.writes:
                raise UserError(f"To {command.name}, write: {command.example}")

    def _behind(self) -> Meant | None:
        """A command behind the name of a CI or project: "netapp status", "netapp history 14d"."""
        for place, word in enumerate(self._bare[1:], 1):
            command, name = self._asking(word), self._bare[:place]
            if command is None:
                continue
            takes_ci = "NAME" in command.usage or "A B" in command.usage
            if self._names_ci(name) if takes_ci else self._project_of(name):
                return command.name, (*name, *self._bare[place + 1 :])
        return None

    def _misspelt(self) -> Meant | None:
        """A command with a slip: "staus netapp", "hlep"; never one that writes."""
        place = next(place for place, word in enumerate(self._words) if not is_filler(word))
        rest = self._words[place + 1 :]
        folded = self._words[place].casefold()
        meant = close_to(folded, self._by_word)
        if meant is None and self._names_ci(without_fillers(rest)):
            near = close_to(folded, self._by_word, 0.75)
            begun = (word for word in self._by_word if word.startswith(folded))
            meant = near or (next(begun, None) if len(folded) >= _SHORTEST else None)
        command = self._asking(meant) if meant else None
        return (command.name, rest) if command else None

    def _mentioned_change(self) -> Meant | None:
        """The one change that a sentence mentions."""
        change = mentioned_change(self._words)
        return ("change", (change,)) if change is not None else None

    def _mentioned_ci(self) -> Meant | None:
        """The one CI that a sentence mentions."""
        cis = {
            name
            for word in self._bare
            if len(word) >= _SHORTEST and (form := normalised(word))
            for name in self._names
            if normalised(name).startswith(form)
        }
        return ("status", (cis.pop(),)) if len(cis) == 1 else None

    def _asking(self, word: str) -> Command | None:
        """The command of that name that changes nothing."""
        command = self._by_word.get(word.casefold())
        return None if command is None or command.writes else command

    def _names_ci(self, words: Sequence[str]) -> bool:
        """Whether the words name a CI; an ambiguous name is asked back by UserError."""
        if not words:
            return False
        try:
            resolve(" ".join(words), self._names)
        except Ambiguous:
            raise
        except UserError:
            return False
        return True

    def _unknown(self) -> str:
        near = nearest(self._words[0], list(self._by_word), 1)
        guess = f"Did you mean {self._by_word[near[0]].name}? " if near else ""
        said = figures.cut(" ".join(self._words), 30)
        return f"There is no command and no CI {said!r}. {guess}help lists all."


def mentioned_change(words: Iterable[str]) -> str | None:
    """The one change among the words: "who is missing on 912345".

    "2026" is a year and "2025.2" a branch, so a short number is none without its address.
    """
    long = filter(_LONG_OR_ADDRESS.match, words)
    changes = [word for word in long if is_change((word,))]
    return changes[0] if len(changes) == 1 else None


def is_change(words: Words) -> bool:
    """Whether the words are a change's number or address."""
    if not 0 < len(words) <= 5:
        return False
    try:
        parse_change(" ".join(words))
    except UserError:
        return False
    return True
